"""The rows of the property table prove themselves."""

import pytest

from broute_addon.meter.node_properties import NODE_PROPERTIES
from broute_addon.meter.properties import PROPERTIES
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
