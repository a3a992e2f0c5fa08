"""From EDTs to readings: what is told, scaled, held back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from broute_addon.meter.decoding import Decoder, nonsense
from broute_addon.meter.profile import EnergyScale

NOW = datetime(2026, 4, 5, 4, 31, tzinfo=UTC)


def readings(scale: EnergyScale | None, **values: str) -> dict[str, object]:
    decoder = Decoder({})
    decoder.scale = scale
    edts = {int(epc, 16): bytes.fromhex(edt) for epc, edt in values.items()}
    return {reading.key: reading.value for reading in decoder.readings(edts, NOW, 0.0)}


def test_live_values_are_exact_and_signed() -> None:
    assert readings(None, E7="FFFFF6F5", E8="FF84001F") == {
        "power": -2315,
        "current_r": Decimal("-12.4"),
        "current_t": Decimal("3.1"),
    }


@pytest.mark.parametrize("power", ["7FFFFFFE", "7FFFFFFF", "80000000"])
def test_no_data_is_none_and_never_a_number(power: str) -> None:
    assert readings(None, E7=power, E8="7FFE7FFE") == {
        "power": None,
        "current_r": None,
        "current_t": None,
    }


def test_energy_is_not_told_before_its_scale_is_known() -> None:
    assert readings(None, E0="0001E240", E3="00000315") == {}


def test_energy_is_scaled_exactly_in_both_directions() -> None:
    assert readings(EnergyScale(3, -1, 6), E0="0001E240", E3="00000315") == {
        "energy_bought": Decimal("37036.8"),
        "energy_sold": Decimal("236.7"),
    }


@pytest.mark.parametrize("count", ["FFFFFFFE", "FFFFFFFF", "05F5E100"])
def test_a_counter_without_data_keeps_what_was_told_last(count: str) -> None:
    assert readings(EnergyScale(), E0=count) == {}


def test_a_half_hour_value_carries_the_meters_own_time() -> None:
    decoder = Decoder({})
    decoder.scale = EnergyScale()
    told = decoder.readings({0xEA: bytes.fromhex("07EA04050D1E000001E23A")}, NOW, 0.0)
    stamp = datetime(2026, 4, 5, 4, 30, tzinfo=UTC)
    assert {reading.key: (reading.value, reading.at) for reading in told} == {
        "half_hour_energy_bought_time": (stamp, stamp),
        "half_hour_energy_bought": (Decimal("12345.0"), stamp),
    }


def test_a_value_of_the_wrong_size_is_left_out_and_the_others_are_kept() -> None:
    assert readings(None, E7="0001", E8="0053003E") == {
        "current_r": Decimal("8.3"),
        "current_t": Decimal("6.2"),
    }


def test_nonsense_is_named_with_its_epc() -> None:
    told = nonsense({0xE8: bytes(4), 0xE7: bytes(2)})
    assert told is not None
    assert "EPC E7" in str(told)
    assert nonsense({0xE7: bytes(4)}) is None


def test_what_the_table_does_not_know_is_no_reading() -> None:
    assert readings(None, F0="00") == {}


def test_a_host_clock_that_jumps_back_holds_no_counter_back() -> None:
    decoder = Decoder({})
    decoder.scale = EnergyScale()
    first = decoder.readings({0xE0: bytes.fromhex("00001000")}, NOW, 100.0)
    later = decoder.readings({0xE0: bytes.fromhex("00001001")}, NOW - timedelta(days=400), 160.0)
    assert first
    assert later
