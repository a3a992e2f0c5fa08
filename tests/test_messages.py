"""Every sentence is there in both languages, with the fields that its users give."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from broute_addon.messages import SENTENCES, Language, message

PACKAGE = Path(__file__).parent.parent / "broute_addon"


def fields_of(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def uses() -> Iterator[tuple[str, str, frozenset[str] | None]]:
    """(place, key, fields) of each `message("key", …)`; fields None where they are unpacked."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", "")
            key = node.args[0]
            if name == "message" and isinstance(key, ast.Constant) and isinstance(key.value, str):
                named = [keyword.arg for keyword in node.keywords]
                fields = None if None in named else frozenset(filter(None, named))
                yield f"{path.name}:{node.lineno}", key.value, fields


@pytest.mark.parametrize("key", sorted(SENTENCES))
def test_both_languages_say_it_with_compatible_fields(key: str) -> None:
    english, japanese = SENTENCES[key]
    assert english
    assert any(ord(character) > 0x3000 for character in japanese)
    # A language may leave out or add a spelling made for it, such as `expected_ja`.
    base = {name.removesuffix("_ja") for name in fields_of(japanese)}
    assert base <= {name.removesuffix("_ja") for name in fields_of(english)} | {"path", "option"}


@pytest.mark.parametrize(("place", "key", "fields"), list(uses()))
def test_every_use_gives_the_fields_of_its_sentence(
    place: str, key: str, fields: frozenset[str] | None
) -> None:
    assert key in SENTENCES, f"{place} uses {key}"
    if fields is not None:
        needed = set().union(*(fields_of(template) for template in SENTENCES[key]))
        assert needed <= fields, f"{place} gives {sorted(fields)} to {key}"


def test_a_message_reads_in_each_language() -> None:
    told = message("recovered", attempts=3)
    assert str(told) == "Readings are back after 3 attempt(s)."
    assert "3 回" in told.text(Language.JA)


def test_no_sentence_is_left_over() -> None:
    sources = [
        path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.parent.name != "messages"
    ]
    unused = [key for key in SENTENCES if not any(f'"{key}"' in text for text in sources)]
    assert [key for key in unused if not key.startswith(("page_", "step_"))] == []
