"""Each step of the way on the page: that it is done, and what it says when it fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from broute_addon.messages import Language, message
from broute_addon.simulator import HouseConfig, parse_fault
from broute_addon.web.remedies import remedy_for
from tests.browser.conftest import Site, site
from tests.browser.visit import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Machine, visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WAY = ("stick", "language", "meter_found", "logged_in", "interviewed", "reading", "history")


@dataclass(frozen=True)
class Trouble:
    """A house in which one thing is wrong: at which step, and the keys of the problem."""

    step: str
    problems: tuple[str, ...]
    language: Language
    machine: Machine
    house: HouseConfig = field(default_factory=lambda: HouseConfig(speed=0))
    settings: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)


def faulty(fault: str) -> HouseConfig:
    return HouseConfig(speed=0, faults=(parse_fault(fault),))


TROUBLES = {
    "no stick": Trouble(
        "stick", ("no_stick",), Language.EN, PHONE, settings={"ports": Path("/nonexistent")}
    ),
    "a mute stick": Trouble(
        "language", ("dongle_silent",), Language.JA, DESKTOP, faulty("mute-stick")
    ),
    "no meter in reach": Trouble(
        "meter_found",
        ("pan_not_found", "meter_not_found"),
        Language.EN,
        DESKTOP_DARK,
        faulty("out-of-reach"),
    ),
    "a wrong password": Trouble(
        "logged_in",
        ("join_refused", "credentials_refused"),
        Language.JA,
        PHONE_DARK,
        HouseConfig(speed=0, password="OTHERPASS123"),
    ),
    "a mute meter": Trouble("reading", ("meter_silent",), Language.JA, PHONE, faulty("mute-meter")),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def street(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, Site]]:
    """All houses in trouble at once, so that they get into it at the same time."""
    async with contextlib.AsyncExitStack() as stack:

        async def move_in(name: str, trouble: Trouble) -> tuple[str, Site]:
            folder = tmp_path_factory.mktemp(name.replace(" ", "_"))
            house = site(
                folder, trouble.language, trouble.house, dict(trouble.settings), **trouble.options
            )
            return name, await stack.enter_async_context(house)

        yield dict(await asyncio.gather(*(move_in(*each) for each in TROUBLES.items())))


async def test_without_a_stick_the_ports_can_be_tried(
    browser: Browser, street: Mapping[str, Site]
) -> None:
    async with visit(browser, street["no stick"].url, Language.EN, PHONE) as visitor:
        await expect(visitor.page.locator(".overview .sticks")).to_be_visible(timeout=20_000)


async def test_every_step_is_done_in_a_house_that_is_read(
    browser: Browser, sites: Mapping[Language, Site]
) -> None:
    async with visit(browser, sites[Language.JA].url, Language.JA) as visitor:
        for step in WAY[:-1]:
            place = visitor.page.locator(".overview .step").nth(WAY.index(step))
            await expect(place).to_have_class("step done")
            title = message(f"step_title_{step}").text(Language.JA)
            await expect(place.locator(".title")).to_contain_text(title)
            await expect(place.locator("time")).to_be_visible()
        await expect(visitor.page.locator(".alarm")).to_have_count(0)


async def test_a_stick_that_is_pulled_is_told_and_forgotten_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    async with site(tmp_path, poll_interval=5) as house, visit(browser, house.url) as visitor:
        await expect(visitor.page.locator(".chip")).to_have_text("Reading", timeout=20_000)
        house.product.house.faults.fire("unplug")
        await expect(visitor.page.locator(".alarm")).to_be_visible(timeout=20_000)
        house.product.house.faults.fire("replug")
        await expect(visitor.page.locator(".chip")).to_have_text("Reading", timeout=40_000)
        await expect(visitor.page.locator(".alarm")).to_have_count(0)
        await visitor.open("events")
        await expect(visitor.page.locator(".journal li.good").first).to_be_visible()


async def test_credentials_that_cannot_be_right_are_told_where_they_are_typed(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        site(tmp_path, route_b_id="0123") as house,
        visit(browser, house.url, machine=PHONE_DARK) as visitor,
    ):
        told = message("route_b_id_length", count=4)
        await expect(visitor.page.locator(".notice.calm").first).to_contain_text(str(told))
        await expect(visitor.page.locator(".setup")).to_be_visible()
        await expect(visitor.page.locator(".hint")).to_contain_text("options.json")
        assert await visitor.serious_faults() == []


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_step_that_fails_says_why_and_what_to_do(
    browser: Browser, street: Mapping[str, Site], name: str
) -> None:
    trouble = TROUBLES[name]
    async with visit(browser, street[name].url, trouble.language, trouble.machine) as visitor:
        alarm = visitor.page.locator(".alarm")
        await expect(alarm).to_be_visible(timeout=40_000)
        problem = street[name].product.app.store.snapshot.problem
        assert problem is not None
        assert problem.key in trouble.problems
        remedy = remedy_for(problem)
        assert remedy is not None
        await expect(alarm.locator("h2")).to_have_text(problem.text(trouble.language))
        await expect(alarm).to_contain_text(remedy.text(trouble.language))
        step = visitor.page.locator(".overview .step").nth(WAY.index(trouble.step))
        await expect(step).to_have_class("step failed", timeout=20_000)
        assert await visitor.serious_faults() == []
        assert await visitor.overflow() <= 0


async def test_a_broker_that_is_missing_is_a_notice_with_a_remedy(
    browser: Browser, street: Mapping[str, Site]
) -> None:
    async with visit(browser, street["a mute meter"].url, Language.JA) as visitor:
        told = message("mqtt_no_broker")
        remedy = remedy_for(told)
        assert remedy is not None
        notice = visitor.page.locator(".notice")
        await expect(notice).to_contain_text(told.text(Language.JA))
        await expect(notice).to_contain_text(remedy.text(Language.JA))
