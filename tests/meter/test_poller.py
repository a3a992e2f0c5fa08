"""The poller against a meter that is a table of EDTs: refusals, things learned late. Virtual time.

`HouseConfig` can't make these meters: they have less than their own Get map claims.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from broute_addon.echonet.frame import CONTROLLER, METER, Esv, Frame, PropertyData
from broute_addon.echonet.property_map import encode_property_map
from broute_addon.meter.client import MeterClient
from broute_addon.meter.half_hours import Direction, HalfHour, Source
from broute_addon.meter.pacing import Pace, RetryTimer
from broute_addon.meter.poller import LEFTOVERS_RETRY_S, Poller
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.readings import (
    HalfHoursRead,
    MeterIdentified,
    Reading,
    ReadingsArrived,
    Update,
)
from broute_addon.meter.silences import Silences
from broute_addon.simulator import run_virtual
from broute_addon.wisun.values import MacAddress

MAC = MacAddress.parse("D05EA55A0C1042A7")
START = datetime(2026, 4, 5, 3, 1, tzinfo=UTC)


@dataclass
class Table:
    """A meter that answers what `edts` holds and refuses the rest, after half a second."""

    edts: dict[int, str]
    asked: Counter[int] = field(default_factory=Counter)
    told: list[Reading] = field(default_factory=list)
    half_hours: list[HalfHour] = field(default_factory=list)
    scales: set[EnergyScale] = field(default_factory=set)
    profile: MeterProfile | None = None

    def run(self, seconds: float, changes: dict[float, dict[int, str]] | None = None) -> None:
        """Reads the meter for a while; at the seconds of `changes` its EDTs change."""

        async def scenario() -> None:
            loop = asyncio.get_running_loop()
            for at, edts in (changes or {}).items():
                loop.call_later(at, self.edts.update, edts)
            pace = Pace(10.0)
            client = self._client = MeterClient(
                self._send, lambda _: None, timer=RetryTimer(), pace=pace, first_tid=1
            )
            poller = Poller(
                client,
                MAC,
                None,
                pace=pace,
                emit=self._emit,
                on_good=lambda _: None,
                clock=lambda: START + timedelta(seconds=loop.time()),
                silences=Silences(),
                guards={},
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await poller.run(asyncio.sleep)

        run_virtual(scenario())

    async def _send(self, edata: bytes) -> None:
        request = Frame.parse(edata)
        answered = [
            PropertyData(each.epc, bytes.fromhex(self.edts.get(each.epc, "")))
            for each in request.properties
        ]
        self.asked.update(each.epc for each in request.properties)
        service = Esv.GET_RES if all(each.edt for each in answered) else Esv.GET_SNA
        answer = Frame(request.tid, METER, CONTROLLER, service, tuple(answered))
        asyncio.get_running_loop().call_later(0.5, self._client.received, answer.serialise())

    def _emit(self, update: Update) -> None:
        if isinstance(update, ReadingsArrived):
            self.told += update.readings
        if isinstance(update, HalfHoursRead):
            self.half_hours += update.values
            self.scales.add(update.scale)
        if isinstance(update, MeterIdentified):
            self.profile = update.profile

    def values(self, key: str) -> set[object]:
        return {reading.value for reading in self.told if reading.key == key}


def meter_with(*claimed: int, **edts: str) -> Table:
    """A meter whose Get map also claims what it hasn't."""
    known = {int(epc[1:], 16): edt for epc, edt in edts.items()}
    get_map = encode_property_map(frozenset({*known, *claimed, 0x9F}))
    return Table({0x82: "00004600", 0x9F: get_map.hex(), **known})


FULL = {"xE7": "000005AA", "xE0": "0001E240", "xD3": "00000001", "xE1": "01", "xD7": "06"}


def test_an_epc_that_the_map_claims_but_the_meter_refuses_is_left_alone_and_the_others_stay() -> (
    None
):
    meter = meter_with(0xE3, 0xE8, **FULL)
    meter.run(3600)
    assert meter.values("power") == {1450}
    assert meter.values("energy_bought") == {Decimal("12345.6")}
    # Once with others and once alone, and again only after longer and longer whiles.
    assert meter.asked[0xE3] <= 6
    assert meter.asked[0xE8] <= 6
    assert meter.asked[0xE7] > 300


def test_without_a_unit_there_is_no_energy_and_it_is_asked_for_until_it_is_known() -> None:
    meter = meter_with(0xE1, **{key: edt for key, edt in FULL.items() if key != "xE1"})
    meter.run(600)
    assert meter.values("power") == {1450}
    assert meter.values("energy_bought") == set()
    assert meter.asked[0xE1] > 600 / LEFTOVERS_RETRY_S

    meter = meter_with(0xE1, **{key: edt for key, edt in FULL.items() if key != "xE1"})
    meter.run(600, {300: {0xE1: "02"}})
    assert meter.values("energy_bought") == {Decimal("1234.56")}


def test_a_coefficient_that_is_nonsense_is_no_1_and_is_asked_for_until_it_is_known() -> None:
    meter = meter_with(**FULL | {"xD3": "0001"})
    meter.run(600, {300: {0xD3: "00000003"}})
    assert meter.values("energy_bought") == {Decimal("37036.8")}


def test_a_meter_without_coefficient_counts_once() -> None:
    for meter in (
        meter_with(**{key: edt for key, edt in FULL.items() if key != "xD3"}),
        meter_with(0xD3, **{key: edt for key, edt in FULL.items() if key != "xD3"}),
        meter_with(**FULL | {"xD3": "00000000"}),
    ):
        meter.run(300)
        assert meter.values("energy_bought") == {Decimal("12345.6")}


def test_a_half_hour_value_carries_its_own_time_also_without_the_other_direction() -> None:
    meter = meter_with(**FULL, xEA="07EA04050C00000001E23A")
    meter.run(120)
    [reading] = {each for each in meter.told if each.key == "half_hour_energy_bought"}
    assert reading.value == Decimal("12345.0")
    assert reading.at == datetime(2026, 4, 5, 3, 0, tzinfo=UTC)
    assert not meter.values("half_hour_energy_sold_time")


NOON = datetime(2026, 4, 5, 3, 0, tzinfo=UTC)
BOUGHT_AT_NOON = HalfHour(NOON, Direction.BOUGHT, 123_450, Source.POLL)


def test_a_half_hour_value_goes_to_the_ledger_as_a_raw_count_with_its_scale() -> None:
    meter = meter_with(**FULL, xEA="07EA04050C00000001E23A")
    meter.run(120)
    assert set(meter.half_hours) == {BOUGHT_AT_NOON}
    assert meter.scales == {EnergyScale(1, -1, 6)}


def test_a_half_hour_value_that_came_before_the_scale_is_kept_and_told_later() -> None:
    unit = {key: edt for key, edt in FULL.items() if key != "xE1"}
    meter = meter_with(0xE1, **unit, xEA="07EA04050C00000001E23A")
    meter.run(280, {70: {0xE1: "02"}, 60: {0xEA: ""}})
    assert set(meter.half_hours) == {BOUGHT_AT_NOON}
    assert meter.scales == {EnergyScale(1, -2, 6)}


def test_only_whole_half_hours_with_a_count_go_to_the_ledger() -> None:
    for edt in (
        "07EA04050C07000001E23A",  # 12:07
        "07EA04050C001E0001E23A",  # 12:00:30
        "07EA04050C0000FFFFFFFE",  # no count
        "FFFFFFFFFFFFFF0001E23A",  # no time
    ):
        meter = meter_with(**FULL, xEA=edt)
        meter.run(120)
        assert not meter.half_hours, edt


def test_a_half_hour_far_after_the_meters_own_clock_does_not_go_to_the_ledger() -> None:
    clock = {"x98": "07EA0405", "x97": "0C01"}
    meter = meter_with(**FULL, **clock, xEA="07EA04050B1E000001E230")
    meter.run(1200, {300: {0xEA: "07EB04050C00000001E23A"}})  # a year later
    assert {value.at.year for value in meter.half_hours} == {2026}


@pytest.mark.parametrize("stamp", ["0001010100", "0032010100", "07D0010100", "270F0C1F17"])
def test_a_half_hour_of_a_meter_that_doesnt_know_the_year_is_not_told(stamp: str) -> None:
    meter = meter_with(**FULL, xEA=f"{stamp}0000 0001E23A")
    meter.run(600)
    assert meter.values("power") == {1450}
    assert meter.half_hours == []
    assert meter.values("half_hour_energy_bought") == set()


@pytest.mark.parametrize("day", ["00010101", "07D00101", "270F0C1F"])
def test_a_clock_that_doesnt_know_the_year_is_none(day: str) -> None:
    meter = meter_with(**FULL, x98=day, x97="173B")
    meter.run(600)
    assert meter.values("power") == {1450}
    assert meter.values("clock_difference") == set()
