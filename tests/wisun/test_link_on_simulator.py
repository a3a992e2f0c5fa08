"""The link against the simulated stick and meter, in virtual time."""

import asyncio
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
    UnknownDialectError,
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
    SessionRenewing,
    TransmitHeld,
    TransmitReleased,
)
from broute_addon.wisun.values import Credentials, Pan
from tests.support.link_site import CREDENTIALS, GET_POWER, PAN, Scenario, Site, now, on_site
from tests.wire import sk_sessions as wire

MODULES = ("bp35a1", "bp35c0", "bp35c2", "rs-wsuha-p", "rl7023-ips", "rl7023-dss", "wsr35a1")
LEFT_BEHIND = ("fresh", "echo-off", "sa2", "joined", "asleep", "mid-line", "mid-payload")
FLASH_COMMANDS = (b"WOPT", b"WUART", b"SKSAVE", b"SKERASE", b"SFD")


@pytest.mark.parametrize("form", ["hex", "binary"])
@pytest.mark.parametrize("state", LEFT_BEHIND)
@pytest.mark.parametrize("module", MODULES)
def test_every_module_in_every_state_is_opened_joined_and_left(
    module: str, state: str, form: str
) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        pan = await link.scan(CREDENTIALS)
        assert (pan.channel, pan.pan_id, pan.address) == (PAN.channel, PAN.pan_id, PAN.address)
        await link.join(pan, CREDENTIALS)
        was_joined = link.is_joined
        answer = await site.answer(link)
        assert (answer.rssi_dbm is not None) == ("dual" in link.identity.dialect)
        await link.terminate()
        assert (was_joined, link.is_joined) == (True, False)
        await link.close()
        assert site.events == []
        assert not [command for command in FLASH_COMMANDS if command in site.written]
        assert site.house.flash.writes == 0

    on_site(scenario, HouseConfig(module=module, states=(state, form)))


@pytest.mark.parametrize("delivery", Delivery)
def test_no_delivery_confuses_the_link(delivery: Delivery) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        for _ in range(20):
            await site.answer(link)
        await link.close()

    on_site(scenario, HouseConfig(module="bp35a1"), delivery)


def test_a_warm_start_costs_little_more_than_the_radio() -> None:
    async def scenario(site: Site) -> None:
        began = now()
        link = await site.joined()
        await site.answer(link)
        # Drain 0.3 s, PANA 3.3 s, an answer 0.34 s at least: the rest is ours.
        assert now() - began < 5.0
        await link.close()

    on_site(scenario)


MESS = {
    "garbage": 0.3,
    "blank-lines": 0.5,
    "doubled-line": 0.3,
    "missing-event21": 0.3,
}


def test_a_messy_stick_is_understood() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        for kind, share in MESS.items():
            site.house.faults.hold(kind, share)
        for _ in range(30):
            await site.answer(link)
        assert set(MESS) <= set(site.house.faults.struck)
        await link.terminate()
        await link.close()

    on_site(scenario, HouseConfig(module="bp35c2", states=("binary",)))


@pytest.mark.parametrize("kind", ["missing-ok", "overrun", "wrong-length"])
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

    on_site(scenario, HouseConfig(states=("binary",)))


def test_an_overrun_while_starting_is_repeated() -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("overrun", 0.25)
        link = await site.joined()
        assert site.house.faults.struck["overrun"] > 1
        await link.close()

    on_site(scenario, HouseConfig(seed=4))


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
        assert sorted(noise) == list(range(33, 61))
        assert all(-110 < dbm < -30 for dbm in noise.values())
        await link.close()

    on_site(scenario, HouseConfig(air=AirConfig(foreign=neighbors)))


@pytest.mark.parametrize(
    ("heard_at", "channel", "most"),
    [(4, 0x2D, 5.2), (4, 0x3C, 5.2), (5, 0x3B, 9.5), (6, 0x3B, 18.2), (6, 0x3C, 31.5)],
)
def test_the_scan_ends_at_the_first_duration_that_hears_the_meter(
    heard_at: int, channel: int, most: float
) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        progress: list[float] = []
        began = now()
        await link.scan(CREDENTIALS, on_progress=progress.append)
        assert now() - began < most
        assert progress[-1] == 1.0
        await link.close()

    on_site(scenario, HouseConfig(air=AirConfig(heard_at=heard_at, channel=channel)))


def test_no_meter_in_reach_is_told_within_the_computed_time() -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("out-of-reach")
        link = await site.open()
        began = now()
        with pytest.raises(PanNotFoundError):
            await link.scan(CREDENTIALS)
        assert now() - began < 68
        await link.close()

    on_site(scenario)


def test_a_meter_that_says_no_is_a_refusal_and_one_that_is_silent_is_radio() -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        wrong = Credentials(Secret(ROUTE_B_ID), Secret("000000000000"))
        with pytest.raises(JoinRefusedError, match="probably"):
            await link.join(PAN, wrong)
        elsewhere = Pan(0x21, PAN.pan_id, PAN.address)
        began = now()
        with pytest.raises(JoinUnansweredError):
            await link.join(elsewhere, CREDENTIALS)
        assert now() - began < 11
        await link.join(PAN, CREDENTIALS)
        assert link.is_joined
        await link.close()

    on_site(scenario)


def test_a_slow_login_is_left_alone_once_the_meter_has_said_something() -> None:
    async def scenario(site: Site) -> None:
        began = now()
        link = await site.joined()
        assert now() - began > 12
        await link.close()

    on_site(scenario, HouseConfig(air=AirConfig(join_s=12)))


def test_a_meter_that_falls_silent_within_the_login_is_waited_for() -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        site.house.faults.next("stalled-join")
        began = now()
        with pytest.raises(JoinRefusedError):
            await link.join(PAN, CREDENTIALS)
        assert now() - began > 35
        await link.close()

    on_site(scenario)


def test_a_meter_that_was_heard_just_now_is_called_as_long_as_the_stick_likes() -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        pan = await link.scan(CREDENTIALS)
        site.house.faults.hold("out-of-reach", for_s=60)
        for least, most in ((35, 45), (9, 12)):
            began = now()
            with pytest.raises(JoinUnansweredError):
                await link.join(pan, CREDENTIALS)
            assert least < now() - began < most
        await link.close()

    on_site(scenario)


def test_a_meter_that_was_away_is_found_again_at_once() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        began = now()
        assert (await link.scan(CREDENTIALS)).address == PAN.address
        assert now() - began < 1
        await link.close()

    on_site(scenario, HouseConfig(air=AirConfig(heard_at=6)))


def test_only_encrypted_datagrams_of_our_meter_go_up() -> None:
    ours = wire.erxudp_binary(wire.POWER_420_W)
    strangers = ours.replace(b"0C10:42A7 FE80", b"0C10:42A8 FE80")

    async def scenario(site: Site) -> None:
        link = await site.open()
        site.port.send(b"\r\n" + ours)
        await asyncio.sleep(0.1)
        assert site.datagrams == []
        await link.join(PAN, CREDENTIALS)
        site.port.send(wire.erxudp_binary(wire.POWER_420_W, secured="0"))
        site.port.send(wire.erxudp_binary(wire.PANA_COMPLETE, port="02CC"))
        site.port.send(strangers)
        await asyncio.sleep(0.1)
        assert site.datagrams == []
        assert link.ignored == {"PANA": 5, "unencrypted": 1, "not from our meter": 2}
        site.port.send(ours)
        await asyncio.sleep(0.1)
        assert [datagram.payload for datagram in site.datagrams] == [wire.POWER_420_W]
        await link.terminate()
        site.port.send(ours)
        await asyncio.sleep(0.1)
        assert len(site.datagrams) == 1
        await link.close()

    air = AirConfig(instance_list_most=1000)
    on_site(scenario, HouseConfig(air=air))


def test_requests_wait_for_a_renewal() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.fire("expire")
        await asyncio.sleep(0.1)
        assert site.kinds == [SessionRenewing]
        assert link.is_joined
        await site.answer(link)
        assert site.kinds == [SessionRenewing, SessionRenewed]
        await link.close()

    on_site(scenario)


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [("expire-fail", [SessionRenewing, SessionEnded]), ("terminate", [SessionEnded])],
)
def test_a_session_that_ends_is_told_and_can_be_joined_again(fault: str, kinds: list[type]) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.fire(fault)
        await asyncio.sleep(0.1)
        with pytest.raises(SessionLostError):
            await link.send(GET_POWER)
        assert site.kinds == kinds
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario)


def test_the_airtime_limit_holds_requests_and_loses_none() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.fire("budget", for_s=120)
        await asyncio.sleep(0.1)
        began = now()
        await site.answer(link)
        assert now() - began > 119
        assert site.kinds == [TransmitHeld, TransmitReleased]
        await link.close()

    on_site(scenario)


def test_a_transmission_without_acknowledgment_is_told_as_such() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await site.answer(link)
        site.house.faults.next("unacknowledged")
        with pytest.raises(TransmitFailedError):
            await link.send(GET_POWER)
        await site.answer(link)
        await link.close()

    on_site(scenario)


def test_a_stalled_stick_comes_back_with_a_reset() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.fire("reset-stick")
        await asyncio.sleep(3)
        await link.reset()
        assert not link.is_joined
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario)


def test_a_stick_that_hears_nothing_but_a_reset_is_reset() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.hold("stalled-stick")
        with pytest.raises(DongleTimeoutError):
            await link.send(GET_POWER)
        began = now()
        await link.reset()
        assert now() - began < 5
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario)


def test_a_mute_stick_is_told_and_closing_stays_bounded() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.hold("mute-stick")
        with pytest.raises(DongleTimeoutError):
            await link.send(GET_POWER)
        began = now()
        with pytest.raises(DongleTimeoutError):
            await link.terminate()
        await link.close()
        await link.close()
        assert now() - began < 6

    on_site(scenario)


@pytest.mark.parametrize("baud", [115_200, 57_600, 9_600, 2_400])
def test_a_stick_that_hangs_is_opened_whatever_its_stored_rate(baud: int) -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("stalled-stick")
        began = now()
        link = await site.open()
        assert now() - began < 15
        assert link.identity.baud == baud
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    state = "fresh" if baud == 115_200 else f"uart-{baud}"
    on_site(scenario, HouseConfig(states=(state,)))


def test_a_port_where_nothing_answers_is_told_within_fifteen_seconds_and_given_back() -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("mute-stick")
        began = now()
        with pytest.raises(UnknownDialectError, match="answers as a Wi-SUN stick"):
            await site.open()
        assert now() - began < 15
        site.house.faults.release("mute-stick")
        await (await site.open()).close()

    on_site(scenario)


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
    [(_opening, 0.1), (_opening, 0.5), (_scanning, 3), (_joining, 2), (_sending, 6.02)],
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

    on_site(scenario)


def test_unplugging_while_idle_is_an_event() -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.port.unplug()
        await asyncio.sleep(0.01)
        assert site.kinds == [PortLost]
        assert not link.is_joined
        with pytest.raises(TransportError):
            await link.send(GET_POWER)
        await link.close()

    on_site(scenario)


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

    on_site(scenario)


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
        on_site(scenario)
    told = caplog.text + "".join(repr(error) for error in errors)
    assert "→ SKSENDTO 14 bytes" in told
    for secret in (
        ROUTE_B_ID,
        PASSWORD,
        "WRONGWRONG00",
        ROUTE_B_ID.encode().hex(),
        "0C10:42A7",
        str(PAN.address),
    ):
        assert secret.upper() not in told.upper()
