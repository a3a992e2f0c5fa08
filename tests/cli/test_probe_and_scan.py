"""`probe` and `scan` as a user meets them: on a pseudo-terminal, through the command line."""

import argparse
import json
from pathlib import Path

import pytest

from broute_addon.cli import probe, scan
from broute_addon.simulator import House, HouseConfig, PtyPort
from broute_addon.simulator.j11 import J11Stick
from broute_addon.simulator.sk_registers import CHANNEL, ECHO, PAN_ID
from broute_addon.simulator.skstack import SkStack

SETTINGS = (CHANNEL, PAN_ID, ECHO)


def arguments(module: object, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)  # type: ignore[attr-defined]
    return parser.parse_args(words)


@pytest.mark.parametrize(("module", "dialect"), [("bp35a1", "single-hop"), ("rl7023-dss", "dual")])
async def test_probe_tells_the_stick_and_changes_nothing(
    module: str, dialect: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "stick"
    port = PtyPort(link)
    async with House(HouseConfig(module=module, states=("joined",), speed=0), port) as house:
        assert isinstance(house.stick, SkStack)
        registers = [house.stick.registers.read(number) for number in SETTINGS]
        assert await probe.probe(arguments(probe, str(link), "--json")) == 0
        assert [house.stick.registers.read(number) for number in SETTINGS] == registers
        assert house.flash.writes == 0
    port.close()
    told = json.loads(capsys.readouterr().out)
    assert told["dialect"] == f"SKSTACK {dialect}"
    assert told["channel"] == 0x2D
    assert told["pan_id"] == "42A7"


async def test_probe_and_scan_speak_to_a_j11_stick(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "stick"
    port = PtyPort(link)
    config = HouseConfig(module="rs-wsuha-j11", states=("joined",), speed=0)
    async with House(config, port) as house:
        assert isinstance(house.stick, J11Stick)
        setting = house.stick.memory.setting
        assert await probe.probe(arguments(probe, str(link), "--json")) == 0
        assert house.stick.memory.setting == setting
        told = json.loads(capsys.readouterr().out)
        assert (told["dialect"], told["firmware"]) == ("J11", "1.3 (0000158A)")
        assert (told["channel"], told["pan_id"]) == (0x2D, "42A7")
        assert told["payload"] is None
        assert await scan.scan(arguments(scan, str(link))) == 0
    port.close()
    out = capsys.readouterr().out
    assert "PAN 42A7  channel 45 (924.9 MHz)  D05EA55A0C1042A7   -42.0 dBm" in out
    assert "34 922.7 MHz" not in out


async def test_scan_shows_the_meter_and_the_noise_with_a_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "stick"
    port = PtyPort(link)
    async with House(HouseConfig(speed=0), port):
        assert await scan.scan(arguments(scan, str(link))) == 0
    port.close()
    told = capsys.readouterr()
    assert "PAN 42A7  channel 45 (924.9 MHz)  D05EA55A0C1042A7   -42.4 dBm" in told.out
    assert "60 927.9 MHz" in told.out
    assert "100%" in told.err


@pytest.mark.parametrize("command", [probe.probe, scan.scan])
async def test_a_port_that_is_not_there_is_one_sentence_and_exit_1(
    command: object, capsys: pytest.CaptureFixture[str]
) -> None:
    args = argparse.Namespace(port="/nowhere", json=False, duration=6)
    assert await command(args) == 1  # type: ignore[operator]
    assert capsys.readouterr().err == (
        "The port /nowhere doesn't exist: plug the Wi-SUN stick in.\n"
    )
