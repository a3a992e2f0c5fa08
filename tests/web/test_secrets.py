"""Planted secrets and personal numbers leave by no door."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broute_addon.errors import SupervisorError
from broute_addon.journal import Event, Kind
from broute_addon.ledger import Ledger
from broute_addon.messages import message
from broute_addon.meter.half_hours import Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale
from broute_addon.meter.readings import Connection, ConnectionChanged, DongleIdentified
from broute_addon.wisun.ports import SerialPort
from broute_addon.wisun.values import DongleIdentity
from tests.support.houses import NOON, PROFILE, SERIAL_NUMBER, reading_house, store_of
from tests.support.pages import PLANTED, Page, served
from tests.web.test_commands import COMMANDS
from tests.web.test_server import GETS

PERSONAL = (SERIAL_NUMBER, str(PROFILE.mac), "planted-user")


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """A house that tries to tell its secrets in everything it says."""
    planted = " ".join(PLANTED)
    stick = DongleIdentity("SKSTACK dual", f"1.5 {planted}", f"/dev/{PLANTED[0]}")
    store = store_of(DongleIdentified(stick), *reading_house())
    store.note([message("mqtt_unreachable", host=planted, port=1, reason=planted)])
    store.note_import(message("core_unreachable", reason=planted))
    store.apply(
        ConnectionChanged(
            Connection.RECOVERING, message("port_busy", port=planted, program=planted)
        )
    )
    ledger = Ledger(tmp_path / "ledger")
    value = HalfHour(NOON, Direction.BOUGHT, 5, Source.POLL)
    ledger.keep(PROFILE.uid, EnergyScale(), [value])
    ports = (SerialPort(f"/dev/{PLANTED[1]}", is_candidate=True),)
    async with served(store, tmp_path, ledger=ledger, ports=lambda: ports) as shown:
        shown.journal.add(Event(NOON, Kind.ERROR, message("port_failed", port=planted, reason="")))
        yield shown
    ledger.close()


def assert_silent(text: str) -> None:
    for secret in (*PLANTED, *PERSONAL):
        assert secret not in text
        assert secret.encode().hex() not in text.lower()


@pytest.mark.parametrize("path", GETS)
async def test_no_page_answer_or_download_tells_one(page: Page, path: str) -> None:
    answer = await page.get(path)
    assert_silent(await answer.text())
    assert_silent(str(answer.headers))


async def test_what_is_masked_was_there(page: Page) -> None:
    assert "****" in await (await page.get("/api/state")).text()
    assert "****" in await (await page.get("/api/journal")).text()


async def test_no_event_tells_one(page: Page) -> None:
    async with page.session.get(page.url("/api/events")) as stream:
        assert_silent((await stream.content.readline()).decode())


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"show-serial"}))
async def test_no_commands_answer_tells_one(page: Page, name: str) -> None:
    page.fault = SupervisorError(message("supervisor_refused", reason=" ".join(PLANTED)))
    body = (
        '{"level": "info", "on": false, "port": "/dev/' + PLANTED[1] + '", '
        f'"route_b_id": "{PLANTED[0]}x", "route_b_password": "{PLANTED[1]}?"}}'
    )
    async with page.session.post(
        page.url(f"/api/command/{name}"),
        data=body,
        headers={"X-BRoute": "1", "Content-Type": "application/json"},
    ) as answer:
        assert_silent(await answer.text())


async def test_no_file_holds_one(page: Page, tmp_path: Path) -> None:
    page.recorder.steps()
    page.ring.flush()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"journal.jsonl", "live.ring"} & {path.name for path in files}
    for path in files:
        octets = path.read_bytes()
        for secret in (*PLANTED, *PERSONAL):
            assert secret.encode() not in octets, path
