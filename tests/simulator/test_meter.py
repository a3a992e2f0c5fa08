"""The meter as an ECHONET Lite node, against the frames of echonet-lite-meter.md section 9.

The frames are asked of `SmartMeter` directly; what depends on the household is checked against
the registers.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from broute_addon.simulator import Household, MeterConfig, run_virtual
from broute_addon.simulator.household import DAY_S, HALF_HOUR_S
from broute_addon.simulator.meter import SmartMeter
from broute_addon.simulator.meter_clock import MeterClock, to_seconds
from broute_addon.simulator.properties import State, property_map
from broute_addon.simulator.registers import Registers
from tests.simulator.bench import JST, START

PROFILE_A: dict[str, Any] = {"reverse": False, "coefficient": None, "serial": None}
PROFILE_B: dict[str, Any] = {"maker": "000035"}
PROFILE_C: dict[str, Any] = {"maker": "000035", "generation": 2}

Scenario = Callable[[SmartMeter], None]


def at_the_meter(
    scenario: Scenario,
    start: datetime = START,
    **config: Any,  # noqa: ANN401 - fields of MeterConfig
) -> None:
    """Run a scenario with a meter whose clock shows `start`."""

    async def run() -> None:
        clock = MeterClock(start, 1)
        meter_config = MeterConfig(**config)
        registers = Registers(meter_config, Household(7), clock.now())
        scenario(SmartMeter(State(meter_config, registers, clock)))
        await asyncio.sleep(0)

    run_virtual(run())


def ask(meter: SmartMeter, request: str) -> str | None:
    answer = meter.answer(bytes.fromhex(request))
    return None if answer is None else answer.hex().upper()


EXCHANGES = [
    ("4 coefficient refused", PROFILE_A,
     "1081010805FF010288016201D300", "1081010802880105FF015201D300"),
    ("6 attributes, profile A", PROFILE_A,
     "1081010A05FF01028801620482009D009E009F00",
     "1081010A02880105FF0172048204000046009D04038081889E030281E5"
     "9F111241414100004000624300410000020202"),
    ("6 attributes, profile C", PROFILE_C,
     "1081010B05FF01028801620482009D009E009F00",
     "1081010B02880105FF0172048204000052049D04038081889E050481E5EDEF"
     "9F111D71414160404000624300414040434242"),
    ("7 identity and scale", PROFILE_B,
     "1081010C05FF01028801620" "48D00D300D700E100",
     "1081010C02880105FF0172048D0C414231324333343536373800D30400000001D70106E10101"),
    ("8 select yesterday", PROFILE_B,
     "1081010D05FF010288016101E50101", "1081010D02880105FF017101E500"),
    ("8 bad selector", PROFILE_B,
     "1081010E05FF010288016101E50164", "1081010E02880105FF015101E50164"),
    ("9 history never selected", PROFILE_B,
     "1081010F05FF010288016201E200",
     "1081010F02880105FF017201E2C200FF" + "FFFFFFFE" * 48),
    ("10 select three half hours", PROFILE_C,
     "1081011205FF010288016101ED0707EA04050D1E03", "1081011202880105FF017101ED00"),
    ("10 selector beside the half hour", PROFILE_C,
     "1081011205FF010288016101ED0707EA04050D1F03",
     "1081011202880105FF015101ED0707EA04050D1F03"),
    ("10 selector in the future", PROFILE_C,
     "1081011205FF010288016101ED0707EA04060D1E03",
     "1081011202880105FF015101ED0707EA04060D1E03"),
    ("10 too many half hours", PROFILE_C,
     "1081011205FF010288016101ED0707EA04050D1E0D",
     "1081011202880105FF015101ED0707EA04050D1E0D"),
    ("10 history 2 never selected", PROFILE_C,
     "1081011405FF010288016201EC00",
     "1081011402880105FF017201EC0FFFFFFFFFFFFF01FFFFFFFEFFFFFFFE"),
    ("10 no history 2 in the first generation", PROFILE_B,
     "1081011205FF010288016101ED0707EA04050D1E03",
     "1081011202880105FF015101ED0707EA04050D1E03"),
    ("13 instance list on request", PROFILE_B,
     "1081011505FF010EF0016301D500", "108101150EF00105FF017301D50401028801"),
    ("13 instance list S", PROFILE_B,
     "1081011605FF010EF0016201D600", "108101160EF00105FF017201D60401028801"),
    ("2 the notify-only D5 is refused to Get", PROFILE_B,
     "1081011605FF010EF0016202D500D300", "108101160EF00105FF015202D500D303000001"),
    ("15 select three minutes", PROFILE_C,
     "1081011905FF010288016101EF0707EA04050D2203", "1081011902880105FF017101EF00"),
    ("16 clock", PROFILE_B,
     "1081011B05FF01028801620298009700", "1081011B02880105FF017202980407EA040597020D22"),
    ("17 SetGet refused", PROFILE_B,
     "1081011C05FF010288016E01E5010101E200", "1081011C02880105FF015E01E5010101E200"),
    ("18 route B id", PROFILE_C,
     "1081011D05FF010288016201C000",
     "1081011D02880105FF017201C01000000035303132333435363738394142"),
    ("19 node profile", PROFILE_B,
     "1081011E05FF010EF001620582008300D300D400D700",
     "1081011E0EF00105FF0172058204010A01008311FE000035101112131415161718191A1B1C"
     "D303000001D4020002D703010288"),
    ("20 status and place", PROFILE_B,
     "1081011F05FF010288016204800081008800" "8A00",
     "1081011F02880105FF0172048001308101618801428A03000035"),
    ("20 17-byte place", PROFILE_B | {"location": "01" + "00" * 16},
     "1081012005FF0102880162018100",
     "1081012002880105FF01720181110100000000000000000000000000000000"),
    ("1.9 Get with a byte of EDT", PROFILE_B,
     "1081011B05FF010288016201D70100", "1081011B02880105FF017201D70106"),
    ("10.11 set of a property that can't be set", PROFILE_B,
     "1081011B05FF010288016101E00400000000", "1081011B02880105FF015101E00400000000"),
    ("SetI accepted is silent", PROFILE_B, "1081010D05FF010288016001E50101", None),
    ("SetI refused is not", PROFILE_B,
     "1081010D05FF010288016001E50164", "1081010D02880105FF015001E50164"),
    ("unknown object", PROFILE_B, "1081010D05FF010287016201E000", None),
    ("format 2", PROFILE_B, "1082010D05FF010288016201E000", None),
    ("cut", PROFILE_B, "1081010D05FF010288016201E0", None),
    ("not a request", PROFILE_B, "1081010D05FF010288017201E000", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "request_", "answer"),
    [row[1:] for row in EXCHANGES],
    ids=[str(row[0]) for row in EXCHANGES],
)
def test_documented_exchange(config: dict[str, Any], request_: str, answer: str | None) -> None:
    at_the_meter(lambda meter: check(ask(meter, request_), answer), **config)


def check(got: object, expected: object) -> None:
    assert got == expected


def test_one_refused_property_leaves_the_values_of_the_others() -> None:
    def scenario(meter: SmartMeter) -> None:
        counts = meter.state.registers.counts(meter.state.clock.now())
        power = meter.state.registers.power(meter.state.clock.now()) & 0xFFFFFFFF
        assert ask(meter, "1081010705FF010288016203E000E300E700") == (
            f"1081010702880105FF015203E004{counts.bought:08X}E300E704{power:08X}"
        )

    at_the_meter(scenario, **PROFILE_A)


@pytest.mark.parametrize(("generation", "limit"), [(1, 6), (2, 7)])
def test_a_request_that_is_too_long_gets_its_first_properties(generation: int, limit: int) -> None:
    def scenario(meter: SmartMeter) -> None:
        answer = ask(meter, "1081010905FF0102880162088000E000E300E700E800D300E100D700")
        assert answer is not None
        assert answer[20:24] == f"52{limit:02X}"

    at_the_meter(scenario, generation=generation)


@pytest.mark.parametrize(
    ("epcs", "edt"),
    [
        ((0x80, 0x81, 0x88), "03808188"),
        (
            (0x80, 0x81, 0x82, 0x88, 0x8A, 0x8D, 0x97, 0x98, 0x9D, 0x9E, 0x9F, 0xD3, 0xD7,
             0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE7, 0xE8, 0xEA, 0xEB),
            "1741414160404000624300414000030202",
        ),
    ],
    ids=["list form", "bitmap form, example B of 3.11"],
)  # fmt: skip
def test_property_maps_have_both_forms(epcs: tuple[int, ...], edt: str) -> None:
    assert property_map(epcs).hex().upper() == edt


def history(meter: SmartMeter, days_back: int, epc: str = "E2") -> list[int]:
    ask(meter, f"1081000105FF010288016101E501{days_back:02X}")
    answer = ask(meter, f"1081000205FF010288016201{epc}00")
    assert answer is not None
    edt = bytes.fromhex(answer)[14:]
    assert edt[:2] == bytes([0, days_back])
    return [int.from_bytes(edt[i : i + 4], "big") for i in range(2, 194, 4)]


def test_history_is_the_counter_of_that_instant() -> None:
    def scenario(meter: SmartMeter) -> None:
        today = to_seconds(START) // DAY_S
        for days_back in (0, 1, 45, 99):
            bought, sold = history(meter, days_back), history(meter, days_back, "E4")
            for slot in range(28 if days_back == 0 else 48):
                at = (today - days_back) * DAY_S + slot * HALF_HOUR_S
                counts = meter.state.registers.counts(at)
                assert (bought[slot], sold[slot]) == (counts.bought, counts.sold)

    at_the_meter(scenario)


def test_future_slots_and_forgotten_days_have_no_data() -> None:
    def scenario(meter: SmartMeter) -> None:
        assert history(meter, 0)[28:] == [0xFFFFFFFE] * 20
        assert 0xFFFFFFFE not in history(meter, 0)[:28]
        assert 0xFFFFFFFE not in history(meter, 45)
        assert history(meter, 46) == [0xFFFFFFFE] * 48

    at_the_meter(scenario, memory_days=45)


def test_history_2_and_3_run_back_from_the_newest() -> None:
    def scenario(meter: SmartMeter) -> None:
        ask(meter, "1081011205FF010288016101ED0707EA04050D1E02")
        ask(meter, "1081011905FF010288016101EF0707EA04050D2202")
        for epc, newest, step in (("EC", START.replace(minute=30), 1800), ("EE", START, 60)):
            answer = ask(meter, f"1081011305FF010288016201{epc}00")
            assert answer is not None
            expected = b""
            for i in range(2):
                counts = meter.state.registers.counts(to_seconds(newest) - i * step)
                assert counts.bought is not None
                assert counts.sold is not None
                expected += counts.bought.to_bytes(4, "big") + counts.sold.to_bytes(4, "big")
            assert answer.endswith(expected.hex().upper())

    at_the_meter(scenario, **PROFILE_C)


def test_fixed_time_energy_is_the_slot_of_its_stamp() -> None:
    def scenario(meter: SmartMeter) -> None:
        answer = ask(meter, "1081010C05FF010288016202EA00EB00")
        bought, sold = history(meter, 0)[27], history(meter, 0, "E4")[27]
        stamp = "07EA04050D1E00"
        assert answer == (f"1081010C02880105FF017202EA0B{stamp}{bought:08X}EB0B{stamp}{sold:08X}")

    at_the_meter(scenario)


def test_a_half_hour_appears_a_moment_late() -> None:
    for seconds, minute in ((1, "0D00"), (4, "0D1E")):
        start = START.replace(minute=30, second=seconds)

        def scenario(meter: SmartMeter, minute: str = minute) -> None:
            answer = ask(meter, "1081010C05FF010288016201EA00")
            assert answer is not None
            assert answer[36:40] == minute
            assert (history(meter, 0)[27] == 0xFFFFFFFE) == (minute == "0D00")

        at_the_meter(scenario, start)


def test_counters_roll_over_at_their_digits() -> None:
    def scenario(meter: SmartMeter) -> None:
        registers, now = meter.state.registers, meter.state.clock.now()
        later = registers.counts(now + 2 * DAY_S).bought
        earlier = registers.counts(now - 2 * DAY_S).bought
        assert registers.counts(now).bought == 999_990
        assert later is not None
        assert later < 1000
        assert earlier is not None
        assert 998_000 < earlier < 999_990

    at_the_meter(scenario, bought=999_990)


def test_a_rolled_over_counter_begins_at_zero() -> None:
    def scenario(meter: SmartMeter) -> None:
        registers, now = meter.state.registers, meter.state.clock.now()
        fine = [registers.counts(now + second).bought for second in range(0, 7 * DAY_S, 60)]
        pairs = pairwise(fine)
        assert [pair for pair in pairs if pair[0] != pair[1]][:2] == [(999_999, 0), (0, 1)]

    at_the_meter(scenario, bought=999_999)


@pytest.mark.parametrize(
    ("unit", "coefficient", "watt_seconds"),
    [(0x01, 1, 360_000), (0x04, 1, 360), (0x00, 10, 36_000_000), (0x0D, 1, 36_000_000_000),
     (0x03, None, 3_600)],
)  # fmt: skip
def test_a_count_is_coefficient_times_unit(
    unit: int, coefficient: int | None, watt_seconds: int
) -> None:
    config = MeterConfig(unit=unit, coefficient=coefficient)
    assert config.count_watt_seconds == watt_seconds
    assert config.count_kwh * 3_600_000 == watt_seconds


def test_a_two_wire_house_has_no_current_t() -> None:
    def scenario(meter: SmartMeter) -> None:
        answer = ask(meter, "1081010505FF010288016201E800")
        assert answer is not None
        assert answer.endswith("7FFE")

    at_the_meter(scenario, t_phase=False)


def test_no_measurement_gives_the_no_data_codes() -> None:
    def scenario(meter: SmartMeter) -> None:
        meter.state.measures = False
        assert ask(meter, "1081010605FF010288016202E700E800") == (
            "1081010602880105FF017202E7047FFFFFFEE8047FFE7FFE"
        )

    at_the_meter(scenario)


def test_a_meter_that_knows_set_get_does_both() -> None:
    def scenario(meter: SmartMeter) -> None:
        answer = ask(meter, "1081011C05FF010288016E01E5010101E200")
        assert answer is not None
        assert answer[20:].startswith("7E01E50001E2C20001")

    at_the_meter(scenario, set_get=True)


def test_selectors_are_forgotten_when_the_meter_reboots() -> None:
    def scenario(meter: SmartMeter) -> None:
        ask(meter, "1081010D05FF010288016101E50103")
        meter.state.reboot()
        assert ask(meter, "1081010D05FF010288016201E500") == "1081010D02880105FF017201E501FF"

    at_the_meter(scenario)


def test_notifications_count_their_own_tids_from_one() -> None:
    def scenario(meter: SmartMeter) -> None:
        half_hour = to_seconds(START) - to_seconds(START) % HALF_HOUR_S
        first = meter.half_hour_notification(half_hour).hex().upper()
        second = meter.half_hour_notification(half_hour).hex().upper()
        assert first.startswith("1081000102880105FF017302EA0B07EA04050D1E00")
        assert second.startswith("10810002")
        assert first[8:] == second[8:]

    at_the_meter(scenario)


@pytest.mark.parametrize(
    ("config", "esv_and_count"), [({"inf": "infc"}, "7402"), ({"reverse": False}, "7301")]
)
def test_notifications_follow_the_kind_of_meter(config: dict[str, Any], esv_and_count: str) -> None:
    def scenario(meter: SmartMeter) -> None:
        half_hour = to_seconds(START) - to_seconds(START) % HALF_HOUR_S
        assert meter.half_hour_notification(half_hour).hex().upper()[20:24] == esv_and_count

    at_the_meter(scenario, **config)


def test_days_turn_at_the_meters_midnight() -> None:
    midnight = datetime(2026, 4, 6, tzinfo=JST)
    before: list[int] = []

    def evening(meter: SmartMeter) -> None:
        before.extend(history(meter, 0)[:40])

    def morning(meter: SmartMeter) -> None:
        assert history(meter, 1)[:40] == before
        assert history(meter, 0)[1:] == [0xFFFFFFFE] * 47

    at_the_meter(evening, midnight - timedelta(minutes=10))
    at_the_meter(morning, midnight + timedelta(minutes=1))


def test_a_simulation_started_later_goes_on_counting() -> None:
    seen: list[object] = []

    def scenario(meter: SmartMeter) -> None:
        seen.append(meter.state.registers.counts(to_seconds(START)))

    for start in (START, START + timedelta(days=40)):
        at_the_meter(scenario, start)
    assert seen[0] == seen[1]
