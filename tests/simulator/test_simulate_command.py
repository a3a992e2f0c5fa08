"""The `simulate` command as a process: its one line, its end, its refusals."""

import argparse
import asyncio
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from broute_addon.cli.simulate import add_arguments, simulate

COMMAND = [sys.executable, "-m", "broute_addon", "simulate"]


def test_ready_line_answers_truth_and_a_clean_end(tmp_path: Path) -> None:
    link, truth = tmp_path / "stick", tmp_path / "truth.jsonl"
    options = ["--link", str(link), "--module", "BP35A1", "--state", "echo-off,hex", "--speed", "0"]
    options += ["--clock", "2026-04-05T13:34", "--truth", str(truth)]
    process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"ready {link}\n"
    with serial.Serial(str(link), 115200, timeout=2) as host:
        host.write(b"ROPT\r")
        assert host.read_until(b"\r") == b"OK 01\r"
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=5)
    assert (process.returncode, rest) == (0, "")
    assert not link.is_symlink()
    lines = [json.loads(line) for line in truth.read_text().splitlines()]
    assert lines[0]["time"] == "2026-04-05T13:34:00+09:00"
    assert {line["kind"] for line in lines} == {"meter", "half_hour", "value"}


async def appearance(link: Path) -> None:
    async with asyncio.timeout(5):
        while not link.is_symlink():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)


def test_a_stick_pulled_by_a_scheduled_fault_comes_back_under_its_name(tmp_path: Path) -> None:
    link = tmp_path / "stick"
    options = ["--link", str(link), "--speed", "0", "--fault", "unplug@0.3+0.3"]
    process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"ready {link}\n"
    with serial.Serial(str(link), 115200, timeout=5) as host, pytest.raises(serial.SerialException):
        host.read(1)
    asyncio.run(appearance(link))
    with serial.Serial(str(link), 115200, timeout=2) as host:
        host.write(b"SKVER\r\n")
        assert host.read_until(b"OK\r\n").endswith(b"EVER 1.5.2\r\nOK\r\n")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)
    assert process.returncode == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--module", "toaster"],
        ["--module", "bp35c2-j11", "--state", "sa2"],
        ["--state", "drunk"],
        ["--generation", "3"],
        ["--speed", "fast"],
        ["--speed", "-1"],
        ["--rate", "0"],
        ["--clock", "yesterday"],
        ["--delivery", "pigeon"],
        ["--fault", "unplug@soon"],
        ["--meter", "digits=9"],
        ["--meter", "unit=05"],
        ["--meter", "unit=0.5"],
        ["--meter", "colour=red"],
        ["--meter", "coefficient"],
        ["--meter", "foreign=2F:1"],
        ["--meter", "answer=never"],
        ["--truth", "/nowhere/at/all"],
        ["--link", "/nowhere/at/all"],
    ],
    ids=" ".join,
)
async def test_a_wrong_argument_is_one_sentence_and_78(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert await simulate(parser.parse_args(options)) == 78
    output, errors = capsys.readouterr()
    assert output == ""
    assert re.fullmatch(r"broute simulate: .+\n", errors)
    if options[-1].startswith("/nowhere"):
        assert "/nowhere/at/all: No such file" in errors
