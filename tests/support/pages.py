"""A served page and a visitor, on a store of a test's own."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from broute_addon.errors import BRouteError
from broute_addon.journal import Journal
from broute_addon.messages import Language, message
from broute_addon.options import LoadedOptions, parse_options
from broute_addon.redaction import Redactor, Secret
from broute_addon.ring import Ring
from broute_addon.store import Store
from broute_addon.web.access import Access
from broute_addon.web.recorder import Recorder
from broute_addon.web.server import WebServer
from broute_addon.web.services import Services
from broute_addon.wisun.ports import SerialPort
from broute_addon.wisun.values import DongleIdentity
from tests.support.houses import HandClock

ROUTE_B_ID = "00112233445566778899AABBCCDDEEFF"
PASSWORD = "PLANTEDPW012"
PLANTED = (ROUTE_B_ID, PASSWORD, "planted-mqtt-password", "planted-token-0123456789")
OPTIONS: Mapping[str, object] = {
    "route_b_id": ROUTE_B_ID,
    "route_b_password": PASSWORD,
    "mqtt_password": "planted-mqtt-password",
    "mqtt_username": "planted-user",
}
GOOD_HEADERS = {"X-BRoute": "1", "Content-Type": "application/json"}
PORTS = (
    SerialPort("/dev/serial/by-id/usb-ROHM_stick", is_candidate=True),
    SerialPort("/dev/serial/by-id/usb-Zigbee_stick", is_candidate=False, is_foreign=True),
    SerialPort("/dev/ttyUSB7", is_candidate=False, is_lasting=False),
)
ON_THIS_MACHINE = Access()
STICK = DongleIdentity("SKSTACK dual", "1.5.2", "/dev/ttyUSB7")


@dataclass
class Asked:
    """What a visitor brought about."""

    commands: list[str] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    surveys: list[bool] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    saved: list[Mapping[str, object]] = field(default_factory=list)
    restarts: int = 0


class Page:
    """The page of a store, and whoever visits it. `fault` is raised by whatever can fail."""

    def __init__(self, store: Store, folder: Path, session: aiohttp.ClientSession) -> None:
        self.store = store
        self.clock = HandClock()
        self.asked = Asked()
        self.language = Language.EN
        self.level = "info"
        self.loaded: LoadedOptions = parse_options(dict(OPTIONS))
        self.fault: BRouteError | None = None
        self.session = session
        self.redactor = Redactor(map(Secret, PLANTED))
        self.journal = Journal(folder, self.redactor)
        self.ring = Ring(folder)
        self.recorder = Recorder(store, self.journal, self.ring, clock=self.clock)
        self.server: WebServer | None = None

    @property
    def services(self) -> Services:
        """What the page is given; a test may replace parts before it is served."""
        return Services(
            store=self.store,
            recorder=self.recorder,
            redactor=self.redactor,
            clock=self.clock,
            language=lambda: self.language,
            options=lambda: self.loaded,
            log_level=lambda: self.level,
            command=self.asked.commands.append,
            set_log_level=self.asked.levels.append,
            ports=lambda: PORTS,
            try_port=self._try_port,
            survey=self.asked.surveys.append,
            has_known_meter=lambda: self.store.snapshot.meter is not None,
            save_options=self._save,
            restart=self._restart,
            options_place="/data/options.json",
            mode="add-on",
        )

    async def _try_port(self, path: str) -> DongleIdentity:
        self.asked.ports.append(path)
        if self.fault is not None:
            raise self.fault
        return replace(STICK, port=path)

    async def _save(self, changes: Mapping[str, object]) -> None:
        if self.fault is not None:
            raise self.fault
        self.asked.saved.append(changes)

    async def _restart(self) -> None:
        self.asked.restarts += 1

    def url(self, path: str) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.port}{path}"

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        response = await self.session.get(self.url(path), headers=sent)
        await response.read()
        return response

    async def json(self, path: str) -> dict[str, Any]:
        response = await self.get(path)
        assert response.status == 200, (path, response.status)
        return dict(json.loads(await response.text()))

    async def post(self, path: str, body: str = "{}", **headers: str) -> int:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        async with self.session.post(
            self.url(path), data=body.encode(), headers=sent or GOOD_HEADERS
        ) as answer:
            return answer.status

    async def command(self, name: str, **body: object) -> dict[str, Any]:
        """A button's answer; it must be a good one."""
        async with self.session.post(
            self.url(f"/api/command/{name}"), data=json.dumps(body), headers=GOOD_HEADERS
        ) as answer:
            assert answer.status == 200, (name, answer.status)
            return dict(await answer.json())


@contextlib.asynccontextmanager
async def served(
    store: Store, folder: Path, *, access: Access = ON_THIS_MACHINE, **parts: object
) -> AsyncIterator[Page]:
    """Serves the page of a store; `parts` replace services."""
    async with aiohttp.ClientSession() as session:
        page = Page(store, folder, session)
        services = replace(page.services, **parts)  # type: ignore[arg-type]
        page.server = WebServer(services, access=access)
        assert await page.server.start("127.0.0.1", 0)
        try:
            yield page
        finally:
            await page.server.stop()


def sentence(key: str, language: Language = Language.EN, **fields: object) -> str:
    """A sentence as the page tells it."""
    return message(key, **fields).text(language)
