"""Writes the generated parts of the documents anew; `--check` only compares (`scripts/generate`).

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from broute_addon.home_assistant.entity_table import entity_table
from broute_addon.messages import Language
from broute_addon.meter.property_table import property_table
from broute_addon.meter.recovery import FIRST_RUNG
from broute_addon.wisun.session import TRANSITIONS, Trigger

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("ARCHITECTURE.md", "DOCS.md", "DOCS.ja.md")

_PART = re.compile(r"(<!-- generated: ([a-z -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def session_table() -> str:
    """The transitions of a PANA session as Markdown."""
    rows = [
        f"| {state.value} | {_trigger(trigger)} | {after.value} |"
        for state, moves in TRANSITIONS.items()
        for trigger, after in moves.items()
    ]
    return "\n".join(["| state | trigger | then |", "|---|---|---|", *rows])


def recovery_table() -> str:
    """Which rung of the ladder an error starts on, as Markdown."""
    rows = [f"| `{error.__name__}` | {rung.name} |" for error, rung in FIRST_RUNG.items()]
    return "\n".join(["| error | first rung |", "|---|---|", *rows])


def _trigger(trigger: Trigger) -> str:
    return f"`{trigger.__name__}`" if isinstance(trigger, type) else trigger.value


PARTS: Mapping[str, Callable[[], str]] = {
    "session": session_table,
    "recovery": recovery_table,
    "entities": entity_table,
    "entities ja": lambda: entity_table(Language.JA),
    "properties": property_table,
    "properties ja": lambda: property_table(Language.JA),
}


def refreshed(text: str) -> str:
    """A document with its generated parts written anew."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]()}\n{part[3]}", text)


def main(arguments: list[str]) -> int:
    """0, or 1 when `--check` found a stale document."""
    stale = []
    for name in DOCUMENTS:
        path = ROOT / name
        before = path.read_text("utf-8")
        after = refreshed(before)
        if after != before:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(after, "utf-8")
    if stale and "--check" in arguments:
        print(f"stale, run scripts/generate: {', '.join(stale)}")  # noqa: T201 - its answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
