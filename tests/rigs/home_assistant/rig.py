"""A real, headless Home Assistant Core with a real Mosquitto, both on free loopback ports.

    async with HomeAssistantRig(cache, folder) as rig:   # starts both, creates the owner
        await rig.add_mqtt()                             # the MQTT integration, by its config flow
        await rig.publish("homeassistant/device/x/config", {...}, retain=True)
        state = await rig.wait_for_state("sensor.x", "523")

Since 2026.11 `http:` in configuration.yaml is a trial: Home Assistant keeps it for five minutes,
then restarts on port 8123 of every address unless the trial is promoted. The rig promotes it
right after the owner exists.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.rigs.home_assistant.processes import (
    RigError,
    accepts_connections,
    free_port,
    home_assistant_core,
    mosquitto,
    until,
)

JsonObject = dict[str, Any]

_LOG_LINE = re.compile(r"^\S+ \S+ (?P<level>[A-Z]+) \(.*?\) \[(?P<logger>[^\]]+)\]")
_NEEDS_INTERNET = (
    "homeassistant.components.google_translate",
    "homeassistant.components.met",
    "homeassistant.components.radio_browser",
    "metno",
    "radios",
)
_NOT_INSTALLED = ("homeassistant.components.ffmpeg", "homeassistant.components.camera", "haffmpeg")
_IN_JAPANESE = ("homeassistant.helpers.translation",)  # of its own integrations, in 2026.11
NOISE = (*_NEEDS_INTERNET, *_NOT_INSTALLED, *_IN_JAPANESE)
"""Loggers that complain about the rig's surroundings, whatever the product does."""


class HomeAssistantRig:
    """Core and broker for as long as the context lasts. `folder` receives everything they write."""

    def __init__(self, cache: Path, folder: Path) -> None:
        self.folder = folder
        self.mqtt_port = free_port()
        core_port = free_port()
        self.url = f"http://127.0.0.1:{core_port}"
        self.token = ""
        self._broker = mosquitto(folder, self.mqtt_port)
        self._core = home_assistant_core(cache, folder, core_port)
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._command_id = 0
        self._subscribed_before = 0  # the size of the broker's log when Core started

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self.url)
        try:
            await self.start_broker()
            await self._core.start(self._core_answers, 240)
            await self._create_owner()
            await self._wait_until_running()
            await self._keep_http_settings()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop both programs."""
        await self.stop_core()
        await self.stop_broker()
        if self._session is not None:
            await self._session.close()

    async def start_broker(self) -> None:
        """Start Mosquitto on its port; it remembers nothing of an earlier start."""
        await self._broker.start(lambda: accepts_connections(self.mqtt_port), 10)

    async def stop_broker(self) -> None:
        """Stop Mosquitto: every client loses its connection."""
        await self._broker.stop(10)

    async def start_core(self) -> None:
        """Start Core again with the configuration and the storage it had."""
        self._subscribed_before = self._broker.log.stat().st_size
        await self._core.start(self._core_answers, 120)
        await self._wait_until_running()

    async def stop_core(self) -> int | None:
        """Stop Core as the Supervisor would; its exit code."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None
        return await self._core.stop(60)

    async def restart_core(self) -> None:
        """Stop and start Core."""
        await self.stop_core()
        await self.start_core()

    async def set_language(self, language: str) -> None:
        """Switch Core's own language, as the household does under Settings → System → General."""
        await self.command("config/core/update", language=language)

    async def add_mqtt(self) -> None:
        """Add the MQTT integration through its config flow and wait until it is loaded."""
        flows = "/api/config/config_entries/flow"
        form = await self.rest("POST", flows, json={"handler": "mqtt"})
        answer: JsonObject = {"broker": "127.0.0.1", "port": self.mqtt_port}
        if any(field["name"] == "other_settings" for field in form["data_schema"]):
            settings = {"set_client_cert": False, "set_ca_cert": "off", "transport": "tcp"}
            answer["other_settings"] = settings
        done = await self.rest("POST", f"{flows}/{form['flow_id']}", json=answer)
        if done.get("type") != "create_entry":
            raise RigError(f"the MQTT integration was not added: {done}")

        async def loaded() -> bool:
            entries = await self.command("config_entries/get", domain="mqtt")
            return any(entry["state"] == "loaded" for entry in entries)

        await until(loaded, 30, "the MQTT integration was not loaded")

    async def publish(
        self, topic: str, payload: str | Mapping[str, object], *, retain: bool = False
    ) -> None:
        """Publish as a client of its own; an empty payload clears a retained message."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        sender = await asyncio.create_subprocess_exec(
            *("mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.mqtt_port), "-q", "1"),
            *("-t", topic, *(["-r"] if retain else []), *(["-m", text] if text else ["-n"])),
        )
        if await sender.wait():
            raise RigError(f"publishing to {topic} failed")

    async def states(self) -> dict[str, JsonObject]:
        """Every state, by entity id."""
        return {state["entity_id"]: state for state in await self.rest("GET", "/api/states")}

    async def wait_for_state(
        self, entity_id: str, value: str | None = None, limit_s: float = 15
    ) -> JsonObject:
        """The entity's state as soon as it exists and, if `value` is given, has that value."""

        async def wanted() -> JsonObject | None:
            state = (await self.states()).get(entity_id)
            return state if state and value in (None, state["state"]) else None

        return await until(wanted, limit_s, f"{entity_id} never became {value or 'known'}")

    async def wait_for_subscription(self, topic: str) -> None:
        """Until Core, since its last start, listens to `topic`.

        It subscribes up to some seconds after a discovery; what came earlier and is not retained is
        lost.
        """
        entry = re.compile(rf" \d {re.escape(topic)}$", re.MULTILINE)

        async def subscribed() -> bool:
            log = self._broker.log.read_bytes()[self._subscribed_before :].decode()
            return entry.search(log) is not None

        await until(subscribed, 15, f"Home Assistant never subscribed to {topic}")

    async def entities(self) -> list[JsonObject]:
        """The entity registry."""
        entries: list[JsonObject] = await self.command("config/entity_registry/list")
        return entries

    async def devices(self) -> list[JsonObject]:
        """The device registry."""
        entries: list[JsonObject] = await self.command("config/device_registry/list")
        return entries

    def log_problems(self) -> list[str]:
        """Warnings and errors in Core's log (all its starts), but for `NOISE`."""
        problems = []
        for line in self._core.log.read_text(errors="replace").splitlines():
            found = _LOG_LINE.match(line)
            if found is None or found["level"] not in ("WARNING", "ERROR", "CRITICAL"):
                continue
            if not found["logger"].startswith(NOISE):
                problems.append(line)
        return problems

    async def rest(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401 - JSON
        """One REST call as the owner; its JSON. RigError for a status from 400 on."""
        if self._session is None:
            raise RigError("the rig is not running")
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self._session.request(method, path, headers=headers, **request) as response:
            if response.status >= 400:
                raise RigError(f"{method} {path}: {response.status} {await response.text()}")
            return await response.json(content_type=None)

    async def command(self, kind: str, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """One websocket command as the owner; its result. Commands must not overlap."""
        socket = self._socket or await self._open_socket()
        self._command_id += 1
        await socket.send_json({"id": self._command_id, "type": kind, **fields})
        async with asyncio.timeout(60):
            while (reply := await socket.receive_json()).get("id") != self._command_id:
                pass
        if not reply["success"]:
            raise RigError(f"{kind}: {reply['error']}")
        return reply["result"]

    async def _open_socket(self) -> aiohttp.ClientWebSocketResponse:
        if self._session is None:
            raise RigError("the rig is not running")
        socket = await self._session.ws_connect("/api/websocket", max_msg_size=0)
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": self.token})
        greeting = await socket.receive_json()
        if greeting["type"] != "auth_ok":
            raise RigError(f"Home Assistant refused the token: {greeting}")
        self._socket, self._command_id = socket, 0
        return socket

    async def _core_answers(self) -> bool:
        try:
            await self.rest("GET", "/manifest.json")
        except (aiohttp.ClientError, RigError):
            return False
        return True

    async def _wait_until_running(self) -> None:
        async def running() -> bool:
            state: str = (await self.rest("GET", "/api/config"))["state"]
            return state == "RUNNING"

        await until(running, 120, "Home Assistant never finished its start")

    async def _create_owner(self) -> None:
        """Go through the onboarding as the frontend does; ends with a long-lived token."""
        client_id = f"{self.url}/"
        owner = {"name": "Rig", "username": "rig", "password": "rig", "language": "en"}
        steps = "/api/onboarding"
        made = await self.rest("POST", f"{steps}/users", json={"client_id": client_id, **owner})
        code = {"grant_type": "authorization_code", "code": made["auth_code"]}
        tokens = await self.rest("POST", "/auth/token", data={**code, "client_id": client_id})
        self.token = tokens["access_token"]
        await self.rest("POST", f"{steps}/core_config", json={})
        await self.rest("POST", f"{steps}/analytics", json={})
        back = {"client_id": client_id, "redirect_uri": f"{client_id}?auth_callback=1"}
        await self.rest("POST", f"{steps}/integration", json=back)
        named = {"client_name": "rig", "lifespan": 30}
        self.token = await self.command("auth/long_lived_access_token", **named)

    async def _keep_http_settings(self) -> None:
        """Promote the trial of `http:` (2026.11 and later)."""
        if (await self.command("http/config"))["pending"]:
            await self.command("http/config/promote")
