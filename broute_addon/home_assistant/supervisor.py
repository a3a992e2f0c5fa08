"""The Supervisor's REST API: home-assistant-addon.md 4.1 to 4.3.

A good answer is `{"result": "ok", "data": {...}}`, a refusal `{"result": "error", "message":
"..."}` with status 400, 403 or 404; its middleware refuses with bare 401 and 403 pages that are
not JSON. All that goes wrong comes out as SupervisorError with one sentence.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from broute_addon.errors import SupervisorError
from broute_addon.messages import message
from broute_addon.redaction import Secret

TIMEOUT = aiohttp.ClientTimeout(total=10.0)


@dataclass(frozen=True, slots=True)
class MqttService:
    """The broker that a broker app has registered at the Supervisor."""

    host: str
    port: int
    username: str | None
    password: Secret | None
    ssl: bool


@dataclass(frozen=True, slots=True)
class OwnInfo:
    """This app as the Supervisor knows it. `slug` is the full one (`<repository>_broute`)."""

    slug: str


class Supervisor:
    """A client of the Supervisor. `session` is the caller's, shared with Core's client."""

    def __init__(self, base_url: str, token: Secret, session: aiohttp.ClientSession) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._session = session

    async def mqtt_service(self) -> MqttService:
        """`GET /services/mqtt`. Raises SupervisorError: `mqtt_service_absent` while no broker app
        has registered, which passes when one is started."""
        data = await self._get("/services/mqtt")
        try:
            password = data.get("password")
            return MqttService(
                host=str(data["host"]),
                port=int(data["port"]),
                username=data.get("username") or None,
                password=Secret(str(password)) if password else None,
                ssl=bool(data.get("ssl", False)),
            )
        except (KeyError, TypeError, ValueError):
            raise SupervisorError(message("supervisor_junk")) from None

    async def own_info(self) -> OwnInfo:
        """`GET /addons/self/info`. Raises SupervisorError."""
        data = await self._get("/addons/self/info")
        try:
            return OwnInfo(slug=str(data["slug"]))
        except KeyError:
            raise SupervisorError(message("supervisor_junk")) from None

    async def change_options(self, changes: Mapping[str, object]) -> None:
        """Merges changes into this app's options; None takes one away. Raises SupervisorError.

        What is saved replaces all: the rest is sent as it stands, references to secrets included,
        which is why it comes from `GET /addons/self/info` and not from `…/options/config`, where
        they are resolved.
        """
        present = (await self._get("/addons/self/info")).get("options")
        if not isinstance(present, dict):
            raise SupervisorError(message("supervisor_junk"))
        merged = {key: value for key, value in {**present, **changes}.items() if value is not None}
        await self._ask("POST", "/addons/self/options", {"options": merged})

    async def restart(self) -> None:
        """`POST /addons/self/restart`: it ends this process. Raises SupervisorError."""
        await self._ask("POST", "/addons/self/restart", {})

    async def _get(self, path: str) -> Mapping[str, Any]:
        return await self._ask("GET", path)

    async def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        try:
            async with self._session.request(
                method, self._base_url + path, headers=headers, json=body, timeout=TIMEOUT
            ) as response:
                return _data(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # `from None`: the original carries the request, and with it the token.
            reason = why(error)
            raise SupervisorError(message("supervisor_unreachable", reason=reason)) from None


def _data(status: int, body: bytes) -> Mapping[str, Any]:
    """The data in an answer's envelope. Raises SupervisorError for anything but a good one."""
    answer = json_object(body)
    if answer is None:
        if status in (401, 403):
            raise SupervisorError(message("supervisor_denied", status=status))
        if status >= 500:
            raise SupervisorError(message("supervisor_unreachable", reason=f"HTTP {status}"))
        raise SupervisorError(message("supervisor_junk"))
    data = answer.get("data")
    if answer.get("result") == "ok" and isinstance(data, dict):
        return data
    if answer.get("result") != "error":
        raise SupervisorError(message("supervisor_junk"))
    raise _refusal(status, str(answer.get("message") or f"HTTP {status}"))


def _refusal(status: int, said: str) -> SupervisorError:
    if "not enabled" in said:
        return SupervisorError(message("mqtt_service_absent"))
    if "System is not ready" in said:
        return SupervisorError(message("supervisor_not_ready"))
    if status in (401, 403):
        return SupervisorError(message("supervisor_denied", status=status))
    return SupervisorError(message("supervisor_refused", reason=_plain(said)))


def _plain(said: str) -> str:
    """A refusal without the options that it quotes at its end, secrets included."""
    return said.partition(" Got ")[0].rstrip(".")[:200]


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body; None for anything else."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def why(error: Exception) -> str:
    """A short reason without the request that failed."""
    match error:
        case TimeoutError():
            return "no answer"
        case aiohttp.ClientConnectorError():
            return error.os_error.strerror or "not reachable"
        case _:
            return type(error).__name__
