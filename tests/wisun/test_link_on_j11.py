"""The link against the simulated J11 module and meter, in virtual time."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine

import pytest

from broute_addon.errors import (
    BRouteError,
    DongleTimeoutError,
    JoinRefusedError,
    JoinUnansweredError,
    PanNotFoundError,
    SessionLostError,
    TransmitFailedError,
    TransportError,
)
from broute_addon.redaction import Secret
from broute_addon.simulator import (
    PASSWORD,
    ROUTE_B_ID,
    AirConfig,
    Beacon,
    Delivery,
    HouseConfig,
)
from broute_addon.wisun.events import (
    PortLost,
    SessionEnded,
    SessionRenewed,
    TransmitHeld,
    TransmitReleased,
)
from broute_addon.wisun.link import Link
from broute_addon.wisun.values import Credentials, Pan
from tests.support.link_site import CREDENTIALS, GET_POWER, PAN, Scenario, Site, now, on_site
from tests.wire import j11_frames as wire

MODULES = ("bp35c0-j11", "bp35c2-j11", "rs-wsuha-j11")
LEFT_BEHIND = ("fresh", "started", "operating", "joined", "mid-frame")
J11 = HouseConfig(module="bp35c0-j11")


@pytest.mark.parametrize("delivery", [Delivery.RANDOM, Delivery.BYTES])
@pytest.mark.parametrize("state", LEFT_BEHIND)
@pytest.mark.parametrize("module", MODULES)
def test_every_module_in_every_state_is_opened_joined_and_left(
    module: str, state: str, delivery: Delivery
) -> None:
    async def scenario(site: Site) -> None:
        began = now()
        link = await site.open()
        assert now() - began < (4 if module == "rs-wsuha-j11" else 2.5)
        assert (link.identity.dialect, link.identity.firmware) == ("J11", "1.3 (0000158A)")
        pan = await link.scan(CREDENTIALS)
        assert (pan.channel, pan.pan_id, pan.address) == (PAN.channel, PAN.pan_id, PAN.address)
        assert pan.rssi_dbm is not None
        await link.join(pan, CREDENTIALS)
        was_joined = link.is_joined
        answer = await site.answer(link)
        assert answer.rssi_dbm is not None
        assert -104 <= answer.rssi_dbm <= -34
        await link.terminate()
        assert (was_joined, link.is_joined) == (True, False)
        await link.close()
        assert site.events == []

    on_site(scenario, HouseConfig(module=module, states=(state,)), delivery)


def test_a_warm_start_costs_little_more_than_the_radio() -> None:
    async def scenario(site: Site) -> None:
        began = now()
        link = await site.joined()
        await site.answer(link)
        # Drain 0.3 s, SKVER in vain 1.05 s, reset 0.5 s, PANA 3.3 s, an answer: the rest is ours.
        assert now() - began < 6.8
        await link.close()

    on_site(scenario, J11)


@pytest.mark.parametrize("delivery", Delivery)
def test_no_delivery_confuses_the_link(delivery: Delivery) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        for _ in range(20):
            await site.answer(link)
        await link.close()

    on_site(scenario, J11, delivery)


def test_a_messy_module_is_understood() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        for kind in ("garbage", "doubled-line"):
            site.house.faults.hold(kind, 0.3)
        for _ in range(30):
            await site.answer(link)
        assert {"garbage", "doubled-line"} <= set(site.house.faults.struck)
        await link.terminate()
        await link.close()

    on_site(scenario, J11)


@pytest.mark.parametrize("kind", ["missing-ok", "overrun", "cut-line", "wrong-length"])
def test_an_exchange_that_fails_leaves_the_next_one_whole(kind: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await asyncio.sleep(5)
        for _ in range(5):
            site.house.faults.next(kind)
            try:
                async with asyncio.timeout(15):
                    await link.send(GET_POWER)
                await asyncio.sleep(2)
            except TransmitFailedError:
                pass
            await site.answer(link)
        assert site.house.faults.struck[kind] == 5
        assert link.is_joined
        await link.close()

    on_site(scenario, J11)


def test_a_garbled_request_while_starting_is_repeated() -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("overrun", 0.25)
        link = await site.joined()
        assert site.house.faults.struck["overrun"] > 1
        await link.close()

    on_site(scenario, HouseConfig(module="bp35c0-j11", seed=4))


def test_our_meter_is_chosen_among_stronger_neighbors() -> None:
    neighbors = tuple(
        Beacon(0x21 + 2 * i, 0x1000 + i, f"D05EA55A0C1F000{i}", 0xFF, f"0000000{i}", 4)
        for i in range(3)
    )

    async def scenario(site: Site) -> None:
        link = await site.open()
        assert (await link.scan(CREDENTIALS)).address == PAN.address
        everybody = await link.scan_all(6)
        assert len(everybody) == 4
        assert everybody[-1].address == PAN.address
        noise = await link.energy_scan()
        assert sorted(noise) == list(range(33, 60, 2))
        assert all(-110 < dbm < -30 for dbm in noise.values())
        await link.close()

    on_site(scenario, HouseConfig(module="bp35c0-j11", air=AirConfig(foreign=neighbors)))


@pytest.mark.parametrize(("heard_at", "most"), [(4, 3), (5, 8), (6, 18)])
def test_the_scan_ends_at_the_first_duration_that_hears_the_meter(
    heard_at: int, most: float
) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        progress: list[float] = []
        began = now()
        await link.scan(CREDENTIALS, on_progress=progress.append)
        assert now() - began < most
        assert progress[-1] == 1.0
        await link.close()

    air = AirConfig(heard_at=heard_at, channel=0x3B)
    on_site(scenario, HouseConfig(module="bp35c0-j11", air=air))


def test_no_meter_in_reach_is_told_within_the_computed_time() -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("out-of-reach")
        link = await site.open()
        began = now()
        with pytest.raises(PanNotFoundError):
            await link.scan(CREDENTIALS)
        assert now() - began < 40
        await link.close()

    on_site(scenario, J11)


def test_a_meter_that_says_no_is_a_refusal_and_one_that_is_not_there_is_radio() -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        wrong = Credentials(Secret(ROUTE_B_ID), Secret("000000000000"))
        with pytest.raises(JoinRefusedError, match="probably"):
            await link.join(PAN, wrong)
        elsewhere = Pan(0x21, PAN.pan_id, PAN.address)
        began = now()
        with pytest.raises(JoinUnansweredError):
            await link.join(elsewhere, CREDENTIALS)
        assert now() - began < 5
        await link.join(PAN, CREDENTIALS)
        assert link.is_joined
        await link.close()

    on_site(scenario, J11)


def test_a_join_that_nobody_answers_ends_within_our_own_deadline_not_the_modules() -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        site.house.faults.hold("stalled-join")
        began = now()
        with pytest.raises(JoinUnansweredError):
            await link.join(PAN, CREDENTIALS)
        assert now() - began < 75
        site.house.faults.release("stalled-join")
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario, J11)


@pytest.mark.parametrize("fault", ["terminate", "expire-fail", "reset-stick"])
def test_a_session_that_ends_is_told_and_can_be_joined_again(fault: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await asyncio.sleep(5)
        site.house.faults.fire(fault)
        await asyncio.sleep(5)
        with pytest.raises(SessionLostError):
            await link.send(GET_POWER)
        assert site.kinds == [SessionEnded]
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario, J11)


def test_a_renewal_by_the_module_itself_loses_nothing() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.fire("renew")
        await asyncio.sleep(10)
        assert site.kinds == [SessionRenewed]
        await site.answer(link)
        await link.close()

    on_site(scenario, J11)


def test_the_airtime_limit_holds_requests_and_loses_none() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await asyncio.sleep(5)
        site.house.faults.fire("budget", for_s=150)
        began = now()
        await site.answer(link)
        assert 150 < now() - began < 215
        assert site.kinds == [TransmitHeld, TransmitReleased]
        assert link.is_joined
        await link.close()

    on_site(scenario, J11)


@pytest.mark.parametrize("kind", ["unacknowledged", "busy-channel"])
def test_a_transmission_that_fails_is_told_as_such(kind: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await site.answer(link)
        site.house.faults.next(kind)
        with pytest.raises(TransmitFailedError):
            await link.send(GET_POWER)
        await site.answer(link)
        await link.close()

    on_site(scenario, J11)


def test_frames_that_cannot_be_decrypted_lead_to_a_renewal_before_the_next_request() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await site.answer(link)
        await asyncio.sleep(5)
        site.house.faults.hold("undeciphered")
        await link.send(GET_POWER)
        await asyncio.sleep(5)
        assert link.ignored["undecipherable"]
        assert wire.RENEW not in site.written
        site.house.faults.release("undeciphered")
        await site.answer(link)
        assert wire.RENEW in site.written
        assert link.is_joined
        await link.close()

    on_site(scenario, J11)


def test_a_stalled_module_comes_back_with_a_reset() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.hold("stalled-stick")
        with pytest.raises(DongleTimeoutError):
            await link.send(GET_POWER)
        await link.reset()
        assert not link.is_joined
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario, J11)


def test_a_mute_module_is_told_and_closing_stays_bounded() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.hold("mute-stick")
        began = now()
        with pytest.raises(DongleTimeoutError):
            await link.send(GET_POWER)
        assert now() - began < 15
        began = now()
        with pytest.raises(DongleTimeoutError):
            await link.reset()
        with contextlib.suppress(DongleTimeoutError):
            await link.terminate()
        await link.close()
        assert now() - began < 40

    on_site(scenario, J11)


async def _opening(site: Site) -> None:
    await site.open()


async def _scanning(site: Site) -> None:
    await (await site.open()).scan(CREDENTIALS)


async def _joining(site: Site) -> None:
    await site.joined()


async def _sending(site: Site) -> None:
    link = await site.joined()
    while True:
        await link.send(GET_POWER)


@pytest.mark.parametrize(
    ("doing", "after_s"),
    [(_opening, 0.1), (_opening, 1.6), (_scanning, 4), (_joining, 4), (_sending, 7.02)],
)
def test_unplugging_at_any_moment_is_told_at_once(doing: Scenario, after_s: float) -> None:
    async def scenario(site: Site) -> None:
        pulled = now() + after_s
        asyncio.get_running_loop().call_later(after_s, site.port.unplug)
        with pytest.raises(TransportError, match="has gone"):
            await doing(site)
        assert now() - pulled < 0.5
        assert len([event for event in site.events if isinstance(event, PortLost)]) <= 1
        site.port.replug()
        await asyncio.sleep(3)
        await (await site.joined()).close()

    on_site(scenario, J11)


@pytest.mark.parametrize("doing", ["scan", "join", "send"])
def test_cancelling_is_prompt_and_the_next_call_works(doing: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        if doing == "scan":
            work: Coroutine[None, None, object] = link.scan(CREDENTIALS)
        elif doing == "join":
            work = link.join(PAN, CREDENTIALS)
        else:
            await link.join(PAN, CREDENTIALS)
            work = link.send(GET_POWER)
        task = asyncio.create_task(work)
        await asyncio.sleep(0.05 if doing == "send" else 1)
        began = now()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await link.terminate()
        assert now() - began < 4.1
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario, J11)


@pytest.mark.parametrize("leaving_at", ["scan", "join", "send"])
def test_a_program_that_died_in_the_middle_leaves_nothing_that_matters(leaving_at: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        if leaving_at == "scan":
            work: Coroutine[None, None, object] = link.scan(CREDENTIALS, durations=(8,))
        elif leaving_at == "join":
            work = link.join(PAN, CREDENTIALS)
        else:
            await link.join(PAN, CREDENTIALS)
            work = link.send(GET_POWER)
        task = asyncio.create_task(work)
        await asyncio.sleep(0.02 if leaving_at == "send" else 1)
        task.cancel()
        await asyncio.wait([task])
        await link.close()
        second = await site.joined()
        await site.answer(second)
        await second.close()

    on_site(scenario, J11)


def test_no_secret_and_no_address_of_the_meter_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors: list[BRouteError] = []

    async def scenario(site: Site) -> None:
        link = await site.open()
        pan = await link.scan(CREDENTIALS)
        wrong = Credentials(Secret(ROUTE_B_ID), Secret("WRONGWRONG00"))
        try:
            await link.join(pan, wrong)
        except BRouteError as error:
            errors.append(error)
        await link.join(pan, CREDENTIALS)
        await site.answer(link)
        await link.terminate()
        await link.close()

    with caplog.at_level(logging.DEBUG):
        on_site(scenario, J11)
    told = caplog.text + "".join(repr(error) for error in errors)
    assert "→ 0008 send 14 bytes" in told
    assert len(errors) == 1
    for secret in (
        ROUTE_B_ID,
        PASSWORD,
        "WRONGWRONG00",
        ROUTE_B_ID.encode().hex(),
        ROUTE_B_ID[-8:],
        "0C10:42A7",
        str(PAN.address),
    ):
        assert secret.upper() not in told.upper()


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_line_does_to_single_bytes_the_way_back_is_found(seed: int) -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("cut-line", 0.1)
        site.house.faults.hold("garbage", 0.2)
        link: Link | None = None
        answered = 0
        while answered < 5:
            try:
                link = link or await site.open()
                if not link.is_joined:
                    await link.join(PAN, CREDENTIALS)
                async with asyncio.timeout(20):
                    await site.answer(link)
                answered += 1
            except (BRouteError, TimeoutError):
                assert now() < 900
        if link is not None:
            await link.close()

    on_site(scenario, HouseConfig(module="bp35c0-j11", seed=seed))
