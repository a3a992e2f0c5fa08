"""A Supervisor as home-assistant-addon.md part 4 describes it, on a loopback port."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.core_stand_in import CoreStandIn
from tests.support.supervisor_options import OptionsRefused, validated

TOKEN = "planted-supervisor-token-0123456789abcdef"
ALLOWED_WITHOUT_ROLE = ("/services", "/info", "/addons/self/", "/core/api")


class SupervisorStandIn:
    """Speaks the real envelope, and the bare pages of its middleware.

    `mqtt` None: no broker has registered. `state` other than "running": it is still starting.
    `core_is_up` False: the proxy answers 502. `junk` replaces every answer's body. `options` are
    this app's, as saved, checked as a Supervisor does with `devices` and `secrets`; `restarts`
    counts how often it asked to be started again, which writes them to `options_file`.
    """

    def __init__(self) -> None:
        self.mqtt: dict[str, Any] | None = {
            "addon": "core_mosquitto",
            "host": "core-mosquitto",
            "port": 1883,
            "username": "addons",
            "password": "planted-mqtt-password",
            "ssl": False,
            "protocol": "3.1.1",
        }
        self.state = "running"
        self.core_is_up = True
        self.language = "ja"
        self.junk: bytes | None = None
        self.notifications: dict[str, str] = {}
        self.options: dict[str, Any] = {}
        self.devices: tuple[str, ...] = ()
        self.secrets: dict[str, str] = {}
        self.options_file: Path | None = None
        self.restarts = 0
        self.may_restart = True
        self.core = CoreStandIn(token=TOKEN)
        self.calls: list[str] = []
        self._server: TestServer | None = None

    async def __aenter__(self) -> "SupervisorStandIn":
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/core/websocket", self._core_websocket)
        app.add_routes(
            [
                web.get("/services/mqtt", self._mqtt),
                web.get("/info", self._info),
                web.get("/addons/self/info", self._self_info),
                web.post("/addons/self/options", self._self_options),
                web.get("/addons/self/options/config", self._self_options_config),
                web.post("/addons/self/restart", self._self_restart),
                web.get("/core/api/config", self._core_config),
                web.post("/core/api/services/persistent_notification/{what}", self._notification),
            ]
        )
        self._server = TestServer(app)
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.core.drop()
        if self._server is not None:
            await self._server.close()

    @property
    def url(self) -> str:
        """What SUPERVISOR_URL is set to."""
        assert self._server is not None
        return str(self._server.make_url("")).rstrip("/")

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401
        self.calls.append(f"{request.method} {request.path}")
        if self.junk is not None:
            return web.Response(body=self.junk)
        if request.path == "/core/websocket":  # the token comes in its first message
            return await self._core_websocket(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized  # a bare page, as aiohttp makes it
        if not request.path.startswith(ALLOWED_WITHOUT_ROLE):
            raise web.HTTPForbidden
        if self.state != "running":
            return _error(f"System is not ready with state: {self.state}")
        response: web.StreamResponse = await handler(request)
        return response

    async def _mqtt(self, _: web.Request) -> web.Response:
        return _error("Service not enabled") if self.mqtt is None else _ok(self.mqtt)

    async def _info(self, _: web.Request) -> web.Response:
        return _ok(
            {
                "supervisor": "2026.08.1",
                "homeassistant": "2026.11.0",
                "arch": "aarch64",
                "timezone": "Asia/Tokyo",
                "state": self.state,
            }
        )

    async def _self_info(self, _: web.Request) -> web.Response:
        return _ok(
            {
                "slug": "a0b1c2d3_broute",
                "version": "0.1.0",
                "hostname": "a0b1c2d3-broute",
                "ingress_url": "/api/hassio_ingress/abc/",
                "options": self.options,
            }
        )

    async def _self_options(self, request: web.Request) -> web.Response:
        given = (await request.json())["options"]
        try:
            validated(given, devices=self.devices, secrets=self.secrets)
        except OptionsRefused as refused:
            return _error(str(refused))
        self.options = given
        return _ok({})

    async def _self_options_config(self, _: web.Request) -> web.Response:
        try:
            found = validated(self.options, devices=self.devices, secrets=self.secrets)
        except OptionsRefused as refused:
            return _error(str(refused))
        return _ok(found)

    async def _self_restart(self, _: web.Request) -> web.Response:
        if not self.may_restart:
            return _error("Another job is running for job group container_a0b1c2d3_broute")
        self.restarts += 1
        if self.options_file is not None:
            found = validated(self.options, devices=self.devices, secrets=self.secrets)
            self.options_file.write_text(json.dumps(found))
        return _ok({})

    async def _core_websocket(self, request: web.Request) -> web.StreamResponse:
        self._check_core()
        return await self.core.socket(request)

    async def _core_config(self, _: web.Request) -> web.Response:
        self._check_core()
        return web.json_response(
            {
                "language": self.language,
                "time_zone": "Asia/Tokyo",
                "state": "RUNNING",
                "version": "2026.11.0",
            }
        )

    async def _notification(self, request: web.Request) -> web.Response:
        self._check_core()
        body = await request.json()
        if request.match_info["what"] == "create":
            self.notifications[body["notification_id"]] = body["message"]
        else:
            self.notifications.pop(body["notification_id"], None)
        return web.json_response([])

    def _check_core(self) -> None:
        if not self.core_is_up:
            raise web.HTTPBadGateway


def _ok(data: Mapping[str, Any]) -> web.Response:
    return web.json_response({"result": "ok", "data": data})


def _error(said: str) -> web.Response:
    return web.json_response({"result": "error", "message": said}, status=400)
