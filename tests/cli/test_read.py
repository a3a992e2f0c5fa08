"""`read`: one log-in and one reading, on a real pseudo-terminal."""

import argparse
import asyncio
import json
import os
import pty
import signal
import sys
import termios
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broute_addon.cli import read
from broute_addon.simulator import PASSWORD, ROUTE_B_ID, House, HouseConfig, PtyPort
from tests.support.process import broute
from tests.support.repository import ROOT
from tests.support.waiting import until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House(HouseConfig(module="bp35a1", speed=0), PtyPort(tmp_path / "stick")) as there:
        yield there


@pytest.fixture
def port(house: House) -> str:
    assert isinstance(house.port, PtyPort)
    return house.port.path


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_ends_the_session(house: House, port: str, number: int) -> None:
    house.faults.hold("mute-meter", 1.0)
    async with broute("read", port) as running:
        await running.until_log("Logging in")
        await until(lambda: house.radio.is_joined, 20)
        assert await running.stop(number) == 0
    assert not house.radio.is_joined
    assert "Traceback" not in running.log


async def test_a_failure_ends_the_session(house: House, port: str) -> None:
    house.faults.hold("unacknowledged", 1.0)
    async with asyncio.timeout(60):
        assert await read.read(arguments(port)) == 1
    assert not house.radio.is_joined


async def test_logging_in_is_announced_once_nothing_is_in_its_way(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await read.read(arguments(f"{port}-not-there")) == 1
    monkeypatch.setenv("BROUTE_ID", "short")
    assert await read.read(arguments(port)) == 1
    assert "Logging in" not in capsys.readouterr().err


async def test_of_several_faults_in_the_options_the_one_in_the_way_is_told(
    port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = tmp_path / "options.json"
    options.write_text(json.dumps({"poll_interval": 1, "route_b_id": "12"}))
    assert await read.read(arguments(port, "--options", str(options))) == 1
    assert "route_b_id has 2 characters" in capsys.readouterr().err


async def test_a_stop_at_the_prompt_gives_the_terminal_back() -> None:
    master, terminal = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("BROUTE_ID", "BROUTE_PASSWORD")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "broute_addon", "read", "/dev/nothing"),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    try:
        await until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, 10)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await process.wait() == 0
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
    finally:
        os.close(master)
        os.close(terminal)


@pytest.mark.parametrize("epc", ["7F", "100", "power"])
def test_what_is_no_epc_is_refused(epc: str) -> None:
    with pytest.raises(SystemExit):
        arguments("/dev/stick", epc)
