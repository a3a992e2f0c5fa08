"""The printed property table."""

from broute_addon.messages import Language
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.property_table import property_table


def test_every_property_is_a_line_of_the_printed_table() -> None:
    for language in Language:
        lines = property_table(language).splitlines()
        assert len(lines) == 2 + len(PROPERTIES)
        assert {line.count("|") for line in lines} == {5}


def test_a_line_tells_epc_name_labels_and_cadence() -> None:
    assert (
        "| `E8` | `instantaneous_current` | Current R, Current T | at every poll |"
        in property_table().splitlines()
    )
    assert (
        "| `E1` | `energy_unit` | 積算電力量の単位 (初期状態では無効) | ログイン時 |"
        in property_table(Language.JA).splitlines()
    )
