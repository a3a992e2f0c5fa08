"""The ingress page and its API over HTTP (design.md 2.5): the listener and who it serves.

`Access` decides who is served, `pages` has the page, `api` what it asks for, `commands` what its
buttons do. What leaves as JSON passes the redactor.
"""

import logging
import os

from aiohttp import web

from broute_addon.messages import message
from broute_addon.web import pages, view
from broute_addon.web.access import Access, Verdict
from broute_addon.web.answers import Handler, json_answer, with_headers
from broute_addon.web.api import Api
from broute_addon.web.commands import Commands
from broute_addon.web.services import Services

_LOGGER = logging.getLogger(__name__)

_SHUTDOWN_S = 1.0
_BODY_LIMIT = 64 * 1024


class WebServer:
    """Serves the page; see `start`. `access` says who is served."""

    def __init__(
        self,
        services: Services,
        *,
        access: Access = Access(),  # noqa: B008 - frozen
    ) -> None:
        self._services = services
        self._access = access
        self._api = Api(services, self._may_command)
        self._commands = Commands(services)
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
        self._api.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self.port = None

    def _app(self) -> web.Application:
        app = web.Application(
            middlewares=[with_headers, self._only_known_peers], client_max_size=_BODY_LIMIT
        )
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/static/{name:.+}", _static),
                web.get("/health", self._health),
                *self._api.routes(),
                *self._commands.routes(),
            ]
        )
        return app

    @web.middleware
    async def _only_known_peers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        match self._verdict(request, changes=request.method not in ("GET", "HEAD")):
            case Verdict.FORBIDDEN:
                raise web.HTTPForbidden(text="open this page in Home Assistant\n")
            case Verdict.PASSWORD_NEEDED:
                asked = {"WWW-Authenticate": 'Basic realm="Smart Meter B Route"'}
                raise web.HTTPUnauthorized(text="the page's password is needed\n", headers=asked)
        return await handler(request)

    def _may_command(self, request: web.Request) -> bool:
        return self._verdict(request, changes=True) is Verdict.SERVED

    def _verdict(self, request: web.Request, *, changes: bool) -> Verdict:
        authorization = request.headers.get("Authorization", "")
        return self._access.verdict(
            request.remote, authorization, changes=changes, host=request.host
        )

    async def _page(self, _request: web.Request) -> web.Response:
        return pages.page(self._services.language())

    async def _health(self, _request: web.Request) -> web.Response:
        return json_answer(view.health(self._services.store.snapshot), self._services.redactor)


async def _static(request: web.Request) -> web.Response:
    return pages.file(request.match_info["name"])


def _why(error: OSError | UnicodeError) -> str:
    """The system's words; asyncio's own repeat the address. The resolver's numbers are below 0."""
    if not isinstance(error, OSError):
        return "not a host name"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or type(error).__name__
