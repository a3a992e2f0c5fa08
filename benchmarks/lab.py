"""The bench: a simulated house on a pseudo-terminal, a broker, and the programs under test.

All times are seconds of `time.monotonic()`, one clock for every process of the machine.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from broute_addon.simulator import PASSWORD, ROUTE_B_ID, House, HouseConfig, PtyPort
from tests.support.broker import Broker
from tests.support.repository import ROOT

STICK = "usb-Simulated_stick-if00"


@dataclass(frozen=True)
class Value:
    """A value that a program gave, and when."""

    at: float
    text: str


@dataclass
class Values:
    """What a program has given so far; grows while it runs."""

    seen: list[Value] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, value: Value) -> None:
        """Takes one more."""
        self.seen.append(value)
        self._news.set()

    async def first_after(
        self, moment: float, within_s: float, *, ignoring_s: float = 0.0
    ) -> float | None:
        """Seconds from a moment to the next value, but for those of the first `ignoring_s`; None
        if none came in time."""
        counts_from = moment + ignoring_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, moment + within_s - time.monotonic())):
                while not (self.seen and self.seen[-1].at > counts_from):
                    self._news.clear()
                    await self._news.wait()
        return next((value.at - moment for value in self.seen if value.at > counts_from), None)


@dataclass(frozen=True)
class Subject:
    """A running program under test."""

    process: Process
    values: Values
    started: float
    output: list[str]


@contextlib.contextmanager
def house_in(folder: Path, config: HouseConfig) -> Iterator[House]:
    """A simulated house whose stick is plugged in under `folder`."""
    ports = folder / "by-id"
    ports.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(House(config, PtyPort(ports / STICK))) as house:
        yield house


@contextlib.asynccontextmanager
async def driver(name: str, folder: Path, *arguments: str) -> AsyncIterator[Subject]:
    """Runs a module of `benchmarks.drivers` on the stick in `folder`."""
    command = [sys.executable, "-m", f"benchmarks.drivers.{name}", str(folder / "by-id" / STICK)]
    values, output = Values(), list[str]()

    def take(line: str) -> None:
        at, _, text = line.partition(" ")
        values.add(Value(float(at), text))

    async with _process([*command, *arguments], take, output) as (process, started):
        yield Subject(process, values, started, output)


@contextlib.asynccontextmanager
async def product(
    folder: Path, broker: Broker, options: Mapping[str, object] | None = None
) -> AsyncIterator[Subject]:
    """Runs `broute run` as the add-on's service does; the values are those at the broker."""
    chosen = {
        "route_b_id": ROUTE_B_ID,
        "route_b_password": PASSWORD,
        "mqtt_host": "127.0.0.1",
        "mqtt_port": broker.port,
        "language": "en",
        **(options or {}),
    }
    file = folder / "options.json"
    file.write_text(json.dumps(chosen))
    places = ["--options", str(file), "--data", str(folder / "data")]
    command = [sys.executable, "-m", "broute_addon", "run", *places]
    command += ["--ports", str(folder / "by-id"), "--web", "127.0.0.1:0"]
    output = list[str]()
    with _power_at(broker) as values:
        async with _process(command, output.append, output) as (process, started):
            yield Subject(process, values, started, output)


@contextlib.asynccontextmanager
async def _process(
    command: list[str], take: Callable[[str], None], log: list[str]
) -> AsyncIterator[tuple[Process, float]]:
    inherited = {key: value for key, value in os.environ.items() if "TOKEN" not in key}
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=PIPE,
        stderr=PIPE,
        cwd=ROOT,
        env=inherited | {"PYTHONUNBUFFERED": "1"},
    )

    async def collect(stream: asyncio.StreamReader | None, to: Callable[[str], None]) -> None:
        assert stream is not None
        async for line in stream:
            to(line.decode(errors="replace").rstrip())

    collecting = asyncio.gather(collect(process.stdout, take), collect(process.stderr, log.append))
    try:
        yield process, started
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await collecting


@contextlib.contextmanager
def _power_at(broker: Broker) -> Iterator[Values]:
    """The power values that a second MQTT client receives."""
    loop, values = asyncio.get_running_loop(), Values()

    def came(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/power") and message.payload.lstrip(b"-").isdigit():
            value = Value(time.monotonic(), message.payload.decode())
            loop.call_soon_threadsafe(values.add, value)

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda client, *_: client.subscribe("broute/#")
    client.on_message = came
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield values
    finally:
        client.disconnect()
        client.loop_stop()


async def struck_at(house: House, before: int, until: float) -> float:
    """When a fault hit: the count of `struck` is no longer what it was, or time is up."""
    while sum(house.faults.struck.values()) == before and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return time.monotonic()


@dataclass(frozen=True)
class Usage:
    """What a process has taken of the machine so far."""

    rss_mb: float
    processor_s: float
    written_bytes: int


def usage(pid: int) -> Usage:
    """Resident memory, processor time and bytes handed to the file system, from /proc."""
    folder = Path(f"/proc/{pid}")
    pages = int((folder / "statm").read_text().split()[1])
    ticks = (folder / "stat").read_text().rpartition(")")[2].split()
    used = int(ticks[11]) + int(ticks[12])
    io = dict(line.split(": ") for line in (folder / "io").read_text().splitlines())
    return Usage(
        rss_mb=pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        processor_s=used / os.sysconf("SC_CLK_TCK"),
        written_bytes=int(io["write_bytes"]),
    )
