"""How long to wait for an answer: a time-out that follows measured answer times.

RFC 6298's idea: smoothed mean and deviation, the time-out is mean + 4 x deviation, doubled from
try to try. Karn's rule holds at the caller: an answer after a repetition is ambiguous and gives
no sample.
"""

FIRST_TIMEOUT_S = 5.0
"""Before anything was measured; answers take 0.3..1.5 s, with a tail to 4 s."""

SHORTEST_S, LONGEST_S = 2.0, 20.0
"""Bounds. AIF 2.4.2 lets a meter take 20 s; what takes longer is lost, not slow."""


class RetryTimer:
    """The retry time-out in force, in seconds."""

    def __init__(self) -> None:
        self._mean: float | None = None
        self._deviation = 0.0

    def sample(self, answer_s: float) -> None:
        """Learns from one unambiguous answer time in seconds."""
        if self._mean is None:
            self._mean, self._deviation = answer_s, answer_s / 2
            return
        self._deviation += (abs(answer_s - self._mean) - self._deviation) / 4
        self._mean += (answer_s - self._mean) / 8

    def timeout_s(self, attempt: int = 0) -> float:
        """Seconds to wait for the answer to the given try, counted from 0."""
        first = FIRST_TIMEOUT_S if self._mean is None else self._mean + 4 * self._deviation
        return float(min(max(first, SHORTEST_S) * 2**attempt, LONGEST_S))
