"""The page and its API, over HTTP."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from broute_addon.messages import Language, Message, message
from broute_addon.meter.readings import Connection, ConnectionChanged, DongleIdentified
from broute_addon.redaction import Redactor, Secret
from broute_addon.store import Store
from broute_addon.web.access import SUPERVISOR_PEER, Access
from broute_addon.web.server import WebServer
from broute_addon.wisun.values import DongleIdentity
from tests.support.houses import NOON, PROFILE, SERIAL_NUMBER, reading_house, readings, store_of

PLANTED = "PLANTED0123456789ABCDEF012345678"
GOOD_HEADERS = {"X-BRoute": "1", "Content-Type": "application/json"}


class Page:
    """A served page and a visitor."""

    def __init__(self, store: Store, session: aiohttp.ClientSession) -> None:
        self.store = store
        self.commands: list[str] = []
        self.levels: list[str] = []
        self.language = Language.EN
        self.session = session
        self.server = WebServer(
            store,
            redactor=Redactor([Secret(PLANTED)]),
            language=lambda: self.language,
            on_command=self.commands.append,
            on_log_level=self.levels.append,
        )

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.port}{path}"

    async def get(self, path: str) -> aiohttp.ClientResponse:
        response = await self.session.get(self.url(path))
        await response.read()
        return response

    async def json(self, path: str) -> dict[str, Any]:
        return dict(json.loads(await (await self.get(path)).text()))

    async def post(self, path: str, body: str = "{}", **headers: str) -> int:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        async with self.session.post(
            self.url(path), data=body.encode(), headers=sent or GOOD_HEADERS
        ) as answer:
            return answer.status


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    stick = DongleIdentified(DongleIdentity("BP35C2", f"1.5 {PLANTED}", "/dev/ttyUSB0"))
    async with aiohttp.ClientSession() as session:
        served = Page(store_of(stick, *reading_house()), session)
        assert await served.server.start("127.0.0.1", 0)
        yield served
        await served.server.stop()


async def test_the_page_says_its_language_and_character_set(page: Page) -> None:
    english = await (await page.get("/")).text()
    assert '<html lang="en">' in english
    assert '<meta charset="utf-8">' in english
    page.language = Language.JA
    japanese = await (await page.get("/")).text()
    assert '<html lang="ja">' in japanese
    assert "スマートメーター B ルート" in japanese
    assert "{{" not in english + japanese


async def test_every_address_in_the_page_is_relative_and_answers(page: Page) -> None:
    text = await (await page.get("/")).text()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert addresses
    for address in addresses:
        assert not address.startswith(("/", "http"))
        assert (await page.get(f"/{address}")).status == 200
    script = await (await page.get("/static/app.js")).text()
    assert not re.findall(r"""["'`](?:/|https?:)""", script)


@pytest.mark.parametrize("path", ["/", "/api/state", "/static/app.js", "/static/absent.js"])
async def test_every_answer_carries_the_strict_policy(page: Page, path: str) -> None:
    headers = (await page.get(path)).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_the_state_tells_step_problem_and_values_in_both_languages(page: Page) -> None:
    state = await page.json("/api/state")
    assert (state["connection"], state["step"], state["problem"]) == ("reading", "Reading", None)
    values = {value["key"]: value for value in state["values"]}
    assert (values["power"]["value"], values["power"]["unit"]) == (523, "W")
    assert values["energy_bought"]["value"] == "12312.3"
    page.language = Language.JA
    page.store.apply(ConnectionChanged(Connection.SCANNING, message("meter_not_found")))
    state = await page.json("/api/state")
    assert state["problem"] == message("meter_not_found").text(Language.JA)
    assert next(value for value in state["values"] if value["key"] == "power")["name"] == "瞬時電力"


@pytest.mark.parametrize("connection", Connection)
def test_every_step_of_the_connection_has_a_name(connection: Connection) -> None:
    step = store_of(ConnectionChanged(connection)).snapshot.step
    assert step.text(Language.EN)
    assert step.text(Language.JA)


async def test_events_bring_each_change(page: Page) -> None:
    async with page.session.get(page.url("/api/events")) as stream:
        assert stream.content_type == "text/event-stream"

        async def next_power() -> int:
            while not (line := await stream.content.readline()).startswith(b"data: "):
                pass
            values = json.loads(line.removeprefix(b"data: "))["values"]
            return int(next(value["value"] for value in values if value["key"] == "power"))

        assert await next_power() == 523
        page.store.apply(readings(NOON, {"power": -40}))
        assert await next_power() == -40


async def test_a_stop_does_not_wait_for_open_event_streams(page: Page) -> None:
    async with page.session.get(page.url("/api/events")) as stream:
        await stream.content.readline()
        await page.server.stop()


async def test_health_is_good_whatever_the_layers_do_and_names_each(page: Page) -> None:
    page.store.note_broker(is_up=True)
    well = {"options": True, "stick": True, "meter": True, "broker": True}
    assert await page.json("/health") == {"status": "ok", "layers": well}
    page.store.apply(ConnectionChanged(Connection.RECOVERING, message("meter_silent", tries=3)))
    assert (await page.json("/health"))["layers"] == well | {"meter": False}
    page.store.apply(DongleIdentified(None))
    page.store.note_broker(is_up=False)
    page.store.apply(ConnectionChanged(Connection.WAITING_FOR_OPTIONS))
    health = await page.get("/health")
    assert health.status == 200
    assert json.loads(await health.text())["layers"] == dict.fromkeys(well, False)


@pytest.mark.parametrize(
    ("notice", "is_good"),
    [
        (message("option_unknown", option="colour"), False),
        (message("mqtt_no_broker"), True),
    ],
)
async def test_a_wrong_option_is_seen_in_health_even_while_the_meter_is_read(
    page: Page, notice: Message, is_good: bool
) -> None:
    page.store.note([notice])
    layers = (await page.json("/health"))["layers"]
    assert (layers["options"], layers["meter"]) == (is_good, True)


async def test_commands_reach_the_engine(page: Page) -> None:
    for name in ("read-now", "reconnect", "rescan"):
        assert await page.post(f"/api/command/{name}") == 200
    assert page.commands == ["read-now", "reconnect", "rescan"]
    assert await page.post("/api/command/log-level", '{"level": "debug"}') == 200
    assert page.levels == ["debug"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/json"}, 403),
        ({"X_BRoute": "1", "Content_Type": "text/plain"}, 403),
        (
            {
                "X_BRoute": "1",
                "Content_Type": "application/json",
                "Sec_Fetch_Site": "cross-site",
            },
            403,
        ),
        (
            {
                "X_BRoute": "1",
                "Content_Type": "application/json",
                "Sec_Fetch_Site": "same-origin",
            },
            200,
        ),
    ],
)
async def test_a_foreign_page_can_command_nothing(
    page: Page, headers: dict[str, str], status: int
) -> None:
    assert await page.post("/api/command/reconnect", **headers) == status
    assert bool(page.commands) is (status == 200)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("read-now", "", 400),
        ("read-now", "[]", 400),
        ("format", "{}", 404),
        ("log-level", "{}", 400),
        ("log-level", '{"level": ["debug"]}', 400),
    ],
)
async def test_wrong_commands_are_refused_and_do_nothing(
    page: Page, path: str, body: str, status: int
) -> None:
    assert await page.post(f"/api/command/{path}", body) == status
    assert page.commands == page.levels == []


async def test_secrets_and_personal_numbers_leave_by_no_door(page: Page) -> None:
    for path in ("/", "/health", "/api/state", "/api/diagnostics"):
        text = await (await page.get(path)).text()
        assert PLANTED not in text
        assert SERIAL_NUMBER not in text
        assert str(PROFILE.mac) not in text
    assert "****" in json.dumps(await page.json("/api/state"))
    async with page.session.get(page.url("/api/events")) as stream:
        assert PLANTED.encode() not in await stream.content.readline()


async def test_the_report_says_what_a_maintainer_needs(page: Page) -> None:
    report = await page.json("/api/diagnostics")
    assert report["version"]
    assert "E7" in report["profile"]["get_map"]
    assert report["state"]["stick"]["dialect"] == "BP35C2"


@pytest.mark.parametrize(
    ("access", "peer", "status"),
    [
        (Access(has_supervisor=True), SUPERVISOR_PEER, 200),
        (Access(has_supervisor=True), "172.30.33.5", 403),
        (Access(), "127.0.0.1", 200),
        (Access(password=Secret("open sesame")), "192.168.1.20", 401),
    ],
)
async def test_every_path_obeys_the_rules_of_access(
    monkeypatch: pytest.MonkeyPatch, access: Access, peer: str, status: int
) -> None:
    monkeypatch.setattr("aiohttp.web.BaseRequest.remote", property(lambda _: peer))
    server = WebServer(
        store_of(),
        redactor=Redactor(),
        language=lambda: Language.EN,
        on_command=lambda _: None,
        access=access,
    )
    assert await server.start("127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/api/state", "/health", "/static/app.js"):
            answer = await session.get(f"http://127.0.0.1:{server.port}{path}")
            assert answer.status == status
    await server.stop()


@pytest.mark.parametrize("host", ["a..b", "nowhere.invalid", "192.0.2.1"])
async def test_a_host_that_is_not_ours_is_one_warning_and_no_end(
    host: str, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    server = WebServer(
        page.store,
        redactor=Redactor(),
        language=lambda: Language.EN,
        on_command=lambda _: None,
    )
    assert not await server.start(host, 0)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


async def test_a_port_that_is_taken_is_one_warning_and_no_end(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    second = WebServer(
        page.store,
        redactor=Redactor(),
        language=lambda: Language.EN,
        on_command=lambda _: None,
    )
    assert page.server.port is not None
    assert not await second.start("127.0.0.1", page.server.port)
    await second.stop()
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "(Address already in use)" in warning.getMessage()
