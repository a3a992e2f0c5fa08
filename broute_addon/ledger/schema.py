"""The file's layout and its versions.

`PRAGMA user_version` counts the migrations that a file has seen; each runs in one transaction, so
that a power cut leaves the version before it or the one after. A file of a later version than ours
is not touched.

Small pages, and a key by time before direction: what goes to the write-ahead log is whole pages,
and so a half-hour's two values lie in one, mostly at the end of the table. SQLite has no check
sums: the constraints let its integrity check see more of what a dying disk does.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

APPLICATION_ID = 0x42_52_54_45
"""`BRTE`: this is a ledger, and no other program's file."""

PAGE_SIZE = 512

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meters (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE scales (                -- kWh = raw * coefficient * 10^exponent
        id INTEGER PRIMARY KEY,
        coefficient INTEGER NOT NULL,
        exponent INTEGER NOT NULL,
        digits INTEGER NOT NULL,         -- raw runs modulo 10^digits
        UNIQUE (coefficient, exponent, digits)
    ) STRICT;
    CREATE TABLE half_hours (
        meter INTEGER NOT NULL,
        -- seconds since 1970, UTC, by the meter's clock
        at INTEGER NOT NULL CHECK (at % 1800 = 0 AND at BETWEEN 0 AND 253402300799),
        -- 0 bought, 1 sold
        direction INTEGER NOT NULL CHECK (direction BETWEEN 0 AND 1),
        -- NULL: the meter remembers none
        raw INTEGER CHECK (raw BETWEEN 0 AND 99999999),
        scale INTEGER NOT NULL,
        -- 1 notification, 2 poll, 3 to 5 history 1 to 3
        source INTEGER NOT NULL CHECK (source BETWEEN 1 AND 5),
        -- seconds since 1970, by the host's clock
        arrived INTEGER NOT NULL,
        PRIMARY KEY (meter, at, direction)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE facts (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE journal (               -- what was mended in Home Assistant's statistics
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        statistic_id TEXT NOT NULL,
        start INTEGER NOT NULL,
        kind TEXT NOT NULL,
        old_sum TEXT,
        new_sum TEXT NOT NULL
    ) STRICT;
    """,
)
"""The n-th makes version n + 1 out of version n. Never changed, only added to."""

VERSION = len(MIGRATIONS)


def told(database: sqlite3.Connection, statement: str) -> str | int:
    """The one value that a statement tells. All of its answer is read: one left half-way keeps the
    file from being written until it is collected, which only CPython does at once."""
    ((value,),) = database.execute(statement).fetchall()
    return value  # type: ignore[no-any-return]


def version_of(database: sqlite3.Connection) -> int:
    """How many migrations a file has seen; 0: it is empty."""
    return int(told(database, "PRAGMA user_version"))


def is_empty(database: sqlite3.Connection) -> bool:
    """Whether nothing was ever created in it."""
    return told(database, "SELECT count(*) FROM sqlite_master") == 0


def is_ledger(database: sqlite3.Connection) -> bool:
    """Whether a file that isn't empty is one of ours."""
    return told(database, "PRAGMA application_id") == APPLICATION_ID


def is_complete(database: sqlite3.Connection) -> bool:
    """Whether a file of the newest version has all that it should; it may have more."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        migrate(fresh)
        return _shape(fresh) <= _shape(database)


def migrate(database: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Brings a file to the newest version. Raises sqlite3.Error; the file is then as it was."""
    for version in range(version_of(database), len(migrations)):
        try:
            database.executescript(
                f"BEGIN IMMEDIATE; {migrations[version]};"
                f"PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {version + 1}; COMMIT;"
            )
        except sqlite3.Error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


def _shape(database: sqlite3.Connection) -> set[tuple[str, str | None]]:
    return set(database.execute("SELECT name, sql FROM sqlite_master"))
