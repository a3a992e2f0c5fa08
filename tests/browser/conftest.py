"""One browser for all tests here, and a house that is read well, in each language."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from broute_addon.messages import Language
from broute_addon.simulator import HouseConfig
from tests.browser.ingress import Ingress, listening
from tests.browser.visit import CHROMIUM, why_unavailable
from tests.support.broker import Broker, free_port
from tests.support.product import Product, Setting, running
from tests.support.waiting import until


@dataclass(frozen=True)
class Site:
    """A running product and its page behind ingress."""

    product: Product
    ingress: Ingress
    language: Language

    @property
    def url(self) -> str:
        """Where its page is."""
        return self.ingress.url


@contextlib.asynccontextmanager
async def site(
    folder: Path,
    language: Language = Language.EN,
    house: HouseConfig | None = None,
    settings: dict[str, object] | None = None,
    **options: object,
) -> AsyncIterator[Site]:
    """Runs a product on a house without waiting times, with options beside the credentials."""
    port = free_port()
    setting = Setting(
        house=house or HouseConfig(speed=0),
        options={"language": language.value, **options},
        settings={"web": ("127.0.0.1", port), **(settings or {})},
    )
    async with running(folder, setting) as product, Ingress(port) as ingress:
        await listening(port)
        yield Site(product, ingress, language)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, as the system has it."""
    if reason := why_unavailable():
        pytest.skip(f"browser: {reason}")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sites(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[Language, Site]]:
    """A well-read house for each language, with a broker."""
    folder = tmp_path_factory.mktemp("sites")
    async with contextlib.AsyncExitStack() as stack:
        broker = await stack.enter_async_context(Broker(folder))
        found = {
            language: await stack.enter_async_context(
                site(
                    folder / language.value,
                    language,
                    poll_interval=5,
                    mqtt_host="127.0.0.1",
                    mqtt_port=broker.port,
                )
            )
            for language in Language
        }
        for each in found.values():
            store = each.product.app.store
            await until(
                lambda store=store: (  # type: ignore[misc]
                    store.snapshot.is_reading and store.snapshot.broker_is_up
                ),
                30,
            )
        yield found
