"""The link on text modules alone: PANA shown, stored rates, EVENTs. Virtual time."""

import asyncio

import pytest

from broute_addon.errors import (
    DongleTimeoutError,
    JoinRefusedError,
    JoinUnansweredError,
    SessionLostError,
    UnknownDialectError,
)
from broute_addon.simulator import (
    AirConfig,
    HouseConfig,
)
from broute_addon.wisun.events import (
    SessionEnded,
    SessionRenewed,
    SessionRenewing,
)
from tests.support.link_site import CREDENTIALS, GET_POWER, PAN, Site, now, on_site
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


def test_a_stick_that_has_restarted_comes_back_with_a_reset() -> None:
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


@pytest.mark.parametrize("module", ["bp35a1", "bp35c2"])
def test_a_stick_that_restarted_without_a_word_gets_its_password_before_the_login(
    module: str,
) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.fire("reset-stick")
        await asyncio.sleep(3)
        site.written = b""
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        words = [line.split()[0] for line in site.written.splitlines() if line.startswith(b"SK")]
        assert words.index(b"SKSETPWD") < words.index(b"SKSETRBID") < words.index(b"SKJOIN")
        assert b"SKRESET" not in words
        await link.close()

    on_site(scenario, HouseConfig(module=module))


def test_a_stick_that_restarted_without_a_word_scans_for_our_meter() -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        await link.scan(CREDENTIALS)
        site.house.faults.fire("reset-stick")
        await asyncio.sleep(3)
        pan = await link.scan(CREDENTIALS)
        assert pan.address == PAN.address
        await link.close()

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
