"""What is kept, and what the ledger answers."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from broute_addon.ledger import JournalEntry, Ledger
from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale
from tests.ledger.values import (
    DAY,
    HOST_TIME,
    MIDNIGHT,
    SCALE,
    UID,
    HandClock,
    both,
    half_hour,
    known_numbers,
    ledger_in,
)

BOUGHT, SOLD = Direction.BOUGHT, Direction.SOLD
NONE = HalfHour(MIDNIGHT, BOUGHT, None, Source.HISTORY_1)


def test_values_come_back_exactly_and_after_a_restart(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        assert ledger.keep(UID, SCALE, [value for n in range(100) for value in both(n)]) == 200
    with ledger_in(tmp_path) as ledger:
        assert known_numbers(ledger) == set(range(100))
        first = ledger.series(UID, BOUGHT)[0]
        assert (first.at, first.raw, first.scale, first.kwh) == (
            MIDNIGHT,
            1000,
            SCALE,
            Decimal("100.0"),
        )
        assert ledger.uids() == (UID,)
        assert ledger.problem is None


def test_an_equal_value_writes_nothing(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, both(0))
        log = tmp_path / "history.db-wal"
        before = log.stat().st_size
        assert ledger.keep(UID, SCALE, [half_hour(0, source=Source.HISTORY_1)]) == 0
        assert log.stat().st_size == before
        assert [row.source for row in ledger.rows()] == [Source.NOTIFICATION] * 2


def test_a_value_beats_the_mark_that_there_is_none_and_never_the_other_way_round(
    tmp_path: Path,
) -> None:
    with ledger_in(tmp_path) as ledger:
        assert ledger.keep(UID, SCALE, [NONE]) == 1
        assert ledger.keep(UID, SCALE, [NONE]) == 0
        assert ledger.series(UID, BOUGHT) == []
        assert ledger.keep(UID, SCALE, [half_hour(0)]) == 1
        assert ledger.keep(UID, SCALE, [NONE]) == 0
        assert [stand.raw for stand in ledger.series(UID, BOUGHT)] == [1000]


def test_another_value_for_an_instant_wins_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ledger_in(tmp_path) as ledger:
        for raw in (1000, 1001, 1002):
            ledger.keep(UID, SCALE, [half_hour(0)._replace(raw=raw)])
        assert [stand.raw for stand in ledger.series(UID, BOUGHT)] == [1002]
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in told] == [
        "The meter now tells 1001 for 2026-04-06 00:00:00+09:00, where it told 1000 before; "
        "the newer value is kept."
    ]


def test_each_value_keeps_the_scale_that_was_in_force(tmp_path: Path) -> None:
    finer = EnergyScale(1, -2, 8)
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [half_hour(0)])
        ledger.keep(UID, finer, [half_hour(1)])
        assert [stand.scale for stand in ledger.series(UID, BOUGHT)] == [SCALE, finer]
        assert ledger.keep(UID, finer, [half_hour(0)]) == 1  # another scale is another value


def test_an_instant_between_two_half_hours_is_refused(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger, pytest.raises(ValueError, match="half-hour"):
        ledger.keep(UID, SCALE, [half_hour(0)._replace(at=MIDNIGHT + timedelta(minutes=1))])


def test_holes_are_what_has_neither_value_nor_mark_in_either_direction(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [*both(0), half_hour(1, BOUGHT), *both(3)])
        ledger.keep(UID, SCALE, [half_hour(4, one)._replace(raw=None) for one in Direction])
        until = MIDNIGHT + 5 * HALF_HOUR
        first, second, fifth = (MIDNIGHT + n * HALF_HOUR for n in (1, 2, 5))
        assert ledger.holes(UID, Direction, MIDNIGHT, until) == [first, second, fifth]
        assert ledger.holes(UID, [BOUGHT], MIDNIGHT, until) == [second, fifth]
        assert ledger.holes(UID, [BOUGHT], MIDNIGHT, MIDNIGHT) == []
        assert ledger.holes(UID, [BOUGHT], MIDNIGHT - timedelta(minutes=1), MIDNIGHT) == []
        assert len(ledger.holes("another", Direction, MIDNIGHT, until)) == 6


def test_coverage_counts_each_direction_by_itself(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [*both(1), half_hour(2, BOUGHT), NONE])
        coverage = ledger.coverage(UID, Direction, MIDNIGHT, MIDNIGHT + 4 * HALF_HOUR)
        assert (coverage.known, coverage.gone, coverage.missing) == (3, 1, 6)
        assert coverage.oldest == MIDNIGHT + HALF_HOUR
        assert coverage.newest == MIDNIGHT + 2 * HALF_HOUR
        assert coverage.percent == 30.0


def test_what_is_gone_from_before_the_first_value_is_no_hole(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        assert ledger.completeness(UID, Direction) is None
        gone = [half_hour(n)._replace(raw=None) for n in (*range(-200, 0), 7, 8)]
        ledger.keep(UID, SCALE, [*gone, *(half_hour(n) for n in (*range(7), *range(9, 49)))])
        coverage = ledger.completeness(UID, [BOUGHT])
        assert coverage is not None
        assert (coverage.known, coverage.gone) == (47, 2)
        assert coverage.missing == 99 * 48 + 1 - 200 - 49
        assert (coverage.oldest, coverage.newest) == (MIDNIGHT, MIDNIGHT + DAY)


def test_a_wrong_clock_of_the_host_moves_no_value(tmp_path: Path) -> None:
    clock = HandClock(HOST_TIME - 365 * DAY)
    with ledger_in(tmp_path, clock) as ledger:
        ledger.keep(UID, SCALE, both(0))
        clock.now = HOST_TIME + 3650 * DAY
        ledger.keep(UID, SCALE, both(1))
        assert known_numbers(ledger) == {0, 1}
        assert ledger.newest(UID) == MIDNIGHT + HALF_HOUR


def test_meters_are_kept_apart(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, both(0))
        ledger.keep("broute_exchanged", SCALE, [half_hour(1)])
        assert ledger.uids() == (UID, "broute_exchanged")
        assert ledger.directions("broute_exchanged") == (BOUGHT,)
        assert ledger.oldest("broute_exchanged") == MIDNIGHT + HALF_HOUR
        assert ledger.oldest("nobody") is None
        assert [row.uid for row in ledger.rows()] == [UID, UID, "broute_exchanged"]
        assert len(list(ledger.rows(UID))) == 2


def test_rows_are_told_by_time_then_direction_over_a_long_past(tmp_path: Path) -> None:
    numbers = [*range(5), *range(3000, 3005), *range(9000, 9005)]
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [value for n in numbers for value in both(n)])
        ledger.keep(UID, SCALE, [half_hour(7)._replace(raw=None)])
        rows = list(ledger.rows())
    assert [((row.at - MIDNIGHT) // HALF_HOUR, row.direction) for row in rows] == [
        (number, direction) for number in numbers for direction in Direction
    ]


def test_energy_is_known_only_between_two_known_instants(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [half_hour(n) for n in (0, 1, 2, 5)])
        later = MIDNIGHT + 5 * HALF_HOUR
        assert ledger.energy(UID, BOUGHT, MIDNIGHT, later) == Decimal("1.5")
        assert ledger.energy(UID, BOUGHT, MIDNIGHT, later - HALF_HOUR) is None
        assert ledger.energy(UID, BOUGHT, MIDNIGHT, MIDNIGHT) is None
        assert ledger.energy(UID, SOLD, MIDNIGHT, later) is None
        half_hours = ledger.half_hours(UID, BOUGHT, MIDNIGHT, MIDNIGHT + 3 * HALF_HOUR)
        assert [one.kwh for one in half_hours] == [Decimal("0.3"), Decimal("0.3"), None]


def test_facts_and_journal_outlive_the_process(tmp_path: Path) -> None:
    mended = JournalEntry(HOST_TIME, "sensor.x", MIDNIGHT, "flat", Decimal("12.30"), Decimal(14))
    absent = replace(mended, kind="absent", old_sum=None)
    with ledger_in(tmp_path) as ledger:
        ledger.note("imported", "1")
        ledger.note("imported", "2")
        ledger.journal_add(mended)
        ledger.journal_add(absent)
    with ledger_in(tmp_path) as ledger:
        assert ledger.noted("imported") == "2"
        assert ledger.noted("never") is None
        assert ledger.journal() == [mended, absent]


async def test_changes_are_told_at_once_and_several_as_one(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        told = 0

        async def listen() -> None:
            nonlocal told
            async for _ in ledger.changes():
                told += 1

        async with asyncio.TaskGroup() as tasks:
            listener = tasks.create_task(listen())
            await settle()
            assert told == 1
            ledger.keep(UID, SCALE, both(0))
            ledger.keep(UID, SCALE, both(1))
            await settle()
            assert told == 2
            ledger.keep(UID, SCALE, both(1))  # nothing new
            await settle()
            assert told == 2
            listener.cancel()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_is_acknowledged_is_on_the_disk(tmp_path: Path) -> None:
    """SQLite in WAL mode syncs its log before a commit returns only where it is told to."""
    with ledger_in(tmp_path) as ledger:
        assert ledger._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert ledger._database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_others_read_while_it_is_written(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        rows = ledger.rows()
        ledger.keep(UID, SCALE, both(0))
        first = next(rows)
        ledger.keep(UID, SCALE, both(1))
        assert first.at == MIDNIGHT
        with ledger_in(tmp_path) as second:
            assert known_numbers(second) == {0, 1}
            ledger.keep(UID, SCALE, both(2))
            assert known_numbers(second) == {0, 1, 2}


def test_a_day_of_half_hours_writes_far_less_than_its_budget(tmp_path: Path) -> None:
    """300 KB a day are all that the product may write (design, part 3)."""
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [value for n in range(99 * 48) for value in both(n)])
        before = written_bytes()
        keep_days(ledger, 6)
        assert (written_bytes() - before) / 6 < 80_000


def keep_days(ledger: Ledger, days: int) -> None:
    for number in range(99 * 48, (99 + days) * 48):
        ledger.keep(UID, SCALE, both(number))


def written_bytes() -> int:
    """What this process has handed to the system to write."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])
