"""Mean coincidences: the engine's stories of faults that broke other systems. Virtual time."""

import asyncio
import gc
from dataclasses import replace

import pytest

from broute_addon.meter.engine import Command, Known
from broute_addon.meter.readings import MeterIdentified, PanJoined
from broute_addon.simulator import HouseConfig, MeterConfig
from broute_addon.wisun.values import MacAddress, Pan
from tests.support.engine_house import lab, story

STRANGER = Pan(0x2D, 0x42A7, MacAddress.parse("D05EA55A0C1F0001"))


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_cached_pan_of_another_meter_is_replaced() -> None:
    async def scenario() -> None:
        async with lab(known=Known(STRANGER)) as here:
            await here.until_reading(within_s=120)
            joined = [u.pan.address for _, u in here.told if isinstance(u, PanJoined)]
            assert STRANGER.address not in joined
            assert here.problems() == ["join_unanswered"]

    story(scenario)


def test_a_join_that_fails_right_after_a_session_is_tried_again_after_a_pause() -> None:
    """Some meters need ten seconds to forget a session; a join at once may be in vain."""

    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(10)
            here.house.faults.next("refused-join")
            here.house.faults.fire("terminate")
            struck = now()
            await asyncio.sleep(120)
            joins = [at for at in here.commands("SKJOIN") if at > struck]
            assert len(joins) == 2
            assert joins[0] - struck < 1
            assert joins[1] - joins[0] > 10
            assert here.longest_gap_s("power", struck + 60, now()) < 11

    story(scenario)


@pytest.mark.parametrize("seconds", [25, 60])
def test_a_meter_that_is_mute_after_the_join_is_joined_anew(seconds: int) -> None:
    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until(lambda snapshot: snapshot.connection.value == "joining")
            here.house.faults.hold("mute-meter", for_s=seconds)
            await here.until_reading(within_s=seconds + 60)
            joins = here.commands("SKJOIN")
            assert 2 <= len(joins) <= 2 + seconds // 10
            assert here.commands("SKTERM")

    story(scenario)


def test_several_faults_at_once_are_one_recovery() -> None:
    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(12)
            struck = now()
            for fault in ("expire-fail", "terminate", "terminate"):
                here.house.faults.fire(fault)
            here.engine.submit(Command.READ_NOW)
            await asyncio.sleep(30)
            joins = [at for at in here.commands("SKJOIN") if at > struck]
            assert len(joins) == 1
            assert here.longest_gap_s("power", struck, now()) < 12

    story(scenario)


@pytest.mark.parametrize("moment_s", [0.01, 0.3, 0.6, 1.0, 1.5, 2.0])
def test_a_session_lost_while_the_meter_is_interviewed_is_one_more_join(moment_s: float) -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until(lambda snapshot: snapshot.connection.value == "interviewing")
            await asyncio.sleep(moment_s)
            here.house.faults.fire("terminate")
            await here.until_reading(within_s=30)
            await asyncio.sleep(20)
            assert len(here.commands("SKJOIN")) == 2

    story(scenario)


@pytest.mark.parametrize("fault", ["terminate", "forget-session", "expire-fail", "reset-stick"])
def test_the_fifth_outage_is_mended_as_fast_as_the_first(fault: str) -> None:
    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until_reading()
            gaps = []
            for _ in range(5):
                await asyncio.sleep(60)
                struck = now()
                here.house.faults.fire(fault)
                await asyncio.sleep(240)
                gaps.append(here.longest_gap_s("power", struck, now()))
            assert max(gaps) <= gaps[0] + 11

    story(scenario)


def test_the_airtime_limit_does_not_hold_up_the_way_back() -> None:
    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(10)
            here.house.faults.fire("budget", for_s=300)
            await asyncio.sleep(5)
            struck = now()
            here.house.faults.fire("terminate")
            await asyncio.sleep(60)
            assert [at for at in here.commands("SKJOIN") if at > struck]
            await asyncio.sleep(400)
            assert here.longest_gap_s("power", now() - 60, now()) < 11

    story(scenario)


def test_a_meter_is_the_same_device_over_every_stick_and_with_new_credentials() -> None:
    async def uid(module: str) -> str:
        async with lab(HouseConfig(module=module)) as here:
            await here.until_reading()
            return here.uids()[-1]

    async def scenario() -> None:
        uids = {await uid(module) for module in ("bp35a1", "bp35c2", "rl7023-dss")}
        assert len(uids) == 1

    story(scenario)


def test_a_request_that_the_meter_refuses_costs_no_session() -> None:
    async def scenario() -> None:
        known = Known(STRANGER)
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(5)
            profiles = [u.profile for _, u in here.told if isinstance(u, MeterIdentified)]
            pan = next(u.pan for _, u in here.told if isinstance(u, PanJoined))
            claims = replace(profiles[-1], get_map=frozenset(range(0x80, 0x100)))
            known = Known(pan, {str(claims.mac): claims})
        minimal = HouseConfig(meter=MeterConfig(reverse=False))
        async with lab(minimal, known=known) as here:
            await here.until_reading()
            await asyncio.sleep(3600)
            assert len(here.commands("SKJOIN")) == 1
            assert here.problems() == []
            assert here.readings("energy_bought")

    story(scenario)


def test_memory_does_not_grow_with_the_frames() -> None:
    async def scenario() -> None:
        async with lab(interval_s=10) as here:
            await here.until_reading()
            counts = []
            for _ in range(3):
                await asyncio.sleep(3 * 3600)
                here.told.clear()
                here.written.clear()
                gc.collect()
                counts.append(len(gc.get_objects()))
            assert counts[2] - counts[1] < 300

    story(scenario)
