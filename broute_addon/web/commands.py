"""What the page's buttons do: every POST below `/api/command`.

Only the page itself may ask: a header that no foreign page can send, the browser's own word on
where the request comes from, and JSON. An answer's `problem` is a sentence on why it didn't work.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from broute_addon.errors import BRouteError, HomeAssistantError
from broute_addon.journal import Kind
from broute_addon.messages import Message, message
from broute_addon.meter.engine import Command
from broute_addon.meter.readings import Connection
from broute_addon.web import setup, view
from broute_addon.web.answers import json_answer
from broute_addon.web.services import Services

_LOGGER = logging.getLogger(__name__)

LOG_LEVELS = frozenset({"debug", "info", "warning", "error"})

_ASKED = {
    "read-now": "journal_asked_read_now",
    "reconnect": "journal_asked_reconnect",
    "rescan": "journal_asked_rescan",
    "read-history": "journal_asked_read_history",
}
_LONGEST_PATH = 255

Body = dict[str, Any]


class Commands:
    """The buttons."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._handlers: dict[str, Callable[[Body], Awaitable[view.Json]]] = {
            "log-level": self._log_level,
            "check-options": self._check_options,
            "try-port": self._try_port,
            "survey": self._survey,
            "show-serial": self._show_serial,
        }

    def routes(self) -> list[web.RouteDef]:
        """Where they are found."""
        return [web.post("/api/command/{name}", self._command)]

    async def _command(self, request: web.Request) -> web.StreamResponse:
        _refuse_foreign_pages(request)
        name = request.match_info["name"]
        body = await _json_body(request)
        if name == "save-options":
            return await self._save_options(request, body)
        if name in self._handlers:
            return self._json({"accepted": name} | await self._handlers[name](body))
        if name not in {command.value for command in Command}:
            raise web.HTTPNotFound(text="no such command\n")
        if (obstacle := self._obstacle()) is not None:
            return self._json({"problem": obstacle})
        self._services.command(name)
        if name in _ASKED:
            self._services.recorder.tell(Kind.INFO, message(_ASKED[name]))
        return self._json({"accepted": name})

    async def _log_level(self, body: Body) -> view.Json:
        level = body.get("level")
        if not isinstance(level, str) or level not in LOG_LEVELS:
            raise web.HTTPBadRequest(text="level is one of debug, info, warning, error\n")
        self._services.set_log_level(level)
        return {"level": level}

    async def _check_options(self, body: Body) -> view.Json:
        faults, _ = setup.checked(_options_in(body), self._services.options().options)
        return {"faults": setup.told_faults(faults, self._services.language())}

    async def _save_options(self, request: web.Request, body: Body) -> web.StreamResponse:
        """Saves and answers, then starts the app again: the answer wouldn't outlive that."""
        services, typed = self._services, _options_in(body)
        faults, secrets = setup.checked(typed, services.options().options)
        services.redactor.learn(*secrets)
        refused: view.Json = {
            "saved": False,
            "faults": setup.told_faults(faults, services.language()),
        }
        if services.save_options is None:
            told = message("options_by_hand", path=services.options_place)
            return self._json(refused | {"problem": self._text(told)})
        if faults:
            return self._json(refused | {"problem": refused["faults"][0]["text"]})
        try:
            await services.save_options(setup.changes(typed))
        except HomeAssistantError as error:
            return self._json(refused | {"problem": self._text(error.message)})
        services.recorder.tell(Kind.INFO, message("journal_options_saved"))
        answer = self._json(
            {"saved": True, "faults": [], "text": self._text(message("options_saved"))}
        )
        await answer.prepare(request)
        await answer.write_eof()
        await self._restart()
        return answer

    async def _restart(self) -> None:
        if self._services.restart is None:
            return
        try:
            await self._services.restart()
        except HomeAssistantError as error:
            told = message("options_not_restarted")
            _LOGGER.warning("%s", error.message)
            _LOGGER.log(logging.ERROR, "%s", told)
            self._services.recorder.tell(Kind.ERROR, told)

    async def _try_port(self, body: Body) -> view.Json:
        path = body.get("port")
        if not isinstance(path, str) or len(path) > _LONGEST_PATH:
            raise web.HTTPBadRequest(text="port is the path of a serial port\n")
        port = next((each for each in self._services.ports() if each.path == path), None)
        if port is None:
            return {"found": False, "problem": self._text(message("port_unknown", port=path))}
        try:
            stick = await self._services.try_port(path)
        except BRouteError as error:
            return {"found": False, "problem": self._text(error.message)}
        found = {"port": path, "dialect": stick.dialect, "firmware": stick.firmware}
        told = message("port_has_stick" if port.is_lasting else "port_has_stick_now", **found)
        self._services.recorder.tell(Kind.GOOD, told)
        return {"found": True, "is_kept": port.is_lasting, "text": self._text(told)}

    async def _survey(self, body: Body) -> view.Json:
        is_on = body.get("on")
        if not isinstance(is_on, bool):
            raise web.HTTPBadRequest(text="on is true or false\n")
        obstacle = self._obstacle()
        if is_on and obstacle is not None:
            return {"on": False, "problem": obstacle}
        if is_on:
            self._services.recorder.tell(Kind.INFO, message("journal_asked_survey"))
        self._services.survey(is_on)
        return {"on": is_on}

    async def _show_serial(self, _body: Body) -> view.Json:
        meter = self._services.store.snapshot.meter
        return {"serial_number": None if meter is None else meter.serial_number}

    def _obstacle(self) -> str | None:
        """Why there is nobody yet to obey: without credentials the meter side waits."""
        snapshot = self._services.store.snapshot
        if snapshot.connection is not Connection.WAITING_FOR_OPTIONS:
            return None
        return self._text(snapshot.problem or snapshot.step)

    def _text(self, told: Message) -> str:
        return told.text(self._services.language())

    def _json(self, document: view.Json) -> web.Response:
        return json_answer(document, self._services.redactor)


def _refuse_foreign_pages(request: web.Request) -> None:
    """Raises HTTPForbidden for what a page of another origin could send."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.headers.get("X-BRoute") != "1" or site != "same-origin":
        raise web.HTTPForbidden(text="this request must come from the app's own page\n")
    if request.content_type != "application/json":
        raise web.HTTPForbidden(text="this request must be JSON\n")


async def _json_body(request: web.Request) -> Body:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="the body is not JSON\n") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body must be a JSON object\n")
    return body


def _options_in(body: Body) -> Body:
    """The options of a body: itself, or what is under `options`."""
    inner = body.get("options")
    return inner if isinstance(inner, dict) else body
