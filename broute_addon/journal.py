"""What happened, for a household to read: changes of state and faults, kept over restarts.

`journal.jsonl` under the data folder has a line for each event: its message's key and fields, so
that it reads in each reader's language. Lines are appended; twice the number kept, and the file is
written anew. A stick on a bad contact could fill a card with events: what goes beyond the day's
allowance stays in memory only.
"""

import json
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from broute_addon.messages import SENTENCES, Message, message
from broute_addon.redaction import Redactor

_LOGGER = logging.getLogger(__name__)

JOURNAL_FILE = "journal.jsonl"
KEPT = 500
BYTES_A_DAY = 50_000


class Kind(Enum):
    """How an event is to be taken."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at `at` (UTC)."""

    at: datetime
    kind: Kind
    told: Message


class Journal:
    """The newest events. A folder that can't be written is one warning, never an end."""

    def __init__(self, folder: Path, redactor: Redactor) -> None:
        self._path = folder / JOURNAL_FILE
        self._redactor = redactor
        self._complained = False
        self._day: int | None = None
        self._written_today = 0
        self._lines = 0
        self._events = deque(self._read(), maxlen=KEPT)

    def add(self, event: Event) -> None:
        """Keeps an event."""
        self._events.append(event)
        line = self._line(event)
        if not self._may_write(event.at, len(line)):
            return
        if self._lines < 2 * KEPT:
            self._write(lambda: self._append(line))
        else:
            self._write(self._shorten)

    def newest(self, limit: int = KEPT) -> Iterator[Event]:
        """Events, newest first."""
        for index, event in enumerate(reversed(self._events)):
            if index >= limit:
                return
            yield event

    def _may_write(self, now: datetime, size: int) -> bool:
        if now.toordinal() != self._day:
            self._day, self._written_today = now.toordinal(), 0
        self._written_today += size
        return self._written_today <= BYTES_A_DAY

    def _line(self, event: Event) -> bytes:
        fields = {name: self._field(value) for name, value in event.told.fields.items()}
        document = {
            "at": event.at.isoformat(timespec="seconds"),
            "kind": event.kind.value,
            "key": event.told.key,
            "fields": fields,
        }
        return f"{json.dumps(document, ensure_ascii=False)}\n".encode(errors="replace")

    def _field(self, value: object) -> object:
        if isinstance(value, bool | int | float):
            return value
        return self._redactor.redact(str(value))

    def _append(self, line: bytes) -> None:
        with self._path.open("ab") as file:
            # A line that came out only in part may stand before it.
            file.write(b"\n" + line if self._complained else line)
        self._lines += 1

    def _shorten(self) -> None:
        """The newest events take the place of the file, at once or not at all."""
        temporary = self._path.with_suffix(".new")
        with temporary.open("wb") as file:
            file.writelines(map(self._line, self._events))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        self._lines = len(self._events)

    def _write(self, write: Callable[[], None]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write()
            self._complained = False
        except OSError as error:
            if not self._complained:
                told = message("journal_unwritable", path=self._path, reason=error.strerror)
                _LOGGER.warning("%s", told)
            self._complained = True

    def _read(self) -> Iterator[Event]:
        """What an earlier run left; a line that can't be used, or isn't whole, is left out."""
        try:
            text = self._path.read_text("utf-8", errors="replace")
        except OSError:
            return
        lines = text.splitlines()
        self._lines = len(lines)
        if text and not text.endswith("\n"):
            self._write(lambda: self._append(b"\n"))  # else the next line is lost with this one
        for line in lines:
            event = _parsed(line)
            if event is not None:
                yield event


def _parsed(line: str) -> Event | None:
    try:
        raw: dict[str, Any] = json.loads(line)
        told = Message(str(raw["key"]), dict(raw["fields"]))
        event = Event(datetime.fromisoformat(raw["at"]), Kind(raw["kind"]), told)
        for template in SENTENCES[told.key]:
            template.format_map(told.fields)  # another version's sentence may want other fields
        event.at.astimezone()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
    return None if event.at.tzinfo is None else event
