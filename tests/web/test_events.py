"""The stream of states: each change, for many pages, at little cost."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from broute_addon.meter.readings import DongleIdentified
from broute_addon.web import api
from tests.support.houses import NOON, reading_house, readings, store_of
from tests.support.pages import STICK, Page, served


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    store = store_of(DongleIdentified(STICK), *reading_house())
    async with served(store, tmp_path) as shown:
        yield shown


async def power_in(stream: aiohttp.ClientResponse) -> int:
    while not (line := await stream.content.readline()).startswith(b"data: "):
        pass
    values = json.loads(line.removeprefix(b"data: "))["values"]
    return int(next(value["value"] for value in values if value["key"] == "power"))


async def test_events_bring_each_change(page: Page) -> None:
    async with page.session.get(page.url("/api/events")) as stream:
        assert stream.content_type == "text/event-stream"
        assert await power_in(stream) == 523
        page.store.apply(readings(NOON, {"power": -40}))
        assert await power_in(stream) == -40


async def test_a_silent_stream_is_kept_alive(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "HEARTBEAT_S", 0.01)
    async with page.session.get(page.url("/api/events")) as stream:
        await power_in(stream)
        lines = [await stream.content.readline() for _ in range(4)]
        assert b":\n" in lines


async def test_a_visitor_who_leaves_is_noticed_and_the_last_one_ends_a_survey(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "HEARTBEAT_S", 0.01)
    first = await page.session.get(page.url("/api/events"))
    second = await page.session.get(page.url("/api/events"))
    await power_in(first)
    await power_in(second)
    first.close()
    await asyncio.sleep(0.1)
    assert page.asked.surveys == []
    second.close()
    async with asyncio.timeout(5):
        while not page.asked.surveys:  # noqa: ASYNC110 - the server says it to nobody else
            await asyncio.sleep(0.01)
    assert page.asked.surveys == [False]


async def test_pages_without_number_are_refused_and_the_others_go_on(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MOST_STREAMS", 2)
    async with (
        page.session.get(page.url("/api/events")) as first,
        page.session.get(page.url("/api/events")) as second,
    ):
        await power_in(first)
        await power_in(second)
        async with page.session.get(page.url("/api/events")) as third:
            assert third.status == 503
        page.store.apply(readings(NOON, {"power": 7}))
        assert await power_in(first) == await power_in(second) == 7


async def test_ten_pages_cost_one_rendering_of_each_state(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = 0
    state = api.Api.state

    def counted(self: api.Api, *, may_command: bool) -> object:
        nonlocal rendered
        rendered += 1
        return state(self, may_command=may_command)

    monkeypatch.setattr(api.Api, "state", counted)
    streams = [await page.session.get(page.url("/api/events")) for _ in range(10)]
    for stream in streams:
        await power_in(stream)
    for power in range(20):
        page.store.apply(readings(NOON, {"power": power}))
        assert {await power_in(stream) for stream in streams} == {power}
    for stream in streams:
        stream.close()
    assert rendered <= 21


async def test_a_page_that_reads_nothing_costs_no_memory(page: Page) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", _port(page), limit=1024)
    writer.write(b"GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    await reader.readuntil(b"\r\n\r\n")

    async def changes(count: int) -> None:
        for power in range(count):
            page.store.apply(readings(NOON, {"power": power}))
            await asyncio.sleep(0)

    await changes(3000)  # until the kernel takes no more
    tracemalloc.start()
    await changes(500)
    before, _ = tracemalloc.get_traced_memory()
    await changes(3000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.transport.abort()
    assert after - before < 50_000


def _port(page: Page) -> int:
    assert page.server is not None
    assert page.server.port is not None
    return page.server.port
