"""Stories of the engine on a simulated house, told by what it emits. Virtual time.

Bounds are those of the radio's own times: a scan of all channels at duration 5 takes 8.9 s, a
log-in 3.3 s, a refused or unheard one 1 s and 38 s, an answer about 0.6 s.
"""

import asyncio
import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from broute_addon.clock import JST
from broute_addon.echonet.frame import Esv
from broute_addon.meter.engine import Command
from broute_addon.meter.profile import EnergyScale
from broute_addon.meter.readings import Connection, MeterIdentified
from broute_addon.simulator import AirConfig, HouseConfig, MeterConfig
from tests.support.engine_house import START, Lab, lab, learned, story

HISTORY_AND_SELECTORS = {0xE2, 0xE4, 0xE5, 0xEC, 0xED, 0xEE, 0xEF}


@pytest.mark.parametrize("module", ["bp35c2", "bp35c0-j11", "bp35c2-j11", "rs-wsuha-j11"])
@pytest.mark.parametrize("state", ["fresh", "joined"])
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
            assert at < 30
            for key in ("power", "current_r", "current_t", "energy_bought", "energy_sold"):
                assert here.readings(key), key
            assert here.readings("half_hour_energy_bought")
            assert here.readings("signal_strength")
            assert here.readings("response_time")
            assert not here.problems()

    story(scenario)


def test_the_very_first_answer_tells_the_power_under_the_meters_own_name() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            (_, first), (second_at, _) = here.requests()
            assert len(first.properties) == 6
            assert here.readings("power")[0][0] <= second_at
            profile = next(u.profile for _, u in here.told if isinstance(u, MeterIdentified))
            await asyncio.sleep(10)
            assert here.store.snapshot.meter is not None
            assert here.store.snapshot.meter.uid == profile.uid
            assert here.store.snapshot.meter.scale is not None
            assert here.store.snapshot.meter.standard_version is not None

    story(scenario)


def test_a_second_start_joins_at_once_and_reads_power_first() -> None:
    async def scenario() -> None:
        known = await learned()
        async with lab(known=known) as here:
            started = asyncio.get_running_loop().time()
            at = await here.until_reading()
            assert not here.commands("SKSCAN")
            first = here.requests()[0][1]
            assert [prop.epc for prop in first.properties] == [0xE7, 0xE8]
            assert at - started < 7

    story(scenario)


def test_energy_waits_until_unit_and_coefficient_are_confirmed_also_from_a_cache() -> None:
    async def scenario() -> None:
        known = await learned()
        (mac, profile), *_ = known.profiles.items()
        wrong = replace(profile, scale=EnergyScale(coefficient=7, exponent=1))
        async with lab(known=replace(known, profiles={mac: wrong})) as here:
            await here.until_reading()
            await asyncio.sleep(120)
            registers = here.house.registers
            count = registers.counts(here.house.clock.now()).bought
            assert count is not None
            truth = {registers.kwh(n) for n in range(count - 50, count + 1)}
            told = [reading.value for _, reading in here.readings("energy_bought")]
            assert told
            assert set(told) <= truth

    story(scenario)


def test_only_what_the_meter_has_is_asked_and_never_history() -> None:
    async def scenario() -> None:
        minimal = MeterConfig(
            coefficient=None, reverse=False, serial=None, t_phase=False, history2=False
        )
        async with lab(HouseConfig(meter=minimal)) as here:
            await here.until_reading()
            await asyncio.sleep(3600)
            asked = [prop.epc for _, frame in here.requests() for prop in frame.properties]
            assert not {0xD3, 0xE3, 0xEB, *HISTORY_AND_SELECTORS} & set(asked)
            assert asked.count(0x8D) == 2  # with the maps, before they are known; then alone
            assert {frame.esv for _, frame in here.requests()} == {Esv.GET}
            assert here.readings("energy_bought")
            assert not here.readings("energy_sold")

    story(scenario)


def test_a_two_wire_house_never_gets_a_t_current() -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(meter=MeterConfig(t_phase=False))) as here:
            await here.until_reading()
            await asyncio.sleep(300)
            assert {reading.value for _, reading in here.readings("current_t")} == {None}
            assert here.store.snapshot.meter is not None
            assert not here.store.snapshot.meter.has_t_phase

    story(scenario)


def test_live_values_keep_their_interval_over_a_day() -> None:
    async def scenario() -> None:
        async with lab(interval_s=30) as here:
            await here.until_reading()
            start = here.readings("power")[0][0]
            await asyncio.sleep(86_400)
            polls = len(here.readings("power"))
            assert polls == pytest.approx(86_400 / 30, rel=0.005)
            assert here.longest_gap_s("power", start, start + 86_400) < 60
            assert here.connections().count(Connection.RECOVERING) == 0

    story(scenario)


def test_a_half_hour_value_that_is_pushed_is_not_asked_for() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(4 * 3600 + 360)
            asked = [at for at, f in here.requests() if f.properties[0].epc == 0xEA]
            assert len(asked) == 1  # at the start
            stamps = {reading.at for _, reading in here.readings("half_hour_energy_bought")}
            assert len(stamps) == 9  # 12:00 and eight more

    story(scenario)


def test_a_half_hour_value_that_stays_away_is_asked_for_after_five_minutes() -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(meter=MeterConfig(inf="none"))) as here:
            await here.until_reading()
            await asyncio.sleep(2 * 3600 + 360)
            asked = [at for at, f in here.requests() if f.properties[0].epc == 0xEA]
            assert len(asked) == 5
            seconds = [(at + 60) % 1800 for at in asked[1:]]  # the story starts at 12:01
            assert all(300 <= second < 330 for second in seconds)

    story(scenario)


def test_a_value_of_an_old_half_hour_never_replaces_a_newer_one() -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(meter=MeterConfig(inf="infc"))) as here:
            await here.until_reading()
            await asyncio.sleep(6 * 3600)
            stamps = [reading.at for _, reading in here.readings("half_hour_energy_bought")]
            assert stamps == sorted(stamps)

    story(scenario)


def test_an_infc_is_confirmed_so_that_the_meter_stops_repeating_it() -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(meter=MeterConfig(inf="infc"))) as here:
            await here.until_reading()
            await asyncio.sleep(4 * 3600 + 360)
            replies = [frame for _, frame in here.requests() if frame.esv is Esv.INFC_RES]
            assert len(replies) == 8

    story(scenario)


def test_a_renewal_that_succeeds_is_never_told_as_unavailable() -> None:
    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until_reading()
            here.house.faults.fire("expire")
            await asyncio.sleep(60)
            after = here.connections()[here.connections().index(Connection.READING) :]
            assert after == [Connection.READING, Connection.RENEWING, Connection.READING]
            assert here.store.snapshot.is_reading

    story(scenario)


def test_a_meter_without_live_data_tells_none_and_keeps_its_counters() -> None:
    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until_reading()
            here.house.faults.hold("no-data", for_s=300)
            await asyncio.sleep(200)
            assert here.readings("power")[-1][1].value is None
            assert all(reading.value is not None for _, reading in here.readings("energy_bought"))

    story(scenario)


def test_commands_of_a_person_are_carried_out() -> None:
    async def scenario() -> None:
        async with lab(interval_s=300) as here:
            await here.until_reading()
            await asyncio.sleep(30)
            polls = len(here.readings("power"))
            here.engine.submit(Command.READ_NOW)
            await asyncio.sleep(3)
            assert len(here.readings("power")) == polls + 1
            joins, scans = len(here.commands("SKJOIN")), len(here.commands("SKSCAN"))
            here.engine.submit(Command.RECONNECT)
            await asyncio.sleep(10)
            assert len(here.commands("SKJOIN")) == joins + 1
            assert len(here.commands("SKSCAN")) == scans
            here.engine.submit(Command.RESCAN)
            await asyncio.sleep(30)
            assert len(here.commands("SKSCAN")) > scans
            assert here.store.snapshot.connection is Connection.READING

    story(scenario)


def test_a_stop_ends_the_session_politely_and_soon() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        kept: list[Lab] = []
        async with lab() as here:
            kept.append(here)
            await here.until_reading()
            stopping = loop.time()
        assert loop.time() - stopping < 5
        assert kept[0].commands("SKTERM")

    story(scenario)


def test_a_stop_in_the_middle_of_a_scan_is_prompt() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with lab(HouseConfig(air=AirConfig(heard_at=7))) as here:
            await here.until(lambda snapshot: snapshot.connection is Connection.SCANNING)
            await asyncio.sleep(3)
            stopping = loop.time()
        assert loop.time() - stopping < 5

    story(scenario)


def test_the_meters_clock_is_compared_with_ours() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            here.house.faults.fire("clock-step", "600")
            await asyncio.sleep(7 * 3600)
            difference = here.readings("clock_difference")[-1][1].value
            assert isinstance(difference, int)
            assert timedelta(seconds=difference) == pytest.approx(
                timedelta(seconds=600), abs=timedelta(seconds=31)
            )
            assert here.readings("half_hour_energy_bought")[-1][1].at.astimezone(JST).minute in (
                0,
                30,
            )

    story(scenario)


def test_one_minute_values_are_told_soon_after_each_of_the_meters_minutes() -> None:
    async def scenario() -> None:
        house = HouseConfig(meter=MeterConfig(generation=2))
        async with lab(house) as here:
            await here.until_reading()
            await asyncio.sleep(3600)
            told = {at: r.value for at, r in here.readings("one_minute_time")}
            minutes = sorted({value for value in told.values() if isinstance(value, datetime)})
            gaps = {b - a for a, b in itertools.pairwise(minutes)}
            assert gaps == {timedelta(minutes=1)}
            assert here.readings("one_minute_energy_bought")
            assert here.readings("one_minute_energy_sold")
            late = [
                (START + timedelta(seconds=at) - value).total_seconds()
                for at, value in told.items()
                if isinstance(value, datetime) and at > 1200
            ]
            assert sum(late) / len(late) < 30

    story(scenario)
