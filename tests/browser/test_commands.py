"""The buttons, the log level and the downloads."""

import csv
import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from broute_addon.messages import Language
from broute_addon.simulator import PASSWORD, ROUTE_B_ID
from tests.browser.conftest import Site
from tests.browser.visit import PHONE, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("key", ["read_now", "reconnect", "rescan", "read_history"])
async def test_each_button_asks_and_says_so(
    browser: Browser, sites: dict[Language, Site], key: str
) -> None:
    async with visit(browser, sites[Language.JA].url, Language.JA, PHONE) as visitor:
        await visitor.open("events")
        button = visitor.page.locator(".command .button", has_text=visitor.words(key))
        await expect(button).to_be_enabled(timeout=20_000)
        before = await visitor.page.locator(".journal li").count()
        await button.click()
        toast = visitor.page.locator("#toast")
        await expect(toast).to_have_text(visitor.words("asked", name=visitor.words(key)))
        await expect(visitor.page.locator(".journal li").nth(before)).to_be_visible()


async def test_the_log_level_is_set_and_shown_to_the_next_visitor(
    browser: Browser, sites: dict[Language, Site]
) -> None:
    url = sites[Language.EN].url
    async with visit(browser, url, fragment="#events") as visitor:
        await visitor.page.get_by_label("Log level").select_option("debug")
        await visitor.sees(visitor.words("asked", name="Log level"))
    async with visit(browser, url, fragment="#events") as visitor:
        level = visitor.page.get_by_label("Log level")
        await expect(level).to_have_value("debug")
        await level.select_option("info")
        await visitor.sees(visitor.words("asked", name="Log level"))


async def test_the_best_place_is_looked_for_with_a_number_and_ended(
    browser: Browser, sites: dict[Language, Site]
) -> None:
    async with visit(browser, sites[Language.EN].url, machine=PHONE) as visitor:
        await visitor.open("radio")
        survey = visitor.page.locator(".survey")
        await survey.get_by_role("button", name="Start").click()
        await expect(survey.locator(".samples li").first).to_be_visible(timeout=20_000)
        await expect(survey.locator(".figure")).to_contain_text("−")
        await expect(survey).to_contain_text("Best so far: −")
        assert await visitor.serious_faults() == []
        await survey.get_by_role("button", name="Stop").click()
        await expect(visitor.page.locator(".chip")).to_have_text("Reading", timeout=20_000)
        await expect(survey.get_by_role("button", name="Start")).to_be_enabled()


async def test_downloads_hold_what_they_say_and_no_secret(
    browser: Browser, sites: dict[Language, Site], tmp_path: Path
) -> None:
    async with visit(browser, sites[Language.EN].url) as visitor:
        page = visitor.page
        await visitor.open("events")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download diagnostics").click()
        report = tmp_path / "diagnostics.json"
        await (await download.value).save_as(report)
        assert json.loads(report.read_text())["state"]["is_reading"] is True
        await visitor.open("history")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="CSV").click()
        table = tmp_path / "history.csv"
        await (await download.value).save_as(table)
        head = next(csv.reader(table.read_text().splitlines()))
        assert head == ["time", "meter", "direction", "raw", "kwh", "source"]
        for secret in (ROUTE_B_ID, PASSWORD, "AB12C345678"):
            assert secret not in report.read_text() + table.read_text()
