"""A file that can't be used is set aside, never dropped; one that was only interrupted is used."""

import logging
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from broute_addon.ledger import Ledger
from broute_addon.ledger.schema import MIGRATIONS, VERSION, migrate, version_of
from broute_addon.meter.half_hours import HALF_HOUR, Direction
from tests.ledger.values import MIDNIGHT, SCALE, UID, both, known_numbers, ledger_in

PAGE = 512


def filled(folder: Path, numbers: range = range(200)) -> Path:
    """A ledger that was closed properly; gives its file."""
    with ledger_in(folder) as ledger:
        ledger.keep(UID, SCALE, [value for number in numbers for value in both(number)])
    return folder / "history.db"


def keep_by_fours(ledger: Ledger, count: int) -> None:
    """In many transactions, with checkpoints between."""
    for number in range(0, count, 4):
        ledger.keep(UID, SCALE, [value for n in range(number, number + 4) for value in both(n)])


def zeroed_header(path: Path) -> None:
    path.write_bytes(bytes(100) + path.read_bytes()[100:])


def torn_page(path: Path) -> None:
    octets = bytearray(path.read_bytes())
    octets[20 * PAGE : 20 * PAGE + PAGE // 2] = bytes(PAGE // 2)
    path.write_bytes(octets)


def exchanged_pages(path: Path) -> None:
    octets = path.read_bytes()
    first, second = (slice(n * PAGE, (n + 1) * PAGE) for n in (12, 13))
    path.write_bytes(octets[: first.start] + octets[second] + octets[first] + octets[second.stop :])


def text_that_is_none(path: Path) -> None:
    """SQLite quotes it in its complaint: the name of a table that it can't understand."""
    octets = path.read_bytes().replace(b"CREATE TABLE half", b"x" * 17)
    path.write_bytes(octets.replace(b"tablehalf_hours", b"table" + b"\xcc" * 10))


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE half_hours (x)")


def of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")


def without_a_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE half_hours")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (zeroed_header, "file is not a database"),
        (lambda path: path.write_text("not a database at all\n" * 100), "file is not a database"),
        (lambda path: path.write_bytes(path.read_bytes()[: 9 * PAGE]), "malformed"),
        (lambda path: path.write_bytes(path.read_bytes()[: 9 * PAGE + 77]), "malformed"),
        (torn_page, ""),
        (exchanged_pages, ""),
        (text_that_is_none, "file is damaged"),
        (of_another_program, "another program's file"),
        (of_a_newer_version, "written by a newer version"),
        (without_a_table, "a table is missing"),
    ],
    ids=[
        "header",
        "text",
        "cut at a page",
        "cut within one",
        "torn page",
        "exchanged pages",
        "no text",
        "foreign",
        "newer",
        "table lost",
    ],
)
def test_an_unusable_file_is_set_aside_and_a_new_one_begun(
    damage: Callable[[Path], object], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = filled(tmp_path)
    damage(path)
    damaged = path.read_bytes()
    with ledger_in(tmp_path) as ledger:
        assert "set aside as history.set-aside-1.db" in str(ledger.problem)
        assert reason in str(ledger.problem)
        assert (tmp_path / "history.set-aside-1.db").read_bytes() == damaged
        until = MIDNIGHT + 199 * HALF_HOUR
        assert len(ledger.holes(UID, Direction, MIDNIGHT, until)) == 200
        assert ledger.keep(UID, SCALE, both(0)) == 2
    with ledger_in(tmp_path) as ledger:
        assert ledger.problem is None
        assert known_numbers(ledger) == {0}
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_damage_that_shows_only_later_is_met_the_same_way(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with ledger_in(tmp_path) as ledger:
        octets = bytearray(path.read_bytes())
        octets[PAGE:] = b"\xa5" * (len(octets) - PAGE)
        with path.open("r+b") as file:
            file.write(octets)
        ledger._database.execute("PRAGMA shrink_memory")  # as when other pages were needed since
        assert ledger.keep(UID, SCALE, both(300)) == 2
        assert "set aside" in str(ledger.problem)
        assert known_numbers(ledger) == {300}
        assert ledger.keep(UID, SCALE, both(301)) == 2
    with ledger_in(tmp_path) as ledger:
        assert known_numbers(ledger) == {300, 301}


def test_its_log_goes_with_a_file_that_is_set_aside(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as still_open:
        still_open.keep(UID, SCALE, both(0))
        of_a_newer_version(tmp_path / "history.db")
        with ledger_in(tmp_path) as ledger:
            assert known_numbers(ledger) == set()
        with closing(sqlite3.connect(tmp_path / "history.set-aside-1.db")) as aside:
            assert aside.execute("SELECT count(*) FROM half_hours").fetchone() == (2,)


def test_few_files_are_set_aside_the_first_ones_stay(tmp_path: Path) -> None:
    for turn in range(1, 7):
        filled(tmp_path, range(3)).write_text(f"damaged {turn}")
        with ledger_in(tmp_path):
            pass
    aside = {path.name: path.read_text() for path in tmp_path.glob("*set-aside*.db")}
    assert aside == {
        "history.set-aside-1.db": "damaged 1",
        "history.set-aside-2.db": "damaged 2",
        "history.set-aside-3.db": "damaged 6",
    }


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_never_stops_it_and_never_yields_a_wrong_value(
    seed: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    path = filled(tmp_path)
    octets = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 3, 30])):
        # Within one page too: what is left of it may look right for a while.
        begin, size = rng.randrange(len(octets)), rng.choice([64, PAGE, 4096])
        octets[begin : begin + size] = rng.choice([rng.randbytes(size), bytes(size)])
    path.write_bytes(octets)
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [value for number in range(200) for value in both(number)])
        assert known_numbers(ledger) == set(range(200))
        assert (tmp_path / "history.db").exists()


def test_an_older_file_is_brought_to_the_newest_version(tmp_path: Path) -> None:
    path = filled(tmp_path)
    later = (*MIGRATIONS, "ALTER TABLE meters ADD COLUMN name TEXT", "CREATE TABLE extra (x)")
    with closing(sqlite3.connect(path)) as database:
        migrate(database, later)
        assert version_of(database) == len(later)
        assert database.execute("SELECT uid, name FROM meters").fetchall() == [(UID, None)]
        assert database.execute("SELECT count(*) FROM half_hours").fetchone() == (400,)
        migrate(database, later)
        assert version_of(database) == len(later)


def test_a_migration_that_fails_half_way_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = filled(tmp_path)
    broken = "CREATE TABLE half_done (x); INSERT INTO nowhere VALUES (1)"
    with closing(sqlite3.connect(path)) as database:
        with pytest.raises(sqlite3.OperationalError):
            migrate(database, (*MIGRATIONS, broken))
        assert version_of(database) == VERSION
        assert database.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'half_done'"
        ).fetchone() == (0,)
    with ledger_in(tmp_path) as ledger:
        assert known_numbers(ledger) == set(range(200))


class TestBackups:
    """A backup restored: what came after it are holes, and nothing is wrong."""

    def test_the_file_without_its_log(self, tmp_path: Path) -> None:
        with ledger_in(tmp_path / "now") as ledger:
            keep_by_fours(ledger, 2000)
            (tmp_path / "then").mkdir()
            shutil.copy(tmp_path / "now/history.db", tmp_path / "then")
        with ledger_in(tmp_path / "then") as ledger:
            assert ledger.problem is None
            known = known_numbers(ledger)
            assert known == set(range(len(known)))  # all but the tail
            assert len(known) > 1800  # which is less than three days
            holes = ledger.holes(UID, Direction, MIDNIGHT, MIDNIGHT + 1999 * HALF_HOUR)
            assert len(holes) == 2000 - len(known)

    @pytest.mark.parametrize("numbers", [range(10), range(500), range(1999)], ids=len)
    def test_an_old_file_beside_a_newer_log(self, numbers: range, tmp_path: Path) -> None:
        old = filled(tmp_path / "then", numbers).read_bytes()
        now = tmp_path / "now"
        with ledger_in(now) as ledger:
            keep_by_fours(ledger, 2000)
            saved = {path.name: path.read_bytes() for path in now.iterdir() if path.suffix != ".db"}
        (now / "history.db").write_bytes(old)
        for name, octets in saved.items():
            (now / name).write_bytes(octets)
        assert saved.keys() == {"history.db-wal", "history.db-shm"}
        with ledger_in(now) as ledger:
            before = known_numbers(ledger)  # which sees to it that none is wrong
            holes = ledger.holes(UID, Direction, MIDNIGHT, MIDNIGHT + 1999 * HALF_HOUR)
            assert len(holes) == 2000 - len(before)
            ledger.keep(UID, SCALE, [value for number in range(2000) for value in both(number)])
            assert known_numbers(ledger) == set(range(2000))

    def test_a_copy_made_while_values_are_written(self, tmp_path: Path) -> None:
        """File by file, as the Supervisor's backup does it."""
        then = tmp_path / "then"
        with ledger_in(tmp_path / "now") as ledger:
            number = 0
            for turn in range(6):
                shutil.rmtree(then, ignore_errors=True)
                then.mkdir()
                for suffix in ("", "-shm", "-wal"):
                    shutil.copy(tmp_path / f"now/history.db{suffix}", then)
                    for _ in range(31 * turn):
                        ledger.keep(UID, SCALE, both(number))
                        number += 1
                with ledger_in(then) as restored:
                    known = known_numbers(restored)
                    assert len(known) <= number
