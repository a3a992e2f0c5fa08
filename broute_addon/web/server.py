"""The ingress page and its API over HTTP (design.md 2.5).

`Access` decides who is served. State-changing requests need a header that no foreign page can send.
What leaves as JSON passes the redactor.
"""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

from aiohttp import web

from broute_addon.messages import Language, message
from broute_addon.meter.engine import Command
from broute_addon.redaction import Redactor
from broute_addon.store import Store
from broute_addon.web import view
from broute_addon.web.access import Access, Verdict

_LOGGER = logging.getLogger(__name__)

COMMANDS = frozenset(command.value for command in Command)
LOG_LEVELS = frozenset({"debug", "info", "warning", "error"})

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STATIC = {"app.js": "text/javascript", "style.css": "text/css", "icon.svg": "image/svg+xml"}
_SHUTDOWN_S = 1.0
_BODY_LIMIT = 64 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer:
    """Serves the page; see `start`.

    `language` gives the language in force. `on_command` gets a value of `Command`,
    `on_log_level` "debug", "info", "warning" or "error". `access` says who is served.
    """

    def __init__(
        self,
        store: Store,
        *,
        redactor: Redactor,
        language: Callable[[], Language],
        on_command: Callable[[str], None],
        on_log_level: Callable[[str], None] = lambda _: None,
        access: Access = Access(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._redactor = redactor
        self._language = language
        self._on_command = on_command
        self._on_log_level = on_log_level
        self._access = access
        self._streams: set[asyncio.Task[Any]] = set()
        self._runner: web.AppRunner | None = None
        self.port: int | None = None

    async def start(self, host: str, port: int) -> bool:
        """Listens; `port` 0 takes a free one, found in `self.port`. False, after one warning,
        when the address can't be bound: everything else goes on."""
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, UnicodeError) as error:
            await runner.cleanup()
            reason = _why(error)
            _LOGGER.warning("%s", message("web_port_taken", host=host, port=port, reason=reason))
            return False
        self._runner = runner
        self.port = int(runner.addresses[0][1])
        return True

    async def stop(self) -> None:
        """Ends all streams and gives the port back, within about a second."""
        for stream in self._streams:
            stream.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self.port = None

    def _app(self) -> web.Application:
        app = web.Application(
            middlewares=[_with_headers, self._only_known_peers], client_max_size=_BODY_LIMIT
        )
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/static/{name}", _static),
                web.get("/health", self._health),
                web.get("/api/state", self._state),
                web.get("/api/events", self._events),
                web.get("/api/diagnostics", self._diagnostics),
                web.post("/api/command/{name}", self._command),
            ]
        )
        return app

    @web.middleware
    async def _only_known_peers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        changes = request.method not in ("GET", "HEAD")
        authorization = request.headers.get("Authorization", "")
        match self._access.verdict(request.remote, authorization, changes=changes):
            case Verdict.FORBIDDEN:
                raise web.HTTPForbidden(text="open this page in Home Assistant\n")
            case Verdict.PASSWORD_NEEDED:
                asked = {"WWW-Authenticate": 'Basic realm="Smart Meter B Route"'}
                raise web.HTTPUnauthorized(text="the page's password is needed\n", headers=asked)
        return await handler(request)

    async def _page(self, _request: web.Request) -> web.Response:
        language = self._language()
        page = _resource("index.html").decode()
        for key, text in {"language": language.value, **view.labels(language)}.items():
            page = page.replace(f"{{{{{key}}}}}", text)
        return web.Response(text=page, content_type="text/html", charset="utf-8")

    async def _health(self, _request: web.Request) -> web.Response:
        return self._json(view.health(self._store.snapshot))

    async def _state(self, _request: web.Request) -> web.Response:
        return self._json(view.state(self._store.snapshot, self._language()))

    async def _diagnostics(self, _request: web.Request) -> web.Response:
        return self._json(view.diagnostics(self._store.snapshot, self._language()))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={**_HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        stream = asyncio.current_task()
        if stream is not None:
            self._streams.add(stream)
            stream.add_done_callback(self._streams.discard)
        try:
            async for snapshot in self._store.snapshots():
                text = self._text(view.state(snapshot, self._language()))
                await response.write(f"data: {text}\n\n".encode())
        except ConnectionResetError:
            _LOGGER.debug("a visitor left")
        return response

    async def _command(self, request: web.Request) -> web.Response:
        _refuse_foreign_pages(request)
        name = request.match_info["name"]
        body = await _json_body(request)
        if name in COMMANDS:
            self._on_command(name)
        elif name == "log-level":
            level = body.get("level")
            if not isinstance(level, str) or level not in LOG_LEVELS:
                raise web.HTTPBadRequest(text="level is one of debug, info, warning, error\n")
            self._on_log_level(level)
        else:
            raise web.HTTPNotFound(text="no such command\n")
        return self._json({"accepted": name})

    def _json(self, document: view.Json) -> web.Response:
        return web.Response(text=self._text(document), content_type="application/json")

    def _text(self, document: view.Json) -> str:
        """JSON on one line, redacted value by value so that it stays JSON."""
        return json.dumps(_redacted(document, self._redactor), ensure_ascii=False)


@web.middleware
async def _with_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(_HEADERS)
        raise
    if not response.prepared:
        response.headers.update(_HEADERS)
    return response


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in _STATIC:
        raise web.HTTPNotFound(text="no such file\n")
    return web.Response(body=_resource(name), content_type=_STATIC[name], charset="utf-8")


def _resource(name: str) -> bytes:
    return resources.files("broute_addon.web").joinpath("static", name).read_bytes()


def _refuse_foreign_pages(request: web.Request) -> None:
    """Raises HTTPForbidden for what a page of another origin could send."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.headers.get("X-BRoute") != "1" or site != "same-origin":
        raise web.HTTPForbidden(text="this request must come from the app's own page\n")
    if request.content_type != "application/json":
        raise web.HTTPForbidden(text="this request must be JSON\n")


async def _json_body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="the body is not JSON\n") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body must be a JSON object\n")
    return body


def _redacted(value: Any, redactor: Redactor) -> Any:  # noqa: ANN401 - JSON's edge
    match value:
        case str():
            return redactor.redact(value)
        case dict():
            return {key: _redacted(each, redactor) for key, each in value.items()}
        case list():
            return [_redacted(each, redactor) for each in value]
        case _:
            return value


def _why(error: OSError | UnicodeError) -> str:
    """The system's words; asyncio's own repeat the address. The resolver's numbers are below 0."""
    if not isinstance(error, OSError):
        return "not a host name"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or type(error).__name__
