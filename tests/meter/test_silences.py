"""Meters that leave one kind of request unanswered, and sessions that never last. Virtual time."""

import asyncio
from decimal import Decimal

import pytest

from broute_addon.meter.readings import Connection
from broute_addon.simulator.meter import SmartMeter
from tests.support.engine_house import lab, learned, story

GET = 0x62


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """EPCs: no request that asks for one of them is answered."""
    epcs: set[int] = set()
    answer_to = SmartMeter.answer_to

    def answer(self: SmartMeter, request: object) -> object:
        asked = {epc for epc, _ in request.first}  # type: ignore[attr-defined]
        is_get = request.esv == GET  # type: ignore[attr-defined]
        return None if is_get and asked & epcs else answer_to(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(SmartMeter, "answer_to", answer)
    return epcs


@pytest.mark.parametrize("epc", [0xE0, 0xEA, 0x97, 0x88, 0xD0])
def test_a_request_that_is_never_answered_costs_no_other_reading(
    silent: set[int], epc: int
) -> None:
    async def scenario() -> None:
        known = await learned()
        silent.add(epc)
        async with lab(known=known) as here:
            await here.until_reading()
            await asyncio.sleep(1800)
            since = asyncio.get_running_loop().time()
            await asyncio.sleep(3600)
            assert len([at for at in here.commands("SKJOIN") if at > since]) <= 1
            assert len([at for at, _ in here.readings("power") if at > since]) >= 110
            assert here.store.snapshot.connection is Connection.READING

    story(scenario)


def test_a_request_that_is_answered_again_is_asked_for_as_before(silent: set[int]) -> None:
    async def scenario() -> None:
        known = await learned()
        silent.add(0xE0)
        async with lab(known=known) as here:
            await here.until_reading()
            await asyncio.sleep(900)
            silent.clear()
            await asyncio.sleep(3000)
            since = asyncio.get_running_loop().time()
            await asyncio.sleep(600)
            assert len([at for at, _ in here.readings("energy_bought") if at > since]) >= 9

    story(scenario)


def test_power_is_read_although_the_meter_never_confirms_who_it_is(silent: set[int]) -> None:
    async def scenario() -> None:
        known = await learned()
        async with lab(known=known) as here:
            await here.until_reading()
            silent.add(0xD3)
            here.house.faults.hold("mute-meter", for_s=60)
            await asyncio.sleep(1800)
            since = asyncio.get_running_loop().time()
            await asyncio.sleep(3600)
            assert len([at for at, _ in here.readings("power") if at > since]) >= 110

    story(scenario)


def test_sessions_that_end_soon_after_the_first_value_are_not_begun_anew_at_once() -> None:
    """So it is where another controller logs in to the same meter."""

    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(300)
            loop = asyncio.get_running_loop()
            since = loop.time()
            while loop.time() < since + 3600:
                await here.until_reading()
                await asyncio.sleep(2)
                here.house.faults.fire("terminate")
                await asyncio.sleep(0.01)
            assert len([at for at in here.commands("SKJOIN") if at > since]) < 90
            await here.until_reading()
            await asyncio.sleep(300)
            here.house.faults.fire("terminate")  # after a session that lasted
            await here.until(lambda snapshot: not snapshot.is_reading, 5)
            await here.until_reading(10)

    story(scenario)


def test_a_meter_that_is_logged_in_to_anew_during_the_airtime_limit_is_not_lost() -> None:
    async def scenario() -> None:
        async with lab(interval_s=5) as here:
            await here.until_reading()
            await asyncio.sleep(60)
            here.house.faults.fire("budget", for_s=1800)
            await asyncio.sleep(30)
            here.house.faults.fire("terminate")
            await asyncio.sleep(30)
            snapshot = here.store.snapshot
            assert snapshot.connection is Connection.ON_HOLD
            assert snapshot.readings["transmit_limited"].value is True
            await asyncio.sleep(1800)
            assert here.store.snapshot.connection is Connection.READING
            assert here.store.snapshot.readings["transmit_limited"].value is False

    story(scenario)


@pytest.mark.parametrize("seconds", [0.1, 1, 5, 20])
def test_a_register_that_reads_zero_for_seconds_is_never_told(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    begun: list[float] = []
    is_due = False
    get = SmartMeter._get

    def zero(self: SmartMeter, request: object, table: object) -> object:
        block, is_good = get(self, request, table)  # type: ignore[arg-type]
        now = asyncio.get_running_loop().time()
        if is_due and not begun and any(epc == 0xE0 for epc, _ in block):
            begun.append(now)
        if begun and now <= begun[0] + seconds:
            block = tuple((epc, bytes(4) if epc == 0xE0 else edt) for epc, edt in block)
        return block, is_good

    monkeypatch.setattr(SmartMeter, "_get", zero)

    async def scenario() -> None:
        nonlocal is_due
        async with lab() as here:
            await here.until_reading()
            await asyncio.sleep(200)
            is_due = True
            await asyncio.sleep(300)
            assert begun
            told = [reading.value for _, reading in here.readings("energy_bought")]
            assert all(isinstance(value, Decimal) and value > 0 for value in told)
            assert here.readings("energy_bought")[-1][0] > begun[0] + 60

    story(scenario)
