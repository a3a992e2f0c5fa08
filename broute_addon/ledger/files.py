"""Opening `history.db`, and what to do with a file that can't be used.

Such a file is set aside under another name with its log, never deleted: what the meter no longer
remembers may still be in it.
"""

import contextlib
import errno
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

from broute_addon.ledger.schema import (
    PAGE_SIZE,
    VERSION,
    is_complete,
    is_empty,
    is_ledger,
    migrate,
    told,
    version_of,
)
from broute_addon.messages import Message, message

LEDGER_FILE = "history.db"

MOST_SET_ASIDE = 3
"""The first files set aside hold the longest past; beyond this number the newest replaces the one
before it, so that a disk that damages every file isn't filled by them."""

LOCK_WAIT_S = 0.25
"""Another program that writes is waited for no longer than this: the event loop stands still."""

CHECKPOINT_PAGES = 250
"""About two days of half-hours: seldom enough to cost little, and a copy of the file without its
log lacks no more than that."""

SQLITE_FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises; its complaint quotes a damaged file, and that may not be text."""

_ROOM = 64 * 1024
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class UnusableError(Exception):
    """The file is whole or not, but no ledger of ours. `reason` is told."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file itself is broken, and not only out of reach."""
    return (
        isinstance(error, UnicodeDecodeError)
        or (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED
    )


def open_ledger(folder: Path) -> sqlite3.Connection:
    """The file, checked and of our version; made if it is absent.

    Raises UnusableError for a file that must be set aside, sqlite3.Error or OSError for one that
    can't be had at present.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LEDGER_FILE
    _refuse_unwritable(folder, path)
    database = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None)
    try:
        _prepare(database, folder)
    except SQLITE_FAULTS as error:
        database.close()
        if is_damage(error):
            raise UnusableError(reason_of(error)) from None
        raise
    except BaseException:
        database.close()
        raise
    return database


def open_for_reading(folder: Path) -> sqlite3.Connection:
    """The file as it is, also while another process writes it; nothing in it is changed.

    Raises FileNotFoundError, OSError, or sqlite3.Error for a damaged one.
    """
    path = folder / LEDGER_FILE
    path.stat()
    try:
        return _opened_read_only(path, "mode=ro")
    except sqlite3.OperationalError:
        pass  # SQLite must write beside a file that it reads: not on this disk, or not now
    try:
        return _copied_into_memory(folder)
    except (sqlite3.OperationalError, OSError):
        return _opened_read_only(path, "immutable=1")  # without what is in its log


def refuse_foreign(database: sqlite3.Connection) -> None:
    """Raises UnusableError for what isn't a ledger, or is one of a later version."""
    if is_empty(database):
        raise UnusableError("nothing is in it yet")
    if not is_ledger(database):
        raise UnusableError("another program's file")
    if version_of(database) > VERSION:
        raise UnusableError("written by a newer version")


def open_in_memory(source: sqlite3.Connection | Path) -> sqlite3.Connection:
    """A stand-in for a file, with what can still be read from it, open or in its folder."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with contextlib.ExitStack() as stack:
            if isinstance(source, Path):
                source = stack.enter_context(contextlib.closing(open_for_reading(source)))
                _check(source)
            source.backup(database)
    except (UnusableError, *SQLITE_FAULTS, OSError):
        database.close()
        database = sqlite3.connect(":memory:", isolation_level=None)
    migrate(database)
    return database


def set_aside(folder: Path) -> Path:
    """Renames the file and what belongs to it; gives its new name. Raises OSError."""
    names = [folder / f"history.set-aside-{n}.db" for n in range(1, MOST_SET_ASIDE + 1)]
    aside = next((name for name in names if not name.exists()), names[-1])
    # The log first: a power cut in between leaves an old file, which is only incomplete.
    for suffix in ("-wal", "-shm", ""):
        there = Path(f"{aside}{suffix}")
        with contextlib.suppress(FileNotFoundError):
            there.unlink()
        with contextlib.suppress(FileNotFoundError):
            (folder / f"{LEDGER_FILE}{suffix}").rename(there)
    return aside


def trouble_with(path: Path, error: Exception) -> Message:
    """What a household is told of a file that can't be written at present."""
    if _is_disk_full(path, error):
        return message("ledger_full", path=path)
    return message("ledger_unwritable", path=path, reason=reason_of(error))


def reason_of(error: Exception) -> str:
    """The cause of a fault, in the words of the system or of SQLite."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "file is damaged" if isinstance(error, UnicodeDecodeError) else str(error)


def _is_disk_full(path: Path, error: Exception) -> bool:
    """SQLite tells a full disk as such, or, where it needs room beside the file, as a failure."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    try:
        has_room = shutil.disk_usage(path.parent).free >= _ROOM
    except OSError:
        has_room = True
    return code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and not has_room)


def _refuse_unwritable(folder: Path, path: Path) -> None:
    """SQLite itself would notice no sooner than at the first value. Raises OSError."""
    for place in (folder, path):
        if place.exists() and not os.access(place, os.W_OK):
            is_read_only = os.statvfs(place).f_flag & os.ST_RDONLY
            code = errno.EROFS if is_read_only else errno.EACCES
            raise OSError(code, os.strerror(code), str(place))


def _prepare(database: sqlite3.Connection, folder: Path) -> None:
    is_new = is_empty(database)
    if is_new:
        database.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    else:
        _check(database)
    told(database, "PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    migrate(database)
    if not is_complete(database):
        raise UnusableError("a table is missing")
    if is_new:
        _make_durable(folder)


def _check(database: sqlite3.Connection) -> None:
    refuse_foreign(database)
    verdict = str(told(database, "PRAGMA integrity_check(1)"))
    if verdict != "ok":
        raise UnusableError(verdict)


def _opened_read_only(path: Path, how: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?{how}"
    database = sqlite3.connect(uri, uri=True, timeout=LOCK_WAIT_S, isolation_level=None)
    try:
        is_empty(database)
    except BaseException:
        database.close()
        raise
    return database


def _copied_into_memory(folder: Path) -> sqlite3.Connection:
    """The file with what its log holds, by way of a copy."""
    with tempfile.TemporaryDirectory() as elsewhere:
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(folder / f"{LEDGER_FILE}{suffix}", f"{elsewhere}/copy{suffix}")
        copy = sqlite3.connect(f"{elsewhere}/copy", isolation_level=None)
        database = sqlite3.connect(":memory:", isolation_level=None)
        try:
            copy.backup(database)
        except BaseException:
            database.close()
            raise
        finally:
            copy.close()
    return database


def _make_durable(folder: Path) -> None:
    """A new file's name is durable only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
