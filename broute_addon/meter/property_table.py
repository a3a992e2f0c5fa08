"""The property table as Markdown, for the documents."""

from collections.abc import Iterator

from broute_addon.messages import Language
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.quantities import Cadence, Role
from broute_addon.meter.rows import Property

_HEADS = {
    Language.EN: ("EPC", "Property", "Values", "Read"),
    Language.JA: ("EPC", "プロパティ", "値", "取得"),
}
_CADENCES = {
    Cadence.LIVE: ("at every poll", "毎回"),
    Cadence.ENERGY: ("every minute", "1分ごと"),
    Cadence.MINUTELY: ("every minute", "1分ごと"),
    Cadence.HALF_HOURLY: ("every half hour", "30分ごと"),
    Cadence.DAILY: ("every 6 hours", "6時間ごと"),
    Cadence.ONCE: ("after each log-in", "ログイン時"),
    Cadence.NEVER: ("when needed", "必要なとき"),
}
_HIDDEN = {Language.EN: "hidden", Language.JA: "初期状態では無効"}


def property_table(language: Language = Language.EN) -> str:
    """All rows of the meter's class, by EPC, one line each, with a line end at the end."""
    heads = _HEADS[language]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row in sorted(PROPERTIES, key=lambda each: each.epc):
        values = ", ".join(_labels(row, language)) or "–"
        english, japanese = _CADENCES[row.cadence]
        cadence = japanese if language is Language.JA else english
        lines.append(f"| `{row.epc:02X}` | `{row.name}` | {values} | {cadence} |")
    return "\n".join(lines) + "\n"


def _labels(row: Property, language: Language) -> Iterator[str]:
    for each in row.fields:
        if each.role is not Role.NONE:
            label = each.ja if language is Language.JA else each.en
            hidden = f" ({_HIDDEN[language]})" if each.role is Role.EXPERT else ""
            yield label + hidden
