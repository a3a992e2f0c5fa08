"""An energy counter never shows a wrong number: the guard between raw counts and readings.

A register only grows, modulo 10**D7. A count that fell, or grew by more than a household can take,
is either a rollover (plausible after wrapping), the meter's own reset, or nonsense. Nonsense must
not be told; a reset must not be hidden for ever. So such a count is held back until a reading of
the same register agrees with it a minute later: nonsense may last for seconds.
"""

from decimal import Decimal
from typing import NamedTuple

from broute_addon.meter.profile import EnergyScale

MOST_KWH_PER_HOUR = Decimal(60)
"""A low-voltage contract is below 50 kW."""

EARLIER_TRUSTED = 3
"""So many counts in a row with earlier times than the last one believed, each going on from the
one before: the meter's clock was set back."""

CONFIRMED_AFTER_S = 50.0
"""A doubted count is believed once another one, so much later, goes on from it."""

SLACK_KWH = Decimal(2)
"""Lets short intervals with coarse counts pass."""


class Count(NamedTuple):
    """A raw register count and when it stood there, in seconds of a clock that never jumps back:
    the event loop's for a polled register, the meter's own stamp for a fixed-time value."""

    raw: int
    at_s: float


class CounterGuard:
    """Decides for one register whether a new count may be told."""

    def __init__(self) -> None:
        self._accepted: Count | None = None
        self._doubted: Count | None = None
        self._earlier: list[Count] = []

    def accepts(self, count: Count, scale: EnergyScale) -> bool:
        """Whether the count is believed.

        One older than the last believed only came late, and isn't. But where several of them go
        on from each other it is the last believed whose time was wrong.
        """
        accepted, doubted = self._accepted, self._doubted
        if accepted is not None:
            if count.at_s < accepted.at_s:
                return self._accepts_earlier(count, scale)
            is_backed = doubted is not None and _follows(doubted, count, scale)
            if not _follows(accepted, count, scale):
                if doubted is None or not is_backed:
                    self._doubted = count
                    return False
                if count.at_s - doubted.at_s < CONFIRMED_AFTER_S:
                    return False
        self._believe(count)
        return True

    def _accepts_earlier(self, count: Count, scale: EnergyScale) -> bool:
        last = self._earlier[-1] if self._earlier else None
        if last is None or count.at_s <= last.at_s or not _follows(last, count, scale):
            self._earlier.clear()
        self._earlier.append(count)
        if len(self._earlier) < EARLIER_TRUSTED:
            return False
        self._believe(count)
        return True

    def _believe(self, count: Count) -> None:
        self._accepted, self._doubted = count, None
        self._earlier.clear()

    @property
    def is_doubting(self) -> bool:
        """A count was held back: the register should be read again soon."""
        return self._doubted is not None


def _follows(before: Count, after: Count, scale: EnergyScale) -> bool:
    grown = scale.kwh((after.raw - before.raw) % scale.modulus)
    slack = max(SLACK_KWH, 2 * scale.step)
    if grown <= slack:  # as nearly every count, whatever time has passed
        return True
    hours = Decimal(max(0.0, after.at_s - before.at_s)) / 3600
    return grown <= MOST_KWH_PER_HOUR * hours + slack
