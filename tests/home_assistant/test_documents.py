"""What the documents quote is what the product says."""

import re
from pathlib import Path

import pytest

from broute_addon.messages import SENTENCES, Language
from tests.support.repository import ROOT

TABLES = {
    Language.EN: ("DOCS.md", "## When something is wrong"),
    Language.JA: ("DOCS.ja.md", "## うまくいかないとき"),
}


def quotations(language: Language) -> list[str]:
    """The first column of the table of troubles."""
    name, heading = TABLES[language]
    section = Path(ROOT, name).read_text("utf-8").split(heading)[1].split("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return rows[2:]


def is_beginning(quotation: str, template: str) -> bool:
    """Whether a sentence begins like that; "…" stands for what is filled in."""
    pattern = ".+".join(map(re.escape, re.split(r" ?… ?", quotation)))
    plain = re.sub(r" ?{[a-z_]+} ?", "…", template)
    return re.match(pattern.replace(".+", "…") + r"\W", plain) is not None


@pytest.mark.parametrize("language", Language)
def test_the_table_of_troubles_quotes_real_sentences(language: Language) -> None:
    quoted = quotations(language)
    assert len(quoted) > 4
    templates = [pair[language is Language.JA] for pair in SENTENCES.values()]
    unknown = [each for each in quoted if not any(is_beginning(each, t) for t in templates)]
    assert unknown == []


def test_both_tables_speak_of_the_same_troubles() -> None:
    def keys(language: Language) -> list[str]:
        return [
            next(
                k for k, pair in SENTENCES.items() if is_beginning(q, pair[language.value == "ja"])
            )
            for q in quotations(language)
        ]

    assert keys(Language.EN) == keys(Language.JA)


@pytest.mark.parametrize("name", ["DOCS.ja.md", "translations/ja.yaml", "broute_addon/messages"])
def test_the_route_is_spelled_in_one_way(name: str) -> None:
    path = ROOT / name
    for file in path.rglob("*.py") if path.is_dir() else [path]:
        assert re.findall("[BＢ]ルート", file.read_text("utf-8")) == []
