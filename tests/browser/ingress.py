"""Home Assistant's ingress as the page sees it: a path prefix, requests passed on as they come."""

import asyncio
import contextlib

import aiohttp
from aiohttp import web

PREFIX = "/api/hassio_ingress/0123456789-invented-token/"

_PASSED_ON = ("Content-Type", "Content-Disposition", "Content-Security-Policy", "Cache-Control")


class Ingress:
    """Passes requests on to the product's port; answers 502 while nothing listens there.

    `visitor` is the address that they come from. `paths` are the requests so far, without the
    prefix; `streams` counts the open event streams.
    """

    def __init__(self, target: int, visitor: str = "127.0.0.1") -> None:
        self.target = target
        self._visitor = visitor
        self.paths: list[str] = []
        self.streams = 0
        self._open: set[asyncio.Task[object]] = set()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        assert self._runner is not None
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}{PREFIX}"

    async def __aenter__(self) -> "Ingress":
        app = web.Application()
        app.router.add_route("*", PREFIX + "{path:.*}", self._pass_on)
        connector = aiohttp.TCPConnector(local_addr=(self._visitor, 0))
        self._session = aiohttp.ClientSession(connector=connector)
        # A visitor who leaves is noticed at once, as the real one notices.
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        assert self._session is not None
        await self._session.close()
        await self._runner.cleanup()

    def cut(self) -> None:
        """Ends every event stream, as a restart of the app or of Home Assistant does."""
        for stream in self._open:
            stream.cancel()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.paths.append(path)
        is_stream = path == "api/events"
        self.streams += is_stream
        task = asyncio.current_task()
        assert task is not None
        if is_stream:
            self._open.add(task)
        try:
            return await self._answer(request, path)
        except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError):
            raise web.HTTPBadGateway from None
        finally:
            self.streams -= is_stream
            self._open.discard(task)

    async def _answer(self, request: web.Request, path: str) -> web.StreamResponse:
        assert self._session is not None
        headers = {key: value for key, value in request.headers.items() if key != "Host"}
        async with self._session.request(
            request.method,
            f"http://127.0.0.1:{self.target}/{path}",
            params=request.query,
            headers=headers,
            data=await request.read(),
            timeout=aiohttp.ClientTimeout(total=None),
        ) as answer:
            kept = {key: answer.headers[key] for key in _PASSED_ON if key in answer.headers}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            with contextlib.suppress(aiohttp.ClientPayloadError, ConnectionResetError):
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
            return response


async def listening(port: int, seconds: float = 15) -> None:
    """Waits until something listens there. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)


async def quiet(ingress: Ingress, seconds: float = 5) -> None:
    """Waits until no event stream is open. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while ingress.streams:  # noqa: ASYNC110 - a closed connection sends no event
            await asyncio.sleep(0.05)
