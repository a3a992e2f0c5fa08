"""The commands speak the language of the terminal."""

import pytest

from broute_addon.cli.terminal import terminal_language
from broute_addon.messages import Language
from tests.support.process import broute


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "ja_JP.UTF-8"}, Language.JA),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, Language.EN),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja"}, Language.JA),
        ({"LANG": "de_DE.UTF-8"}, Language.EN),
        ({"LC_ALL": "", "LANG": "ja_JP.eucJP"}, Language.JA),
        ({}, Language.EN),
    ],
    ids=str,
)
def test_the_first_variable_that_is_set_decides(
    variables: dict[str, str], language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert terminal_language() is language


@pytest.mark.parametrize("command", ["probe", "scan"])
async def test_trouble_is_told_in_japanese(command: str) -> None:
    japanese = {"LC_ALL": "ja_JP.UTF-8"}
    async with broute(command, "/dev/absent", environment=japanese) as running:
        assert await running.process.wait() == 1
    assert "ポート /dev/absent が見つかりません" in running.log
