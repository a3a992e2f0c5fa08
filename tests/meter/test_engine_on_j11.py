"""Stories of the engine on a J11 module: the same promises as on the text modules. Virtual time."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from broute_addon.meter.engine import Known
from broute_addon.meter.readings import Connection, MeterIdentified, PanJoined
from broute_addon.simulator import AirConfig, HouseConfig
from tests.support.engine_house import lab, story

J11 = HouseConfig(module="bp35c0-j11")
AUTHENTICATE, SCAN, RENEW = "0056", "0051", "00D2"


async def learned(config: HouseConfig = J11) -> Known:
    """What a first run leaves for the second one."""
    async with lab(config) as first:
        await first.until_reading()
        await asyncio.sleep(10)
        pan = next(u.pan for _, u in first.told if isinstance(u, PanJoined))
        profile = next(u.profile for _, u in reversed(first.told) if isinstance(u, MeterIdentified))
    return Known(pan, {str(profile.mac): profile})


@pytest.mark.parametrize("module", ["bp35c0-j11", "bp35c2-j11", "rs-wsuha-j11"])
@pytest.mark.parametrize("state", ["fresh", "joined", "mid-frame"])
def test_a_first_start_goes_step_by_step_and_reads_within_a_minute(module: str, state: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module, states=(state,))) as here:
            at = await here.until_reading()
            await asyncio.sleep(10)
            assert here.connections() == [
                Connection.LOOKING_FOR_STICK,
                Connection.IDENTIFYING_STICK,
                Connection.SCANNING,
                Connection.JOINING,
                Connection.INTERVIEWING,
                Connection.READING,
            ]
            assert at < 25
            for key in ("power", "current_r", "energy_bought", "signal_strength"):
                assert here.readings(key), key
            assert not here.problems()

    story(scenario)


@pytest.mark.parametrize("module", ["bp35c0-j11", "bp35c2"])
def test_a_pan_learned_by_one_kind_of_stick_serves_the_other(module: str) -> None:
    async def scenario() -> None:
        other = "bp35c2" if module == "bp35c0-j11" else "bp35c0-j11"
        known = await learned(HouseConfig(module=other))
        async with lab(HouseConfig(module=module), known=known) as here:
            started = asyncio.get_running_loop().time()
            at = await here.until_reading() - started
            assert not here.commands("SKSCAN")
            assert not here.commands(SCAN)
            first = here.requests()[0][1]
            assert [prop.epc for prop in first.properties] == [0xE7, 0xE8]
            assert at < 9

    story(scenario)


def test_a_stale_cached_pan_is_replaced_by_a_scan_at_start_up() -> None:
    async def scenario() -> None:
        known = await learned()
        async with lab(replace(J11, air=AirConfig(channel=0x3B)), known=known) as here:
            await here.until_reading(within_s=60)
            joined = [u.pan.channel for _, u in here.told if isinstance(u, PanJoined)]
            assert joined == [0x3B]

    story(scenario)


@pytest.mark.parametrize(
    ("fault", "bound_s"),
    [
        pytest.param("terminate", 10, id="601A"),
        pytest.param("expire-fail", 10, id="6028 03"),
        pytest.param("renew", 5, id="6028 01"),
        pytest.param("forget-session", 60, id="the meter loses the session silently"),
        pytest.param("reset-stick", 15, id="6019"),
    ],
)
def test_a_lost_session_comes_back_within_its_bound(fault: str, bound_s: float) -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(60)
            here.house.faults.fire(fault)
            struck = asyncio.get_running_loop().time()
            await asyncio.sleep(300)
            assert here.longest_gap_s("power", struck, struck + 300) <= bound_s + 5

    story(scenario)


def test_a_stick_that_was_pulled_is_read_again_soon_after_it_is_back() -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(30)
            here.house.faults.fire("unplug", for_s=300)
            await asyncio.sleep(300)
            back = asyncio.get_running_loop().time()
            await here.until_reading()
            assert asyncio.get_running_loop().time() - back < 12
            assert not [at for at in here.commands(SCAN) if at > back]

    story(scenario)


@pytest.mark.parametrize("moment_s", [0.0, 0.4, 1.4, 1.6, 2.5, 4.0, 9.7, 11.0, 13.0, 14.0, 16.0])
def test_a_stick_pulled_at_any_moment_of_the_start_is_read_in_the_end(moment_s: float) -> None:
    async def scenario() -> None:
        async with lab(J11) as here:
            await asyncio.sleep(moment_s)
            here.house.faults.fire("unplug", for_s=5)
            await asyncio.sleep(1)
            await here.until_reading(within_s=90)

    story(scenario)


def test_a_stick_of_another_language_in_the_same_port_is_read() -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=5) as here:
            await here.until_reading()
            dongle = here.store.snapshot.dongle
            assert dongle is not None
            assert (dongle.dialect, dongle.baud) == ("J11", 115_200)

    story(scenario)


def test_a_meter_that_reboots_is_read_again_within_two_minutes_of_its_return() -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=10) as here:
            await here.until_reading()
            here.house.faults.fire("reboot", for_s=120)
            await asyncio.sleep(121)
            await here.until_reading(within_s=120)

    story(scenario)


def test_a_meter_that_moves_to_another_channel_is_found_again() -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=10) as here:
            await here.until_reading()
            here.house.faults.fire("move-channel", "3B")
            await asyncio.sleep(30)
            await here.until_reading(within_s=180)
            assert [u.pan.channel for _, u in here.told if isinstance(u, PanJoined)][-1] == 0x3B

    story(scenario)


def test_an_exchanged_meter_is_a_new_device_and_its_counters_start_anew() -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=10) as here:
            await here.until_reading()
            await asyncio.sleep(60)
            here.house.faults.fire("exchange", "OTHER000001")
            await asyncio.sleep(300)
            assert len(here.uids()) == 2
            last = here.readings("energy_bought")[-1][1].value
            assert isinstance(last, Decimal)
            assert last < 100

    story(scenario)


def test_wrong_credentials_are_named_and_never_hammered() -> None:
    async def scenario() -> None:
        async with lab(J11, password="WRONGWRONGWR") as here:
            await asyncio.sleep(3600)
            assert "join_refused" in here.problems()
            assert here.problems()[-1] == "credentials_refused"
            assert len(here.commands(AUTHENTICATE)) < 20

    story(scenario)


@pytest.mark.parametrize("fault", ["out-of-reach", "stalled-join"])
def test_radio_silence_is_not_told_as_wrong_credentials(fault: str) -> None:
    async def scenario() -> None:
        known = await learned()
        async with lab(J11, known=known) as here:
            here.house.faults.hold(fault, for_s=1800)
            await asyncio.sleep(1800)
            assert "credentials_refused" not in here.problems()
            assert "join_refused" not in here.problems()
            # At worst a login has just begun (70 s), and the longest wait follows (360 s).
            await here.until_reading(within_s=450)

    story(scenario)


def test_a_hold_of_transmission_is_no_loss_of_the_meter() -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(20)
            here.house.faults.fire("budget", for_s=150)
            await asyncio.sleep(100)
            held = here.store.snapshot
            assert held.connection is Connection.ON_HOLD
            assert held.is_reading
            assert here.readings("transmit_limited")[-1][1].value is True
            await asyncio.sleep(120)
            assert here.store.snapshot.connection is Connection.READING
            assert [reading.value for _, reading in here.readings("transmit_limited")] == [
                False,
                True,
                False,
            ]
            assert Connection.RECOVERING not in here.connections()

    story(scenario)


@pytest.mark.parametrize(
    "fault",
    ["lost-answer", "unacknowledged", "busy-channel", "cut-answer", "doubled-answer"],
)
def test_a_fifth_of_all_exchanges_spoiled_costs_no_session(fault: str) -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=10) as here:
            await here.until_reading()
            await asyncio.sleep(10)
            start = asyncio.get_running_loop().time()
            here.house.faults.hold(fault, 0.2)
            await asyncio.sleep(1800)
            assert here.longest_gap_s("power", start, start + 1800) < 60

    story(scenario)


@pytest.mark.parametrize(
    "fault",
    ["garbage", "wrong-length", "cut-line", "doubled-line", "missing-ok", "undeciphered"],
)
def test_a_stick_that_garbles_its_frames_is_read_all_the_same(fault: str) -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=10) as here:
            await here.until_reading()
            start = asyncio.get_running_loop().time()
            here.house.faults.hold(fault, 0.1)
            await asyncio.sleep(1800)
            assert here.longest_gap_s("power", start, start + 1800) < 90

    story(scenario)


@pytest.mark.parametrize("fault", ["stalled-stick", "mute-stick"])
def test_a_module_that_stops_answering_is_brought_back(fault: str) -> None:
    async def scenario() -> None:
        async with lab(J11, interval_s=10) as here:
            await here.until_reading()
            here.house.faults.hold(fault, for_s=300)
            await asyncio.sleep(301)
            await here.until_reading(within_s=150)

    story(scenario)
