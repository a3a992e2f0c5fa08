"""A Home Assistant Core as home-assistant-addon.md 4.5 and part 6 describe it, without the house.

`CoreRecorder` is what stands behind the websocket: the recorder's tables and commands. It can be
called at once (`CoreAtHand`, for virtual time) or over a real socket (`CoreStandIn`), which speaks
Core's protocol: greeting, increasing ids, results and errors, the limit of 4 MiB for a message.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.websocket import CoreRefusedError
from broute_addon.messages import message

TOKEN = "planted-long-lived-token-0123456789abcdef"
HOUR = timedelta(hours=1)
MOST_BYTES = 4 * 1024 * 1024

Fields = Mapping[str, Any]
_METADATA_KEYS = {
    *("has_sum", "mean_type", "name", "source"),
    *("statistic_id", "unit_class", "unit_of_measurement"),
}
_FACTORS = {"kWh": 1.0, "Wh": 1000.0, "MWh": 0.001}


class RefusalError(Exception):
    """An error of a command: Core's code and text."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code, self.said = code, said


@dataclass
class CoreRecorder:
    """The recorder, and what else of Core is asked.

    `rows[id][start]` is (state, sum) in the statistic's unit. `queue_s`: an import is written that
    much later. `forgets`: how many imports are queued and never written.
    """

    version: str = "2026.11.0"
    state: str = "RUNNING"
    info: dict[str, Any] = field(
        default_factory=lambda: {
            "backlog": 0,
            "max_backlog": 65000,
            "migration_in_progress": False,
            "recording": True,
            "thread_running": True,
        }
    )
    has_recorder: bool = True
    queue_s: float = 0.0
    forgets: int = 0
    rows: dict[str, dict[datetime, tuple[float, float]]] = field(default_factory=dict)
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    entities: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    shifts: list[tuple[str, float]] = field(default_factory=list)

    def count(self, command: str) -> int:
        """How often a command was given."""
        return sum(each == command for each, _ in self.calls)

    def written(self) -> int:
        """How many rows were sent."""
        imports = [f for command, f in self.calls if command == "recorder/import_statistics"]
        return sum(len(fields["stats"]) for fields in imports)

    def add_sensor(self, entity_id: str, unique_id: str, unit: str = "kWh") -> None:
        """An MQTT energy sensor whose statistics Core compiles."""
        entry = {"entity_id": entity_id, "unique_id": unique_id, "platform": "mqtt"}
        self.entities.append(entry)
        self.metadata[entity_id] = {
            "statistic_id": entity_id,
            "source": "recorder",
            "name": None,
            "has_sum": True,
            "mean_type": 0,
            "unit_class": "energy",
            "unit_of_measurement": unit,
        }
        self.rows[entity_id] = {}

    def lose_database(self) -> None:
        """Somebody moved it away while Core was down."""
        self.rows.clear()
        self.metadata.clear()

    def answer(  # noqa: PLR0911 - one per command
        self, command: str, fields: Fields
    ) -> Any:  # noqa: ANN401 - JSON
        """The result of a command. Raises RefusalError."""
        self.calls.append((command, dict(fields)))
        match command:
            case "get_config":
                return {"state": self.state, "version": self.version, "language": "en"}
            case "config/entity_registry/list":
                return self.entities
            case "recorder/info" if self.has_recorder:
                return self.info
            case "recorder/get_statistics_metadata":
                return self._told_metadata(fields["statistic_ids"])
            case "recorder/statistics_during_period":
                return self._period(fields)
            case "recorder/import_statistics":
                return self._import(fields)
            case "recorder/adjust_sum_statistics":
                return self._adjust(fields)
            case _:
                raise RefusalError("unknown_command", "Unknown command.")

    def _told_metadata(self, wanted: list[str]) -> list[dict[str, Any]]:
        found = [self.metadata[each] for each in wanted if each in self.metadata]
        return [
            {**each, "statistics_unit_of_measurement": each["unit_of_measurement"]}
            for each in found
        ]

    def _period(self, fields: Fields) -> dict[str, list[dict[str, Any]]]:
        assert fields["period"] == "hour"
        since, before = _instant(fields["start_time"]), _instant(fields.get("end_time"))
        found: dict[str, list[dict[str, Any]]] = {}
        for each in fields["statistic_ids"]:
            unit = self.metadata.get(each, {}).get("unit_of_measurement", "kWh")
            rows = [
                {
                    "start": int(start.timestamp() * 1000),
                    "end": int((start + HOUR).timestamp() * 1000),
                    "state": state / _FACTORS[unit],
                    "sum": total / _FACTORS[unit],
                }
                for start, (state, total) in sorted(self.rows.get(each, {}).items())
                if (since is None or start >= since) and (before is None or start < before)
            ]
            if rows:
                found[each] = rows
        return found

    def _import(self, fields: Fields) -> None:
        described = fields["metadata"]
        if set(described) != _METADATA_KEYS:
            raise RefusalError("invalid_format", "extra keys not allowed")
        if described["source"] == "recorder":
            assert described == self.metadata[described["statistic_id"]], "metadata overwritten"
        elif described["source"] != described["statistic_id"].split(":")[0]:
            raise RefusalError("home_assistant_error", "Invalid source")
        rows: dict[datetime, tuple[float, float]] = {}
        for row in fields["stats"]:
            start = datetime.fromisoformat(row["start"])
            if start.tzinfo is None or start.minute or start.second:
                raise RefusalError("home_assistant_error", "Invalid timestamp")
            rows[start.astimezone(UTC)] = (row["state"], row["sum"])
        if self.forgets:
            self.forgets -= 1
            return
        if self.queue_s:
            asyncio.get_running_loop().call_later(self.queue_s, self._write, described, rows)
        else:
            self._write(described, rows)

    def _write(self, described: Fields, rows: Mapping[datetime, tuple[float, float]]) -> None:
        self.metadata[described["statistic_id"]] = dict(described)
        self.rows.setdefault(described["statistic_id"], {}).update(rows)

    def _adjust(self, fields: Fields) -> None:
        each, since = fields["statistic_id"], _instant(fields["start_time"])
        if each not in self.metadata:
            raise RefusalError("unknown_statistic_id", "Unknown statistic ID")
        assert since is not None
        assert fields["adjustment_unit_of_measurement"] == "kWh"
        added = fields["adjustment"] * _FACTORS[self.metadata[each]["unit_of_measurement"]]
        self.shifts.append((each, added))
        for start, (state, total) in self.rows[each].items():
            if start >= since:
                self.rows[each][start] = (state, total + added)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


class CoreAtHand:
    """A way to the recorder without a socket. `is_up` False: it can't be opened; `close` ends it.

    `breaks_after` commands the way ends by itself, once.
    """

    def __init__(self, recorder: CoreRecorder) -> None:
        self.recorder = recorder
        self.is_up = True
        self.opened = 0
        self.breaks_after: int | None = None
        self._ended: asyncio.Event | None = None

    @property
    def version(self) -> str:
        """Core's."""
        return self.recorder.version

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator["CoreAtHand"]:
        """What the writer is given to open a way with."""
        if not self.is_up:
            raise CoreError(message("core_unreachable", reason="Connection refused"))
        self.opened += 1
        self._ended = asyncio.Event()
        yield self

    def close(self) -> None:
        """Core goes down, or restarts."""
        if self._ended is not None:
            self._ended.set()

    async def call(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
        """As a socket does it: what goes over it is JSON."""
        if self.breaks_after is not None:
            self.breaks_after -= 1
            if self.breaks_after < 0:
                self.breaks_after = None
                self.close()
        if self._ended is None or self._ended.is_set():
            raise CoreError(message("core_lost"))
        sent = json.dumps({"id": 1, "type": command, **fields})
        assert len(sent) < MOST_BYTES
        try:
            result = self.recorder.answer(command, json.loads(json.dumps(fields)))
        except RefusalError as refusal:
            raise CoreRefusedError(command, refusal.code, refusal.said) from None
        await asyncio.sleep(0.01)
        return json.loads(json.dumps(result))

    async def until_closed(self) -> NoReturn:
        """Raises when it ends."""
        assert self._ended is not None
        await self._ended.wait()
        raise CoreError(message("core_lost"))


class CoreStandIn:
    """Core's websocket on a loopback port, or the Supervisor's proxy of it.

    `refuses_upgrade`: the HTTP status with which the proxy answers instead of a socket. `slow_s`:
    how long an answer takes. `greets` False: it says nothing at all.
    """

    def __init__(self, recorder: CoreRecorder | None = None, *, token: str = TOKEN) -> None:
        self.recorder = recorder or CoreRecorder()
        self._token = token
        self.refuses_upgrade: int | None = None
        self.greets = True
        self.slow_s = 0.0
        self.junk: str | None = None
        self.paths: list[str] = []
        self.sockets: set[web.WebSocketResponse] = set()
        self._server: TestServer | None = None
        self._answers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "CoreStandIn":
        app = web.Application()
        app.router.add_get("/api/websocket", self.socket)
        app.router.add_get("/core/websocket", self.socket)
        self._server = TestServer(app)
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drop()
        for task in self._answers:
            task.cancel()
        if self._server is not None:
            await self._server.close()

    @property
    def url(self) -> str:
        """What HOME_ASSISTANT_URL, or SUPERVISOR_URL, is set to."""
        assert self._server is not None
        return str(self._server.make_url("")).rstrip("/")

    async def drop(self) -> None:
        """Core restarts: every socket ends."""
        for socket in tuple(self.sockets):
            await socket.close()

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """What answers at the websocket's path."""
        self.paths.append(request.path)
        if self.refuses_upgrade is not None:
            return web.Response(status=self.refuses_upgrade)
        socket = web.WebSocketResponse(max_msg_size=MOST_BYTES)
        await socket.prepare(request)
        self.sockets.add(socket)
        try:
            if await self._greet(socket):
                await self._serve(socket)
        finally:
            self.sockets.discard(socket)
        return socket

    async def _greet(self, socket: web.WebSocketResponse) -> bool:
        if not self.greets:
            await socket.receive()
            return False
        if self.junk is not None:
            await socket.send_str(self.junk)
            return False
        await socket.send_json({"type": "auth_required", "ha_version": self.recorder.version})
        said = await socket.receive_json()
        if said != {"type": "auth", "access_token": self._token}:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token"})
            return False
        await socket.send_json({"type": "auth_ok", "ha_version": self.recorder.version})
        return True

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        newest = 0
        async for received in socket:
            if received.type is not WSMsgType.TEXT:
                return
            said = json.loads(received.data)
            number, command = said.pop("id"), said.pop("type")
            if number <= newest:
                refusal = RefusalError("id_reuse", "Identifier values have to increase.")
                await socket.send_json(_error(number, refusal))
                continue
            newest = number
            task = asyncio.create_task(self._answer(socket, number, command, said))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(
        self, socket: web.WebSocketResponse, number: int, command: str, fields: Fields
    ) -> None:
        await asyncio.sleep(self.slow_s)
        try:
            result = self.recorder.answer(command, fields)
            told = {"id": number, "type": "result", "success": True, "result": result}
        except RefusalError as refusal:
            told = _error(number, refusal)
        with contextlib.suppress(ConnectionError):
            await socket.send_json(told)


def _error(number: int, refusal: RefusalError) -> dict[str, Any]:
    error = {"code": refusal.code, "message": refusal.said}
    return {"id": number, "type": "result", "success": False, "error": error}
