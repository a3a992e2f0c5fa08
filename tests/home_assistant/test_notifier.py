"""The one notification: told after a while, once, and gone when it is solved."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from broute_addon.home_assistant.core import Core
from broute_addon.home_assistant.notifier import Notifier
from broute_addon.messages import Language, message
from broute_addon.meter.readings import Connection, ConnectionChanged
from broute_addon.redaction import Secret
from broute_addon.store import Store
from tests.support.houses import reading_house, store_of
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn
from tests.support.waiting import until

NO_STICK = ConnectionChanged(Connection.LOOKING_FOR_STICK, message("no_stick"))
REFUSED = ConnectionChanged(Connection.RECOVERING, message("credentials_refused"))
WELL = ConnectionChanged(Connection.READING)


@pytest.fixture
async def home() -> AsyncIterator[SupervisorStandIn]:
    async with SupervisorStandIn() as running:
        yield running


@contextlib.asynccontextmanager
async def notifying(
    home: SupervisorStandIn, store: Store, patience_s: float = 0.02
) -> AsyncIterator[None]:
    """A notifier at work."""
    async with aiohttp.ClientSession() as session:
        core = Core(f"{home.url}/core/api", Secret(TOKEN), session)
        notifier = Notifier(
            store,
            core,
            notification_id="broute",
            language=lambda: Language.JA,
            patience_s=patience_s,
        )
        task = asyncio.create_task(notifier.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def created(home: SupervisorStandIn) -> int:
    """How often a notification was shown."""
    return sum(call.endswith("/create") for call in home.calls)


async def test_a_missing_stick_is_told_in_the_households_language_and_gone_when_it_reads(
    home: SupervisorStandIn,
) -> None:
    store = store_of(NO_STICK)
    async with notifying(home, store):
        await until(lambda: "broute" in home.notifications)
        assert home.notifications["broute"] == message("no_stick").text(Language.JA)
        for update in reading_house():
            store.apply(update)
        await until(lambda: not home.notifications)


async def test_one_sentence_is_told_once_however_often_it_comes(home: SupervisorStandIn) -> None:
    store = store_of(NO_STICK)
    async with notifying(home, store):
        await until(lambda: created(home) == 1)
        home.notifications.clear()  # the household closed it
        for _ in range(5):
            store.apply(NO_STICK)
            await asyncio.sleep(0.03)
        store.apply(REFUSED)
        await until(lambda: created(home) == 2)
    assert home.notifications["broute"] == message("credentials_refused").text(Language.JA)


async def test_what_passes_by_itself_is_never_told(home: SupervisorStandIn) -> None:
    store = store_of(*reading_house())
    async with notifying(home, store, patience_s=0.1):
        await until(lambda: bool(home.calls))
        store.apply(NO_STICK)
        await asyncio.sleep(0.03)
        store.apply(WELL)
        await asyncio.sleep(0.15)
        store.apply(ConnectionChanged(Connection.RECOVERING, message("meter_silent", tries=3)))
        await asyncio.sleep(0.15)
    assert created(home) == 0


async def test_a_notification_left_by_an_earlier_process_is_removed_once_it_reads(
    home: SupervisorStandIn,
) -> None:
    home.notifications["broute"] = "wrong password"
    store = store_of()
    async with notifying(home, store):
        await asyncio.sleep(0.05)
        assert "broute" in home.notifications  # nothing is known yet
        for update in reading_house():
            store.apply(update)
        await until(lambda: not home.notifications)


async def test_core_being_down_delays_the_notification_with_one_warning(
    home: SupervisorStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    home.core_is_up = False
    async with notifying(home, store_of(NO_STICK)):
        await until(lambda: len(home.calls) >= 2)
        home.core_is_up = True
        await until(lambda: "broute" in home.notifications)
    assert caplog.text.count("Home Assistant does not answer") == 1
