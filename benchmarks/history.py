"""How long the whole of a meter's memory takes, and what live polls notice of it.

    python -m benchmarks.history              # virtual time, several meters and poll intervals
    python -m benchmarks.history --real       # real time on a pseudo-terminal, about 8 minutes

Times are taken at the stick's line: a request from its SKSENDTO to the frame that answers it. The
least that can be is the sum of all answer times from the first request of history to the last,
with those of the live polls between; the factor is the time that it took over that.
"""

import argparse
import asyncio
import itertools
import random
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broute_addon.clock import JST
from broute_addon.meter.engine import Engine, Known
from broute_addon.meter.readings import HalfHoursRead, HistoryProgressed, Update
from broute_addon.redaction import Secret
from broute_addon.simulator import (
    PASSWORD,
    ROUTE_B_ID,
    AirConfig,
    House,
    HouseConfig,
    MemoryPort,
    MeterConfig,
    PtyPort,
    run_virtual,
)
from broute_addon.wisun.transport import connect_serial
from broute_addon.wisun.values import Connect, Credentials, Receiver, Transport
from tests.support.notebook import Notebook

START = datetime(2026, 4, 5, 12, 1, tzinfo=JST)
_EPOCH = datetime(1970, 1, 1, tzinfo=JST)
_SENT = re.compile(rb"SKSENDTO [^ ]+ [^ ]+ 0E1A 1 (?:0 )?[0-9A-F]{4} \x10\x81(..)", re.DOTALL)
_EPC_AT = 12  # in an EDATA
_ANSWER_OBJECTS = "02880105FF01"
_MEMORY = frozenset({0xE2, 0xE4, 0xE5, 0xEC, 0xED, 0xEE, 0xEF, 0x98})


@dataclass
class Line:
    """What goes over the line: requests with their first EPC, and when each was answered."""

    begun: dict[bytes, float] = field(default_factory=dict)
    epcs: dict[bytes, int] = field(default_factory=dict)
    answered: dict[bytes, float] = field(default_factory=dict)
    _heard: bytes = b""

    def sent(self, data: bytes) -> None:
        """Bytes to the stick."""
        if match := _SENT.match(data):
            edata = data[match.start(1) - 2 :]
            tid, self._heard = match[1], b""
            self.begun[tid] = asyncio.get_running_loop().time()
            self.epcs[tid] = edata[_EPC_AT]

    def heard(self, data: bytes) -> None:
        """Bytes from the stick."""
        if not self.begun:
            return
        tid = next(reversed(self.begun))
        self._heard = (self._heard + data)[-2000:]
        text = f"1081{tid.hex()}{_ANSWER_OBJECTS}".upper()
        is_there = bytes.fromhex(text) in self._heard or text.encode() in self._heard
        if is_there and tid not in self.answered:
            self.answered[tid] = asyncio.get_running_loop().time()

    def answers_s(self, since: float, until: float) -> float:
        """The sum of all answer times between two moments."""
        return sum(
            self.answered[tid] - at
            for tid, at in self.begun.items()
            if tid in self.answered and since <= at <= until
        )

    def of_memory(self) -> list[float]:
        """When something of the memory was asked for."""
        return [at for tid, at in self.begun.items() if self.epcs[tid] in _MEMORY]

    def live(self, interval_s: float) -> list[float]:
        """When power was asked for, repetitions left out."""
        found: list[float] = []
        for tid, at in self.begun.items():
            if self.epcs[tid] == 0xE7 and not (found and at - found[-1] < interval_s / 2):
                found.append(at)
        return found


@dataclass(frozen=True)
class _Tap:
    receiver: Receiver
    line: Line

    def received(self, data: bytes) -> None:
        self.line.heard(data)
        self.receiver.received(data)

    def lost(self, error: Exception | None) -> None:
        self.receiver.lost(error)


def tapped(connect: Connect, line: Line) -> Connect:
    """The connection, with all that passes noted."""

    async def open_port(path: str, baud: int, receiver: Receiver) -> Transport:
        transport = await connect(path, baud, _Tap(receiver, line))
        write = transport.write

        def noted(data: bytes) -> None:
            line.sent(data)
            write(data)

        transport.write = noted  # type: ignore[method-assign]
        return transport

    return open_port


async def measured(
    name: str, house: House, connect: Connect, path: str, interval_s: float
) -> tuple[str, ...]:
    """Reads the whole memory of a house; a row of the table."""
    loop, line, notebook = asyncio.get_running_loop(), Line(), Notebook()
    done = asyncio.Event()

    def clock() -> datetime:
        return START.astimezone(UTC) + timedelta(seconds=loop.time() - started)

    def emit(update: Update) -> None:
        if isinstance(update, HalfHoursRead):
            notebook.take(update)
        if isinstance(update, HistoryProgressed) and not update.progress.is_reading:
            done.set()

    started = loop.time()
    engine = Engine(
        connect=tapped(connect, line),
        ports=lambda: [path],
        credentials=Credentials(Secret(ROUTE_B_ID), Secret(PASSWORD)),
        known=Known(),
        emit=emit,
        interval_s=interval_s,
        clock=clock,
        rng=random.Random(1),
        memory=notebook,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(engine.run())
        await done.wait()
        ended = loop.time()
        running.cancel()
    memory = line.of_memory()
    begun = memory[0]
    took_s = ended - begun
    polls = [at for at in line.live(interval_s) if at >= begun - interval_s]
    gaps = [b - a for a, b in itertools.pairwise(polls)][1:]
    on_time = sum(abs(gap - interval_s) <= interval_s / 10 for gap in gaps)
    wrong = _wrong(house, notebook)
    return (
        name,
        f"{interval_s:.0f} s",
        f"{took_s:.0f} s",
        f"{took_s / line.answers_s(begun, ended):.3f}",
        f"{on_time} of {len(gaps)}",
        str(len(notebook.kept)),
        str(wrong),
    )


def _wrong(house: House, notebook: Notebook) -> int:
    """Values that differ from the simulated meter's registers."""
    return sum(
        kept.raw is not None
        and kept.raw
        != getattr(
            house.registers.counts(int((kept.at - _EPOCH).total_seconds())), kept.direction.value
        )
        for kept in notebook.kept.values()
    )


CASES: Sequence[tuple[str, HouseConfig, float]] = (
    ("first generation", HouseConfig(), 60.0),
    ("first generation", HouseConfig(), 30.0),
    ("first generation", HouseConfig(), 10.0),
    ("first generation", HouseConfig(), 5.0),
    ("second generation", HouseConfig(meter=MeterConfig(generation=2)), 30.0),
    ("one direction", HouseConfig(meter=MeterConfig(reverse=False)), 30.0),
    ("memory of 45 days", HouseConfig(meter=MeterConfig(memory_days=45)), 30.0),
    ("E5 can't be set", HouseConfig(meter=MeterConfig(history1=False, history2=True)), 30.0),
    (
        "a day takes 2 to 10 s",
        HouseConfig(air=AirConfig(history_extra=1.5, history_spread=8.0)),
        30.0,
    ),
)

HEADS = (
    "meter",
    "poll interval",
    "took",
    "factor",
    "live polls on time",
    "half-hours told",
    "wrong",
)


async def virtual(name: str, config: HouseConfig, interval_s: float) -> tuple[str, ...]:
    """One case in virtual time."""
    port = MemoryPort(seed=config.seed)
    async with House(replace(config, clock=START), port) as house:
        return await measured(name, house, port.connect, "simulated", interval_s)


async def real(name: str, config: HouseConfig, interval_s: float) -> tuple[str, ...]:
    """One case in real time, on a pseudo-terminal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stick"
        async with House(replace(config, clock=START), PtyPort(path)) as house:
            return await measured(name, house, connect_serial, str(path), interval_s)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """The rows as Markdown."""
    lines = [HEADS, tuple("---" for _ in HEADS), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks.history")
    parser.add_argument("--real", action="store_true", help="in real time, first generation, 30 s")
    if parser.parse_args().real:
        rows = [asyncio.run(real(*CASES[1]))]
    else:
        rows = [run_virtual(virtual(*case)) for case in CASES]
    print(table(rows))


if __name__ == "__main__":
    main()
