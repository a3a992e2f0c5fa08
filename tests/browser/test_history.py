"""The history section over a ledger that the meter's whole memory has been read into."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect

from broute_addon.clock import JST
from broute_addon.messages import Language
from tests.browser.conftest import Site
from tests.browser.visit import PHONE_DARK, visit
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def whole(site: Site) -> None:
    """Waits until the meter's memory has been read."""
    store = site.product.app.store
    await until(
        lambda: store.snapshot.coverage is not None and store.snapshot.coverage.missing == 0, 90
    )


async def test_the_whole_memory_of_the_meter_is_shown_as_complete(
    browser: Browser, sites: dict[Language, Site]
) -> None:
    site = sites[Language.JA]
    await whole(site)
    async with visit(browser, site.url, Language.JA, PHONE_DARK, fragment="#history") as visitor:
        memory = visitor.page.locator(".memory")
        await expect(memory.locator(".percent")).to_have_text("100 %")
        await expect(memory.locator(".calendar .cell.full")).to_have_count(100)
        await expect(memory.locator(".progress")).to_be_hidden()
        assert await visitor.serious_faults() == []
        await visitor.open("overview")
        history = visitor.page.locator(".overview .step").last
        await expect(history).to_have_class("step done")


async def test_a_day_is_chosen_by_button_picker_or_calendar_and_told_as_a_table(
    browser: Browser, sites: dict[Language, Site]
) -> None:
    site = sites[Language.EN]
    await whole(site)
    coverage = site.product.app.store.snapshot.coverage
    assert coverage is not None
    assert coverage.newest is not None
    today = coverage.newest.astimezone(JST).date()
    async with visit(browser, site.url, fragment="#history") as visitor:
        page = visitor.page
        picker = page.get_by_label("Day", exact=True)
        await expect(picker).to_have_value(str(today))
        await expect(page.get_by_role("button", name="Day after")).to_be_disabled()
        await page.get_by_role("button", name="Day before").click()
        await expect(picker).to_have_value(str(today - timedelta(days=1)))
        chart = page.locator(".day .frame")
        summary = re.compile(r"[\d.,]+ kWh bought, [\d.,]+ kWh sold")
        await expect(chart).to_have_attribute("aria-label", summary)
        await page.locator(".day summary").click()
        await expect(page.locator(".day tbody tr")).to_have_count(48)
        week_ago = today - timedelta(days=7)
        await page.locator(f'.calendar [data-day="{week_ago}"]').click()
        await expect(picker).to_have_value(str(week_ago))
        await picker.fill(str(today - timedelta(days=90)))
        await expect(page.locator(".day tbody tr").first).to_contain_text("00:00–00:30")
        marked = page.locator(".calendar [aria-current]")
        await expect(marked).to_have_attribute("data-day", str(today - timedelta(days=90)))
