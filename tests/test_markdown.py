"""The documents: links lead somewhere, and both languages tell the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from tests.support.repository import ROOT, tracked_files

DOCUMENTS = sorted(path for path in tracked_files() if path.endswith(".md"))
TWINS = [("README.md", "README.ja.md"), ("DOCS.md", "DOCS.ja.md")]

_CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|<(https?://[^>\s]+)>|(?:src|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def prose(name: str) -> str:
    """A document without what stands as code in it."""
    return _CODE.sub("", (ROOT / name).read_text("utf-8"))


def links(name: str) -> list[str]:
    """Where a document's links and pictures lead."""
    return ["".join(found) for found in _LINK.findall(prose(name))]


def anchors(name: str) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / name).read_text("utf-8"), flags=re.M | re.S)
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in _HEADING.findall(text)
    }


def broken(name: str) -> Iterator[str]:
    """The relative links that lead nowhere."""
    for link in links(name):
        target, _, anchor = unquote(link).partition("#")
        if re.match(r"\w+:", target):
            continue
        path = (ROOT / name).parent / target if target else ROOT / name
        relative = str(path.resolve().relative_to(ROOT))
        is_there = path.is_dir() or relative in tracked_files()
        if not is_there or (anchor and anchor not in anchors(relative)):
            yield link


def tables(name: str) -> list[int]:
    """The number of rows of each table, in order."""
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return [block.count("\n") for block in blocks]


def options_told(name: str, heading: str) -> list[str]:
    """The options in the table below a heading."""
    section = Path(ROOT, name).read_text("utf-8").split(heading)[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [option for cell in cells for option in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_link_leads_nowhere(name: str) -> None:
    assert list(broken(name)) == []


@pytest.mark.parametrize("twins", TWINS, ids=lambda twins: str(twins[0]))
def test_both_languages_have_the_same_parts(twins: tuple[str, str]) -> None:
    english, japanese = twins
    levels = [[len(h) for h in re.findall(r"^(#+) ", prose(name), re.MULTILINE)] for name in twins]
    assert levels[0] == levels[1]
    assert tables(english) == tables(japanese)
    code = [len(re.findall(r"^```", (ROOT / name).read_text("utf-8"), re.M)) for name in twins]
    assert code[0] == code[1]


@pytest.mark.parametrize("twins", TWINS, ids=lambda twins: str(twins[0]))
def test_both_languages_have_the_same_links(twins: tuple[str, str]) -> None:
    def outside(name: str) -> list[str]:
        """Each link, an anchor of the document's own as `#`, a twin as its English name."""
        own = [re.sub(r"^#.*", "#", link) for link in links(name)]
        return sorted(re.sub(r"(?:\.ja)?\.md\b|-(?:en|ja)\.png$", "", link) for link in own)

    english, japanese = twins
    assert outside(english) == outside(japanese)


@pytest.mark.parametrize(
    ("name", "heading"), [("DOCS.md", "\n## Options\n"), ("DOCS.ja.md", "\n## 設定\n")]
)
def test_every_option_is_told_and_no_other(name: str, heading: str) -> None:
    schema = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))["schema"]
    assert options_told(name, heading) == list(schema)
