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

_DAY_S = 86_400
_HOUR = timedelta(hours=1)
_OF_A_KWH = 1e-6

KNOWN_AFTER_S = 720
"""A fixed-time value that was lost is asked for until so long after its half hour."""

_TOLD_AFTER_S = 7200
"""What is younger isn't counted as missing yet while the meter can't be read."""


def statistic_id(uid: str, direction: Direction) -> str:
    """As design 2.4 spells it."""
    return f"broute:{uid.removeprefix('broute_')}_energy_{direction.value}"


class HistoryCheck:
    """Compares at one moment; `second` is the meter's."""

    def __init__(self, truth: Truth, ledger: Ledger, core: CoreStandIn) -> None:
        self._truth = truth
        self._ledger = ledger
        self._core = core

    def wrong(self) -> str:
        """The first value that isn't the register's, or nothing."""
        return next(self._wrong(), "")

    def given_up(self, second: int) -> str:
        """The first thing that the meter remembers and the ledger has not, or nothing."""
        remembered = self._remembered(second, _TOLD_AFTER_S)
        return next((f"{of.value} {at}" for of, at, is_known in remembered if not is_known), "")

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
        for direction, instant, is_known in self._remembered(second, KNOWN_AFTER_S):
            statistic = statistic_id(self._truth.uid, direction)
            if not is_known:
                yield f"{statistic}: {instant} isn't in the ledger"
            elif instant.minute == 0 and instant - _HOUR not in self._core.rows.get(statistic, {}):
                yield f"{statistic}: {instant} isn't in the statistics"

    def _remembered(self, second: int, until_s: int) -> Iterator[tuple[Direction, datetime, bool]]:
        """What the meter remembers, up to so many seconds ago, and whether the ledger has it."""
        uid, registers = self._truth.uid, self._truth.registers
        newest = (second - until_s) // HALF_HOUR_S * HALF_HOUR_S
        oldest = (second // _DAY_S - registers.config.memory_days) * _DAY_S
        for direction in Direction:
            stands = self._ledger.series(uid, direction, to_datetime(oldest))
            known = {to_seconds(stand.at) for stand in stands}
            for at in range(oldest, newest + 1, HALF_HOUR_S):
                if _of(registers.stored(at, second, newest), direction) is not None:
                    yield direction, to_datetime(at), at in known


def _wrong_stands(registers: Registers, direction: Direction, stands: list[Stand]) -> Iterator[str]:
    for stand in stands:
        true = _count(registers, direction, stand.at)
        if true is None or stand.kwh != registers.kwh(true):
            yield f"{direction.value} {stand.at} is {stand.kwh} in the ledger, not the count {true}"


def _count(registers: Registers, direction: Direction, at: datetime) -> int | None:
    return _of(registers.counts(to_seconds(at)), direction)


def _of(counts: Counts, direction: Direction) -> int | None:
    return counts.bought if direction is Direction.BOUGHT else counts.sold
