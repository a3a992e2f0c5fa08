"""The rows of the property table prove themselves."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broute_addon.errors import EdtError
from broute_addon.meter.node_properties import NODE_PROPERTIES
from broute_addon.meter.properties import METER_CLASS, PROPERTIES, property_row
from broute_addon.meter.quantities import Cadence, Quantity, Role
from broute_addon.meter.rows import Property, Values

ROWS = [("meter", row) for row in PROPERTIES] + [("node", row) for row in NODE_PROPERTIES]


def _examples(*, both_ways: bool) -> list[object]:
    return [
        pytest.param(row, edt, values, id=f"{owner}-{row.epc:02X}-{edt[:20]}")
        for owner, row in ROWS
        for edt, values in (row.examples if both_ways else row.decode_only).items()
    ]


@pytest.mark.parametrize(("row", "edt", "values"), _examples(both_ways=True))
def test_every_row_agrees_with_its_wire_examples(row: Property, edt: str, values: Values) -> None:
    octets = bytes.fromhex(edt)
    assert row.decode(octets) == values
    assert row.encode(values) == octets


@pytest.mark.parametrize(("row", "edt", "values"), _examples(both_ways=False))
def test_codes_we_never_write_are_read(row: Property, edt: str, values: Values) -> None:
    assert row.decode(bytes.fromhex(edt)) == values


def test_an_epc_has_one_row_in_a_class() -> None:
    for rows in (PROPERTIES, NODE_PROPERTIES):
        assert len({row.epc for row in rows}) == len({row.name for row in rows}) == len(rows)
        assert all(property_row(METER_CLASS, row.epc) is row for row in PROPERTIES)
    assert property_row(0x0EF0, 0x82) is not property_row(METER_CLASS, 0x82)
    assert property_row(METER_CLASS, 0xE9) is None
    assert property_row(0x028A, 0xE7) is None


def test_the_table_holds_both_generations() -> None:
    """echonet-lite-meter.md 3.1 and 3.2."""
    own = bytes.fromhex("C0 D0 D3 D7 E0 E1 E2 E3 E4 E5 E7 E8 EA EB EC ED EE EF")
    inherited = bytes.fromhex(
        "80 81 82 83 84 85 86 87 88 89 8A 8B 8C 8D 8E 8F 93 97 98 99 9A 9D 9E 9F"
    )
    assert {row.epc for row in PROPERTIES} == {*own, *inherited}
    node = bytes.fromhex("80 82 83 88 89 8A 8B 8C 8D 8E 9D 9E 9F BF D3 D4 D5 D6 D7")
    assert {row.epc for row in NODE_PROPERTIES} == {*node}


def test_sizes_are_those_of_the_standard() -> None:
    sizes = {
        0xC0: 16, 0xD0: 15, 0xD3: 4, 0xD7: 1, 0xE0: 4, 0xE1: 1, 0xE2: 194, 0xE3: 4, 0xE4: 194,
        0xE5: 1, 0xE7: 4, 0xE8: 4, 0xEA: 11, 0xEB: 11, 0xED: 7, 0xEF: 7, 0x80: 1, 0x82: 4,
        0x83: 17, 0x88: 1, 0x8A: 3, 0x8D: 12, 0x97: 2, 0x98: 4,
    }  # fmt: skip
    assert {epc: _row(epc).size for epc in sizes} == sizes


def test_a_history_is_as_long_as_its_count_and_no_longer_than_the_meter_can() -> None:
    time = "07EA04050D1E"
    pair = "0000000100000002"
    for epc, most in ((0xEC, 12), (0xEE, 10)):
        full = _row(epc).decode(bytes.fromhex(f"{time}{most:02X}{pair * most}"))
        assert len(full[_row(epc).name]) == most  # type: ignore[arg-type]
        for edt in (f"{time}{most + 1:02X}{pair * (most + 1)}", f"{time}02{pair}", time):
            with pytest.raises(EdtError):
                _row(epc).decode(bytes.fromhex(edt))


@pytest.mark.parametrize("code", ["FFFFFFFE", "FFFFFFFF", "05F5E100", "80000000"])
def test_a_count_above_the_register_is_no_energy(code: str) -> None:
    octets = bytes.fromhex(code)
    stamp = bytes.fromhex("07EA04050D1E00")
    assert _row(0xE0).decode(octets) == {"energy_bought": None}
    assert _row(0xE3).decode(octets) == {"energy_sold": None}
    assert _row(0xEA).decode(stamp + octets)["half_hour_energy_bought"] is None
    assert _row(0xEB).decode(stamp + octets)["half_hour_energy_sold"] is None
    assert _row(0xD0).decode(stamp + octets * 2)["one_minute_energy_sold"] is None
    assert _row(0xE2).decode(b"\0\1" + octets * 48)["history_1_normal"] == (None,) * 48
    assert _row(0xEC).decode(stamp[:6] + b"\1" + octets * 2)["history_2"] == ((None, None),)


def test_shown_keys_are_those_the_product_promises_and_each_is_its_own() -> None:
    """design.md 2.3: topics and unique ids are made of them."""
    shown = [each.key for row in PROPERTIES for each in row.fields if each.role is not Role.NONE]
    assert len(shown) == len(set(shown))
    assert {
        "power", "current_r", "current_t", "energy_bought", "energy_sold",
        "half_hour_energy_bought", "half_hour_energy_bought_time",
        "half_hour_energy_sold", "half_hour_energy_sold_time", "fault",
    } <= set(shown)  # fmt: skip


def test_what_is_shown_has_a_label_in_both_languages() -> None:
    for row in PROPERTIES:
        for each in row.fields:
            if each.role is not Role.NONE:
                assert each.en[0].isupper()
                assert not each.ja.isascii()
                assert each.quantity is not Quantity.INTERNAL


def test_live_values_are_two_epcs_and_history_is_never_polled() -> None:
    by_cadence = {
        cadence: {row.epc for row in PROPERTIES if row.cadence is cadence} for cadence in Cadence
    }
    assert by_cadence[Cadence.LIVE] == {0xE7, 0xE8}
    assert by_cadence[Cadence.ENERGY] == {0xE0, 0xE3}
    assert by_cadence[Cadence.HALF_HOURLY] == {0xEA, 0xEB}
    assert by_cadence[Cadence.DAILY] == {0x80, 0x88, 0x97, 0x98}
    assert by_cadence[Cadence.MINUTELY] == {0xD0}
    never = bytes.fromhex("C0 E2 E4 E5 EC ED EE EF")
    assert set(never) <= by_cadence[Cadence.NEVER]


def test_the_clock_property_is_no_limit_and_the_version_no_fault() -> None:
    assert _row(0x97).name == "current_time"
    assert _row(0x82).name == "standard_version"


def test_a_row_is_written_only_with_all_its_fields() -> None:
    with pytest.raises(EdtError):
        _row(0xE8).encode({"current_r": None})
    with pytest.raises(EdtError):
        _row(0xE7).encode({"power": 1, "extra": 2})


@given(st.data(), st.sampled_from([row for _, row in ROWS]), st.binary(max_size=220))
@settings(max_examples=500)
def test_any_edt_is_values_or_an_edt_error(
    data: st.DataObject, row: Property, noise: bytes
) -> None:
    edt = noise
    if row.size is not None:
        edt = data.draw(st.binary(min_size=row.size, max_size=row.size))
    try:
        values = row.decode(edt)
    except EdtError:
        return
    assert values.keys() == {each.key for each in row.fields}


@given(st.data(), st.sampled_from([row for _, row in ROWS]))
@settings(max_examples=500)
def test_any_value_survives_the_wire(data: st.DataObject, row: Property) -> None:
    """Values come from random EDTs of a right size, so that each codec can hold them."""
    sizes = {len(bytes.fromhex(edt)) for edt in row.examples}
    size = data.draw(st.sampled_from(sorted(sizes)))
    head = bytes.fromhex(data.draw(st.sampled_from(sorted(row.examples))))
    edt = data.draw(st.binary(min_size=size, max_size=size) | st.just(head))
    try:
        values = row.decode(edt)
    except EdtError:
        return
    try:
        octets = row.encode(values)
    except EdtError:  # there is no code for "no data", or a text had a byte that is no ASCII
        assert any(value is None or "\ufffd" in str(value) for value in values.values())
        return
    assert row.decode(octets) == values


def _row(epc: int) -> Property:
    row = property_row(METER_CLASS, epc)
    assert row is not None
    return row
