"""What the fault campaign has found, each as a story of its own. Virtual time."""

import asyncio
import logging
import random
from datetime import datetime, timedelta

import pytest

from broute_addon.clock import JST
from broute_addon.errors import JoinRefusedError, TransportError
from broute_addon.messages import message
from broute_addon.meter.engine import Command
from broute_addon.meter.readings import Connection
from broute_addon.meter.recovery import Ladder
from broute_addon.meter.schedule import Job
from broute_addon.meter.silences import Silences
from broute_addon.simulator import HouseConfig, MeterConfig, run_virtual
from tests.support.engine_house import Lab, lab, learned, story
from tests.support.notebook import Notebook


@pytest.mark.parametrize(
    ("module", "state"), [("bp35a1", "echo-off"), ("bp35c2", "fresh"), ("bp35c2-j11", "joined")]
)
def test_a_stick_that_hangs_before_it_is_ever_spoken_to_is_reset(module: str, state: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module, states=(state,))) as here:
            here.house.faults.hold("stalled-stick")
            assert await here.until_reading(within_s=120) < 120

    story(scenario)


def test_a_half_hour_value_that_comes_before_the_scale_is_told_once_the_scale_is_known() -> None:
    async def scenario() -> None:
        silent = MeterConfig(generation=2, inf="none", reverse=False)
        async with lab(HouseConfig(meter=silent)) as here:
            await here.until_reading()
            await asyncio.sleep(29 * 60 + 30)
            assert here.house.clock.now() % 1800 < 60
            here.house.faults.fire("terminate")
            await asyncio.sleep(60)
            now = here.house.clock.now()
            count = here.house.registers.counts(now - now % 1800).bought
            assert count is not None
            told = [reading.value for _, reading in here.readings("half_hour_energy_bought")]
            assert told[-1] == here.house.registers.kwh(count)

    story(scenario)


def test_a_refusal_is_named_once_in_a_streak_also_with_other_failures_between(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused, gone = JoinRefusedError(message("join_refused")), TransportError(message("no_stick"))
    ladder = Ladder(random.Random(1))
    with caplog.at_level(logging.WARNING):
        for error in (gone, refused, gone, refused):
            ladder.fell(error)
        assert [record.getMessage() for record in caplog.records] == [str(gone), str(refused)]
        ladder.recovered()
        ladder.fell(refused)
    assert len(caplog.records) == 3


def newest(here: Lab) -> list[int]:
    """What was asked last."""
    return [prop.epc for prop in here.requests()[-1][1].properties]


def test_a_value_read_before_a_transmission_hold_is_not_told_as_new_after_it() -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(meter=MeterConfig(opc_limit=1)), interval_s=60) as here:
            await here.until_reading()
            await asyncio.sleep(300)
            asked = len(here.commands("SKSENDTO"))
            while (  # noqa: ASYNC110 - a moment between two events
                len(here.commands("SKSENDTO")) == asked or newest(here) != [0xE8]
            ):
                await asyncio.sleep(0.05)
            here.house.faults.fire("budget", for_s=600)
            held_at = asyncio.get_running_loop().time()
            await asyncio.sleep(595)
            told = [at for at, _ in here.readings("power")]
            assert held_at - 5 < told[-1] <= held_at + 5
            assert told[-2] < told[-1] - 50

    story(scenario)


def test_an_answer_that_comes_while_its_repetition_is_held_is_told_at_once() -> None:
    async def scenario() -> None:
        async with lab(interval_s=60) as here:
            await here.until_reading()
            await asyncio.sleep(300)
            here.house.faults.hold("late-answer", 5.0)
            asked = len(here.commands("SKSENDTO"))
            while len(here.commands("SKSENDTO")) == asked:  # noqa: ASYNC110 - of the simulator
                await asyncio.sleep(0.05)
            asked_at = asyncio.get_running_loop().time()
            await asyncio.sleep(1.0)
            here.house.faults.fire("budget", for_s=600)
            await asyncio.sleep(590)
            told = [at for at, _ in here.readings("power")]
            assert asked_at < told[-1] < asked_at + 10

    story(scenario)


def test_a_meter_that_tells_one_property_at_a_time_tells_its_memory_too() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        alone = HouseConfig(meter=MeterConfig(opc_limit=1, memory_days=2, reverse=False))
        async with lab(alone, interval_s=60, notebook=notebook) as here:
            await here.until_reading()
            await here.until(lambda now: now.history is not None and not now.history.is_reading)
            known = [kept for kept in notebook.kept.values() if kept.raw is not None]
            assert len(known) > 2 * 48
            for kept in known:
                at = int(kept.at.timestamp()) + 9 * 3600
                assert kept.raw == here.house.registers.counts(at).bought

    story(scenario)


@pytest.mark.parametrize("fault", ["expire", "budget"])
def test_an_interruption_of_sending_does_not_make_a_silent_meter_available(fault: str) -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            here.house.faults.hold("mute-meter")
            await asyncio.sleep(150.0)  # the waits between two tries are long by now
            trying = Connection.RECOVERING if fault == "expire" else Connection.JOINING
            await here.until(lambda now: now.connection is trying)
            while here.house.radio.session is None:  # noqa: ASYNC110 - of the simulator
                await asyncio.sleep(0.1)
            told = len(here.connections())
            here.house.faults.fire(fault, for_s=5.0)
            await asyncio.sleep(15.0)
            assert not {
                Connection.RENEWING,
                Connection.ON_HOLD,
                Connection.READING,
            }.intersection(here.connections()[told:])

    story(scenario)


@pytest.mark.parametrize("module", ["bp35a1", "bp35c2"])
def test_a_logout_that_the_stick_has_not_understood_is_no_missing_session(module: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module)) as here:
            await here.until_reading()
            typed = here.port.on_input
            garbled: list[bytes] = []

            def lossy(data: bytes) -> None:
                if data.startswith(b"SKTERM") and len(garbled) < 2:
                    garbled.append(data)
                    data = data.replace(b"E", b"", 1)
                typed(data)

            radio = here.house.radio
            join = radio.join
            opened: list[bool] = []

            def joined(address: str) -> None:
                opened.append(radio.session is not None)
                join(address)

            here.port.on_input, radio.join = lossy, joined  # type: ignore[method-assign]
            here.engine.submit(Command.RECONNECT)
            await asyncio.sleep(60)
            assert len(garbled) == 2
            assert opened == [False]
            assert here.store.snapshot.connection is Connection.READING

    story(scenario)


def test_a_date_and_a_time_of_two_days_are_not_the_meters_clock() -> None:
    """A day ahead, what is still to come would be taken for what the meter has forgotten."""

    async def scenario(start: datetime) -> set[object]:
        meter = MeterConfig(opc_limit=1)
        async with lab(HouseConfig(meter=meter), known=known, start=start) as here:
            await asyncio.sleep(60)
            return {reading.value for _, reading in here.readings("clock_difference")}

    known = run_virtual(learned(HouseConfig(meter=MeterConfig(opc_limit=1))))
    midnight = datetime(2026, 1, 6, 0, 0, tzinfo=JST)
    found = set[object]()
    for tenths in range(60, 240, 4):
        found |= run_virtual(scenario(midnight - timedelta(seconds=tenths / 10)))
    assert found <= {0}


def test_a_request_lost_with_two_log_ins_in_a_row_is_not_left_alone_yet() -> None:
    silences = Silences()
    assert silences.lost(Job.ENERGY) is None
    assert silences.lost(Job.ENERGY) is None
    pause_s = silences.lost(Job.ENERGY)
    assert pause_s is not None
    assert pause_s <= 60
