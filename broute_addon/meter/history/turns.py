"""When a request of the lowest priority may go: it must not make a live poll late.

It goes only if its answer will very likely be in before the next live poll is due. Answer times
are measured, kind by kind, since a day of history takes several times as long as a Set.

Where live polls follow each other so closely that a kind doesn't surely fit between two, it may
try its luck as long as it makes no more than one live poll in 45 late: history never starves,
and each late one, which makes two intervals odd, leaves 19 in 20 as they should be.
"""

import math
from collections import Counter, deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

LATE_SHARE = 1 / 45
"""Of the live polls, so many may be late because of these requests."""

PATIENCE_S = 20.0
"""How long the answer of a kind is waited for that stayed away before (timer 1 of AIF 2.4.2)."""

TRUSTED_LOSSES = 2
"""So many answers of a kind that stayed away in a row: it may be slower than is thought."""

_SAMPLES = 60
_SHARE = 0.95
_TAIL = 3.0  # an answer that takes so many times the usual is lost
_TAIL_OF_LUCK = 1.5  # as above, where a live poll waits for it
_SHORTEST_WAIT_S = 4.0
_SLACK = 0.05  # of the poll interval: a live poll that starts so much later is not late

Kind = TypeVar("Kind", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Turn:
    """A request may go now; its answer is waited for until the loop's second `deadline`."""

    begun: float
    deadline: float
    late_from: float


class Turns(Generic[Kind]):
    """The answer times of each kind of request, and what live polls may suffer from them."""

    def __init__(self, guesses_s: Mapping[Kind, float]) -> None:
        self._samples = {
            kind: deque([guess_s], maxlen=_SAMPLES) for kind, guess_s in guesses_s.items()
        }
        self._losses: Counter[Kind] = Counter()
        self._credit = 0.0  # live polls that may be late

    def polled(self) -> None:
        """A live poll was answered."""
        self._credit = min(1.0, self._credit + LATE_SHARE)

    def usual_s(self, kind: Kind) -> float:
        """Within this time 95 of 100 answers come; at first the longest seen, or the guess."""
        samples = sorted(self._samples[kind])
        return samples[math.ceil(_SHARE * len(samples)) - 1]

    def losses(self, kind: Kind) -> int:
        """How many answers of the kind stayed away in a row."""
        return self._losses[kind]

    def turn(self, kind: Kind, now: float, live_due: float, interval_s: float) -> Turn | None:
        """A turn for a request that would go now; None: it must wait."""
        usual_s, late_from = self.usual_s(kind), live_due + _SLACK * interval_s
        is_doubtful = self._losses[kind] >= TRUSTED_LOSSES
        if now + (max(usual_s, PATIENCE_S) if is_doubtful else usual_s) <= live_due:
            wait_s = PATIENCE_S if is_doubtful else max(_TAIL * usual_s, _SHORTEST_WAIT_S)
            return Turn(now, min(now + wait_s, late_from), late_from)
        if self._credit >= 1.0 - LATE_SHARE / 2 and live_due - now > interval_s / 2:
            likely_s = max(_TAIL_OF_LUCK * usual_s, _SHORTEST_WAIT_S)
            wait_s = PATIENCE_S if is_doubtful else min(likely_s, PATIENCE_S)
            return Turn(now, now + wait_s, late_from)
        return None

    def answered(self, kind: Kind, turn: Turn, now: float) -> None:
        """The answer came."""
        self._samples[kind].append(now - turn.begun)
        del self._losses[kind]
        self._charge(turn, now)

    def lost(self, kind: Kind, turn: Turn, now: float) -> None:
        """No answer came in time."""
        self._losses[kind] += 1
        self._charge(turn, now)

    def _charge(self, turn: Turn, now: float) -> None:
        if now > turn.late_from + 0.1:
            self._credit -= 1.0
