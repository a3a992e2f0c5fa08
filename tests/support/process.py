"""The product as its users start it: a process of its own, with options file and environment."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broute_addon.simulator import PASSWORD, ROUTE_B_ID, House, HouseConfig, PtyPort
from tests.support.repository import ROOT

GOOD_OPTIONS: Mapping[str, object] = {
    "route_b_id": ROUTE_B_ID,
    "route_b_password": PASSWORD,
    "poll_interval": 5,
    "language": "en",
    "log_level": "info",
}


@dataclass
class Running:
    """A running process; `output` grows with what it prints."""

    process: Process
    output: list[str]

    @property
    def log(self) -> str:
        """All it has printed."""
        return "".join(self.output)

    async def until_log(self, text: str, seconds: float = 10) -> None:
        """Waits until it has printed a text. Raises AssertionError with the log."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while text not in self.log and self.process.returncode is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        assert text in self.log, self.log

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal and gives the exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        async with asyncio.timeout(15):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def broute(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "broute_addon"),
) -> AsyncIterator[Running]:
    """Starts `python -m broute_addon …`; kills what is still running at the end."""
    inherited = {key: value for key, value in os.environ.items() if "TOKEN" not in key}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", *program, *arguments),
        stdout=PIPE,
        stderr=STDOUT,
        cwd=ROOT,
        env=inherited
        | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        | dict(environment or {}),
    )
    output: list[str] = []

    async def collect() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            output.append(line.decode(errors="replace"))  # noqa: PERF401 - seen while it grows

    collecting = asyncio.create_task(collect())
    try:
        yield Running(process, output)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await collecting


@dataclass(frozen=True)
class Place:
    """The folders of one installation."""

    folder: Path

    @property
    def options(self) -> Path:
        """The options file."""
        return self.folder / "options.json"

    @property
    def ports(self) -> Path:
        """Where sticks are looked for."""
        return self.folder / "by-id"

    def arguments(self) -> tuple[str, ...]:
        """The command line of `run`."""
        places = ("--options", str(self.options), "--data", str(self.folder / "data"))
        return ("run", *places, "--ports", str(self.ports), "--web", "127.0.0.1:0")

    def write_options(self, **options: object) -> None:
        """The good options with changes; None leaves one out."""
        chosen = {**GOOD_OPTIONS, **options}
        self.options.write_text(json.dumps({k: v for k, v in chosen.items() if v is not None}))


@contextlib.contextmanager
def house_at(place: Place, config: HouseConfig | None = None) -> Iterator[House]:
    """A simulated house whose stick is plugged in there."""
    place.ports.mkdir(parents=True, exist_ok=True)
    port = PtyPort(place.ports / "usb-Simulated_stick-if00")
    with contextlib.closing(House(config or HouseConfig(speed=0), port)) as house:
        yield house
