"""The pictures of the documents, taken from the running product on an invented house.

The house has been read for a day: its live values are the household's own, and the meter's whole
memory is read while we wait.
"""

import asyncio
import math
import random
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from broute_addon.messages import Language
from broute_addon.ring import RECORD_S, Ring, Sample
from broute_addon.simulator import AirConfig, HouseConfig, Household
from tests.browser.conftest import Site, site
from tests.browser.visit import CHROMIUM, DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Machine, visit
from tests.support.broker import Broker
from tests.support.repository import ROOT
from tests.support.waiting import until

IMAGES = ROOT / "docs" / "images"
SEED = 1
JST_S = 9 * 3600
VOLTS = 100

HOUSE = HouseConfig(speed=0, seed=SEED, air=AirConfig(lqi=0x68))
"""Its meter is heard at about -76 dBm, as it is through a wall or two."""


async def take() -> None:
    """Takes every picture anew."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="broute-pictures-"))
    async with async_playwright() as playwright, Broker(folder) as broker:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for language in Language:
            place = folder / language.value
            remember_a_day(place / "data")
            async with site(
                place,
                language,
                HOUSE,
                poll_interval=5,
                mqtt_host="127.0.0.1",
                mqtt_port=broker.port,
            ) as house:
                await pictures_of(chromium, house)
        await chromium.close()


async def pictures_of(browser: Browser, house: Site) -> None:
    """The pictures in one language."""
    store, name = house.product.app.store, house.language.value
    await until(lambda: store.snapshot.is_reading, 60)
    timers = house.product.house.timers
    await until(
        lambda: store.snapshot.coverage is not None and store.snapshot.coverage.percent > 40, 600
    )
    timers._speed = 1.0  # answers take the time they take
    await asyncio.sleep(12)
    await picture(browser, house, PHONE_DARK, "history", f"reading-history-{name}", at=".memory")
    timers._speed = 0.0
    await until(
        lambda: store.snapshot.coverage is not None and store.snapshot.coverage.missing == 0, 900
    )
    timers._speed = 1.0
    await asyncio.sleep(12)
    await picture(browser, house, DESKTOP, "overview", f"overview-{name}", hours="24")
    await picture(browser, house, DESKTOP_DARK, "history", f"history-{name}", day=True)
    await picture(browser, house, DESKTOP, "radio", f"radio-{name}", hours="24")
    await picture(browser, house, PHONE, "overview", f"phone-{name}")
    await picture(browser, house, PHONE_DARK, "events", f"phone-events-{name}")


async def picture(
    browser: Browser,
    house: Site,
    machine: Machine,
    section: str,
    name: str,
    *,
    hours: str = "",
    day: bool = False,
    at: str = "",
) -> None:
    """One picture; `hours` is the choice to make there, `day` goes to the day before;
    `at` scrolls to a part of it."""
    async with visit(browser, house.url, house.language, machine, fragment=f"#{section}") as seen:
        view = seen.page.locator(f".view.{section}")
        if hours:
            await view.locator(".segment", has_text=hours).click()
        if day:
            await view.locator(".days button").first.click()
        await asyncio.sleep(1.5)
        if at:
            await view.locator(at).evaluate("part => part.scrollIntoView()")
        await seen.page.mouse.move(0, 0)
        await seen.page.screenshot(
            path=IMAGES / f"{name}.png", full_page=not machine.is_phone, animations="disabled"
        )


def remember_a_day(data: Path) -> None:
    """What the product would have kept of the household's last day."""
    household, ring, now = Household(SEED), Ring(data), int(time.time())
    rng = random.Random(SEED)
    for at in range(now - 86_400, now, RECORD_S):
        on_r, on_t = household.phase_powers(at + JST_S)
        dbm = -76 + 2.5 * math.sin(at / 9000) + rng.gauss(0, 0.8)
        slowness = rng.triangular(0.34, 0.81, 0.57) + (rng.random() < 0.01) * rng.uniform(0, 2)
        ring.add(Sample(at, on_r + on_t, on_r / VOLTS, on_t / VOLTS, dbm, slowness))
    ring.flush()


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("chromium is not installed")
    asyncio.run(take())
