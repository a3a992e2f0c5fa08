"""The page and its listener, over HTTP."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from broute_addon.messages import Language, Message, message
from broute_addon.messages.page_labels import LABELS
from broute_addon.meter.readings import Connection, ConnectionChanged, DongleIdentified
from broute_addon.redaction import Secret
from broute_addon.web.access import SUPERVISOR_PEER, Access
from broute_addon.web.server import WebServer
from tests.support.houses import reading_house, store_of
from tests.support.pages import GOOD_HEADERS, STICK, Page, served

STATIC = Path(__file__).parents[2] / "broute_addon/web/static"
GETS = (
    "/",
    "/health",
    "/static/app.js",
    "/api/state",
    "/api/labels",
    "/api/live",
    "/api/radio",
    "/api/history",
    "/api/history.csv",
    "/api/coverage",
    "/api/journal",
    "/api/repair",
    "/api/ports",
    "/api/setup",
    "/api/diagnostics",
)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    store = store_of(DongleIdentified(STICK), *reading_house())
    async with served(store, tmp_path) as shown:
        yield shown


async def test_the_page_says_its_language_and_character_set(page: Page) -> None:
    english = await (await page.get("/")).text()
    assert '<html lang="en"' in english
    assert '<meta charset="utf-8">' in english
    page.language = Language.JA
    japanese = await (await page.get("/")).text()
    assert '<html lang="ja"' in japanese
    assert "スマートメーター B ルート" in japanese
    assert "{{" not in english + japanese


async def test_every_address_in_the_page_is_relative_and_answers(page: Page) -> None:
    text = await (await page.get("/")).text()
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', text)
    assert addresses
    for address in addresses:
        assert not address.startswith(("/", "http"))
        assert (await page.get(f"/{address}")).status == 200, address
    for script in STATIC.glob("*.js"):
        assert not re.findall(r"""["'`](?:/[a-z]|https?://(?!www\.w3\.org))""", script.read_text())


@pytest.mark.parametrize("language", Language)
async def test_every_label_that_the_page_uses_is_there(page: Page, language: Language) -> None:
    page.language = language
    given = await page.json("/api/labels")
    assert given["language"] == language.value
    used = {
        key
        for script in STATIC.glob("*.js")
        for key in re.findall(r"""\bt\(\s*["']([a-z0-9_]+)["']""", script.read_text())
    } | set(re.findall(r"{{(\w+)}}", (STATIC / "index.html").read_text())) - {"language", "charts"}
    assert used
    assert used - given["labels"].keys() == set()
    assert all(given["labels"].values())


def test_every_label_stands_in_both_languages_with_the_same_fields() -> None:
    for key, (english, japanese) in LABELS.items():
        fields = [set(re.findall(r"{(\w+)}", text)) for text in (english, japanese)]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize("path", [*GETS, "/static/absent.js", "/nowhere"])
async def test_every_answer_carries_the_strict_policy(page: Page, path: str) -> None:
    headers = (await page.get(path)).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/static/../view.py", "/static/%2e%2e/view.py", "/static/vendor/..%2f..%2fview.py"]
)
async def test_nothing_but_the_pages_files_is_served(page: Page, path: str) -> None:
    assert (await page.get(path)).status == 404


async def test_nothing_in_normal_use_is_an_error(tmp_path: Path) -> None:
    async with served(store_of(), tmp_path) as empty:
        for path in GETS:
            assert (await empty.get(path)).status == 200, path


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
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, access: Access, peer: str, status: int
) -> None:
    monkeypatch.setattr("aiohttp.web.BaseRequest.remote", property(lambda _: peer))
    async with served(store_of(), tmp_path, access=access) as page:
        for path in GETS:
            assert (await page.get(path)).status == status, path
        if status != 200:
            async with page.session.get(page.url("/api/events")) as answer:
                assert answer.status == status


async def test_without_a_password_others_may_look_and_are_told_that_they_may_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("aiohttp.web.BaseRequest.remote", property(lambda _: "192.168.1.20"))
    async with served(store_of(), tmp_path) as page:
        assert (await page.json("/api/state"))["may_command"] is False
        for name in ("reconnect", "show-serial", "save-options", "try-port", "survey"):
            async with page.session.post(
                page.url(f"/api/command/{name}"), data="{}", headers=GOOD_HEADERS
            ) as answer:
                assert answer.status == 403
        assert page.asked.commands == []


@pytest.mark.parametrize("host", ["a..b", "nowhere.invalid", "192.0.2.1"])
async def test_a_host_that_is_not_ours_is_one_warning_and_no_end(
    host: str, page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    assert not await WebServer(page.services).start(host, 0)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


async def test_a_port_that_is_taken_is_one_warning_and_no_end(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    second = WebServer(page.services)
    assert page.server is not None
    assert page.server.port is not None
    assert not await second.start("127.0.0.1", page.server.port)
    await second.stop()
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "(Address already in use)" in warning.getMessage()


async def test_a_stop_does_not_wait_for_open_event_streams(page: Page) -> None:
    async with page.session.get(page.url("/api/events")) as stream:
        await stream.content.readline()
        assert page.server is not None
        await page.server.stop()


async def test_the_listener_can_be_reached_by_a_plain_client(page: Page) -> None:
    async with aiohttp.ClientSession() as other, other.get(page.url("/")) as answer:
        assert answer.content_type == "text/html"
