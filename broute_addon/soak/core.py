"""Home Assistant Core's recorder in virtual time: what a websocket's commands do to its tables.

Speaks the commands that statistics need as home-assistant-addon.md part 6 tells them; an import is
queued and written a moment later, into a table that outlives Core's restarts.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.websocket import CoreRefusedError
from broute_addon.messages import message

VERSION = "2026.11.0"
_HOUR_MS = int(timedelta(hours=1).total_seconds() * 1000)
_WRITTEN_AFTER_S = 0.3
_ANSWER_S = 0.01


class CoreStandIn:
    """Core. `rows[id][start]` is (state, sum) in kWh; `is_up` False: nobody answers."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[datetime, tuple[float, float]]] = {}
        self.is_up = True
        self.up_since = 0.0
        self._metadata: dict[str, dict[str, Any]] = {}
        self._sockets: dict[_Socket, None] = {}

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator["_Socket"]:
        """A way to it, as `statistics_writer` wants it. Raises CoreError while it is down."""
        if not self.is_up:
            raise CoreError(message("core_unreachable", reason="Connection refused"))
        socket = _Socket(self)
        self._sockets[socket] = None
        try:
            yield socket
        finally:
            self._sockets.pop(socket, None)

    def stop(self) -> None:
        """Core goes down, and every socket with it."""
        self.is_up = False
        for socket in self._sockets:
            socket.ended.set()

    def start(self) -> None:
        """Core comes up."""
        if not self.is_up:
            self.is_up = True
            self.up_since = asyncio.get_running_loop().time()

    def lose_database(self) -> None:
        """Somebody moved it away, or restored an old backup of it."""
        self.rows.clear()
        self._metadata.clear()

    def answer(self, command: str, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """The result of a command. Raises CoreRefusedError."""
        match command:
            case "get_config":
                return {"state": "RUNNING", "version": VERSION}
            case "recorder/info":
                return {"backlog": 0, "migration_in_progress": False, "recording": True}
            case "config/entity_registry/list":
                return []
            case "recorder/get_statistics_metadata":
                known = self._metadata
                return [known[each] for each in fields["statistic_ids"] if each in known]
            case "recorder/statistics_during_period":
                return {each: self._rows_of(each, fields) for each in fields["statistic_ids"]}
            case "recorder/import_statistics":
                if not all(_is_on_the_hour(row["start"]) for row in fields["stats"]):
                    raise CoreRefusedError(command, "home_assistant_error", "Invalid timestamp")
                loop = asyncio.get_running_loop()
                loop.call_later(_WRITTEN_AFTER_S, self._write, fields["metadata"], fields["stats"])
                return None
            case _:
                raise CoreRefusedError(command, "unknown_command", "Unknown command.")

    def _rows_of(self, statistic_id: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        since = datetime.fromisoformat(fields["start_time"])
        before = fields.get("end_time")
        end = None if before is None else datetime.fromisoformat(before)
        rows = sorted(self.rows.get(statistic_id, {}).items())
        return [
            {
                "start": int(start.timestamp() * 1000),
                "end": int(start.timestamp() * 1000) + _HOUR_MS,
                "state": state,
                "sum": total,
            }
            for start, (state, total) in rows
            if start >= since and (end is None or start < end)
        ]

    def _write(self, metadata: Mapping[str, Any], stats: list[Mapping[str, Any]]) -> None:
        if not self.is_up:
            return  # what was queued is lost with the process
        statistic_id = metadata["statistic_id"]
        told = {**metadata, "statistics_unit_of_measurement": metadata["unit_of_measurement"]}
        self._metadata[statistic_id] = told
        rows = self.rows.setdefault(statistic_id, {})
        for row in stats:
            start = datetime.fromisoformat(row["start"]).astimezone(UTC)
            rows[start] = (row["state"], row["sum"])


def _is_on_the_hour(start: str) -> bool:
    at = datetime.fromisoformat(start)
    return at.minute == at.second == 0


class _Socket:
    """One connection; what goes over it is JSON."""

    version = VERSION

    def __init__(self, core: CoreStandIn) -> None:
        self._core = core
        self.ended = asyncio.Event()

    async def call(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
        """As a real socket does it. Raises CoreError."""
        sent = json.loads(json.dumps(fields))
        await asyncio.sleep(_ANSWER_S)
        if self.ended.is_set():
            raise CoreError(message("core_lost"))
        return json.loads(json.dumps(self._core.answer(command, sent)))

    async def until_closed(self) -> NoReturn:
        """Raises CoreError when Core goes."""
        await self.ended.wait()
        raise CoreError(message("core_lost"))
