"""The entities as Markdown, for the documents: what a meter of either generation can bring."""

from collections.abc import Iterator

from broute_addon.home_assistant.discovery import (
    ADD_ON_BUTTONS,
    ADD_ON_TERMS,
    METER_BUTTONS,
    Button,
    meter_terms,
)
from broute_addon.messages import Language
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.quantities import UNITS, Role, Term
from broute_addon.wisun.values import MacAddress

_HEADS = {
    Language.EN: ("Device", "Entity", "Ends in", "Unit", "Shown as"),
    Language.JA: ("デバイス", "エンティティ", "ID の末尾", "単位", "表示"),
}
_DEVICES = {
    Language.EN: ("Smart meter", "Smart Meter B Route"),
    Language.JA: ("スマートメーター", "スマートメーター B ルート"),
}
_ROLES = {
    Role.MAIN: ("main", "主要"),
    Role.DIAGNOSTIC: ("diagnostic", "診断"),
    Role.EXPERT: ("diagnostic, disabled at first", "診断（初期状態では無効）"),
}
_BUTTON = {Language.EN: "button", Language.JA: "ボタン"}


def entity_table(language: Language = Language.EN) -> str:
    """One line an entity, the meter's first, with a line end at the end."""
    heads = _HEADS[language]
    meter, add_on = _DEVICES[language]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += _rows(meter, (*meter_terms(_everything()), *METER_BUTTONS), language)
    lines += _rows(add_on, (*ADD_ON_TERMS, *ADD_ON_BUTTONS), language)
    return "\n".join(lines) + "\n"


def _everything() -> MeterProfile:
    """A meter that has every property there is."""
    return MeterProfile(
        mac=MacAddress(bytes(8)),
        get_map=frozenset(row.epc for row in PROPERTIES),
        scale=EnergyScale(),
        has_t_phase=True,
    )


def _rows(device: str, named: tuple[Term | Button, ...], language: Language) -> Iterator[str]:
    is_japanese = language is Language.JA
    for each in named:
        unit = _BUTTON[language] if isinstance(each, Button) else UNITS.get(each.quantity, "–")
        name = each.ja if is_japanese else each.en
        role = _ROLES[each.role][is_japanese]
        yield f"| {device} | {name} | `_{each.key}` | {unit} | {role} |"
