"""Keeps what the meter told, whatever becomes of the disk.

While the file can't be written, a copy of it in memory stands in, and what is new is owed to the
file: it is written as soon as that is possible again. A file that is broken is set aside and a new
one begun; then everything is missing, and the engine reads the meter's memory again.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from broute_addon.clock import Clock, system_clock
from broute_addon.ledger.files import (
    LEDGER_FILE,
    SQLITE_FAULTS,
    UnusableError,
    is_damage,
    open_in_memory,
    open_ledger,
    reason_of,
    set_aside,
    trouble_with,
)
from broute_addon.ledger.reader import JournalEntry, LedgerReader
from broute_addon.ledger.writing import Entry, add_to_journal, write_entries, write_fact
from broute_addon.messages import Message, message
from broute_addon.meter.half_hours import MEMORY_DAYS, HalfHour
from broute_addon.meter.profile import EnergyScale

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T")

MOST_OWED = MEMORY_DAYS * 48 * 2
"""Values held for a file that can't be written. The meter remembers no more than these."""

RETRY_AFTER = timedelta(minutes=1)

_FAULTS = (UnusableError, *SQLITE_FAULTS, OSError)


@dataclass(slots=True)
class _Owed:
    """What the file lacks."""

    entries: dict[tuple[object, ...], Entry] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    journal: list[JournalEntry] = field(default_factory=list)

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.entries[entry.uid, entry.direction, entry.at] = entry
        while len(self.entries) > MOST_OWED:
            del self.entries[next(iter(self.entries))]


class Ledger(LedgerReader):
    """Owns `history.db`. Never raises for what is wrong with it: `problem` tells."""

    def __init__(self, folder: Path, *, clock: Clock = system_clock) -> None:
        self._folder = folder
        self._path = folder / LEDGER_FILE
        self._clock = clock
        self._waiting: dict[asyncio.Event, None] = {}
        self._owed = _Owed()
        self._trouble: Message | None = None
        self._was_set_aside: Message | None = None
        self._tried = clock()
        self._told_replaced = False
        self._oldest: dict[str, datetime] = {}
        self._database: sqlite3.Connection
        self._open()

    @property
    def problem(self) -> Message | None:
        """Why values are held in memory only; else, until the process ends, that an earlier file
        was set aside."""
        return self._trouble or self._was_set_aside

    def oldest(self, uid: str) -> datetime | None:
        """The first half-hour that has a value. Remembered: before it may lie thousands of marks
        that the meter has none."""
        oldest = self._oldest.get(uid) or super().oldest(uid)
        if oldest is not None:
            self._oldest[uid] = oldest
        return oldest

    def keep(self, uid: str, scale: EnergyScale, values: Iterable[HalfHour]) -> int:
        """Takes half-hours, in one transaction; gives how many are new or changed.

        A value beats the mark that the meter has none, never the other way round; another value
        for the same instant is newer knowledge and wins. Raises ValueError for an instant that
        isn't on a half-hour.
        """
        arrived = self._clock()
        entries = [Entry.of(uid, scale, value, arrived) for value in values]
        if not entries:
            return 0
        self._retry()
        outcome = self._write(lambda database: write_entries(database, entries))
        self._forget_later_oldest(uid, outcome.written)
        if self._trouble is not None:
            self._owed.add(outcome.written)
        self._tell_replaced(outcome.replaced)
        if outcome.written:
            self._wake()
        return len(outcome.written)

    def note(self, key: str, value: str) -> None:
        """Keeps a small fact."""
        if self.noted(key) == value:
            return
        self._retry()
        self._write(lambda database: write_fact(database, key, value))
        if self._trouble is not None:
            self._owed.facts[key] = value

    def journal_add(self, entry: JournalEntry) -> None:
        """Keeps what was mended."""
        self._retry()
        self._write(lambda database: add_to_journal(database, entry))
        if self._trouble is not None:
            self._owed.journal.append(entry)

    async def changes(self) -> AsyncIterator[None]:
        """Yields once, then after changes, for ever; several at once are one."""
        event = asyncio.Event()
        self._waiting[event] = None
        try:
            while True:
                event.clear()
                yield
                await event.wait()
        finally:
            self._waiting.pop(event, None)

    def close(self) -> None:
        """Ends it; what is owed is written if that is possible now."""
        if self._trouble is not None:
            self._pay()
        self._database.close()

    def _forget_later_oldest(self, uid: str, written: Iterable[Entry]) -> None:
        remembered = self._oldest.get(uid)
        if remembered is not None:
            second = int(remembered.timestamp())
            if any(entry.at < second and entry.raw is not None for entry in written):
                del self._oldest[uid]

    def _use(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._oldest.clear()

    def _tell_replaced(self, replaced: Iterable[tuple[int, Entry]]) -> None:
        """The first time in the log, since it is odd; then only for those who look closely."""
        for before, after in replaced:
            level = logging.DEBUG if self._told_replaced else logging.WARNING
            told = message("ledger_value_changed", at=after.local_time, old=before, new=after.raw)
            _LOGGER.log(level, "%s", told)
            self._told_replaced = True

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return self._attempt(question)

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def in_one_transaction(database: sqlite3.Connection) -> T:
            database.execute("BEGIN IMMEDIATE")
            try:
                outcome = work(database)
                database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise
            return outcome

        return self._attempt(in_one_transaction)

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Does it in the file; if the file fails, in what then stands in for it. A new file that
        fails as well isn't followed by another one."""
        for is_first in (True, False):
            try:
                return work(self._database)
            except SQLITE_FAULTS as error:
                if self._trouble is not None or not _is_the_files_fault(error):
                    raise
                self._give_up_file(error, begins_anew=is_first)
        return work(self._database)

    def _give_up_file(self, error: Exception, *, begins_anew: bool) -> None:
        file = self._database
        if is_damage(error) and begins_anew:
            file.close()
            self._open(reason_of(error))
        else:
            self._stand_in(file, error)
            file.close()

    def _open(self, damage: str | None = None) -> None:
        try:
            self._use(self._opened(damage))
        except _FAULTS as error:
            self._stand_in(self._folder, error)

    def _opened(self, damage: str | None = None) -> sqlite3.Connection:
        """The file, or a new one in its place if it can't be used. Raises one of _FAULTS."""
        if damage is None:
            try:
                return open_ledger(self._folder)
            except UnusableError as unusable:
                damage = unusable.reason
        aside = set_aside(self._folder)
        told = message("ledger_set_aside", path=self._path, aside=aside.name, reason=damage)
        _LOGGER.warning("%s", told)
        self._was_set_aside = told
        self._wake()
        return open_ledger(self._folder)

    def _stand_in(self, source: sqlite3.Connection | Path, error: Exception) -> None:
        self._use(open_in_memory(source))
        self._trouble = trouble_with(self._path, error)
        self._tried = self._clock()
        _LOGGER.warning("%s", self._trouble)
        self._wake()

    def _retry(self) -> None:
        """Pays what is owed, unless that was tried a moment ago."""
        if self._trouble is not None and abs(self._clock() - self._tried) >= RETRY_AFTER:
            self._tried = self._clock()
            self._pay()

    def _pay(self) -> None:
        try:
            file = self._opened()
        except _FAULTS:
            return
        try:
            self._pay_into(file)
        except SQLITE_FAULTS:
            file.close()
            return
        self._database.close()
        self._use(file)
        self._owed, self._trouble = _Owed(), None
        _LOGGER.info("%s", message("ledger_writable_again", path=self._path))
        self._wake()

    def _pay_into(self, file: sqlite3.Connection) -> None:
        file.execute("BEGIN IMMEDIATE")
        write_entries(file, list(self._owed.entries.values()))
        for key, value in self._owed.facts.items():
            write_fact(file, key, value)
        for entry in self._owed.journal:
            add_to_journal(file, entry)
        file.execute("COMMIT")

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()


def _is_the_files_fault(error: Exception) -> bool:
    """And not our own: a wrong statement crashes."""
    if is_damage(error):
        return True
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return code not in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_CONSTRAINT)
