"""Each measurement: what is run, what is counted, and the rows of its table."""

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import decode
from benchmarks.lab import Subject, driver, house_in, product, struck_at, usage
from broute_addon.simulator import AirConfig, House, HouseConfig
from tests.support.broker import Broker

SEED = 1
STARTS = 3
POLLED_S = 120.0
FOOTPRINT_S = 900.0
PATIENCE_S = 900.0
IN_FLIGHT_S = 4.5
"""So long after a stick went deaf, the answer to a request of before may still come."""


@dataclass(frozen=True)
class Table:
    """A Markdown table."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [f"### {self.title}", "", _row(self.head), _row(["---"] * len(self.head))]
        return "\n".join([*lines, *map(_row, self.rows), ""])


async def starts() -> Table:
    """Process start → first value: warm against the minimum, cold against momonga."""
    rows = [await _warm()]
    for duration in (4, 5, 6):
        config = HouseConfig(seed=SEED, air=AirConfig(heard_at=duration))
        with _folder() as folder, house_in(folder, config):
            async with Broker(folder) as broker, product(folder, broker) as ours:
                ours_s = await _first(ours)
        with _folder() as folder, house_in(folder, config):
            async with driver("momonga_loop", folder) as theirs:
                theirs_s = await _first(theirs)
        goal = {4: "≤ 0.35", 5: "", 6: "≤ 0.9"}[duration]
        row = (f"cold, beacon heard at duration {duration}", _s(ours_s))
        rows.append((*row, f"momonga {_s(theirs_s)}", f"{ours_s / theirs_s:.2f}", goal))
    return Table("Starts", ("start", "ours", "beside", "ratio", "goal"), tuple(rows))


async def _warm() -> tuple[str, ...]:
    """Medians; a first run fills the cache."""
    ours, least = [], []
    for run in range(STARTS):
        with _folder() as folder:
            for is_cached in (False, True):
                with house_in(folder, HouseConfig(seed=SEED + run)):
                    async with Broker(folder) as broker, product(folder, broker) as subject:
                        took = await _first(subject)
                        await asyncio.sleep(0 if is_cached else 3)  # the rest of the interview
            ours.append(took)
        with _folder() as folder, house_in(folder, HouseConfig(seed=SEED + run)):
            async with driver("minimum", folder) as script:
                await script.process.wait()
                await asyncio.sleep(0.1)
                least.append(float(script.values.seen[0].text))
    took, minimum = statistics.median(ours), statistics.median(least)
    ratio = f"{took / minimum:.2f}"
    return ("warm, PAN and profile cached", _s(took), f"minimum {_s(minimum)}", ratio, "≤ 1.25")


async def _first(subject: Subject) -> float:
    took = await subject.values.first_after(subject.started, 180)
    if took is None:
        raise SystemExit("no value:\n" + "\n".join(subject.output))
    return took


async def polling() -> Table:
    """Answers a minute, asked without pause."""
    config = HouseConfig(seed=SEED)
    air = config.air
    mean = (air.answer_least + air.answer_mode + air.answer_most) / 3
    mean = mean * (1 - air.tail) + air.tail * (air.answer_most + air.tail_most) / 2
    subjects = {
        ("ours", "E7"): ("client_loop", "--epcs", "E7"),
        ("ours", "E7+E8"): ("client_loop", "--epcs", "E7,E8"),
        ("momonga", "E7"): ("momonga_loop",),
        ("momonga", "E7+E8"): ("momonga_loop", "--what", "both"),
    }
    rates = dict(zip(subjects, await asyncio.gather(*map(_rate, subjects.values())), strict=True))
    rows = []
    for what, extra in (("E7", 0.0), ("E7+E8", air.property_extra)):
        most, ours = 60 / (mean + extra), rates["ours", what]
        row = (what, f"{ours:.1f}", f"{most:.1f}", f"{ours / most:.3f}", "≥ 0.95")
        rows.append((*row, f"{rates['momonga', what]:.1f}"))
    head = ("asked", "ours a minute", "60 / mean answer", "ratio", "goal", "momonga")
    return Table("Polling without pause", head, tuple(rows))


async def _rate(subject: tuple[str, ...]) -> float:
    name, *arguments = subject
    with _folder() as folder, house_in(folder, HouseConfig(seed=SEED)):
        async with driver(name, folder, *arguments) as reader:
            await _first(reader)
            await asyncio.sleep(5)
            begin = len(reader.values.seen)
            await asyncio.sleep(POLLED_S)
            seen = reader.values.seen[begin:]
    return (len(seen) - 1) / (seen[-1].at - seen[0].at) * 60


Strike = Callable[[House], None]

FAULTS: tuple[tuple[str, Strike, str], ...] = (
    ("one answer lost", lambda house: house.faults.next("lost-answer"), "2 + 0.7"),
    ("three answers lost", lambda house: house.faults.next("lost-answer", 3), "2 + 4 + 8 + 4.0"),
    ("renewal, EVENT 29 → 25", lambda house: house.faults.fire("expire"), "2.0 + 0.7"),
    ("renewal fails, EVENT 29 → 24", lambda house: house.faults.fire("expire-fail"), "5.3 + 0.7"),
    ("session ended by the meter, EVENT 26", lambda house: house.faults.fire("terminate"), "4.0"),
    (
        "stick unplugged for 5 s",
        lambda house: house.faults.fire("unplug", for_s=5),
        "5 + 0.5 + 0.8 + 4.0",
    ),
    (
        "meter reboots (20 s)",
        lambda house: house.faults.fire("reboot", for_s=20),
        "20 + 4.0",
    ),
    (
        "meter moves to another channel",
        lambda house: house.faults.fire("move-channel", "2B"),
        "4 + 10 + 5 + 4.0",
    ),
    (
        "stick hears nothing but SKRESET",
        lambda house: house.faults.hold("stalled-stick"),
        "5 + 3 + 4.0",
    ),
)
"""Name, what is done, and the least it must take in seconds, as a sum."""


async def recovery() -> Table:
    """Fault → next good value, both asking without pause; each in a house of its own."""
    runs = [
        _recovered(name, strike, 0.7 * index)
        for index, (_, strike, _) in enumerate(FAULTS)
        for name in ("engine_loop", "momonga_loop")
    ]
    took = await asyncio.gather(*runs)
    rows = tuple(
        (fault, least, _s(took[2 * index]), _s(took[2 * index + 1]))
        for index, (fault, _, least) in enumerate(FAULTS)
    )
    return Table("Fault → next good value", ("fault", "least, s", "ours", "momonga 0.7.0"), rows)


async def _recovered(name: str, strike: Strike, later_s: float) -> float | None:
    await asyncio.sleep(later_s)
    with _folder() as folder, house_in(folder, HouseConfig(seed=SEED)) as house:
        async with driver(name, folder) as reader:
            await _first(reader)
            await asyncio.sleep(20)
            await reader.values.first_after(time.monotonic(), 30)
            before = sum(house.faults.struck.values())
            hit = time.monotonic()
            strike(house)
            if house.faults.value("stalled-stick"):  # in force at once, and not counted
                return await reader.values.first_after(hit, PATIENCE_S, ignoring_s=IN_FLIGHT_S)
            hit = await struck_at(house, before, hit + 10)
            return await reader.values.first_after(hit, PATIENCE_S)


async def footprint() -> Table:
    """Memory, processor and bytes written over 15 minutes of polling each 30 s."""
    async with contextlib.AsyncExitStack() as stack:
        ours = await stack.enter_async_context(_our_footprint())
        theirs = await stack.enter_async_context(_momongas_footprint())
        await asyncio.gather(_first(ours), _first(theirs))
        await asyncio.sleep(30)
        both = (ours.process.pid, theirs.process.pid)
        before = [usage(pid) for pid in both]
        await asyncio.sleep(FOOTPRINT_S)
        after = [usage(pid) for pid in both]
    rows = []
    for name, early, late in zip(("ours: `run`, whole", "momonga"), before, after, strict=True):
        share = (late.processor_s - early.processor_s) / FOOTPRINT_S
        memory = (f"{late.rss_mb:.1f} MB", f"{late.rss_mb - early.rss_mb:+.1f} MB")
        written = late.written_bytes - early.written_bytes
        rows.append((name, *memory, f"{share:.2%}", f"{written / 1000:.0f} KB"))
    rows.append(("goal", "≤ 55 MB", "≤ 1 MB a month", "≤ 0.3 %", "≤ 300 KB a day"))
    head = ("program", "memory", "growth", "processor", "written")
    return Table("Fifteen minutes of polling each 30 s", head, tuple(rows))


@contextlib.asynccontextmanager
async def _our_footprint() -> AsyncIterator[Subject]:
    with _folder() as folder, house_in(folder, HouseConfig(seed=SEED)):
        async with Broker(folder) as broker, product(folder, broker) as subject:
            yield subject


@contextlib.asynccontextmanager
async def _momongas_footprint() -> AsyncIterator[Subject]:
    with _folder() as folder, house_in(folder, HouseConfig(seed=SEED)):
        async with driver("momonga_loop", folder, "--interval", "30", "--what", "both") as subject:
            yield subject


async def decoding() -> Table:
    """EDATA of E7 and E8 to exact readings, a second and core; pychonet where it is installed."""
    rows = tuple((name, f"{rate:,.0f}") for name, rate in decode.rates(5.0))
    return Table("Frames decoded", ("what", "a second and core"), rows)


MEASUREMENTS: dict[str, Callable[[], Awaitable[Table]]] = {
    "starts": starts,
    "polling": polling,
    "recovery": recovery,
    "footprint": footprint,
    "decoding": decoding,
}


def _s(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
