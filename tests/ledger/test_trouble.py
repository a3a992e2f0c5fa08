"""Disks that are full, read-only or busy: survived, told once, made up for."""

import asyncio
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from broute_addon.ledger import JournalEntry
from broute_addon.ledger import ledger as ledger_module
from broute_addon.meter.half_hours import HALF_HOUR, Direction
from tests.ledger.disks import failing_disk, read_only, small_disk
from tests.ledger.values import (
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

MENDED = JournalEntry(HOST_TIME, "sensor.x", MIDNIGHT, "flat", None, SCALE.kwh(7))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


def later(clock: HandClock) -> None:
    clock.now += timedelta(minutes=30)


@pytest.mark.parametrize("is_full", [True, False], ids=["full", "failing"])
def test_a_full_or_failing_disk_costs_nothing_once_it_is_well_again(
    is_full: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    with small_disk(tmp_path / "data") if is_full else failing_disk() as disk:
        with ledger_in(tmp_path / "data", clock) as ledger:
            ledger.keep(UID, SCALE, [value for n in range(50) for value in both(n)])
            disk.fail()
            for number in range(50, 150):
                assert ledger.keep(UID, SCALE, both(number)) == 2
                later(clock)
            ledger.note("imported", "yes")
            ledger.journal_add(MENDED)
            assert disk.told in str(ledger.problem)
            assert known_numbers(ledger) == set(range(150))
            assert ledger.holes(UID, Direction, MIDNIGHT, MIDNIGHT + 149 * HALF_HOUR) == []
            assert len(warnings(caplog)) == 1
            disk.mend()
            later(clock)
            assert ledger.keep(UID, SCALE, both(150)) == 2
            assert ledger.problem is None
        with ledger_in(tmp_path / "data") as ledger:
            assert ledger.problem is None
            assert known_numbers(ledger) == set(range(151))
            assert ledger.noted("imported") == "yes"
            assert ledger.journal() == [MENDED]
    assert len(warnings(caplog)) == 1


def test_a_disk_that_is_full_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with small_disk(tmp_path / "data") as disk:
        with ledger_in(tmp_path / "data") as ledger:
            ledger.keep(UID, SCALE, both(0))
        disk.fail()
        with ledger_in(tmp_path / "data") as ledger:
            assert ledger.keep(UID, SCALE, both(1)) == 2
            assert disk.told in str(ledger.problem)
            assert known_numbers(ledger) == {0, 1}
            disk.mend()
        with ledger_in(tmp_path / "data") as ledger:
            assert known_numbers(ledger) == {0, 1}  # closing made up for it
    assert len(warnings(caplog)) == 1


def test_what_is_held_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "MOST_OWED", 20)
    with small_disk(tmp_path / "data") as disk:
        with ledger_in(tmp_path / "data") as ledger:
            disk.fail()
            for number in range(100):
                ledger.keep(UID, SCALE, both(number))
            disk.mend()
        with ledger_in(tmp_path / "data") as ledger:
            assert set(range(90, 100)) <= known_numbers(ledger)
            assert len(known_numbers(ledger)) < 40


def test_a_read_only_disk_is_read_and_told_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    with ledger_in(tmp_path / "data") as ledger:
        ledger.keep(UID, SCALE, both(0))
    with read_only(tmp_path / "data"), ledger_in(tmp_path / "data", clock) as ledger:
        assert re.search("Read-only file system|Permission denied", str(ledger.problem))
        assert known_numbers(ledger) == {0}
        for number in range(1, 5):
            later(clock)
            ledger.keep(UID, SCALE, both(number))
        assert known_numbers(ledger) == set(range(5))
    assert len(warnings(caplog)) == 1
    with ledger_in(tmp_path / "data") as ledger:
        assert known_numbers(ledger) == {0}


def test_what_a_crashed_process_left_is_read_from_a_read_only_disk(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with ledger_in(tmp_path / "other") as ledger:
        ledger.keep(UID, SCALE, both(0))
        data.mkdir()
        for suffix in ("", "-wal"):  # all that was written is still in the log
            path = tmp_path / f"other/history.db{suffix}"
            (data / path.name).write_bytes(path.read_bytes())
    with read_only(data), ledger_in(data) as ledger:
        assert known_numbers(ledger) == {0}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another program is in the middle of a transaction."""
    with closing(sqlite3.connect(folder / "history.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_file_is_written_when_it_is_free_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    with ledger_in(tmp_path, clock) as ledger:
        ledger.keep(UID, SCALE, both(0))
        with locked(tmp_path):
            assert ledger.keep(UID, SCALE, both(1)) == 2
            assert "database is locked" in str(ledger.problem)
            assert known_numbers(ledger) == {0, 1}
        ledger.keep(UID, SCALE, both(2))
        assert "locked" in str(ledger.problem)  # not asked again within the minute
        later(clock)
        ledger.keep(UID, SCALE, both(3))
        assert str(ledger.problem) == "None"
        with ledger_in(tmp_path) as second:
            assert known_numbers(second) == {0, 1, 2, 3}
    assert len(warnings(caplog)) == 1


def test_a_folder_in_the_files_place_is_told_and_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "history.db").mkdir()
    (tmp_path / "history.db/x").touch()
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, both(0))
        assert known_numbers(ledger) == {0}
        assert ledger.problem is not None
    assert (tmp_path / "history.db/x").exists()
    assert len(warnings(caplog)) == 1


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    with ledger_in(tmp_path / "data") as ledger:
        ledger.keep(UID, SCALE, both(0))
        assert known_numbers(ledger) == {0}
        assert ledger.problem is not None


def test_a_file_that_broke_meanwhile_is_set_aside_and_what_is_owed_is_kept(
    tmp_path: Path,
) -> None:
    clock = HandClock()
    with ledger_in(tmp_path, clock) as ledger:
        ledger.keep(UID, SCALE, both(0))
        with locked(tmp_path):
            ledger.keep(UID, SCALE, both(1))
            assert ledger.oldest(UID) == half_hour(0).at
        (tmp_path / "history.db").write_text("no database")
        later(clock)
        ledger.keep(UID, SCALE, both(2))
        assert "set aside" in str(ledger.problem)
        assert ledger.oldest(UID) == half_hour(1).at
        with ledger_in(tmp_path) as second:
            assert known_numbers(second) == {1, 2}


def test_a_value_owed_does_not_lose_to_an_older_one(tmp_path: Path) -> None:
    clock = HandClock()
    with ledger_in(tmp_path, clock) as ledger:
        ledger.keep(UID, SCALE, [half_hour(0)._replace(raw=None)])
        with locked(tmp_path):
            ledger.keep(UID, SCALE, both(0))
        later(clock)
        ledger.keep(UID, SCALE, [])
        ledger.keep(UID, SCALE, both(0))
        assert ledger.problem is None
        assert known_numbers(ledger) == {0}


def test_our_own_mistake_is_not_taken_for_a_fault_of_the_file(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        with pytest.raises(sqlite3.IntegrityError):
            ledger.keep(UID, SCALE, [half_hour(0)._replace(raw=-1)])
        assert ledger.problem is None
        assert ledger.keep(UID, SCALE, both(0)) == 2


async def test_trouble_wakes_those_who_tell_it(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        problems = asyncio.Queue[str]()

        async def listen() -> None:
            async for _ in ledger.changes():
                problems.put_nowait(str(ledger.problem))

        async with asyncio.TaskGroup() as tasks:
            listener = tasks.create_task(listen())
            assert await problems.get() == "None"
            with locked(tmp_path):
                ledger.note("key", "value")
            assert "database is locked" in await problems.get()
            listener.cancel()


def test_a_new_file_that_fails_as_well_is_held_in_memory(tmp_path: Path) -> None:
    """The disk that damaged the first one has no room for another."""
    codes = [sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL]

    def work(database: sqlite3.Connection) -> int:
        if codes:
            error = sqlite3.DatabaseError("of the disk")
            error.sqlite_errorcode = codes.pop(0)
            raise error
        return len(database.execute("SELECT * FROM half_hours").fetchall())

    with ledger_in(tmp_path) as ledger:
        assert ledger._attempt(work) == 0
        assert "of the disk" in str(ledger.problem) or "is full" in str(ledger.problem)
        assert ledger.keep(UID, SCALE, both(0)) == 2
    with ledger_in(tmp_path) as ledger:
        assert known_numbers(ledger) == {0}
