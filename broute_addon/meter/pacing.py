"""How long to wait for an answer, how often to ask, and how much airtime that takes.

The retry time-out follows measured answer times by RFC 6298's idea: smoothed mean and deviation,
the time-out is mean + 4 x deviation, doubled from try to try. An answer after a repetition gives a
sample too: its TID says which transmission it belongs to. Without these samples a meter that takes
longer than the time-out would never lengthen it.

There is no required gap between requests and no required poll interval. Both start at what the
household asked for, give way when time-outs say that meter or radio can't keep up, and come back
when a run of requests was answered at the first try.
"""

from collections import deque

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
        """Learns from one answer time in seconds: from a transmission to its own answer."""
        answer_s = min(answer_s, LONGEST_S)
        if self._mean is None:
            self._mean, self._deviation = answer_s, answer_s / 2
            return
        self._deviation += (abs(answer_s - self._mean) - self._deviation) / 4
        self._mean += (answer_s - self._mean) / 8

    def timeout_s(self, attempt: int = 0) -> float:
        """Seconds to wait for the answer to the given try, counted from 0."""
        first = FIRST_TIMEOUT_S if self._mean is None else self._mean + 4 * self._deviation
        return float(min(max(first, SHORTEST_S) * 2**attempt, LONGEST_S))


HOUR_S = 3600.0
BUDGET_S = 360.0
"""ARIB STD-T108: at most this much transmission in an hour."""

_BIT_RATE = 100_000
_OVERHEAD = 64
"""Octets around an EDATA on the air: preamble, MAC header, security, 6LoWPAN, UDP, checksum."""

_BUCKET_S = 60.0


class Airtime:
    """Our share of the legal transmit time, counted from the datagrams that we handed over.

    An estimate, slightly high for one datagram and blind to the stick's own traffic (PANA, MAC
    acknowledgements); the stick's own limiter has the last word.
    """

    def __init__(self) -> None:
        self._begins: deque[float] = deque()
        self._seconds: deque[float] = deque()

    def sent(self, octets: int, now: float) -> None:
        """Adds a datagram of so many octets of EDATA; `now` in seconds of the loop's time."""
        begin = now - now % _BUCKET_S
        seconds = (octets + _OVERHEAD) * 8 / _BIT_RATE
        if self._begins and self._begins[-1] == begin:
            self._seconds[-1] += seconds
        else:
            self._begins.append(begin)
            self._seconds.append(seconds)
        self._forget(now)

    def used_s(self, now: float) -> float:
        """Seconds transmitted within the last hour."""
        self._forget(now)
        return sum(self._seconds)

    def _forget(self, now: float) -> None:
        while self._begins and self._begins[0] <= now - HOUR_S:
            self._begins.popleft()
            self._seconds.popleft()


_WINDOW = 12  # requests that are looked at together
_TOO_MANY_REPEATS = 8  # repetitions within a window
_FEW_REPEATS = 1
_MOST_FACTOR = 8
_LONGEST_INTERVAL_S = 300.0
_SMALLEST_GAP_S, _LARGEST_GAP_S = 0.5, 2.0
_BUSY_SHARE = 0.5  # of the airtime budget


class Pace:
    """The poll interval and the gap between requests in force, in seconds."""

    def __init__(self, interval_s: float) -> None:
        self.gap_s = 0.0
        self._base_s = interval_s
        self._factor = 1
        self._repeats: deque[int] = deque(maxlen=_WINDOW)

    @property
    def interval_s(self) -> float:
        """Seconds between live polls: what was asked for, or more while it can't be kept up."""
        return min(self._base_s * self._factor, max(self._base_s, _LONGEST_INTERVAL_S))

    def asked(self, transmissions: int, airtime_s: float) -> None:
        """Learns from a finished request: how often it was sent, and the airtime used so far."""
        repeats = transmissions - 1
        self._repeats.append(repeats)
        if repeats and sum(self._repeats) > _FEW_REPEATS:  # a lone one is chance
            self.gap_s = min(max(_SMALLEST_GAP_S, 2 * self.gap_s), _LARGEST_GAP_S)
        if sum(self._repeats) >= _TOO_MANY_REPEATS or airtime_s > _BUSY_SHARE * BUDGET_S:
            self._factor = min(2 * self._factor, _MOST_FACTOR)
            self._repeats.clear()
        elif len(self._repeats) == _WINDOW and sum(self._repeats) <= _FEW_REPEATS:
            self._factor = max(1, self._factor // 2)
            self.gap_s = self.gap_s / 2 if self.gap_s > _SMALLEST_GAP_S else 0.0
            self._repeats.clear()
