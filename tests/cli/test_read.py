"""`read`: one log-in and one reading, on a real pseudo-terminal."""

import argparse
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broute_addon.cli import read
from broute_addon.simulator import PASSWORD, ROUTE_B_ID, House, HouseConfig, PtyPort


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[str]:
    stick = PtyPort(tmp_path / "stick")
    async with House(HouseConfig(module="bp35a1", speed=0), stick):
        yield stick.path


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROUTE_ID", ROUTE_B_ID)
    monkeypatch.setenv("BROUTE_PASSWORD", PASSWORD)


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    read.add_arguments(parser)
    return parser.parse_args(words)


async def test_a_table_tells_everything_worth_reading(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await read.read(arguments(port)) == 0
    table = capsys.readouterr().out
    for part in ("E7 instantaneous_power: power ", " W", " A", " kWh", "80 operation_status"):
        assert part in table


async def test_json_has_exact_values_and_names_what_is_refused(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await read.read(arguments(port, "E0", "83", "--json")) == 0
    energy, refused = json.loads(capsys.readouterr().out)
    assert energy["epc"] == "E0"
    assert energy["values"]["energy_bought"] == f"{int(energy['edt'], 16) / 10:.1f}"
    assert refused == {"epc": "83", "refused": True}


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", "has 5 characters"), ("WRONGWRONG12", "probably")],
    ids=["malformed", "refused by the meter"],
)
async def test_wrong_credentials_are_one_sentence_without_them(
    port: str,
    password: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BROUTE_PASSWORD", password)
    assert await read.read(arguments(port)) == 1
    told = "".join(capsys.readouterr())
    assert sentence in told
    assert password not in told
    assert ROUTE_B_ID not in told


async def test_an_options_file_serves_as_source_of_credentials(
    port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BROUTE_ID")
    options = tmp_path / "options.json"
    options.write_text(json.dumps({"route_b_id": ROUTE_B_ID, "route_b_password": PASSWORD}))
    assert await read.read(arguments(port, "E7", "--options", str(options))) == 0
    options.write_text("{}")
    assert await read.read(arguments(port, "E7", "--options", str(options))) == 1
    assert "route_b_id is empty" in capsys.readouterr().err


@pytest.mark.parametrize("epc", ["7F", "100", "power"])
def test_what_is_no_epc_is_refused(epc: str) -> None:
    with pytest.raises(SystemExit):
        arguments("/dev/stick", epc)
