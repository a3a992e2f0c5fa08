"""From what a register stood at to what was used: exact, and unknown where it can't be known.

A register only grows, modulo 10**D7 (echonet-lite-meter 3.5). Where it fell by more than a rollover
explains, or counts in another scale than before, the meter was exchanged or reset: what was used
in between is unknown, and never guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from typing import NamedTuple

from broute_addon.clock import JST
from broute_addon.meter.energy import MOST_KWH_PER_HOUR
from broute_addon.meter.half_hours import HALF_HOUR
from broute_addon.meter.profile import EnergyScale

_MOST_KWH_PER_HALF_HOUR = MOST_KWH_PER_HOUR / 2


class Stand(NamedTuple):
    """What a register stood at: its raw count at an instant (UTC), and its scale then."""

    at: datetime
    raw: int
    scale: EnergyScale

    @property
    def kwh(self) -> Decimal:
        """The register in kWh, exact."""
        return self.scale.kwh(self.raw)


@dataclass(frozen=True, slots=True)
class Interval:
    """The energy of the half-hour that begins at `start` (UTC); None where it isn't known."""

    start: datetime
    kwh: Decimal | None


@dataclass(frozen=True, slots=True)
class Day:
    """A register's day, by the meter's calendar.

    `known` are the half-hours with a value, of 48. `kwh` is the energy between the day's first
    value and its last, the one at the next midnight included; None where it isn't known.
    `is_whole`: these are the two midnights.
    """

    date: date
    known: int
    kwh: Decimal | None
    is_whole: bool


def energy_between(earlier: Stand, later: Stand) -> Decimal | None:
    """kWh from one stand to a later one of the same register, over a rollover if need be.

    None where the register was reset, or the meter exchanged, in between.
    """
    if earlier.scale != later.scale or later.at < earlier.at:
        return None
    scale = later.scale
    kwh = scale.kwh((later.raw - earlier.raw) % scale.modulus)
    most = _MOST_KWH_PER_HALF_HOUR * ((later.at - earlier.at) // HALF_HOUR)
    return kwh if kwh <= most or kwh <= scale.step else None


def energy_through(stands: Sequence[Stand]) -> Decimal | None:
    """kWh from the first stand to the last, by way of all between; None where any part is unknown,
    or there are fewer than two stands."""
    parts = [energy_between(earlier, later) for earlier, later in pairwise(stands)]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if parts and len(known) == len(parts) else None


def interval_energies(
    stands: Iterable[Stand], since: datetime, until: datetime
) -> Iterator[Interval]:
    """Each half-hour that begins from `since` (on a half-hour) on and before `until`."""
    known = {stand.at: stand for stand in stands}
    start = since
    while start < until:
        earlier, later = known.get(start), known.get(start + HALF_HOUR)
        kwh = None if earlier is None or later is None else energy_between(earlier, later)
        yield Interval(start, kwh)
        start += HALF_HOUR


def days(stands: Iterable[Stand]) -> Iterator[Day]:
    """The days that have a value, ascending as the stands are."""
    groups = [
        (day, list(of_day))
        for day, of_day in groupby(stands, lambda stand: _local(stand.at).date())
    ]
    following = [of_day for _, of_day in groups[1:]]
    for (day, of_day), after in zip(groups, [*following, []], strict=True):
        next_midnight = _midnight(day + timedelta(days=1))
        through = of_day + [stand for stand in after[:1] if stand.at == next_midnight]
        is_whole = (through[0].at, through[-1].at) == (_midnight(day), next_midnight)
        yield Day(day, len(of_day), energy_through(through), is_whole)


def _local(at: datetime) -> datetime:
    return at.astimezone(JST)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), JST)
