"""Property maps in both forms."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broute_addon.echonet.property_map import (
    PropertyMap,
    decode_property_map,
    encode_property_map,
)
from broute_addon.errors import EdtError

EPCS = st.frozensets(st.integers(0x80, 0xFF), max_size=128)


def test_a_bitmap_reads_as_the_standard_draws_it() -> None:
    # echonet-lite-meter.md 3.11, example B
    epcs = decode_property_map(bytes.fromhex("1741414160404000624300414000030202"))
    assert epcs == set(bytes.fromhex("80E0 81E1 82E2 D3E3 E4 E5 97D7E7 8898E8 8AEA EB 8D9D 9E 9F"))


def test_each_epc_has_its_own_bit() -> None:
    for low in range(16):
        for bit in range(8):
            bitmap = bytearray(17)
            bitmap[0] = 16
            bitmap[1 + low] = 1 << bit
            assert decode_property_map(bytes(bitmap)) == {(bit + 8) * 16 + low}


def test_fifteen_properties_are_listed_and_sixteen_are_a_bitmap() -> None:
    fifteen, sixteen = frozenset(range(0x80, 0x8F)), frozenset(range(0x80, 0x90))
    assert encode_property_map(fifteen) == bytes([15, *range(0x80, 0x8F)])
    assert encode_property_map(sixteen) == bytes([16]) + b"\x01" * 16


def test_where_count_and_bits_differ_the_bits_are_trusted_and_it_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        epcs = decode_property_map(bytes([17]) + b"\x01" * 16)
    assert epcs == frozenset(range(0x80, 0x90))
    assert "announces 17 properties but has 16" in caplog.text


def test_what_is_no_epc_is_not_in_the_map() -> None:
    assert decode_property_map(bytes.fromhex("03E7007F")) == {0xE7}


@pytest.mark.parametrize("edt", ["", "01", "02E7", "02E7E8E0", "10", "10" + "00" * 15, "10" * 18])
def test_a_map_of_the_wrong_size_is_refused(edt: str) -> None:
    with pytest.raises(EdtError):
        decode_property_map(bytes.fromhex(edt))


def test_only_epcs_go_into_a_map() -> None:
    with pytest.raises(EdtError):
        encode_property_map({0x7F})
    with pytest.raises(EdtError):
        PropertyMap().encode("80")


@given(EPCS)
def test_any_set_of_epcs_survives_the_wire(epcs: frozenset[int]) -> None:
    assert decode_property_map(encode_property_map(epcs)) == epcs
