"""The ledger of a data folder that another process may be writing to."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from broute_addon.errors import BRouteError
from broute_addon.ledger.files import (
    LEDGER_FILE,
    SQLITE_FAULTS,
    UnusableError,
    open_for_reading,
    reason_of,
    refuse_foreign,
)
from broute_addon.ledger.reader import LedgerReader
from broute_addon.messages import message

T = TypeVar("T")


class LedgerUnreadableError(BRouteError):
    """There is no ledger, or none that can be read."""


class ReadOnlyLedger(LedgerReader):
    """Answers questions, as a context. Raises LedgerUnreadableError, at once or later."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LEDGER_FILE
        try:
            self._database = open_for_reading(folder)
        except (FileNotFoundError, NotADirectoryError):
            raise LedgerUnreadableError(message("ledger_absent", path=self._path)) from None
        except (OSError, *SQLITE_FAULTS) as error:
            raise self._unreadable(reason_of(error)) from None

    def __enter__(self) -> Self:
        try:
            self._ask(refuse_foreign)
        except BaseException:
            self._database.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return question(self._database)
        except UnusableError as unusable:
            raise self._unreadable(unusable.reason) from None
        except SQLITE_FAULTS as error:
            raise self._unreadable(reason_of(error)) from None

    def _unreadable(self, reason: str) -> LedgerUnreadableError:
        return LedgerUnreadableError(message("ledger_unreadable", path=self._path, reason=reason))
