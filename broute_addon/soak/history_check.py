"""Nothing is missing and nothing is wrong: ledger and statistics against the meter's registers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from broute_addon.ledger import Ledger, Stand
from broute_addon.meter.half_hours import Direction
from broute_addon.simulator.household import HALF_HOUR_S
from broute_addon.simulator.meter_clock import to_datetime, to_seconds
from broute_addon.simulator.registers import Counts, Registers
from broute_addon.soak.core import CoreStandIn
from broute_addon.soak.truth import Truth
from broute_addon.store import Snapshot

_DAY_S = 86_400
_HOUR = timedelta(hours=1)
_OF_A_KWH = 1e-6

KNOWN_AFTER_S = 720
"""A fixed-time value that was lost is asked for until so long after its half hour."""

_IMPORTED_AFTER_S = 120.0

CORE_READY_S = 300.0
"""After its start Core has every row that was due before."""


def statistic_id(uid: str, direction: Direction) -> str:
    """As design 2.4 spells it."""
    return f"broute:{uid.removeprefix('broute_')}_energy_{direction.value}"


class HistoryWatch:
    """Looks each minute, while the product runs, at what the end alone wouldn't tell."""

    def __init__(self, core: CoreStandIn) -> None:
        self._core = core
        self._known: tuple[str, int] = ("", 0)
        self._newest: datetime | None = None
        self._hours: dict[str, datetime] = {}
        self._due_since = 0.0

    def process_started(self) -> None:
        """It may have another ledger."""
        self._known, self._newest = ("", 0), None
        self._hours.clear()

    def lost(self, snapshot: Snapshot) -> str:
        """What was known once and isn't any more, or nothing."""
        if snapshot.meter is None or snapshot.coverage is None:
            return ""
        uid, known = snapshot.meter.uid, snapshot.coverage.known
        before, self._known = self._known, (uid, known)
        if before[0] == uid and known < before[1]:
            return f"{before[1]} half-hours were known, now {known}"
        return ""

    def late(self, uid: str, ledger: Ledger, now: float, *, is_well: bool) -> str:
        """The newest finished hour, if it should be in the statistics by now and isn't.

        `is_well`: nothing keeps it from getting there.
        """
        newest = ledger.newest(uid)
        if newest != self._newest and newest is not None:
            self._newest = newest
            if (hours := _newest_hours(uid, ledger, newest)) != self._hours:
                self._hours, self._due_since = hours, now
        if not is_well:
            self._due_since = now
        if now - self._due_since <= _IMPORTED_AFTER_S:
            return ""
        absent = (
            f"{statistic}: {at - _HOUR} isn't there"
            for statistic, at in self._hours.items()
            if at - _HOUR not in self._core.rows.get(statistic, {})
        )
        return next(absent, "")


def _newest_hours(uid: str, ledger: Ledger, newest: datetime) -> dict[str, datetime]:
    """The newest reading on the hour by the statistic that needs it."""
    return {
        statistic_id(uid, direction): stand.at
        for direction in Direction
        for stand in ledger.series(uid, direction, newest - _HOUR)
        if stand.at.minute == 0
    }


class HistoryCheck:
    """Compares at one moment; `second` is the meter's."""

    def __init__(self, truth: Truth, ledger: Ledger, core: CoreStandIn) -> None:
        self._truth = truth
        self._ledger = ledger
        self._core = core

    def wrong(self) -> str:
        """The first value that isn't the register's, or nothing."""
        return next(self._wrong(), "")

    def missing(self, second: int) -> str:
        """The first thing that should be there by now and isn't, or nothing."""
        return next(self._missing(second), "")

    def _wrong(self) -> Iterator[str]:
        for uid in self._truth.uids:
            registers = self._truth.registers_of(uid)
            for direction in Direction:
                stands = self._ledger.series(uid, direction)
                yield from _wrong_stands(registers, direction, stands)
                yield from self._wrong_rows(registers, statistic_id(uid, direction), direction)

    def _wrong_rows(
        self, registers: Registers, statistic: str, direction: Direction
    ) -> Iterator[str]:
        rows = sorted(self._core.rows.get(statistic, {}).items())
        if rows and rows[0][1][1] != 0:
            yield f"{statistic}: the first sum is {rows[0][1][1]}"
        for start, (state, _) in rows:
            true = _count(registers, direction, start + _HOUR)
            if true is None or abs(float(registers.kwh(true)) - state) > _OF_A_KWH:
                yield f"{statistic}: {start} ends at {state}, not at the count {true}"
        for (start, (_, before)), (end, (_, after)) in pairwise(rows):
            earlier = _count(registers, direction, start + _HOUR) or 0
            later = _count(registers, direction, end + _HOUR) or 0
            used = float(registers.kwh((later - earlier) % registers.modulus))
            if abs(after - before - used) > _OF_A_KWH:
                yield f"{statistic}: {start} to {end} is {after - before:.6f}, not {used:.6f}"

    def _missing(self, second: int) -> Iterator[str]:
        uid, registers = self._truth.uid, self._truth.registers
        newest = (second - KNOWN_AFTER_S) // HALF_HOUR_S * HALF_HOUR_S
        oldest = (second // _DAY_S - registers.config.memory_days) * _DAY_S
        for direction in Direction:
            known = {to_seconds(stand.at) for stand in self._ledger.series(uid, direction)}
            rows = self._core.rows.get(statistic_id(uid, direction), {})
            for at in range(oldest, newest + 1, HALF_HOUR_S):
                stored = _of(registers.stored(at, second, newest), direction)
                if stored is None:
                    continue
                instant = to_datetime(at)
                if at not in known:
                    yield f"{uid} {direction.value} {instant} isn't in the ledger"
                elif instant.minute == 0 and instant - _HOUR not in rows:
                    yield f"{uid} {direction.value} {instant} isn't in the statistics"


def _wrong_stands(registers: Registers, direction: Direction, stands: list[Stand]) -> Iterator[str]:
    for stand in stands:
        true = _count(registers, direction, stand.at)
        if true is None or stand.kwh != registers.kwh(true):
            yield f"{direction.value} {stand.at} is {stand.kwh} in the ledger, not the count {true}"


def _count(registers: Registers, direction: Direction, at: datetime) -> int | None:
    return _of(registers.counts(to_seconds(at)), direction)


def _of(counts: Counts, direction: Direction) -> int | None:
    return counts.bought if direction is Direction.BOUGHT else counts.sold
