"""What the page asks for: every GET below `/api`; 200 also where there is nothing to tell."""

import asyncio
import itertools
import logging
from collections.abc import Callable

from aiohttp import web

from broute_addon.clock import JST
from broute_addon.journal import KEPT
from broute_addon.ledger.export import csv_lines
from broute_addon.messages import message
from broute_addon.ring import Sample
from broute_addon.store import Snapshot
from broute_addon.web import charts, history, pages, setup, view
from broute_addon.web.answers import HEADERS, download, json_answer, json_text
from broute_addon.web.diagnostics import diagnostics
from broute_addon.web.services import Services
from broute_addon.wisun.ports import SerialPort

_LOGGER = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
"""A visitor who has left is noticed by then."""

MOST_STREAMS = 50
JOURNAL_LIMIT = 200
_CSV = "text/csv; charset=utf-8"
_CSV_LINES = 500


class Api:
    """The answers. `may_command` tells whether who asks may also press buttons."""

    def __init__(self, services: Services, may_command: Callable[[web.Request], bool]) -> None:
        self._services = services
        self._may_command = may_command
        self._streams: set[asyncio.Task[object]] = set()
        self._newest: dict[bool, tuple[Snapshot, object, str]] = {}

    def routes(self) -> list[web.RouteDef]:
        """Where they are found."""
        return [
            web.get("/api/state", self._state),
            web.get("/api/events", self._events),
            web.get("/api/labels", self._labels),
            web.get("/api/live", self._live),
            web.get("/api/radio", self._radio),
            web.get("/api/history", self._history),
            web.get("/api/history.csv", self._history_csv),
            web.get("/api/coverage", self._coverage),
            web.get("/api/journal", self._journal),
            web.get("/api/ports", self._ports),
            web.get("/api/setup", self._setup),
            web.get("/api/repair", self._repair),
            web.get("/api/diagnostics", self._diagnostics),
        ]

    def stop(self) -> None:
        """Ends all streams."""
        for stream in self._streams:
            stream.cancel()

    def state(self, *, may_command: bool) -> view.Json:
        """The newest state."""
        services = self._services
        scene = view.Scene(
            steps=services.recorder.steps(),
            options=services.options(),
            log_level=services.log_level(),
            mode=services.mode,
            may_command=may_command,
            has_known_meter=services.has_known_meter(),
            has_core=services.has_core,
        )
        return view.state(services.store.snapshot, services.language(), scene)

    def _state_text(self, *, may_command: bool) -> str:
        """The newest state as JSON; made once for all who look at the same."""
        services = self._services
        snapshot, about = services.store.snapshot, (services.language(), services.log_level())
        known = self._newest.get(may_command)
        if known is None or known[0] is not snapshot or known[1] != about:
            text = json_text(self.state(may_command=may_command), services.redactor)
            known = self._newest[may_command] = (snapshot, about, text)
        return known[2]

    async def _state(self, request: web.Request) -> web.Response:
        text = self._state_text(may_command=self._may_command(request))
        return web.Response(text=text, content_type="application/json")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """The state now and after each change. Who reads slowly skips, nothing is queued."""
        if len(self._streams) >= MOST_STREAMS:
            raise web.HTTPServiceUnavailable(text="too many pages are open\n")
        response = web.StreamResponse(
            headers={**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        stream = asyncio.current_task()
        assert stream is not None  # noqa: S101 - a handler runs in a task
        self._streams.add(stream)
        try:
            await self._stream(response, may_command=self._may_command(request))
        except ConnectionResetError:
            _LOGGER.debug("a visitor left")
        finally:
            self._streams.discard(stream)
            if not self._streams:
                self._services.survey(False)  # nobody looks any more
        return response

    async def _stream(self, response: web.StreamResponse, *, may_command: bool) -> None:
        news = asyncio.Event()
        with self._services.store.waking(news):
            while True:
                news.clear()
                text = self._state_text(may_command=may_command)
                await response.write(f"data: {text}\n\n".encode())
                while not news.is_set():
                    try:
                        async with asyncio.timeout(HEARTBEAT_S):
                            await news.wait()
                    except TimeoutError:
                        await response.write(b":\n\n")

    async def _labels(self, _request: web.Request) -> web.Response:
        language = self._services.language()
        return self._json({"language": language.value, "labels": pages.labels(language)})

    async def _live(self, request: web.Request) -> web.Response:
        return self._json(charts.live(self._samples(request)))

    async def _radio(self, request: web.Request) -> web.Response:
        return self._json(charts.radio(self._samples(request)))

    def _samples(self, request: web.Request) -> list[Sample]:
        seconds = 3600 * charts.hours(request.query.get("hours"))
        now = int(self._services.clock().timestamp())
        samples = self._services.recorder.ring.samples(int(now - seconds))
        return [sample for sample in samples if sample.at <= now]  # a clock may have been wrong

    async def _history(self, request: web.Request) -> web.Response:
        today = self._services.clock().astimezone(JST).date()
        asked = history.day_asked(request.query.get("day"))
        return self._json(history.day(self._services.ledger, self._meter(), asked, today))

    async def _coverage(self, _request: web.Request) -> web.Response:
        days: list[view.Json] = []
        for day in history.coverage(self._services.ledger, self._meter()):
            days.append(day)
            await asyncio.sleep(0)  # a question each: others may have their turn
        return self._json({"days": days})

    async def _history_csv(self, request: web.Request) -> web.StreamResponse:
        """The whole ledger, piece by piece: a table of years is never held in memory."""
        answer = web.StreamResponse(
            headers={**HEADERS, **download("broute-history.csv"), "Content-Type": _CSV}
        )
        await answer.prepare(request)
        ledger = self._services.ledger
        lines = csv_lines(() if ledger is None else ledger.rows())
        while piece := "".join(itertools.islice(lines, _CSV_LINES)):
            await answer.write(piece.encode())
            await asyncio.sleep(0)  # others may have their turn
        return answer

    def _meter(self) -> str | None:
        ledger, snapshot = self._services.ledger, self._services.store.snapshot
        return None if ledger is None else history.meter_shown(snapshot, ledger)

    async def _journal(self, request: web.Request) -> web.Response:
        asked = request.query.get("limit", "")
        limit = min(int(asked), KEPT) if asked.isascii() and asked.isdigit() else JOURNAL_LIMIT
        language = self._services.language()
        events = [
            {
                "at": view.shown(event.at),
                "kind": event.kind.value,
                "text": event.told.text(language),
            }
            for event in self._services.recorder.journal.newest(limit)
        ]
        return self._json({"events": events})

    async def _ports(self, _request: web.Request) -> web.Response:
        return self._json({"ports": [self._port(port) for port in self._services.ports()]})

    def _port(self, port: SerialPort) -> view.Json:
        reason = None
        if not port.is_candidate:
            reason = message("port_other_radio" if port.is_foreign else "port_name_unknown")
        return {
            "path": port.path,
            "name": port.name,
            "is_candidate": port.is_candidate,
            "reason": view.sentence(reason, self._services.language()),
        }

    async def _setup(self, _request: web.Request) -> web.Response:
        services, language = self._services, self._services.language()
        place = message("options_by_hand", path=services.options_place)
        can_save = services.save_options is not None
        return self._json(
            setup.described(
                services.options(),
                language,
                can_save=can_save,
                place=None if can_save else place.text(language),
            )
        )

    async def _repair(self, _request: web.Request) -> web.Response:
        mode = self._services.options().options.history
        empty: view.Json = {"mode": mode, "problem": None, "hours": [], "done": []}
        repair = self._services.repair
        return self._json(empty | dict(await repair() if repair is not None else {}))

    async def _diagnostics(self, _request: web.Request) -> web.Response:
        services = self._services
        report = diagnostics(
            self.state(may_command=False),
            profile=services.store.snapshot.meter,
            options=services.options().options,
            ports=services.ports(),
            journal=services.recorder.journal.newest(),
        )
        return json_answer(report, services.redactor, "broute-diagnostics.json")

    def _json(self, document: view.Json) -> web.Response:
        return json_answer(document, self._services.redactor)
