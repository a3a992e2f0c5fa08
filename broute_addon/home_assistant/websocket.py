"""Home Assistant Core's websocket API: commands with answers, one socket for as long as it lasts.

Reached through the Supervisor (`ws://supervisor/core/websocket`, the Supervisor's token) or,
stand-alone, directly (`HOME_ASSISTANT_URL` + `/api/websocket`, a long-lived token); see
home-assistant-addon.md 4.5. The socket ends when Core restarts: the caller opens another. All
that goes wrong comes out as CoreError with one sentence, in which there is never a token.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn, Protocol

import aiohttp

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.supervisor import json_object, why
from broute_addon.messages import message
from broute_addon.redaction import Secret

OPEN_TIMEOUT_S = 30.0
"""For the way to the socket, and for each step of the greeting."""

ANSWER_TIMEOUT_S = 60.0
"""A query over years takes some seconds on a small machine; the recorder may be busy besides."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Core's answers may be that large (through the Supervisor); aiohttp's own limit is 4 MiB."""

CLOSE_TIMEOUT_S = 2.0
"""A Core that hangs says no goodbye; at a stop it isn't waited for longer."""

HEARTBEAT_S = 30.0
"""How often we ask whether the other side is still there, so that a dead socket is noticed."""


class CoreRefusedError(CoreError):
    """Core answered a command with an error. `code` is Core's word for it, as `not_found`."""

    def __init__(self, command: str, code: str, said: str) -> None:
        super().__init__(message("core_refused", command=command, code=code, said=said[:200]))
        self.code = code


class CoreCalls(Protocol):
    """An open, authorized way to Core: what statistics and repair need of it."""

    @property
    def version(self) -> str:
        """Core's version, as `2026.11.0`."""

    async def call(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
        """Runs a command and gives its result. Raises CoreRefusedError, CoreError."""

    async def until_closed(self) -> NoReturn:
        """Raises CoreError when the way to Core ends."""


Connect = Callable[[], AbstractAsyncContextManager[CoreCalls]]
"""Opens a way to Core. Entering raises CoreError."""


class CoreSocket:
    """An authorized socket. Made by `open_core`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, version: str) -> None:
        self.version = version
        self._socket = socket
        self._ids = itertools.count(1)
        self._pending: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._lost = asyncio.get_running_loop().create_future()

    async def call(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
        """Runs a command and gives its result; several may be under way.

        Raises CoreRefusedError when Core says no, CoreError when the socket ends or nothing comes.
        """
        if self._lost.done():
            raise _lost()
        number = next(self._ids)  # sent in the order of the numbers: no wait before the sending
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = (command, answer)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._socket.send_str(json.dumps({"id": number, "type": command, **fields}))
                return await answer
        except TimeoutError as error:
            raise CoreError(message("core_unreachable", reason=why(error))) from None
        except (aiohttp.ClientError, OSError):
            raise _lost() from None
        finally:
            self._pending.pop(number, None)

    async def until_closed(self) -> NoReturn:
        """Raises CoreError when the socket ends."""
        await asyncio.shield(self._lost)
        raise _lost()

    async def receive(self) -> None:
        """Hands answers to those who wait for them, until the socket ends."""
        try:
            async for received in self._socket:
                if received.type is aiohttp.WSMsgType.TEXT:
                    self._take(json_object(received.data) or {})
        finally:
            self._lost.set_result(None)
            for _, answer in self._pending.values():
                if not answer.done():
                    answer.set_exception(_lost())

    def _take(self, said: Mapping[str, Any]) -> None:
        number = said.get("id")
        command, answer = self._pending.get(number if isinstance(number, int) else 0, ("", None))
        if answer is None or answer.done() or said.get("type") != "result":
            return
        if said.get("success"):
            answer.set_result(said.get("result"))
            return
        error = said.get("error")
        told = error if isinstance(error, dict) else {}
        code, text = str(told.get("code", "?")), str(told.get("message", ""))
        answer.set_exception(CoreRefusedError(command, code, text))


@contextlib.asynccontextmanager
async def open_core(
    session: aiohttp.ClientSession, url: str, token: Secret
) -> AsyncIterator[CoreSocket]:
    """Opens the websocket at `url`, says who we are, and closes it at the end. Raises CoreError."""
    socket = await _open(session, url)
    fault: CoreError | None = None
    async with asyncio.TaskGroup() as tasks:
        try:
            core = CoreSocket(socket, await _greet(socket, token))
            tasks.create_task(core.receive(), name="core's answers")
            yield core
        except CoreError as error:
            fault = error  # which the group would wrap
        finally:
            await socket.close()
    if fault is not None:
        raise fault


def core_websocket_url(*, supervisor_url: str | None = None, core_url: str | None = None) -> str:
    """The websocket of a Supervisor's proxy, or of Core itself. Give the one that there is."""
    base, path = (
        (supervisor_url, "/core/websocket") if supervisor_url else (core_url, "/api/websocket")
    )
    if not base:
        raise ValueError("neither a Supervisor nor a Core")
    scheme, _, rest = base.rstrip("/").rpartition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}{path}"


def connector(session: aiohttp.ClientSession, url: str, token: Secret) -> Connect:
    """What opens a way to Core each time it is called."""
    return lambda: open_core(session, url, token)


async def _open(session: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            return await session.ws_connect(
                url,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                heartbeat=HEARTBEAT_S,
                max_msg_size=MAX_MESSAGE_BYTES,
            )
    except aiohttp.WSServerHandshakeError as error:
        if error.status in (401, 403):
            raise CoreError(message("core_denied", status=error.status)) from None
        raise CoreError(message("core_unreachable", reason=f"HTTP {error.status}")) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise CoreError(message("core_unreachable", reason=why(error))) from None
    except ValueError:
        raise CoreError(message("core_unreachable", reason="not an address")) from None


async def _greet(socket: aiohttp.ClientWebSocketResponse, token: Secret) -> str:
    """Says who we are and gives Core's version. Raises CoreError."""
    try:
        said = await _heard(socket)
        if said.get("type") == "auth_required":
            await socket.send_str(json.dumps({"type": "auth", "access_token": token.reveal()}))
            said = await _heard(socket)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        # `from None`: the original may carry what was sent, and with it the token.
        raise CoreError(message("core_unreachable", reason=why(error))) from None
    match said.get("type"):
        case "auth_ok":
            return str(said.get("ha_version") or "")
        case "auth_invalid":
            raise CoreError(message("core_denied", status="auth_invalid"))
        case _:
            raise CoreError(message("core_junk", status=str(said.get("type"))[:40]))


async def _heard(socket: aiohttp.ClientWebSocketResponse) -> Mapping[str, Any]:
    """The next message. Raises CoreError where the socket ends instead."""
    received = await socket.receive(timeout=OPEN_TIMEOUT_S)
    if received.type is not aiohttp.WSMsgType.TEXT:
        raise _lost()
    return json_object(received.data) or {}


def _lost() -> CoreError:
    return CoreError(message("core_lost"))
