"""Meters that behave oddly for a moment: what the household sees must stay right. Virtual time."""

import asyncio
from decimal import Decimal

import pytest

from broute_addon.meter.engine import Command
from broute_addon.meter.readings import Connection
from broute_addon.simulator import HouseConfig, MeterConfig
from broute_addon.simulator.meter import SmartMeter
from tests.support.engine_house import Lab, lab, learned, story


class Oddity:
    """What the simulated meter does beyond its registers: EPCs it refuses, counts it adds,
    properties that it leaves out at the end."""

    def __init__(self) -> None:
        self.refuses: set[int] = set()
        self.adds: dict[int, int] = {}
        self.times = 0  # how many answers are still falsified
        self.short = 0  # how many Gets of the meter are still answered with their first EPC only

    def apply(self, epc: int, edt: bytes) -> bytes:
        if epc in self.refuses:
            return b""
        if epc in self.adds and self.times > 0 and edt:
            self.times -= 1
            return (int.from_bytes(edt, "big") + self.adds[epc]).to_bytes(len(edt), "big")
        return edt


@pytest.fixture
def oddity(monkeypatch: pytest.MonkeyPatch) -> Oddity:
    odd = Oddity()
    get = SmartMeter._get

    def oddly(self: SmartMeter, request: object, table: object) -> object:
        block, is_good = get(self, request, table)  # type: ignore[arg-type]
        answer = tuple((epc, odd.apply(epc, edt)) for epc, edt in block)
        if odd.short > 0:
            odd.short -= 1
            return answer[:1], is_good and len(answer) == 1
        return answer, is_good and all(edt for _, edt in answer)

    monkeypatch.setattr(SmartMeter, "_get", oddly)
    return odd


def told(here: Lab, key: str, since: float = 0.0) -> list[object]:
    return [reading.value for at, reading in here.readings(key) if at >= since]


@pytest.mark.parametrize("refused", [{0xE7}, {0xE8}, {0xE7, 0xE8}], ids=["E7", "E8", "both"])
def test_a_refusal_of_a_moment_stops_no_reading_for_long(oddity: Oddity, refused: set[int]) -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(100)
            oddity.refuses |= refused
            await asyncio.sleep(35)
            oddity.refuses.clear()
            loop = asyncio.get_running_loop()
            await asyncio.sleep(700)
            back = loop.time()
            await asyncio.sleep(600)
            assert len(told(here, "power", back)) >= 18
            assert len(told(here, "current_r", back)) >= 18

    story(scenario)


def test_a_refusal_days_after_another_is_as_short(oddity: Oddity) -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            loop = asyncio.get_running_loop()
            for _ in range(4):
                oddity.refuses.add(0xE7)
                begun = loop.time()
                await asyncio.sleep(31)
                oddity.refuses.clear()
                await asyncio.sleep(6 * 3600)
                assert here.longest_gap_s("power", begun, loop.time()) < 700

    story(scenario)


def test_a_property_that_is_refused_for_long_is_asked_for_each_hour(oddity: Oddity) -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            oddity.refuses.add(0xE8)
            await asyncio.sleep(24 * 3600)
            oddity.refuses.clear()
            since = asyncio.get_running_loop().time()
            await asyncio.sleep(3700)
            assert told(here, "current_r", since)

    story(scenario)


def test_a_meter_that_refuses_all_live_values_is_not_called_reading(oddity: Oddity) -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            oddity.refuses |= {0xE7, 0xE8}
            await asyncio.sleep(3600)
            assert here.store.snapshot.connection is not Connection.READING
            assert here.problems()[-1] == "property_refused"
            assert len(here.commands("SKJOIN")) < 60

    story(scenario)


@pytest.mark.parametrize("moment", ["in a session", "as the first count after a log-in"])
def test_one_wrong_count_is_never_told(oddity: Oddity, moment: str) -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(200)
            right = told(here, "energy_bought")[-1]
            assert isinstance(right, Decimal)
            oddity.adds, oddity.times = {0xE0: 50_000}, 1
            if moment != "in a session":
                here.engine.submit(Command.RECONNECT)
            await asyncio.sleep(300)
            assert oddity.times == 0
            values = told(here, "energy_bought")
            assert all(isinstance(v, Decimal) and right - 100 < v < right + 100 for v in values)

    story(scenario)


def test_a_coefficient_refused_once_changes_no_energy(oddity: Oddity) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(meter=MeterConfig(coefficient=30))) as here:
            await here.until_reading()
            await asyncio.sleep(70)
            right = told(here, "energy_bought")[-1]
            assert isinstance(right, Decimal)
            oddity.refuses.add(0xD3)
            here.engine.submit(Command.RECONNECT)
            await asyncio.sleep(120)
            oddity.refuses.clear()
            await asyncio.sleep(300)
            values = told(here, "energy_bought")
            assert all(isinstance(v, Decimal) and v >= right - 100 for v in values)

    story(scenario)


def test_a_coefficient_in_the_map_that_is_always_refused_means_one_in_the_end(
    oddity: Oddity,
) -> None:
    async def scenario() -> None:
        oddity.refuses.add(0xD3)
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(90)
            assert not told(here, "energy_bought")
            await asyncio.sleep(300)
            assert told(here, "energy_bought")

    story(scenario)


def test_a_serial_number_refused_at_first_makes_no_second_meter_later(oddity: Oddity) -> None:
    async def scenario() -> None:
        oddity.refuses.add(0x8D)
        async with lab() as here:
            await here.until_reading()
            oddity.refuses.clear()
            here.engine.submit(Command.RECONNECT)
            await asyncio.sleep(120)
            assert len(here.uids()) == 1

    story(scenario)


def test_a_half_hour_value_and_its_time_are_told_together_after_a_warm_start() -> None:
    async def scenario() -> None:
        async with lab(known=await learned()) as here:
            await here.until_reading()
            await asyncio.sleep(900)
            times = [reading.at for _, reading in here.readings("half_hour_energy_bought_time")]
            values = [reading.at for _, reading in here.readings("half_hour_energy_bought")]
            assert times == values != []

    story(scenario)


def test_a_doubted_half_hour_value_makes_nobody_hurry(oddity: Oddity) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(meter=MeterConfig(inf="none"))) as here:
            await here.until_reading()
            oddity.adds, oddity.times = {0xEA: 5000}, 1
            start = asyncio.get_running_loop().time()
            await asyncio.sleep(3600)
            asked = [at for at, f in here.requests() if at > start and f.properties[0].epc == 0xE0]
            assert len(asked) < 3600 / 60 + 10

    story(scenario)


def test_a_register_that_never_agrees_with_itself_is_not_hammered(oddity: Oddity) -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(100)
            oddity.adds, oddity.times = {0xE0: 70_000}, 10_000

            async def flutter() -> None:
                while True:
                    await asyncio.sleep(0.1)
                    oddity.adds[0xE0] = (oddity.adds[0xE0] * 7 + 13) % 900_000

            fluttering = asyncio.create_task(flutter())
            start = asyncio.get_running_loop().time()
            await asyncio.sleep(3600)
            fluttering.cancel()
            asked = [at for at, f in here.requests() if at > start and f.properties[0].epc == 0xE0]
            assert len(asked) <= 3 * 3600 / 60 + 10

    story(scenario)


def test_an_exchanged_meters_own_facts_are_told_under_its_own_name() -> None:
    async def scenario() -> None:
        async with lab(interval_s=10) as here:
            await here.until_reading()
            await asyncio.sleep(60)
            here.house.faults.fire("exchange", "OTHER000001")
            await asyncio.sleep(3600)
            assert len(here.uids()) == 2
            readings = here.store.snapshot.readings
            assert {"coefficient", "energy_unit", "effective_digits"} <= readings.keys()
            assert "half_hour_energy_bought" in readings

    story(scenario)


def test_a_makers_code_refused_at_first_makes_no_second_meter_later(oddity: Oddity) -> None:
    async def scenario() -> None:
        oddity.refuses.add(0x8A)
        async with lab() as here:
            await here.until_reading()
            oddity.refuses.clear()
            here.engine.submit(Command.RECONNECT)
            await asyncio.sleep(120)
            assert len(here.uids()) == 1
            here.house.faults.fire("exchange", "OTHER000001")
            await asyncio.sleep(600)
            assert len(here.uids()) == 2

    story(scenario)


@pytest.mark.parametrize("moment", ["interview", "poll", "confirmation"])
def test_a_short_answer_of_a_moment_makes_no_small_requests(oddity: Oddity, moment: str) -> None:
    async def scenario() -> None:
        known = await learned() if moment == "confirmation" else None
        oddity.short = 0 if moment == "poll" else 2
        async with lab(known=known) as here:
            await here.until_reading()
            await asyncio.sleep(120)
            if moment == "poll":
                oddity.short = 1
                await asyncio.sleep(35)
            assert oddity.short == 0
            begun = asyncio.get_running_loop().time()
            await asyncio.sleep(600)
            asked = [frame for at, frame in here.requests() if at > begun]
            assert len(asked) < 25
            here.engine.submit(Command.RECONNECT)
            await asyncio.sleep(120)
            assert here.store.snapshot.meter is not None
            assert here.store.snapshot.meter.batch == 6

    story(scenario)


def test_a_meter_that_became_slow_is_polled_as_often_as_before() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(900)
            here.house.faults.hold("late-answer", 2.5)
            await asyncio.sleep(600)
            begun = asyncio.get_running_loop().time()
            await asyncio.sleep(3600)
            assert len(told(here, "power", begun)) >= 118
            assert len([at for at, _ in here.requests() if at > begun]) < 130

    story(scenario)


def test_a_hold_is_no_part_of_the_response_time() -> None:
    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(60)
            here.house.faults.fire("budget", for_s=1800)
            await asyncio.sleep(2000)
            values = told(here, "response_time")
            assert len(values) > 30
            assert all(isinstance(value, float) and value < 5 for value in values)

    story(scenario)
