"""Every fault that a household can meet comes with the step that it stops and with what to do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from broute_addon.home_assistant.notifier import _TOLD
from broute_addon.journal import Kind
from broute_addon.messages import SENTENCES, Language, message
from broute_addon.messages.options import SENTENCES as OPTION_SENTENCES
from broute_addon.web.remedies import REMEDIES, remedy_for

PACKAGE = Path(__file__).parents[2] / "broute_addon"
PARTS = ("meter", "wisun", "home_assistant", "ledger", "options.py")
"""What can fill a snapshot's problem, notices and import problem."""

NEVER_A_PROBLEM = frozenset(
    {
        "meter_exchanged",  # told in the log
        "options_unreadable",  # the program ends
        "options_not_json",
        "forget_impossible",
        "ledger_absent",  # told by the command `history`
        "ledger_unreadable",
    }
)

TELLERS = ("Error", "tell", "note_import", "__init__")
ANSWERERS = ("_problem_of", "_why_not_ready", "_recorder_problem", "trouble_with")


def sources() -> Iterator[Path]:
    for part in PARTS:
        path = PACKAGE / part
        yield from path.rglob("*.py") if path.is_dir() else [path]


def raised() -> set[str]:
    """Keys of messages that are given to an error, or returned as a problem."""
    keys: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func).endswith(TELLERS):
                keys |= set(_message_keys(node))
            if getattr(node, "name", "") in ANSWERERS:
                keys |= set(_message_keys(node))
    return keys


def _message_keys(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and _name(call.func) == "message" and call.args:
            key = call.args[0]
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value


def _name(node: ast.AST) -> str:
    return getattr(node, "id", "") or getattr(node, "attr", "")


ECHONET = frozenset(key for key in SENTENCES if key.startswith(("frame_", "edt_", "eoj_")))


def test_the_search_for_faults_finds_those_of_every_part() -> None:
    found = raised()
    assert {"port_busy", "credentials_refused", "meter_silent", "mqtt_unreachable"} <= found
    assert len(found) > 40


@pytest.mark.parametrize("key", sorted((raised() | OPTION_SENTENCES.keys()) - ECHONET))
def test_a_fault_has_a_remedy(key: str) -> None:
    if key not in NEVER_A_PROBLEM:
        assert key in REMEDIES


@pytest.mark.parametrize("key", sorted(REMEDIES))
def test_a_remedy_reads_in_both_languages_with_the_faults_own_fields(key: str) -> None:
    fields = dict.fromkeys(
        ("program", "port", "count", "option", "host", "reason", "path", "tries"), "x"
    )
    remedy = remedy_for(message(key, **fields))
    assert remedy is not None
    english, japanese = remedy.text(Language.EN), remedy.text(Language.JA)
    assert english != japanese
    assert any(ord(character) > 0x3000 for character in japanese)


def test_no_remedy_is_left_over() -> None:
    used = {row.remedy for row in REMEDIES.values()}
    assert {key for key in SENTENCES if key.startswith("remedy_")} == used
    assert REMEDIES.keys() - SENTENCES.keys() == set()


CANT_BE_NOTIFIED = frozenset(
    {
        "core_denied",  # there is no way to Core then
        "supervisor_refused",
        "core_too_old",  # the page's history tells
        "recorder_absent",
    }
)


def test_what_needs_a_person_is_what_home_assistant_notifies_of() -> None:
    needed = {key for key, row in REMEDIES.items() if row.kind is Kind.ERROR}
    assert needed - CANT_BE_NOTIFIED == _TOLD
