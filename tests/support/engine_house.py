"""The engine on a simulated house, in virtual time, with everything it told on record."""

import asyncio
import contextlib
import itertools
import random
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from broute_addon.clock import JST
from broute_addon.echonet.frame import Frame
from broute_addon.meter.engine import Engine, Known
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    HalfHoursRead,
    MeterIdentified,
    PanJoined,
    Reading,
    ReadingsArrived,
    Update,
)
from broute_addon.meter.survey import SurveyState
from broute_addon.redaction import Secret
from broute_addon.simulator import (
    PASSWORD,
    ROUTE_B_ID,
    House,
    HouseConfig,
    MemoryPort,
    MemoryTransport,
    Receiver,
    run_virtual,
)
from broute_addon.store import Snapshot, Store
from broute_addon.wisun.values import Credentials
from tests.support.notebook import Notebook

START = datetime(2026, 4, 5, 12, 1, tzinfo=JST)
PORT = "/dev/serial/by-id/usb-simulated"
_J11_REQUEST = bytes.fromhex("D0EA83FC")
_J11_PAYLOAD = 12 + 22  # the header, then address, ports and length
_SENDTO = re.compile(rb"SKSENDTO [^ ]+ [^ ]+ 0E1A 1 (?:0 )?([0-9A-F]{4}) ", re.DOTALL)


@dataclass
class Lab:
    """A running engine. `told` are its updates with the virtual second of each."""

    house: House
    port: MemoryPort
    engine: Engine
    store: Store
    told: list[tuple[float, Update]] = field(default_factory=list)
    written: list[tuple[float, bytes]] = field(default_factory=list)

    def readings(self, key: str) -> list[tuple[float, Reading]]:
        """All that was told under a key."""
        return [
            (at, reading)
            for at, update in self.told
            if isinstance(update, ReadingsArrived)
            for reading in update.readings
            if reading.key == key
        ]

    def connections(self) -> list[Connection]:
        """The way of the connection, each step once."""
        steps = [u.connection for _, u in self.told if isinstance(u, ConnectionChanged)]
        return [b for a, b in zip([None, *steps], steps, strict=False) if a is not b]

    def problems(self) -> list[str]:
        """Keys of the problems told, in order, each once."""
        keys = [
            update.problem.key
            for _, update in self.told
            if isinstance(update, ConnectionChanged) and update.problem is not None
        ]
        return list(dict.fromkeys(keys))

    def uids(self) -> list[str]:
        """The meters met, in order, each once."""
        met = [u.profile.uid for _, u in self.told if isinstance(u, MeterIdentified)]
        return list(dict.fromkeys(met))

    def commands(self, word: str) -> list[float]:
        """When a command of the stick was written; for a J11 module its code, as `0056`."""
        j11 = _J11_REQUEST + bytes.fromhex(word) if word.isalnum() and word[0] == "0" else b""
        return [at for at, data in self.written if data.startswith(j11 or word.encode())]

    def requests(self) -> list[tuple[float, Frame]]:
        """The ECHONET Lite frames that were sent."""
        found = []
        for at, data in self.written:
            if match := _SENDTO.match(data):
                found.append((at, Frame.parse(data[match.end() :])))
            elif data.startswith(_J11_REQUEST + b"\x00\x08"):
                found.append((at, Frame.parse(data[_J11_PAYLOAD:])))
        return found

    def longest_gap_s(self, key: str, since: float, until: float) -> float:
        """The longest time without a value of `key`."""
        moments = [at for at, _ in self.readings(key) if since <= at <= until]
        edges = [since, *moments, until]
        return max(b - a for a, b in itertools.pairwise(edges))

    async def until(self, is_so: Callable[[Snapshot], bool], within_s: float = 600) -> float:
        """Waits until the snapshot is as wanted; gives the virtual second."""
        async with asyncio.timeout(within_s):
            async for snapshot in self.store.snapshots():
                if is_so(snapshot):
                    break
        return asyncio.get_running_loop().time()

    async def until_reading(self, within_s: float = 600) -> float:
        """Waits until the meter is being read."""
        return await self.until(
            lambda snapshot: snapshot.connection is Connection.READING, within_s
        )


@contextlib.asynccontextmanager
async def lab(
    config: HouseConfig | None = None,
    *,
    known: Known | None = None,
    interval_s: float = 30.0,
    password: str = PASSWORD,
    seed: int = 1,
    notebook: Notebook | None = None,
    start: datetime = START,
    host_ahead: timedelta = timedelta(0),
    device: Path | None = None,
) -> AsyncIterator[Lab]:
    """Starts engine and house; at the end the engine is cancelled as at a stop.

    `notebook` is the ledger; without it the meter's memory isn't read. `start`: what the meter
    takes the first second for; the host's clock is `host_ahead` of that.
    `device`: the port named in the options, which is there as long as such a file is.
    """
    loop = asyncio.get_running_loop()
    port = MemoryPort(seed=seed)

    def clock() -> datetime:
        return start.astimezone(UTC) + host_ahead + timedelta(seconds=loop.time())

    async def connect(path: str, baud: int, receiver: Receiver) -> MemoryTransport:
        transport = await port.connect(path, baud, receiver)
        write = transport.write

        def recording(data: bytes) -> None:
            here.written.append((loop.time(), data))
            write(data)

        transport.write = recording  # type: ignore[method-assign]
        return transport

    def emit(update: Update) -> None:
        here.told.append((loop.time(), update))
        here.store.apply(update)
        if notebook is not None and isinstance(update, HalfHoursRead):
            notebook.take(update)

    def ports() -> list[str]:
        if device is not None:
            return [str(device)]
        return [PORT] if port.is_plugged else []

    def surveyed(state: SurveyState) -> None:
        here.store.note_survey(state)

    engine = Engine(
        connect=connect,
        ports=ports,
        credentials=Credentials(Secret(ROUTE_B_ID), Secret(password)),
        known=known or Known(),
        emit=emit,
        interval_s=interval_s,
        clock=clock,
        rng=random.Random(seed),
        on_survey=surveyed,
        memory=notebook,
    )
    async with House(replace(config or HouseConfig(), clock=start), port) as house:
        here = Lab(house, port, engine, Store(Snapshot(), clock))
        task = asyncio.create_task(engine.run())
        try:
            yield here
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


def story(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a scenario in virtual time."""
    run_virtual(scenario())


async def learned(config: HouseConfig | None = None) -> Known:
    """What a first run leaves for the second one."""
    async with lab(config) as first:
        await first.until_reading()
        await asyncio.sleep(10)
        pan = next(u.pan for _, u in first.told if isinstance(u, PanJoined))
        profile = next(u.profile for _, u in reversed(first.told) if isinstance(u, MeterIdentified))
    return Known(pan, {str(profile.mac): profile})
