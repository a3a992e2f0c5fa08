"""The one notification: told after a while, once, and gone when it is solved."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from broute_addon.home_assistant.core import Core
from broute_addon.home_assistant.notifier import Notifier
from broute_addon.messages import Language, Message, message
from broute_addon.meter.readings import Connection, ConnectionChanged
from broute_addon.redaction import Secret
from broute_addon.store import Store
from tests.support.houses import reading_house, store_of
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn
from tests.support.waiting import until

NO_STICK = ConnectionChanged(Connection.LOOKING_FOR_STICK, message("no_stick"))
REFUSED = ConnectionChanged(Connection.RECOVERING, message("credentials_refused"))
WELL = ConnectionChanged(Connection.READING)
JOINING = ConnectionChanged(Connection.JOINING)
UNKNOWN_OPTION = message("option_unknown", option="colour")
WRONG_PORT = message("option_wrong", option="mqtt_port", expected="1 to 65535", expected_ja="数")
WRONG_INTERVAL = message("option_wrong", option="poll_interval", expected="5", expected_ja="5")
NO_BROKER = message("mqtt_no_broker")
UNREACHABLE = message("mqtt_unreachable", host="h", port=1883, reason="refused")


@pytest.fixture
async def home() -> AsyncIterator[SupervisorStandIn]:
    async with SupervisorStandIn() as running:
        yield running


@contextlib.asynccontextmanager
async def notifying(
    home: SupervisorStandIn,
    store: Store,
    patience_s: float = 0.02,
    language: Language = Language.JA,
) -> AsyncIterator[None]:
    """A notifier at work."""
    async with aiohttp.ClientSession() as session:
        core = Core(f"{home.url}/core/api", Secret(TOKEN), session)
        notifier = Notifier(
            store,
            core,
            notification_id="broute",
            language=lambda: language,
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


def text_of(*sentences: Message, language: Language = Language.JA) -> str:
    return "\n\n".join(sentence.text(language) for sentence in sentences)


@pytest.mark.parametrize("language", Language)
async def test_wrong_options_are_told_although_the_meter_is_read(
    home: SupervisorStandIn, language: Language
) -> None:
    store = store_of(*reading_house())
    store.note([WRONG_PORT, WRONG_INTERVAL, UNREACHABLE])
    async with notifying(home, store, language=language):
        await until(lambda: "broute" in home.notifications)
        assert home.notifications["broute"] == text_of(
            WRONG_PORT, WRONG_INTERVAL, language=language
        )
        store.note([UNREACHABLE])
        await until(lambda: not home.notifications)
    assert created(home) == 1


async def test_the_meters_problem_and_wrong_options_share_one_notification(
    home: SupervisorStandIn,
) -> None:
    store = store_of(NO_STICK)
    store.note([UNKNOWN_OPTION, NO_BROKER])
    assert NO_STICK.problem is not None
    async with notifying(home, store):
        await until(lambda: "broute" in home.notifications)
        assert home.notifications["broute"] == text_of(NO_STICK.problem, UNKNOWN_OPTION, NO_BROKER)
        for update in reading_house():
            store.apply(update)
        await until(lambda: home.notifications["broute"] == text_of(UNKNOWN_OPTION, NO_BROKER))
        store.note([])
        await until(lambda: not home.notifications)
    assert created(home) == 2


async def test_another_fault_of_the_same_kind_is_another_sentence(home: SupervisorStandIn) -> None:
    store = store_of(*reading_house())
    store.note([WRONG_PORT])
    async with notifying(home, store):
        await until(lambda: created(home) == 1)
        store.note([WRONG_INTERVAL])
        await until(lambda: created(home) == 2)
    assert home.notifications["broute"] == text_of(WRONG_INTERVAL)


async def test_a_fault_that_the_meter_side_waits_for_is_told_once_and_gone_when_it_is_mended(
    home: SupervisorStandIn,
) -> None:
    missing = message("option_missing_credentials", option="route_b_id")
    store = store_of(ConnectionChanged(Connection.WAITING_FOR_OPTIONS, missing))
    store.note([missing])
    async with notifying(home, store):
        await until(lambda: "broute" in home.notifications)
        assert home.notifications["broute"] == text_of(missing)
        store.note([])
        store.apply(ConnectionChanged(Connection.LOOKING_FOR_STICK))
        await until(lambda: not home.notifications)


async def test_problems_that_take_turns_are_each_told_once_until_the_meter_is_read(
    home: SupervisorStandIn,
) -> None:
    store = store_of(NO_STICK)
    async with notifying(home, store):
        await until(lambda: created(home) == 1)
        for round_ in range(4):
            strange = message("dongle_unknown", port="/dev/ttyUSB0", count=round_)
            unknown = ConnectionChanged(Connection.RECOVERING, strange)
            for turn in (unknown, JOINING, REFUSED, JOINING, NO_STICK):
                store.apply(turn)
                await asyncio.sleep(0.06)
        assert created(home) == 3
        for update in reading_house():
            store.apply(update)
        await until(lambda: not home.notifications)
        store.apply(NO_STICK)
        await until(lambda: created(home) == 4)


async def test_a_problem_in_flux_does_not_keep_a_wrong_option_from_being_told(
    home: SupervisorStandIn,
) -> None:
    store = store_of(NO_STICK)
    store.note([UNKNOWN_OPTION])
    async with notifying(home, store, patience_s=0.1):
        async with asyncio.timeout(5):
            while "broute" not in home.notifications:
                store.apply(NO_STICK)
                await asyncio.sleep(0.06)
                store.apply(REFUSED)
                await asyncio.sleep(0.06)
    assert UNKNOWN_OPTION.text(Language.JA) in home.notifications["broute"]


async def test_core_being_down_delays_the_notification_with_one_warning(
    home: SupervisorStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    home.core_is_up = False
    async with notifying(home, store_of(NO_STICK)):
        await until(lambda: len(home.calls) >= 2)
        home.core_is_up = True
        await until(lambda: "broute" in home.notifications)
    assert caplog.text.count("Home Assistant does not answer") == 1
