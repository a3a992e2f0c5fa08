"""Building blocks of EDTs. What the rows do with them is tested with the rows."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from broute_addon.clock import JST
from broute_addon.echonet.codecs import (
    Choice,
    Codec,
    Counted,
    Date,
    DateTime,
    Number,
    Octets,
    Repeated,
    Text,
    TimeOfDay,
    Value,
)
from broute_addon.echonet.superclass import Location, StandardVersion
from broute_addon.errors import EdtError

TENTHS = Number(2, -32_767, 32_765, (0x7FFE, 0x7FFF, -0x8000), Decimal("0.1"))
BYTE = Number(1, 0, 100, (0xFF,))


def test_a_step_is_exact_and_keeps_its_decimals() -> None:
    assert str(TENTHS.decode(bytes.fromhex("0014"))) == "2.0"
    assert str(TENTHS.decode(bytes.fromhex("0000"))) == "0.0"
    assert TENTHS.decode(bytes.fromhex("0003")) == Decimal("0.3")
    assert TENTHS.decode(bytes.fromhex("FFFF")) == Decimal("-0.1")


@pytest.mark.parametrize("code", ["7FFE", "7FFF", "8000"])
def test_each_no_data_code_is_none(code: str) -> None:
    assert TENTHS.decode(bytes.fromhex(code)) is None
    assert TENTHS.is_no_data(bytes.fromhex(code))


def test_none_is_written_as_the_first_no_data_code() -> None:
    assert TENTHS.encode(None) == bytes.fromhex("7FFE")
    with pytest.raises(EdtError):
        Number(1, 0, 9).encode(None)


def test_a_no_data_code_inside_the_range_is_a_mistake_in_the_table() -> None:
    with pytest.raises(ValueError, match="inside the range"):
        Number(1, 0, 255, (0xFF,))


def test_a_date_that_does_not_exist_is_none() -> None:
    for edt in ("FFFFFFFFFFFFFF", "00000101000000", "07EA0D01000000", "07EA0200000000",
                "07EA021D000000", "07EA0405180000", "07EA0405003C00", "07EA040500003C",
                "27100101000000"):  # fmt: skip
        assert DateTime().decode(bytes.fromhex(edt)) is None


def test_times_are_japan_time_whatever_the_zone_of_the_value() -> None:
    at = DateTime().decode(bytes.fromhex("07EA0405081E05"))
    assert at == datetime(2026, 4, 4, 23, 30, 5, tzinfo=UTC)
    assert at.tzinfo is JST
    assert DateTime().encode(at.astimezone(UTC)) == bytes.fromhex("07EA0405081E05")
    assert DateTime(6).encode(at) == bytes.fromhex("07EA0405081E")


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (BYTE, 101),
        (BYTE, -1),
        (BYTE, "1"),
        (BYTE, True),
        (BYTE, Decimal("1.5")),
        (TENTHS, Decimal("0.05")),
        (TENTHS, Decimal("NaN")),
        (TENTHS, Decimal("Infinity")),
        (DateTime(), datetime(2026, 4, 5)),  # noqa: DTZ001  # the point of the case
        (DateTime(), date(2026, 4, 5)),
        (Date(), datetime(2026, 4, 5, tzinfo=JST)),
        (TimeOfDay(), 5),
        (Text(3), "ABCD"),
        (Text(3), "電"),
        (Text(3), 3),
        (Octets(2), "00"),
        (Octets(2), "XXXX"),
        (Octets(), ""),
        (Octets(), 5),
        (Choice({0x30: True}), False),
        (Repeated(BYTE, 2), (1,)),
        (Repeated(BYTE, 2), [1, 2]),
        (Counted(BYTE, 2), (1, 2, 3)),
        (Location(), "cellar 1"),
        (Location(), "position 00"),
        (Location(), 5),
        (StandardVersion(), "10"),
        (StandardVersion(), "F.256"),
        (StandardVersion(), "F"),
    ],
)
def test_a_value_that_does_not_fit_is_not_written(codec: Codec, value: Value) -> None:
    with pytest.raises(EdtError):
        codec.encode(value)


@pytest.mark.parametrize(
    ("codec", "edt"),
    [
        (BYTE, ""),
        (BYTE, "0000"),
        (TENTHS, "00"),
        (TENTHS, "000000"),
        (DateTime(), "07EA04050D1E"),
        (DateTime(6), "07EA04050D1E00"),
        (Date(), "07EA04"),
        (TimeOfDay(), "0D"),
        (Text(3), "4142"),
        (Octets(3), "4142"),
        (Octets(), ""),
        (Choice({0x30: True}), ""),
        (Repeated(BYTE, 2), "000102"),
        (Counted(BYTE, 2), ""),
        (Counted(BYTE, 2), "0201"),
        (Counted(BYTE, 2), "020101FF"),
        (Counted(BYTE, 2), "03010101"),
        (Location(), ""),
        (Location(), "0101"),
        (Location(), "02" + "00" * 16),
        (StandardVersion(), "000046"),
    ],
)
def test_a_wrong_size_or_structure_is_an_edt_error(codec: Codec, edt: str) -> None:
    with pytest.raises(EdtError):
        codec.decode(bytes.fromhex(edt))


def test_padding_of_either_kind_is_no_text() -> None:
    assert Text(4).decode(b"AB\0\0") == "AB"
    assert Text(4).decode(b" AB ") == "AB"
    assert Text(4).decode(b"A B\0") == "A B"
    assert Text(4).decode(b"    ") is None


def test_every_location_byte_has_its_own_name() -> None:
    names = {Location().decode(bytes([code])) for code in range(256)}
    assert len(names) == 256
    assert all(Location().encode(Location().decode(bytes([n]))) == bytes([n]) for n in range(256))
    assert Location().decode(b"\x61") == "garden 1"
    assert Location().decode(b"\x08") == "living room 0"


def test_the_clock_has_no_seconds() -> None:
    assert TimeOfDay().decode(bytes.fromhex("173B")) == time(23, 59, tzinfo=JST)
