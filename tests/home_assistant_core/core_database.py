"""Core's database file, changed while Core is down: how a test lets hours pass."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

_TABLES = ("statistics", "statistics_short_term")


class Database:
    """The recorder's tables. Only looked at while Core runs."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "home-assistant_v2.db"

    def age(self, by: timedelta) -> None:
        """As if all that Core knows had happened so much earlier. Our own statistics stay."""
        seconds = by.total_seconds()
        ours = "SELECT id FROM statistics_meta WHERE source = 'broute'"
        with self._open() as database:
            for column in ("last_updated_ts", "last_changed_ts", "last_reported_ts"):
                database.execute(
                    f"UPDATE states SET {column} = {column} - ?",  # noqa: S608 - our own words
                    (seconds,),
                )
            for table in _TABLES:
                # In two steps: a row never meets another that is still where it goes.
                for far in (10**10, -(10**10) - seconds):
                    database.execute(
                        f"UPDATE {table} SET start_ts = start_ts + ?, created_ts = created_ts + ?"  # noqa: S608
                        f" WHERE metadata_id NOT IN ({ours})",
                        (far, far),
                    )
            database.execute(
                "UPDATE statistics_runs SET start ="
                " strftime('%Y-%m-%d %H:%M:%f000', start, ? || ' seconds')",
                (str(-seconds),),
            )

    def tell(self, entity_id: str, at: datetime, state: str) -> None:
        """A state that Core recorded then, after the newest that it has."""
        with self._open() as database:
            database.execute(
                "INSERT INTO states (state, last_updated_ts, last_reported_ts, attributes_id,"
                " metadata_id, old_state_id, origin_idx)"
                " SELECT ?, ?, ?, attributes_id, states.metadata_id, state_id, 0 FROM states"
                " JOIN states_meta USING (metadata_id) WHERE states_meta.entity_id = ?"
                " ORDER BY last_updated_ts DESC LIMIT 1",
                (state, at.timestamp(), at.timestamp(), entity_id),
            )

    def drop_hour(self, statistic_id: str, start: datetime) -> None:
        """An hour that Core never compiled."""
        with self._open() as database:
            gone = database.execute(
                "DELETE FROM statistics WHERE start_ts = ? AND metadata_id ="
                " (SELECT id FROM statistics_meta WHERE statistic_id = ?)",
                (start.timestamp(), statistic_id),
            )
            assert gone.rowcount == 1

    def newest(self, statistic_id: str) -> tuple[float, float]:
        """(state, sum) of the newest five minutes: where Core goes on."""
        with self._open() as database:
            state, total = database.execute(
                "SELECT state, sum FROM statistics_short_term JOIN statistics_meta AS meta"
                " ON meta.id = metadata_id WHERE statistic_id = ? ORDER BY start_ts DESC LIMIT 1",
                (statistic_id,),
            ).fetchone()
        return float(state), float(total)

    def rows_but_of(self, *statistic_ids: str) -> list[tuple[object, ...]]:
        """All rows of all other statistics, hourly and five-minute ones."""
        marks = ", ".join("?" for _ in statistic_ids)
        with self._open() as database:
            return [
                row
                for table in _TABLES
                for row in database.execute(
                    f"SELECT '{table}', statistic_id, start_ts, mean, min, max, state, sum"  # noqa: S608
                    f" FROM {table} JOIN statistics_meta AS meta ON meta.id = metadata_id"
                    f" WHERE statistic_id NOT IN ({marks}) ORDER BY statistic_id, start_ts",
                    statistic_ids,
                )
            ]

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._path)) as database, database:
            yield database
