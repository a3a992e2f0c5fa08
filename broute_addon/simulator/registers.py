"""The meter's counters and its memory, computed from the household.

A counter is the whole number of counts that the energy since a spring day of 2018 has filled up,
modulo 10^D7; a configured start moves it by whole counts. Being a function of time alone, it
gives the past as exactly as the present: history needs no storage and can't disagree with the
counter, and a simulation started later goes on where the earlier one was.
"""

from decimal import Decimal
from typing import NamedTuple

from broute_addon.simulator.household import DAY_S, HALF_HOUR_S, STEP_S, Household
from broute_addon.simulator.meter_config import NO_DATA, MeterConfig

_FIRST_INSTALLED = 17_622 * DAY_S  # 2018-04-01


class Counts(NamedTuple):
    """Raw counts of both directions at one instant; `None` where nothing is stored."""

    bought: int | None
    sold: int | None


_new = tuple.__new__  # a third of the cost of a named tuple's own constructor

NO_COUNTS = Counts(None, None)


class Registers:
    """Counters of one meter, from the second it was installed on.

    Args:
        config: scale, digits, and the counts at `start` where they are given.
        household: the truth.
        start: JST seconds at which the simulation (or this meter) starts.
        installed: JST seconds before which nothing is stored, or None for "long ago".
    """

    def __init__(
        self, config: MeterConfig, household: Household, start: int, installed: int | None = None
    ) -> None:
        self.config = config
        self.modulus, self.count_kwh = config.modulus, config.count_kwh
        self._tells_sold = config.reverse
        self._count_watt_seconds = config.count_watt_seconds
        self._household = household
        self._installed = installed
        first, last = config.lost_days or (0, -1)
        self._lost_days = range(start // DAY_S - last, start // DAY_S - first + 1)
        begin = self._filled(_FIRST_INSTALLED)
        now = self._filled(start)
        self._bought_at_0 = -begin[0] if config.bought is None else config.bought - now[0]
        self._sold_at_0 = -begin[1] if config.sold is None else config.sold - now[1]

    def _filled(self, at: int) -> tuple[int, int]:
        """Counts since 1970, unlimited."""
        bought, sold = self._household.watt_seconds_until(at)
        return bought // self._count_watt_seconds, sold // self._count_watt_seconds

    def counts(self, at: int) -> Counts:
        """Both counters at a JST second."""
        bought, sold = self._household.watt_seconds_until(at)
        unit, modulus = self._count_watt_seconds, self.modulus
        bought = (bought // unit + self._bought_at_0) % modulus
        if not self._tells_sold:
            return _new(Counts, (bought, None))
        return _new(Counts, (bought, (sold // unit + self._sold_at_0) % modulus))

    def stored(self, at: int, now: int, filled: int) -> Counts:
        """What the memory, filled up to `filled`, holds for `at`: nothing too long before `now`."""
        oldest = (now // DAY_S - self.config.memory_days) * DAY_S
        if self._installed is not None:
            oldest = max(oldest, self._installed)
        is_stored = oldest <= at <= filled and at // DAY_S not in self._lost_days
        return self.counts(at) if is_stored else NO_COUNTS

    def half_hours(self, day: int, now: int, filled: int) -> list[Counts]:
        """The 48 readings of a meter day (days since 1970), 00:00 to 23:30."""
        first = day * DAY_S
        return [self.stored(first + slot * HALF_HOUR_S, now, filled) for slot in range(48)]

    def power(self, at: int) -> int:
        """Net watts, positive when buying."""
        return self._household.power(at)

    def currents(self, at: int) -> tuple[int, int | None]:
        """Raw tenths of amperes of R and T, 100 V each; T is None in a two-wire house."""
        if not self.config.t_phase:
            return self._tenths(self._household.power(at)), None
        on_r, on_t = self._household.phase_powers(at)
        return self._tenths(on_r), self._tenths(on_t)

    def changes(self, start: int, end: int) -> list[tuple[int, Counts]]:
        """Every second in (start, end] at which a counter moves, with its new counts.

        `end - start` is at most one step of the household, in which power is constant.
        """
        if end - start > STEP_S:
            raise ValueError("power is constant within one step only")
        before, found = self.counts(start), list[tuple[int, Counts]]()
        if self.counts(end) == before:
            return []
        for second in range(start + 1, end + 1):
            counts = self.counts(second)
            if counts != before:
                found.append((second, counts))
                before = counts
        return found

    def kwh(self, count: int) -> Decimal:
        return count * self.count_kwh

    def _tenths(self, watts: int) -> int:
        step = 100 if self.config.currents == "whole" else 10
        return round(watts / step) * (step // 10)


def edt(count: int | None) -> bytes:
    """Four bytes of a counter, FFFFFFFE for no data."""
    return (NO_DATA if count is None else count).to_bytes(4, "big")
