"""Stories of the engine and whatever breaks, on a text module and on a J11. Virtual time.

Bounds are those of the radio's own times (`test_engine`); a J11 module says after 70 s at most that
nobody has answered a log-in.
"""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from broute_addon.meter.readings import Connection, PanJoined
from broute_addon.simulator import AirConfig, HouseConfig
from tests.support.engine_house import lab, learned, story

TEXT, J11 = "bp35c2", "bp35c0-j11"
SCAN = {TEXT: "SKSCAN", J11: "0051"}
LOGIN = {TEXT: "SKJOIN", J11: "0056"}

on_both = pytest.mark.parametrize("module", [TEXT, J11])


def now() -> float:
    return asyncio.get_running_loop().time()


def of_each(text: list[str], j11: list[str]) -> pytest.MarkDecorator:
    """Faults that strike each kind of module."""
    cases = [(TEXT, fault) for fault in text] + [(J11, fault) for fault in j11]
    return pytest.mark.parametrize(("module", "fault"), cases)


@on_both
def test_a_stale_cached_pan_is_replaced_by_a_scan_at_start_up(module: str) -> None:
    async def scenario() -> None:
        known = await learned()
        moved = HouseConfig(module=module, air=AirConfig(channel=0x3B))
        async with lab(moved, known=known) as here:
            began = now()
            await here.until_reading()
            assert now() - began < 40
            joined = [u.pan.channel for _, u in here.told if isinstance(u, PanJoined)]
            assert joined == [0x3B]

    story(scenario)


@on_both
def test_a_pan_learned_by_one_kind_of_stick_serves_the_other(module: str) -> None:
    async def scenario() -> None:
        known = await learned(HouseConfig(module=TEXT if module == J11 else J11))
        async with lab(HouseConfig(module=module), known=known) as here:
            began = now()
            await here.until_reading()
            assert now() - began < 9
            assert not here.commands(SCAN[module])
            first = here.requests()[0][1]
            assert [prop.epc for prop in first.properties] == [0xE7, 0xE8]

    story(scenario)


@pytest.mark.parametrize(
    ("module", "fault", "bound_s"),
    [
        pytest.param(TEXT, "terminate", 8, id="EVENT 26"),
        pytest.param(TEXT, "expire", 5, id="EVENT 29 then 25"),
        pytest.param(TEXT, "expire-fail", 10, id="EVENT 29 then 24"),
        pytest.param(TEXT, "forget-session", 60, id="the meter loses the session silently"),
        pytest.param(TEXT, "reset-stick", 60, id="the stick restarts"),
        pytest.param(J11, "terminate", 10, id="601A"),
        pytest.param(J11, "renew", 5, id="6028 01"),
        pytest.param(J11, "expire-fail", 10, id="6028 03"),
        pytest.param(J11, "forget-session", 60, id="J11, the meter loses the session silently"),
        pytest.param(J11, "reset-stick", 15, id="6019"),
    ],
)
def test_a_lost_session_comes_back_within_its_bound(
    module: str, fault: str, bound_s: float
) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(60)
            here.house.faults.fire(fault)
            struck = now()
            await asyncio.sleep(300)
            assert here.longest_gap_s("power", struck, struck + 300) <= bound_s + 5

    story(scenario)


@on_both
def test_a_stick_that_was_pulled_is_read_again_soon_after_it_is_back(module: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(30)
            here.house.faults.fire("unplug", for_s=300)
            await asyncio.sleep(10)
            assert here.store.snapshot.dongle is None
            assert here.problems()[-1] == "no_stick"
            await asyncio.sleep(290)
            back = now()
            await here.until_reading()
            assert now() - back < 12
            assert not [at for at in here.commands(SCAN[module]) if at > back]

    story(scenario)


@on_both
@pytest.mark.parametrize("away_s", [100, 200])
def test_the_stick_at_a_port_named_in_the_options_is_read_soon_after_it_is_back(
    module: str, away_s: int, tmp_path: Path
) -> None:
    """The list of ports always says the same then."""

    async def scenario() -> None:
        device = tmp_path / "ttyUSB0"
        device.touch()
        async with lab(HouseConfig(module=module), interval_s=5, device=device) as here:
            await here.until_reading()
            await asyncio.sleep(30)
            device.unlink()
            here.house.faults.fire("unplug", for_s=away_s)
            await asyncio.sleep(away_s)
            device.touch()
            back = now()
            await here.until_reading()
            assert now() - back < 12

    story(scenario)


MOMENTS_S = (0.0, 0.2, 0.4, 0.6, 1.4, 1.6, 2.5, 4.0, 6.0, 9.7, 11.0, 13.0, 14.0, 16.0)


@on_both
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_a_stick_pulled_at_any_moment_of_the_start_is_read_in_the_end(
    module: str, moment_s: float
) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module)) as here:
            await asyncio.sleep(moment_s)
            here.house.faults.fire("unplug", for_s=5)
            await asyncio.sleep(1)
            await here.until_reading(within_s=90)

    story(scenario)


def test_a_stick_changed_while_nobody_looks_is_used_at_once() -> None:
    """Pulled and plugged in again during a long wait for the meter."""

    async def scenario() -> None:
        async with lab() as here:
            here.house.faults.hold("out-of-reach", for_s=3000)
            await asyncio.sleep(2800)
            here.house.faults.fire("unplug", for_s=2)
            await asyncio.sleep(15)
            assert here.store.snapshot.dongle is not None
            await asyncio.sleep(185)
            await here.until_reading(within_s=420)

    story(scenario)


@of_each(["mute-stick", "stalled-stick"], ["mute-stick", "stalled-stick"])
def test_a_stick_that_stops_answering_is_brought_back(module: str, fault: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=10) as here:
            await here.until_reading()
            here.house.faults.hold(fault, for_s=300)
            await asyncio.sleep(301)
            await here.until_reading(within_s=150)

    story(scenario)


@on_both
def test_a_meter_that_was_away_for_a_moment_is_read_again_at_once(module: str) -> None:
    """At best two time-outs, a log-out, a log-in and an answer: 24 s."""

    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=0.5) as here:
            await here.until_reading()
            await asyncio.sleep(60)
            here.house.faults.fire("reboot", for_s=20)
            struck = now()
            await asyncio.sleep(120)
            assert here.longest_gap_s("power", struck, now()) < 1.5 * 24

    story(scenario)


@on_both
def test_a_meter_that_was_away_is_read_again_within_two_minutes_of_its_return(module: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=10) as here:
            await here.until_reading()
            here.house.faults.fire("reboot", for_s=120)
            await asyncio.sleep(121)
            await here.until_reading(within_s=120)

    story(scenario)


@on_both
def test_a_meter_that_moves_to_another_channel_is_found_again(module: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=10) as here:
            await here.until_reading()
            here.house.faults.fire("move-channel", "3B")
            await asyncio.sleep(30)
            await here.until_reading(within_s=180)
            assert [u.pan.channel for _, u in here.told if isinstance(u, PanJoined)][-1] == 0x3B

    story(scenario)


@on_both
def test_an_exchanged_meter_is_a_new_device_and_its_counters_start_anew(module: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=10) as here:
            await here.until_reading()
            await asyncio.sleep(60)
            here.house.faults.fire("exchange", "OTHER000001")
            await asyncio.sleep(300)
            assert len(here.uids()) == 2
            last = here.readings("energy_bought")[-1][1].value
            assert isinstance(last, Decimal)
            assert last < 100

    story(scenario)


@on_both
def test_wrong_credentials_are_named_and_never_hammered(module: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), password="WRONGWRONGWR") as here:
            await asyncio.sleep(3600)
            assert "join_refused" in here.problems()
            assert here.problems()[-1] == "credentials_refused"
            assert len(here.commands(LOGIN[module])) < 20

    story(scenario)


@pytest.mark.parametrize(
    ("module", "fault", "problem"),
    [
        (TEXT, "out-of-reach", "meter_not_found"),
        (J11, "out-of-reach", "meter_not_found"),
        (J11, "stalled-join", "meter_too_far"),
    ],
)
def test_radio_silence_is_not_told_as_wrong_credentials(
    module: str, fault: str, problem: str
) -> None:
    async def scenario() -> None:
        known = await learned()
        async with lab(HouseConfig(module=module), known=known) as here:
            here.house.faults.hold(fault, for_s=3600)
            await asyncio.sleep(3600)
            assert "credentials_refused" not in here.problems()
            assert "join_refused" not in here.problems()
            assert here.problems()[-1] == problem
            # At worst a log-in has just begun (70 s), and the longest wait follows (360 s).
            await here.until_reading(within_s=450)

    story(scenario)


@on_both
def test_a_hold_of_transmission_is_no_loss_of_the_meter(module: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(20)
            here.house.faults.fire("budget", for_s=150)
            await asyncio.sleep(100)
            held = here.store.snapshot
            assert held.connection is Connection.ON_HOLD
            assert held.is_reading
            await asyncio.sleep(120)
            assert here.store.snapshot.connection is Connection.READING
            limited = [reading.value for _, reading in here.readings("transmit_limited")]
            assert limited == [False, True, False]
            assert Connection.RECOVERING not in here.connections()

    story(scenario)


@of_each(
    ["lost-answer", "lost-request", "unacknowledged", "wrong-tid", "cut-answer", "doubled-answer"],
    ["lost-answer", "unacknowledged", "busy-channel", "cut-answer", "doubled-answer"],
)
def test_a_fifth_of_all_exchanges_spoiled_costs_no_session(module: str, fault: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=10) as here:
            await here.until_reading()
            await asyncio.sleep(10)
            start = now()
            here.house.faults.hold(fault, 0.2)
            await asyncio.sleep(1800)
            assert here.longest_gap_s("power", start, start + 1800) < 60

    story(scenario)


@of_each(
    ["garbage", "wrong-length", "doubled-line", "missing-ok", "missing-event21", "blank-lines"],
    ["garbage", "wrong-length", "doubled-line", "missing-ok", "cut-line", "undeciphered"],
)
def test_a_stick_that_garbles_what_it_says_is_read_all_the_same(module: str, fault: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=10) as here:
            await here.until_reading()
            start = now()
            here.house.faults.hold(fault, 0.1)
            await asyncio.sleep(1800)
            assert here.longest_gap_s("power", start, start + 1800) < 90

    story(scenario)
