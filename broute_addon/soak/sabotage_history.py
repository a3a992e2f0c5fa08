"""Planted defects of history, ledger and statistics."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from broute_addon.home_assistant import statistics, statistics_series
from broute_addon.home_assistant.statistics import HOUR, Anchor, Row
from broute_addon.home_assistant.statistics_series import Series
from broute_addon.ledger import Ledger, Stand, energy_between
from broute_addon.ledger import ledger as ledger_module
from broute_addon.ledger.reader import LedgerReader
from broute_addon.ledger.writing import Entry, Outcome, write_entries
from broute_addon.meter import fixed_times
from broute_addon.meter.half_hours import MEMORY_DAYS, Direction, HalfHour
from broute_addon.meter.history import requests
from broute_addon.meter.history.history import History
from broute_addon.meter.history.plan import Part
from broute_addon.meter.history.reading import Reading
from broute_addon.meter.history.requests import Reply, Request, Steps
from broute_addon.meter.history.turns import Turn
from broute_addon.meter.meter_clock import MeterClock
from broute_addon.meter.profile import EnergyScale
from broute_addon.soak.patch import Patch


def _day_off_by_one() -> Patch:
    read_day = Reading._read_day

    def one_further(self: Reading, part: Part, days_back: int, values: list[HalfHour]) -> Steps:
        return read_day(self, part, min(days_back + 1, MEMORY_DAYS), values)

    return Patch(Reading, "_read_day", one_further)


def _day_slot_late() -> Patch:
    midnight = requests.midnight

    def half_an_hour_late(day: date) -> datetime:
        return midnight(day) + HOUR / 2

    return Patch(requests, "midnight", half_an_hour_late)


def _span_ascending() -> Patch:
    values_of = requests.instant_values

    def oldest_first(part: Part, edt: bytes, reply: Reply) -> list[HalfHour] | None:
        values = values_of(part, edt, reply)
        if values is None:
            return None
        per_instant = len({value.direction for value in values})
        instants = [value.at for value in values[::per_instant]]
        return [
            value._replace(at=instants[-1 - number // per_instant])
            for number, value in enumerate(values)
        ]

    return Patch(requests, "instant_values", oldest_first)


def _old_day_of_midnight() -> Patch:
    read_days = Reading._read_days

    def at_any_time(self: Reading, run: list[Part]) -> Steps:
        clock = self._clock
        self._clock = _NeverMidnight(clock)  # type: ignore[assignment]
        try:
            yield from read_days(self, run)
        finally:
            self._clock = clock

    return Patch(Reading, "_read_days", at_any_time)


class _NeverMidnight:
    """The meter's clock, but that a run of days finds the date with which it began."""

    def __init__(self, clock: MeterClock) -> None:
        self._clock = clock
        self._began: datetime | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._clock, name)

    def until_quiet_ends(self, _loop_s: float) -> float:
        return 0.0

    def earliest(self, loop_s: float) -> datetime | None:
        self._began = self._began or self._clock.earliest(loop_s)
        return self._began


def _gap_filler_off() -> Patch:
    def none(_self: LedgerReader, *_asked: object) -> list[datetime]:
        return []

    return Patch(LedgerReader, "holes", none)


def _missing_marked_gone() -> Patch:
    lost = History.lost

    def given_up(self: History, request: Request, turn: Turn, now: float) -> None:
        lost(self, request, turn, now)
        reading = self._session and self._session.reading
        if reading and reading._gaps:
            reading._gaps.give_up_before(max(reading._gaps._missing))
            reading._is_stale = True

    return Patch(History, "lost", given_up)


def _directions_swapped() -> Patch:
    swapped = {0xEA: Direction.SOLD, 0xEB: Direction.BOUGHT}
    return Patch(fixed_times, "_DIRECTIONS", swapped)


def _scale_of_the_first_meter() -> Patch:
    keep = Ledger.keep

    def as_ever(self: Ledger, uid: str, scale: EnergyScale, values: Iterable[HalfHour]) -> int:
        return keep(self, uid, self.__dict__.setdefault("first_scale", scale), values)

    return Patch(Ledger, "keep", as_ever)


def _none_over_value() -> Patch:
    def forgetful(database: sqlite3.Connection, entries: Sequence[Entry]) -> Outcome:
        database.executemany(
            "DELETE FROM half_hours WHERE at = ? AND direction = ?"
            " AND meter = (SELECT id FROM meters WHERE uid = ?)",
            [(entry.at, entry.direction, entry.uid) for entry in entries if entry.raw is None],
        )
        return write_entries(database, entries)

    return Patch(ledger_module, "write_entries", forgetful)


def _rollover_ignored() -> Patch:
    def only_upwards(earlier: Stand, later: Stand) -> Decimal | None:
        return None if later.raw < earlier.raw else energy_between(earlier, later)

    return Patch(statistics, "energy_between", only_upwards)


def _hour_shifted() -> Patch:
    def beginning_at(anchor: Anchor) -> Row:
        return Row(anchor.stand.at, anchor.stand.kwh, anchor.sum)

    return Patch(statistics_series, "row_ending_at", beginning_at)


def _half_hour_for_hour() -> Patch:
    def unfinished_too(sums: Iterable[Anchor]) -> list[Row]:
        rows: dict[datetime, Row] = {}
        for each in sums:
            at = each.stand.at
            start = at - HOUR if at.minute == 0 else at.replace(minute=0)
            rows[start] = Row(start, each.stand.kwh, each.sum)
        return list(rows.values())

    return Patch(statistics_series, "_hours", unfinished_too)


def _baseline_not_zero() -> Patch:
    base = Series._base

    async def register(self: Series, first: Stand) -> Decimal:
        return await base(self, first) or first.kwh

    return Patch(Series, "_base", register)


def _sums_start_anew() -> Patch:
    async def nothing(_self: Series, _first: Stand) -> Decimal:
        return Decimal(0)

    return Patch(Series, "_base", nothing)


def _offset_applied_twice() -> Patch:
    base = Series._base

    async def doubled(self: Series, first: Stand) -> Decimal:
        return 2 * await base(self, first)

    return Patch(Series, "_base", doubled)


def _database_loss_unnoticed() -> Patch:
    bring_up = Series.bring_up

    async def trusting(self: Series) -> bool:
        copies = self._ledger.__dict__.setdefault("copies", {})
        self._copy = copies.get(self.id, self._copy)
        has_written = await bring_up(self)
        copies[self.id] = self._copy
        return has_written

    return Patch(Series, "bring_up", trusting)


HISTORY_SABOTAGES: Mapping[str, Callable[[], Patch]] = {
    "history-day-off-by-one": _day_off_by_one,
    "history-day-slot-late": _day_slot_late,
    "history-2-ascending": _span_ascending,
    "old-day-of-midnight": _old_day_of_midnight,
    "gap-filler-off": _gap_filler_off,
    "missing-marked-gone": _missing_marked_gone,
    "directions-swapped": _directions_swapped,
    "scale-of-the-first-meter": _scale_of_the_first_meter,
    "none-over-value": _none_over_value,
    "statistics-rollover-ignored": _rollover_ignored,
    "statistics-hour-shifted": _hour_shifted,
    "half-hour-for-hour": _half_hour_for_hour,
    "baseline-not-zero": _baseline_not_zero,
    "sums-start-anew": _sums_start_anew,
    "offset-applied-twice": _offset_applied_twice,
    "database-loss-unnoticed": _database_loss_unnoticed,
}
"""Name to the patch that plants it."""
