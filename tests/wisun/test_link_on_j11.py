"""The link on J11 modules alone: their deadlines, renewals and undeciphered frames."""

import asyncio
import contextlib

import pytest

from broute_addon.errors import (
    BRouteError,
    DongleTimeoutError,
    JoinUnansweredError,
    SessionLostError,
)
from broute_addon.simulator import (
    Delivery,
    HouseConfig,
)
from broute_addon.wisun.events import (
    SessionEnded,
    SessionRenewed,
)
from broute_addon.wisun.link import Link
from tests.support.link_site import CREDENTIALS, GET_POWER, PAN, Site, now, on_site
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
