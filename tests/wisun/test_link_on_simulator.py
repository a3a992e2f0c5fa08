"""The link against the simulated stick and meter, on a text module and on a J11. Virtual time."""

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
from broute_addon.wisun.events import PortLost, TransmitHeld, TransmitReleased
from broute_addon.wisun.link import Link
from broute_addon.wisun.values import Credentials, Pan
from tests.support.link_site import CREDENTIALS, GET_POWER, PAN, Scenario, Site, now, on_site

TEXT, J11 = "bp35c2", "bp35c0-j11"

on_both = pytest.mark.parametrize("module", [TEXT, J11])


@pytest.mark.parametrize("module", ["bp35a1", TEXT, J11])
@pytest.mark.parametrize("delivery", Delivery)
def test_no_delivery_confuses_the_link(module: str, delivery: Delivery) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        for _ in range(20):
            await site.answer(link)
        await link.close()

    on_site(scenario, HouseConfig(module=module), delivery)


@pytest.mark.parametrize(("module", "most_s"), [(TEXT, 5.0), (J11, 6.8)])
def test_a_warm_start_costs_little_more_than_the_radio(module: str, most_s: float) -> None:
    async def scenario(site: Site) -> None:
        began = now()
        link = await site.joined()
        await site.answer(link)
        # Drain 0.3 s, PANA 3.3 s, an answer 0.34 s at least; J11: SKVER in vain 1.05 s, reset
        # 0.5 s. The rest is ours.
        assert now() - began < most_s
        await link.close()

    on_site(scenario, HouseConfig(module=module))


MESS = {"garbage": 0.3, "doubled-line": 0.3}
TEXT_MESS = {**MESS, "blank-lines": 0.5, "missing-event21": 0.3}


@pytest.mark.parametrize(("module", "mess"), [(TEXT, TEXT_MESS), (J11, MESS)])
def test_a_messy_stick_is_understood(module: str, mess: dict[str, float]) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        for kind, share in mess.items():
            site.house.faults.hold(kind, share)
        for _ in range(30):
            await site.answer(link)
        assert set(mess) <= set(site.house.faults.struck)
        await link.terminate()
        await link.close()

    on_site(scenario, HouseConfig(module=module))


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        *((TEXT, kind) for kind in ("missing-ok", "overrun", "wrong-length")),
        *((J11, kind) for kind in ("missing-ok", "overrun", "wrong-length", "cut-line")),
    ],
)
def test_an_exchange_that_fails_leaves_the_next_one_whole(module: str, kind: str) -> None:
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

    on_site(scenario, HouseConfig(module=module))


@on_both
def test_an_overrun_while_starting_is_repeated(module: str) -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("overrun", 0.25)
        link = await site.joined()
        assert site.house.faults.struck["overrun"] > 1
        await link.close()

    on_site(scenario, HouseConfig(module=module, seed=4))


@pytest.mark.parametrize(
    ("module", "channels"), [(TEXT, list(range(33, 61))), (J11, list(range(33, 60, 2)))]
)
def test_our_meter_is_chosen_among_stronger_neighbors(module: str, channels: list[int]) -> None:
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
        assert sorted(noise) == channels
        assert all(-110 < dbm < -30 for dbm in noise.values())
        await link.close()

    on_site(scenario, HouseConfig(module=module, air=AirConfig(foreign=neighbors)))


@pytest.mark.parametrize(
    ("module", "heard_at", "channel", "most_s"),
    [
        (TEXT, 4, 0x2D, 5.2),
        (TEXT, 4, 0x3C, 5.2),
        (TEXT, 5, 0x3B, 9.5),
        (TEXT, 6, 0x3B, 18.2),
        (TEXT, 6, 0x3C, 31.5),
        (J11, 4, 0x3B, 3),
        (J11, 5, 0x3B, 8),
        (J11, 6, 0x3B, 18),
    ],
)
def test_the_scan_ends_at_the_first_duration_that_hears_the_meter(
    module: str, heard_at: int, channel: int, most_s: float
) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        progress: list[float] = []
        began = now()
        await link.scan(CREDENTIALS, on_progress=progress.append)
        assert now() - began < most_s
        assert progress[-1] == 1.0
        await link.close()

    air = AirConfig(heard_at=heard_at, channel=channel)
    on_site(scenario, HouseConfig(module=module, air=air))


@pytest.mark.parametrize(("module", "most_s"), [(TEXT, 68), (J11, 40)])
def test_no_meter_in_reach_is_told_within_the_computed_time(module: str, most_s: float) -> None:
    async def scenario(site: Site) -> None:
        site.house.faults.hold("out-of-reach")
        link = await site.open()
        began = now()
        with pytest.raises(PanNotFoundError):
            await link.scan(CREDENTIALS)
        assert now() - began < most_s
        await link.close()

    on_site(scenario, HouseConfig(module=module))


@on_both
def test_a_meter_that_was_away_is_found_again_at_once(module: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await link.terminate()
        began = now()
        assert (await link.scan(CREDENTIALS)).address == PAN.address
        assert now() - began < 1
        await link.close()

    on_site(scenario, HouseConfig(module=module, air=AirConfig(heard_at=6)))


@pytest.mark.parametrize(("module", "most_s"), [(TEXT, 11), (J11, 5)])
def test_a_meter_that_says_no_is_a_refusal_and_one_that_is_silent_is_radio(
    module: str, most_s: float
) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        wrong = Credentials(Secret(ROUTE_B_ID), Secret("000000000000"))
        with pytest.raises(JoinRefusedError, match="probably"):
            await link.join(PAN, wrong)
        elsewhere = Pan(0x21, PAN.pan_id, PAN.address)
        began = now()
        with pytest.raises(JoinUnansweredError):
            await link.join(elsewhere, CREDENTIALS)
        assert now() - began < most_s
        await link.join(PAN, CREDENTIALS)
        assert link.is_joined
        await link.close()

    on_site(scenario, HouseConfig(module=module))


@pytest.mark.parametrize(("module", "most_s"), [(TEXT, 151), (J11, 215)])
def test_the_airtime_limit_holds_requests_and_loses_none(module: str, most_s: float) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await asyncio.sleep(5)
        site.house.faults.fire("budget", for_s=150)
        await asyncio.sleep(0.1)
        began = now()
        await site.answer(link)
        assert 149 < now() - began < most_s
        assert site.kinds == [TransmitHeld, TransmitReleased]
        assert link.is_joined
        await link.close()

    on_site(scenario, HouseConfig(module=module))


@pytest.mark.parametrize(
    ("module", "kind"),
    [(TEXT, "unacknowledged"), (J11, "unacknowledged"), (J11, "busy-channel")],
)
def test_a_transmission_that_fails_is_told_as_such(module: str, kind: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        await site.answer(link)
        site.house.faults.next(kind)
        with pytest.raises(TransmitFailedError):
            await link.send(GET_POWER)
        await site.answer(link)
        await link.close()

    on_site(scenario, HouseConfig(module=module))


@on_both
def test_a_stick_that_hears_nothing_but_a_reset_is_reset(module: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.house.faults.hold("stalled-stick")
        with pytest.raises(DongleTimeoutError):
            await link.send(GET_POWER)
        began = now()
        await link.reset()
        assert now() - began < 5
        assert not link.is_joined
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario, HouseConfig(module=module))


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
    ("module", "doing", "after_s"),
    [
        (TEXT, _opening, 0.1),
        (TEXT, _opening, 0.5),
        (TEXT, _scanning, 3),
        (TEXT, _joining, 2),
        (TEXT, _sending, 6.02),
        (J11, _opening, 0.1),
        (J11, _opening, 1.6),
        (J11, _scanning, 4),
        (J11, _joining, 4),
        (J11, _sending, 7.02),
    ],
)
def test_unplugging_at_any_moment_is_told_at_once(
    module: str, doing: Scenario, after_s: float
) -> None:
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

    on_site(scenario, HouseConfig(module=module))


@on_both
def test_unplugging_while_idle_is_an_event(module: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.joined()
        site.port.unplug()
        await asyncio.sleep(0.01)
        assert site.kinds == [PortLost]
        assert not link.is_joined
        with pytest.raises(TransportError):
            await link.send(GET_POWER)
        await link.close()

    on_site(scenario, HouseConfig(module=module))


async def _under_way(link: Link, doing: str) -> "asyncio.Task[object]":
    """A call, some time after it began."""
    if doing == "send":
        await link.join(PAN, CREDENTIALS)
    calls: dict[str, Coroutine[None, None, object]] = {
        "scan": link.scan(CREDENTIALS),
        "join": link.join(PAN, CREDENTIALS),
        "send": link.send(GET_POWER),
    }
    work = calls.pop(doing)
    for other in calls.values():
        other.close()
    task = asyncio.create_task(work)
    await asyncio.sleep(0.05 if doing == "send" else 1)
    return task


@on_both
@pytest.mark.parametrize("doing", ["scan", "join", "send"])
def test_cancelling_is_prompt_and_the_next_call_works(module: str, doing: str) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        task = await _under_way(link, doing)
        began = now()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await link.terminate()
        assert now() - began < 4.1
        await link.join(PAN, CREDENTIALS)
        await site.answer(link)
        await link.close()

    on_site(scenario, HouseConfig(module=module))


@on_both
@pytest.mark.parametrize("doing", ["scan", "join", "send"])
def test_a_program_that_died_in_the_middle_leaves_nothing_that_matters(
    module: str, doing: str
) -> None:
    async def scenario(site: Site) -> None:
        link = await site.open()
        task = await _under_way(link, doing)
        task.cancel()
        await asyncio.wait([task])
        await link.close()
        second = await site.joined()
        await site.answer(second)
        await second.close()

    on_site(scenario, HouseConfig(module=module))


@pytest.mark.parametrize(
    ("module", "sending"), [(TEXT, "→ SKSENDTO 14 bytes"), (J11, "→ 0008 send 14 bytes")]
)
def test_no_secret_and_no_address_of_the_meter_is_logged(
    module: str, sending: str, caplog: pytest.LogCaptureFixture
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
        on_site(scenario, HouseConfig(module=module))
    told = caplog.text + "".join(repr(error) for error in errors)
    assert sending in told
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
