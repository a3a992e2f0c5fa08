"""Core's websocket over a real socket: greeting, answers, refusals, ends; never a token."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.websocket import (
    CLOSE_TIMEOUT_S,
    CoreRefusedError,
    core_websocket_url,
    open_core,
)
from broute_addon.redaction import Secret
from tests.support.broker import free_port
from tests.support.core_stand_in import MOST_BYTES, TOKEN, CoreStandIn


@pytest.fixture
async def core() -> AsyncIterator[CoreStandIn]:
    async with CoreStandIn() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def why_not(call: Callable[[], Awaitable[object]]) -> str:
    """The key of the sentence that a call ends with; the token is in none of it."""
    with pytest.raises(CoreError) as caught:
        await call()
    error: BaseException | None = caught.value
    while error is not None:
        assert TOKEN not in f"{error!r}{error}"
        error = None if error.__suppress_context__ else error.__context__
    return caught.value.message.key


def opening(
    session: aiohttp.ClientSession, url: str, token: str = TOKEN
) -> Callable[[], Awaitable[object]]:
    async def call() -> None:
        async with open_core(session, url, Secret(token)):
            pass

    return call


@pytest.mark.parametrize(
    ("supervisor_url", "core_url", "websocket_url"),
    [
        ("http://supervisor", None, "ws://supervisor/core/websocket"),
        ("http://127.0.0.1:8080/", None, "ws://127.0.0.1:8080/core/websocket"),
        (None, "http://homeassistant.local:8123", "ws://homeassistant.local:8123/api/websocket"),
        (None, "https://home.example/", "wss://home.example/api/websocket"),
        (None, "https://home.example/ha", "wss://home.example/ha/api/websocket"),
    ],
)
def test_the_address_is_the_proxys_or_cores_own(
    supervisor_url: str | None, core_url: str | None, websocket_url: str
) -> None:
    assert core_websocket_url(supervisor_url=supervisor_url, core_url=core_url) == websocket_url


async def test_a_command_gets_its_result(core: CoreStandIn, session: aiohttp.ClientSession) -> None:
    url = core_websocket_url(supervisor_url=core.url)
    async with open_core(session, url, Secret(TOKEN)) as socket:
        assert socket.version == "2026.11.0"
        config = await socket.call("get_config")
        assert config["state"] == "RUNNING"
    assert core.paths == ["/core/websocket"]


async def test_many_commands_under_way_each_get_their_own_result(
    core: CoreStandIn, session: aiohttp.ClientSession
) -> None:
    core.slow_s = 0.05
    ids = [f"sensor.energy_{number}" for number in range(20)]
    for each in ids:
        core.recorder.add_sensor(each, each)
    async with open_core(session, core_websocket_url(core_url=core.url), Secret(TOKEN)) as socket:
        found = await asyncio.gather(
            *(socket.call("recorder/get_statistics_metadata", statistic_ids=[e]) for e in ids)
        )
    assert [metadata[0]["statistic_id"] for metadata in found] == ids


async def test_a_refused_command_tells_cores_code_and_the_socket_goes_on(
    core: CoreStandIn, session: aiohttp.ClientSession
) -> None:
    async with open_core(session, core_websocket_url(core_url=core.url), Secret(TOKEN)) as socket:
        with pytest.raises(CoreRefusedError) as caught:
            await socket.call("recorder/no_such_thing")
        assert caught.value.code == "unknown_command"
        assert "recorder/no_such_thing" in str(caught.value)
        assert (await socket.call("get_config"))["state"] == "RUNNING"


async def test_an_answer_larger_than_4_mib_is_taken(
    core: CoreStandIn, session: aiohttp.ClientSession
) -> None:
    core.recorder.entities = [
        {"entity_id": f"sensor.one_{number}", "unique_id": "x" * 1000, "platform": "mqtt"}
        for number in range(5000)
    ]
    async with open_core(session, core_websocket_url(core_url=core.url), Secret(TOKEN)) as socket:
        assert len(await socket.call("config/entity_registry/list")) == 5000


async def test_a_command_larger_than_4_mib_ends_the_socket_and_is_told(
    core: CoreStandIn, session: aiohttp.ClientSession
) -> None:
    async with open_core(session, core_websocket_url(core_url=core.url), Secret(TOKEN)) as socket:
        assert await why_not(lambda: socket.call("x", stats="y" * MOST_BYTES)) == "core_lost"


async def test_a_wrong_token_is_told_without_it(
    core: CoreStandIn, session: aiohttp.ClientSession
) -> None:
    url = core_websocket_url(core_url=core.url)
    assert await why_not(opening(session, url, TOKEN + "-old")) == "core_denied"


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, "core_denied"), (403, "core_denied"), (502, "core_unreachable")],
)
async def test_a_proxy_that_opens_no_socket_is_told(
    core: CoreStandIn, session: aiohttp.ClientSession, status: int, sentence: str
) -> None:
    core.refuses_upgrade = status
    assert await why_not(opening(session, core_websocket_url(core_url=core.url))) == sentence


@pytest.mark.parametrize("junk", ["", "null", "[1]", '{"type": "hello"}', "\x00"])
async def test_a_greeting_that_is_none_is_told(
    core: CoreStandIn, session: aiohttp.ClientSession, junk: str
) -> None:
    core.junk = junk
    assert await why_not(opening(session, core_websocket_url(core_url=core.url))) == "core_junk"


async def test_nobody_at_the_address_is_told(session: aiohttp.ClientSession) -> None:
    url = f"ws://127.0.0.1:{free_port()}/api/websocket"
    assert await why_not(opening(session, url)) == "core_unreachable"
    assert await why_not(opening(session, "ws://")) == "core_unreachable"


async def test_silence_is_waited_for_only_so_long(
    core: CoreStandIn, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broute_addon.home_assistant.websocket.OPEN_TIMEOUT_S", 0.1)
    monkeypatch.setattr("broute_addon.home_assistant.websocket.ANSWER_TIMEOUT_S", 0.1)
    url = core_websocket_url(core_url=core.url)
    core.greets = False
    assert await why_not(opening(session, url)) == "core_unreachable"
    core.greets, core.slow_s = True, 60.0
    async with open_core(session, url, Secret(TOKEN)) as socket:
        assert await why_not(lambda: socket.call("get_config")) == "core_unreachable"


async def test_the_end_of_the_socket_reaches_all_who_wait(
    core: CoreStandIn, session: aiohttp.ClientSession
) -> None:
    core.slow_s = 60.0
    async with open_core(session, core_websocket_url(core_url=core.url), Secret(TOKEN)) as socket:
        waiting = [
            asyncio.ensure_future(why_not(lambda: socket.call("get_config"))),
            asyncio.ensure_future(why_not(socket.until_closed)),
        ]
        await asyncio.sleep(0.05)
        await core.drop()
        assert await asyncio.gather(*waiting) == ["core_lost", "core_lost"]
        assert await why_not(lambda: socket.call("get_config")) == "core_lost"


async def test_a_core_that_hangs_holds_up_no_stop(session: aiohttp.ClientSession) -> None:
    is_over = asyncio.Event()

    class Hung(CoreStandIn):
        async def _serve(self, _: web.WebSocketResponse) -> None:
            await is_over.wait()

    async with Hung() as core:
        try:
            url = core_websocket_url(core_url=core.url)
            async with asyncio.timeout(CLOSE_TIMEOUT_S + 2):
                async with open_core(session, url, Secret(TOKEN)):
                    pass
        finally:
            is_over.set()
