"""Every section in both languages, on a phone and a desktop, light and dark."""

import re

import pytest
from playwright.async_api import Browser, expect

from broute_addon.messages import Language
from broute_addon.messages.page_labels import LABELS
from tests.browser.conftest import Site
from tests.browser.visit import (
    DESKTOP,
    DESKTOP_DARK,
    PHONE,
    PHONE_DARK,
    SECTIONS,
    Machine,
    visit,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

KEYS = {key for key in LABELS if "_" in key}
"""Names of labels, which nobody should see."""

VISITORS = [
    pytest.param(Language.EN, PHONE, id="en-phone-light"),
    pytest.param(Language.JA, PHONE_DARK, id="ja-phone-dark"),
    pytest.param(Language.EN, DESKTOP_DARK, id="en-desktop-dark"),
    pytest.param(Language.JA, DESKTOP, id="ja-desktop-light"),
]


@pytest.mark.parametrize(("language", "machine"), VISITORS)
async def test_each_section_is_whole_in_each_language_size_and_theme(
    browser: Browser, sites: dict[Language, Site], language: Language, machine: Machine
) -> None:
    async with visit(browser, sites[language].url, language, machine) as visitor:
        await expect(visitor.page.locator("html")).to_have_attribute("lang", language.value)
        for section in SECTIONS:
            await visitor.open(section)
            assert await visitor.serious_faults() == [], section
            assert await visitor.overflow() <= 0, section
            text = await visitor.page.locator("body").inner_text()
            assert not {line.strip() for line in text.splitlines()} & KEYS, section
            assert "undefined" not in text
            assert "NaN" not in text


async def test_the_live_card_tells_power_direction_currents_and_age(
    browser: Browser, sites: dict[Language, Site]
) -> None:
    site = sites[Language.EN]
    async with visit(browser, site.url) as visitor:
        card = visitor.page.locator(".now")
        power = site.product.app.store.snapshot.readings["power"].value
        assert isinstance(power, int)
        await expect(card.locator(".figure")).to_have_text(re.compile(r"[−\d,]+"))
        way = {True: "buying", False: "selling"}[power > 0] if power else "neither"
        await expect(card.locator(".flow")).to_have_text(visitor.words(way))
        await expect(card).to_contain_text("Current R")
        await expect(card.locator(".fresh")).to_have_text(re.compile(r"Updated \d s ago"))
        await expect(visitor.page.locator(".hours canvas").first).to_be_visible()


async def test_the_serial_number_is_masked_until_it_is_asked_for(
    browser: Browser, sites: dict[Language, Site]
) -> None:
    async with visit(browser, sites[Language.EN].url) as visitor:
        await visitor.open("devices")
        page = visitor.page
        await visitor.sees("****78")
        assert "AB12C345678" not in await page.content()
        await page.get_by_role("button", name="Serial number: Show").click()
        await visitor.sees("AB12C345678")
