"""What is wrong in an energy sensor's own statistics, and what would mend it. Pure (design 2.4).

Core compiles an hour of a `total_increasing` sensor from what it was told. `sum - state` is the
same in all its rows as long as the register wasn't reset: the *offset*. So the right sum of an
hour is the reading at its end plus the offset. Three kinds of hour are mended:

- *absent*: Core has rows before and after it, but none of it;
- *flat*: Core compiled it after its own downtime, from the last state that it knew;
- *cut*: the outage began in it, so its sum ends there. (The hour in which an outage ends is right.)

Flat and cut hours are touched only where a gap is on record (repair_gaps.py) and the sum is too low
by more than one count. Nothing is done where the offset isn't the same before, in and after: then
the sensor was reset, or somebody has adjusted its sums. A sum is never lowered. The newest row is
Core's, and only hours before it are touched: Core compiles forwards, so those are final.

The *past* before the sensor's first row follows by the same formula; its sums come out below 0, and
one shift of all rows makes them start at 0, as a sensor's do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise

from broute_addon.clock import JST
from broute_addon.home_assistant.repair_gaps import Gap
from broute_addon.home_assistant.statistics import HOUR, Row, is_whole_hour
from broute_addon.ledger import Stand, energy_between
from broute_addon.messages import Message, message

_NANO = Decimal("0.000000001")


class Kind(Enum):
    """What is wrong with an hour."""

    ABSENT = "absent"
    FLAT = "flat"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Change:
    """An hour that would be written. `old_sum` None: Core has no row of it."""

    kind: Kind
    row: Row
    old_sum: Decimal | None


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What is to be done to one sensor's statistics, and what isn't and why.

    `settled` are the gaps about which nothing is left to do; `is_waiting`: Core hasn't compiled
    the first hour after a gap yet.
    """

    statistic_id: str
    changes: tuple[Change, ...] = ()
    refusals: tuple[Message, ...] = ()
    settled: tuple[Gap, ...] = ()
    is_waiting: bool = False
    past: tuple[Row, ...] = ()
    """The rows before Core's own first row, in its sums as they are now: they begin below 0."""
    past_before: Row | None = None
    """Core's own first row."""

    @property
    def shift(self) -> Decimal:
        """What is to be added to every sum once the past is there."""
        return -self.past[0].sum if self.past else Decimal(0)


@dataclass(frozen=True, slots=True)
class _Run:
    """Hours in a row that are looked at, between two rows that are not."""

    hours: tuple[datetime, ...]
    before: Row
    after: Row


def plan_gaps(
    statistic_id: str,
    rows: Mapping[datetime, Row],
    stands: Iterable[Stand],
    gaps: Sequence[Gap],
    open_after: datetime | None = None,
) -> RepairPlan:
    """What mends the hours between Core's first and last row. `rows` are Core's, in kWh.

    While a gap is open, nothing that ends after its begin is looked at.
    """
    if not rows:
        return RepairPlan(statistic_id, is_waiting=bool(gaps))
    last = max(rows)
    ripe = [gap for gap in gaps if gap.hours()[-1] < last]
    young = {hour for gap in gaps if gap not in ripe for hour in gap.hours()}
    if open_after is not None:
        young |= set(Gap(open_after, last + HOUR).hours())
    suspect = {hour for gap in ripe for hour in gap.hours()} - young
    readings = {stand.at: stand for stand in stands}
    changes: list[Change] = []
    refusals: list[Message] = []
    open_hours: set[datetime] = set()
    for run in _runs(rows, suspect, young):
        if (reason := _why_not(run, rows, readings)) is not None:
            refusals.append(reason)
            open_hours |= set(run.hours)
            continue
        changes += _changes(run, rows, readings, suspect)
        open_hours |= {hour for hour in run.hours if hour + HOUR not in readings}
    open_hours |= {change.row.start for change in changes}
    return RepairPlan(
        statistic_id,
        changes=tuple(changes),
        refusals=tuple(refusals),
        settled=tuple(gap for gap in ripe if not (open_hours | young) & set(gap.hours())),
        is_waiting=len(ripe) < len(gaps),
    )


def plan_past(first: Row, stands: Iterable[Stand]) -> tuple[Row, ...]:
    """The rows of the hours before Core's first row, as far back as the register counted on
    without a reset; with the baseline, whose sum becomes 0 by the shift."""
    offset = _offset(first)
    past: list[Stand] = []
    most = first.state
    for stand in sorted(stands, key=lambda stand: stand.at, reverse=True):
        if stand.at > first.start:
            continue
        is_broken = past and energy_between(stand, past[-1]) is None
        if stand.kwh > most or is_broken:
            break
        past.append(stand)
        most = stand.kwh
    return tuple(
        Row(stand.at - HOUR, stand.kwh, stand.kwh + offset)
        for stand in reversed(past)
        if is_whole_hour(stand.at)
    )


def _runs(
    rows: Mapping[datetime, Row], suspect: set[datetime], young: set[datetime]
) -> Iterator[_Run]:
    """The hours to look at: those of a gap, and those that are absent."""
    first, last = min(rows), max(rows)
    hours: list[datetime] = []
    before = rows[first]  # also of itself: it may be cut
    hour = first
    while hour <= last:
        row = rows.get(hour)
        if (row is None or hour in suspect) and hour not in young and hour < last:
            hours.append(hour)
        elif row is not None:
            if hours:
                yield _Run(tuple(hours), before, row)
            hours, before = [], row
        hour += HOUR


def _why_not(
    run: _Run, rows: Mapping[datetime, Row], readings: Mapping[datetime, Stand]
) -> Message | None:
    """Why a run is left alone: its rows, and the readings, must be of one and the same count."""
    present = [rows[hour] for hour in run.hours if hour in rows]
    told = [readings[hour + HOUR] for hour in run.hours if hour + HOUR in readings]
    if not told:
        return None
    least = told[0].scale.step / 10
    offset = _offset(run.before)
    if any(abs(_offset(row) - offset) > least for row in (*present, run.after)):
        return _refusal("repair_offset", run)
    states = [run.before.state, *(stand.kwh for stand in told), run.after.state]
    if any(later < earlier - least for earlier, later in pairwise(states)):
        return _refusal("repair_not_between", run)
    return None


def _changes(
    run: _Run,
    rows: Mapping[datetime, Row],
    readings: Mapping[datetime, Stand],
    suspect: set[datetime],
) -> Iterator[Change]:
    offset = _offset(run.before)
    before: Row | None = run.before if run.before.start not in run.hours else None
    for hour in run.hours:
        row, stand = rows.get(hour), readings.get(hour + HOUR)
        if stand is not None:
            right = Row(hour, stand.kwh, stand.kwh + offset)
            if row is None:
                yield Change(Kind.ABSENT, right, None)
            elif hour in suspect and right.sum - row.sum > stand.scale.step:
                is_flat = before is not None and row.sum - before.sum < stand.scale.step / 10
                yield Change(Kind.FLAT if is_flat else Kind.CUT, right, row.sum)
        before = row or before


def _offset(row: Row) -> Decimal:
    """Sums are added up in floats: what lies beyond the ninth digit is their noise."""
    return (row.sum - row.state).quantize(_NANO)


def _refusal(key: str, run: _Run) -> Message:
    since, until = run.hours[0].astimezone(JST), (run.hours[-1] + HOUR).astimezone(JST)
    return message(key, since=f"{since:%Y-%m-%d %H:%M}", until=f"{until:%Y-%m-%d %H:%M}")
