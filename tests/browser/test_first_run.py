"""The guide, from nothing to the first reading, with a stand-in Supervisor that starts it again."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from broute_addon.messages import Language
from broute_addon.simulator import PASSWORD, ROUTE_B_ID
from tests.browser.conftest import site
from tests.browser.ingress import Ingress, listening
from tests.browser.visit import DESKTOP_DARK, PHONE, Machine, visit
from tests.support.broker import free_port
from tests.support.process import Place, broute, house_at
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@contextlib.asynccontextmanager
async def supervised(place: Place, supervisor: SupervisorStandIn, port: int) -> AsyncIterator[None]:
    """Runs the app as the Supervisor does: again, with the options saved, whenever it asks."""

    async def keep_running() -> None:
        while True:
            place.options.write_text(json.dumps(supervisor.options))
            restarts = supervisor.restarts
            arguments = (*place.arguments()[:-1], f"127.0.0.1:{port}")
            async with broute(*arguments, environment=environment) as running:
                while supervisor.restarts == restarts:  # noqa: ASYNC110 - a counter sends no event
                    await asyncio.sleep(0.05)
                await running.stop()

    environment = {"SUPERVISOR_URL": supervisor.url, "SUPERVISOR_TOKEN": TOKEN}
    task = asyncio.create_task(keep_running())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.parametrize(
    ("language", "machine"),
    [
        pytest.param(Language.JA, PHONE, id="ja-phone"),
        pytest.param(Language.EN, DESKTOP_DARK, id="en-desktop-dark"),
    ],
)
async def test_the_guide_leads_from_nothing_to_the_first_reading(
    browser: Browser, tmp_path: Path, language: Language, machine: Machine
) -> None:
    place, port = Place(tmp_path), free_port()
    async with SupervisorStandIn() as supervisor, Ingress(port) as ingress:
        supervisor.mqtt, supervisor.language = None, language.value
        supervisor.options = {"poll_interval": 5, "history": "statistics"}
        with house_at(place):
            async with supervised(place, supervisor, port):
                await listening(port)
                async with visit(browser, ingress.url, language, machine, may_fail=True) as visitor:
                    page, words = visitor.page, visitor.words
                    await expect(page.locator("html")).to_have_attribute("lang", language.value)
                    await visitor.sees(words("setup_title"))
                    await visitor.sees(words("setup_where_1"))
                    assert await visitor.serious_faults() == []
                    save = page.get_by_role("button", name=words("setup_save"))
                    await expect(save).to_be_disabled()

                    identity = page.get_by_label(words("route_b_id"), exact=True)
                    await identity.fill(ROUTE_B_ID[:30])
                    await expect(page.locator("#route_b_id-fault")).to_contain_text("30")
                    await expect(identity).to_have_attribute("aria-invalid", "true")
                    full_width = ROUTE_B_ID.translate({ord(c): ord(c) + 0xFEE0 for c in ROUTE_B_ID})
                    await identity.fill(full_width)
                    await expect(page.locator("#route_b_id-fault")).to_contain_text("✓")
                    password = page.get_by_label(words("route_b_password"), exact=True)
                    await password.fill(PASSWORD)
                    await expect(save).to_be_enabled()

                    port_row = page.locator(".ports li").first
                    await port_row.get_by_role("button").click()
                    await expect(page.locator(".result.good")).to_be_visible(timeout=15_000)

                    await save.click()
                    await visitor.sees(words("setup_first"), 40)
                    await expect(page.locator(".first .figure")).to_be_visible()
                    assert await visitor.serious_faults() == []
                    await page.get_by_role("button", name=words("setup_finish")).click()
                    await expect(page.locator(".view.overview")).to_be_visible()
        assert supervisor.restarts == 1
        assert supervisor.options["poll_interval"] == 5
        assert supervisor.options["route_b_password"] == PASSWORD


async def test_credentials_saved_by_hand_lead_on_in_the_language_that_comes_with_them(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        site(tmp_path, route_b_password="") as house,
        visit(browser, house.url, machine=PHONE) as visitor,
    ):
        await visitor.sees(visitor.words("setup_title"))
        await visitor.sees("options.json")
        options = {"route_b_id": ROUTE_B_ID, "route_b_password": PASSWORD, "language": "ja"}
        (tmp_path / "options.json").write_text(json.dumps(options))
        page = visitor.page
        await expect(page.locator("html")).to_have_attribute("lang", "ja", timeout=20_000)
        visitor.language = Language.JA
        await visitor.sees(visitor.words("power"), 20)
        await expect(page.locator("#tabs a").first).to_have_text(visitor.words("tab_overview"))
