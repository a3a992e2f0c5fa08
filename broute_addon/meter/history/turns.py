"""When a request of the lowest priority may go: it must not make a live poll late.

It goes only if its answer will very likely be in before the next live poll is due. Answer times
are measured, kind by kind, since a day of history takes several times as long as a Set. Where
live polls follow each other so closely that a kind never fits between two, one of them may go
all the same at each twentieth poll: nineteen in twenty are on time and history doesn't starve.
"""

import math
from collections import deque
from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

FORCED_EVERY_POLLS = 20

PATIENCE_S = 20.0
"""How long a forced one is waited for (timer 1 of AIF 2.4.2)."""

TRUSTED_LOSSES = 2
"""So many answers of a kind that stayed away in a row: it may be slower than is thought."""

_SAMPLES = 60
_SHARE = 0.95
_SLACK = 0.05  # of the poll interval: so much may a live poll be late for an answer on its way

Kind = TypeVar("Kind", bound=Enum)


class Turns(Generic[Kind]):
    """The answer times of each kind of request, and the turns taken. Seconds of the loop."""

    def __init__(self, guesses_s: Mapping[Kind, float]) -> None:
        self._samples = {
            kind: deque([guess_s], maxlen=_SAMPLES) for kind, guess_s in guesses_s.items()
        }
        self._losses = dict.fromkeys(guesses_s, 0)
        self._polls = 0

    def answered(self, kind: Kind, seconds: float) -> None:
        """An answer came, so many seconds after its request was begun."""
        self._samples[kind].append(seconds)
        self._losses[kind] = 0

    def lost(self, kind: Kind) -> None:
        """No answer came in time."""
        self._losses[kind] += 1

    def polled(self) -> None:
        """A live poll was answered."""
        self._polls += 1

    def usual_s(self, kind: Kind) -> float:
        """Within this time 95 of 100 answers come; at first the longest seen, or the guess."""
        samples = sorted(self._samples[kind])
        return samples[math.ceil(_SHARE * len(samples)) - 1]

    def deadline(self, kind: Kind, now: float, live_due: float, interval_s: float) -> float | None:
        """Until when to wait for the answer to a request that goes now; None: not now."""
        needs_s = self.usual_s(kind)
        if self._losses[kind] >= TRUSTED_LOSSES:
            needs_s = max(needs_s, PATIENCE_S)
        if now + needs_s <= live_due:
            return live_due + _SLACK * interval_s
        if self._polls >= FORCED_EVERY_POLLS and live_due - now > interval_s / 2:
            self._polls = 0
            return now + PATIENCE_S
        return None
