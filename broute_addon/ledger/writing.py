"""The statements that write. None begins or ends a transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from broute_addon.clock import JST
from broute_addon.ledger.reader import DIRECTIONS, SOURCES, JournalEntry
from broute_addon.meter.half_hours import HALF_HOUR, HalfHour
from broute_addon.meter.profile import EnergyScale

_HALF_HOUR_S = int(HALF_HOUR.total_seconds())


class Entry(NamedTuple):
    """A half-hour as it is written; instants in seconds since 1970."""

    uid: str
    direction: int
    at: int
    raw: int | None
    scale: EnergyScale
    source: int
    arrived: int

    @classmethod
    def of(cls, uid: str, scale: EnergyScale, value: HalfHour, arrived: datetime) -> "Entry":
        """Raises ValueError for an instant that isn't on a half-hour."""
        at = int(value.at.timestamp())
        if at % _HALF_HOUR_S:
            raise ValueError(f"{value.at} is not on a half-hour")
        return cls(
            uid,
            DIRECTIONS[value.direction],
            at,
            value.raw,
            scale,
            SOURCES[value.source],
            int(arrived.timestamp()),
        )

    @property
    def local_time(self) -> datetime:
        """In the meter's time zone."""
        return datetime.fromtimestamp(self.at, JST)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was written; and of that, what took the place of another value: (its kWh, the new)."""

    written: Sequence[Entry]
    replaced: Sequence[tuple[int, Entry]]


def write_entries(database: sqlite3.Connection, entries: Sequence[Entry]) -> Outcome:
    """Writes what is news. A mark never replaces a value."""
    written, replaced = [], []
    for (uid, energy_scale), same in groupby(entries, lambda entry: (entry.uid, entry.scale)):
        meter, scale = _meter_id(database, uid), _scale_id(database, energy_scale)
        of_this_scale = list(same)
        known = _known(database, meter, of_this_scale)
        news = []
        for entry in of_this_scale:
            _, direction, at, raw, _, source, arrived = entry
            before = known.get((at, direction))
            if before is not None and (raw is None or before == (raw, scale)):
                continue
            known[at, direction] = (raw, scale)
            news.append((meter, at, direction, raw, scale, source, arrived))
            written.append(entry)
            if before is not None and before[0] is not None:
                replaced.append((before[0], entry))
        database.executemany("INSERT OR REPLACE INTO half_hours VALUES (?, ?, ?, ?, ?, ?, ?)", news)
    return Outcome(written, replaced)


def write_fact(database: sqlite3.Connection, key: str, value: str) -> None:
    """Writes a fact over the one before."""
    database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))


def add_to_journal(database: sqlite3.Connection, entry: JournalEntry) -> None:
    """Writes one more entry."""
    database.execute(
        "INSERT INTO journal (at, statistic_id, start, kind, old_sum, new_sum)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            int(entry.at.timestamp()),
            entry.statistic_id,
            int(entry.start.timestamp()),
            entry.kind,
            None if entry.old_sum is None else str(entry.old_sum),
            str(entry.new_sum),
        ),
    )


def _known(
    database: sqlite3.Connection, meter: int, entries: Sequence[Entry]
) -> dict[tuple[int, int], tuple[int | None, int]]:
    """Value and scale, by instant and direction, of what the file has where the entries lie."""
    instants = [entry.at for entry in entries]
    found = database.execute(
        "SELECT at, direction, raw, scale FROM half_hours WHERE meter = ? AND at BETWEEN ? AND ?",
        (meter, min(instants), max(instants)),
    )
    return {(at, direction): (raw, scale) for at, direction, raw, scale in found}


def _meter_id(database: sqlite3.Connection, uid: str) -> int:
    return _id(database, "meters", ("uid",), (uid,))


def _scale_id(database: sqlite3.Connection, scale: EnergyScale) -> int:
    columns = ("coefficient", "exponent", "digits")
    return _id(database, "scales", columns, (scale.coefficient, scale.exponent, scale.digits))


def _id(
    database: sqlite3.Connection, table: str, columns: Sequence[str], values: Sequence[object]
) -> int:
    """The number of a row, which is made if it isn't there."""
    where = " AND ".join(f"{column} = ?" for column in columns)
    found = database.execute(f"SELECT id FROM {table} WHERE {where}", values).fetchall()  # noqa: S608
    if found:
        return int(found[0][0])
    marks = ", ".join("?" for _ in values)
    made = database.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
        values,
    )
    return int(made.lastrowid or 0)
