"""A stop: a clean end with 0, in time, whatever the process is at."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from tests.support.process import Place, broute
from tests.support.repository import ROOT

STOPPED_AT = str(ROOT / "tests/support/stopped_at.py")
SLOW_RESOLVER = str(ROOT / "tests/support/slow_resolver.py")
WITHOUT_PORT = ("--web", "127.0.0.1:0")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    there = Place(tmp_path)
    there.write_options()
    there.ports.mkdir()
    return there


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("run", "broute_addon.cli"),
        ("run", "argparse"),
        ("run", "asyncio"),
        ("run", "jsonschema"),
        ("run", "paho"),
        ("run", "serial"),
        ("demo", "broute_addon.demo.watcher"),
        ("simulate", "broute_addon.simulator.house"),
        ("read", "broute_addon.wisun.link"),
    ],
)
async def test_amid_the_imports(command: str, module: str, number: str, place: Place) -> None:
    arguments = place.arguments() if command == "run" else (command,)
    async with broute(number, module, *arguments, program=(STOPPED_AT,)) as running:
        assert await running.process.wait() == 0
    assert running.log == "now\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment_s", [0.2, 1.0, 4.0])
@pytest.mark.parametrize("command", ["demo", "simulate"])
async def test_while_it_runs(command: str, number: int, moment_s: float) -> None:
    arguments = WITHOUT_PORT if command == "demo" else ()
    async with broute(command, *arguments) as running:
        await asyncio.sleep(moment_s)
        started = time.monotonic()
        assert await running.stop(number) == 0
        assert time.monotonic() - started < 10
    assert "Traceback" not in running.log


async def test_a_name_server_that_does_not_answer_holds_no_stop_up(place: Place) -> None:
    place.write_options(mqtt_host="broker.invalid")
    async with broute(*place.arguments(), program=(SLOW_RESOLVER,)) as running:
        await running.until_log("asking the name server")
        started = time.monotonic()
        assert await running.stop() == 0
        assert time.monotonic() - started < 5
    assert "Stopped." in running.log.splitlines()[-1]


async def test_a_name_server_that_does_not_answer_holds_no_end_up() -> None:
    arguments = ("demo", "--for", "2", "--mqtt", "mqtt://broker.invalid", *WITHOUT_PORT)
    async with broute(*arguments, program=(SLOW_RESOLVER,)) as running:
        async with asyncio.timeout(12):
            assert await running.process.wait() == 1
    assert "Traceback" not in running.log
