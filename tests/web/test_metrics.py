"""`/metrics`, as Prometheus reads it."""

import logging
import socket
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from broute_addon.store import Store
from broute_addon.web.metrics import MetricsServer
from tests.support.houses import NOON, PROFILE, SERIAL_NUMBER, reading_house, store_of


class Scraper:
    """Prometheus, and a clock to turn."""

    def __init__(self) -> None:
        self.now = NOON
        self.store: Store = store_of(*reading_house())
        self.server = MetricsServer(self.store, self.clock)

    def clock(self) -> datetime:
        return self.now

    async def get(self, path: str = "/metrics") -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def samples(self) -> dict[str, float]:
        _, text = await self.get()
        return {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.labels.get("meter") in (None, PROFILE.uid)
        }


@pytest.fixture
async def scraper() -> AsyncIterator[Scraper]:
    made = Scraper()
    assert await made.server.start("127.0.0.1", 0)
    yield made
    await made.server.stop()


async def test_numbers_come_with_their_unit_and_energy_is_a_counter(scraper: Scraper) -> None:
    samples = await scraper.samples()
    shown = {key: reading.value for key, reading in scraper.store.snapshot.readings.items()}
    assert samples["broute_power_watts"] == shown["power"]
    assert samples["broute_energy_bought_kwh_total"] == float(str(shown["energy_bought"]))
    assert samples["broute_reading"] == 1


async def test_a_stale_power_is_absent_but_the_energy_stays(scraper: Scraper) -> None:
    scraper.now += timedelta(seconds=4 * scraper.store.snapshot.poll_interval_s + 1)
    samples = await scraper.samples()
    assert "broute_power_watts" not in samples
    assert "broute_energy_bought_kwh_total" in samples


async def test_nothing_else_is_served_and_nothing_personal(scraper: Scraper) -> None:
    for path in ("/", "/api/state", "/health"):
        assert (await scraper.get(path))[0] == 404
    _, text = await scraper.get()
    assert SERIAL_NUMBER not in text


async def test_a_port_in_use_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    scraper = Scraper()
    with socket.socket() as other, caplog.at_level(logging.WARNING):
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert not await scraper.server.start("127.0.0.1", other.getsockname()[1])
    assert [record.levelname for record in caplog.records] == ["WARNING"]
