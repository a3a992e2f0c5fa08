"""The page's own files, without a browser: their words, their addresses, their modules."""

import re
from pathlib import Path

import pytest

from broute_addon.messages.page_labels import LABELS
from tests.support.repository import ROOT

STATIC = ROOT / "broute_addon" / "web" / "static"
MODULES = sorted(STATIC.glob("*.js"))
INDEX = (STATIC / "index.html").read_text("utf-8")

MADE_OF_PARTS = re.compile(r"\bt\(\s*`(\w*)\$\{[^}]+\}(\w*)`")
"""Keys such as `step_${state}`."""


def sources() -> str:
    return "".join(path.read_text("utf-8") for path in MODULES)


def test_every_label_is_used_and_every_label_used_exists() -> None:
    text = sources()
    named = set(re.findall(r'"(\w+)"', text))
    patterns = [f"{before}\\w+{after}" for before, after in MADE_OF_PARTS.findall(text)]
    unused = [
        key
        for key in LABELS
        if key not in named and not any(re.fullmatch(pattern, key) for pattern in patterns)
    ]
    assert unused == []
    assert set(re.findall(r'\bt\(\s*"(\w+)"', text)) <= LABELS.keys()
    assert all(any(re.fullmatch(pattern, key) for key in LABELS) for pattern in patterns)


@pytest.mark.parametrize("key", sorted(LABELS))
def test_both_languages_have_the_same_fields(key: str) -> None:
    english, japanese = LABELS[key]
    assert english
    assert japanese
    assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", japanese))


def test_every_module_is_fetched_at_once_and_nothing_else() -> None:
    fetched = re.findall(r'(?:modulepreload" href|script type="module" src)="static/(.+?)"', INDEX)
    assert sorted(fetched) == [path.name for path in MODULES]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_imports_only_what_its_neighbours_export(path: Path) -> None:
    text = path.read_text("utf-8")
    for names, module in re.findall(r'import \{([^}]+)\} from "\./(.+?)"', text):
        exported = set(
            re.findall(
                r"export (?:async )?(?:function|const) (\w+)", (STATIC / module).read_text("utf-8")
            )
        )
        assert {name.strip() for name in names.split(",") if name.strip()} <= exported


def test_nothing_is_inline_and_no_address_is_absolute() -> None:
    assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son\w+=", INDEX)
    assert not re.findall(r'(?:src|href)="(?:/|\w+:)', INDEX)
    text = sources().replace("http://www.w3.org/2000/svg", "the namespace of SVG")
    assert not re.findall(r"""["'`](?:/|https?:)""", text)
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(|document\.write", text)
