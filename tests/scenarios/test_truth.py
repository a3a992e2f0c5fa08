"""What arrives at a real broker is what the meter truly holds: the simulator's truth file.

Every module, both payload formats, both generations, and meters that lack things. All houses
of the matrix run side by side, each with its own stick on its own pseudo-terminal, into one real
Mosquitto; each value is looked up in the truth that held when it was read.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from broute_addon.clock import JST
from broute_addon.simulator import AirConfig, HouseConfig, MeterConfig
from tests.support.broker import Broker
from tests.support.observer import Observer
from tests.support.product import Product, Setting, running

TEXT_MODULES = (
    "bp35a1",
    "wsr35a1",
    "rl7023-ips",
    "bp35c0",
    "bp35c2",
    "rs-wsuha-p",
    "rl7023-dss",
)

J11_MODULES = ("bp35c0-j11", "bp35c2-j11", "rs-wsuha-j11")

BOUGHT = ("power", "current_r", "energy_bought", "half_hour_energy_bought")
SOLD = ("energy_sold", "half_hour_energy_sold")

EVER = datetime(1970, 1, 1, tzinfo=JST)

READ_LATE = timedelta(seconds=15)
"""A value is told at most this long after the meter read it (the machine may be slow)."""


@dataclass(frozen=True)
class Case:
    """One house of the matrix."""

    name: str
    module: str
    states: tuple[str, ...]
    meter: MeterConfig

    @property
    def expected(self) -> set[str]:
        """Keys that must arrive."""
        keys = set(BOUGHT)
        if self.meter.reverse:
            keys |= set(SOLD)
        if self.meter.t_phase:
            keys.add("current_t")
        return keys


def matrix() -> Iterator[Case]:
    """Every module in both formats and generations, and every kind of incomplete meter."""
    for module, output, generation in itertools.product(TEXT_MODULES, ("binary", "hex"), (1, 2)):
        meter = MeterConfig(generation=generation)
        yield Case(f"{module} {output} {generation}", module, (output,), meter)
    for module, state, generation in itertools.product(J11_MODULES, ("fresh", "joined"), (1, 2)):
        meter = MeterConfig(generation=generation)
        yield Case(f"{module} {state} {generation}", module, (state,), meter)
    for name, meter in {
        "no D3": MeterConfig(coefficient=None),
        "D3 is 30": MeterConfig(coefficient=30),
        "no E3": MeterConfig(reverse=False),
        "no T phase": MeterConfig(t_phase=False),
        "no 8D": MeterConfig(serial=None),
        "unit 10 kWh": MeterConfig(unit=0x0A),
        "unit 0.0001 kWh": MeterConfig(unit=0x04, digits=8),
        "nothing of all that": MeterConfig(
            coefficient=None, reverse=False, t_phase=False, serial=None
        ),
        "INFC": MeterConfig(inf="infc"),
        "one property a request": MeterConfig(opc_limit=1),
    }.items():
        yield Case(name, "bp35c2", ("sa2",), meter)


def house_of(number: int, case: Case) -> HouseConfig:
    """Each house has a meter of its own: another MAC, another serial number."""
    serial = None if case.meter.serial is None else f"TRUTH{number:06d}"
    return HouseConfig(
        module=case.module,
        states=case.states,
        seed=number,
        speed=0,
        meter=replace(case.meter, serial=serial, memory_days=1),
        air=AirConfig(mac=f"D05EA55A0C10{number:04X}"),
    )


@pytest.fixture
async def broker(tmp_path: Path) -> Broker:
    return Broker(tmp_path)


class Arrivals:
    """When each message came; asked each time that one has come."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.times: list[datetime] = []

    def note(self) -> None:
        new = len(self.observer.seen) - len(self.times)
        self.times += [datetime.now(JST)] * new

    def of(self, uid: str) -> Iterator[tuple[str, str, datetime]]:
        """Key, payload and time of a meter's values."""
        prefix = f"broute/{uid}/"
        for seen, at in zip(self.observer.seen, self.times, strict=False):
            if uid and seen.topic.startswith(prefix):
                yield seen.topic.removeprefix(prefix), seen.payload, at

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits, two minutes at most; each message's time is taken as it comes."""

        def noted() -> bool:
            self.note()
            return is_so()

        await self.observer.until(noted, seconds=120)

    async def until_all(self, wanted: Mapping[str, set[str]], since: datetime) -> None:
        """Waits until each meter (by uid) has told each of its keys since a moment, two minutes at
        most; what is missing is told by `untruths`."""

        def complete() -> bool:
            return all(
                keys <= {key for key, _, at in self.of(uid) if at >= since}
                for uid, keys in wanted.items()
            )

        with contextlib.suppress(TimeoutError):
            await self.until(complete)
        await asyncio.sleep(0.5)
        self.note()


async def test_every_value_at_the_broker_is_the_truth(broker: Broker, tmp_path: Path) -> None:
    """From the first start on, and after another log-in."""
    cases = list(matrix())
    async with broker, Observer(broker) as observer, contextlib.AsyncExitStack() as stack:
        options = {"mqtt_host": "127.0.0.1", "mqtt_port": broker.port, "poll_interval": 5}
        products = [
            await stack.enter_async_context(
                running(tmp_path / str(number), Setting(house_of(number, case), options))
            )
            for number, case in enumerate(cases)
        ]
        arrivals = Arrivals(observer)
        await arrivals.until(lambda: all(product.uid for product in products))
        expected = {p.uid: case.expected for case, p in zip(cases, products, strict=True)}
        await arrivals.until_all(expected, EVER)
        again = datetime.now(JST)
        for product in products:
            product.app.meter_side.command("reconnect")
        await arrivals.until_all({uid: {"power"} for uid in expected}, again)
        faults = [
            f"{case.name}: {fault}"
            for case, product in zip(cases, products, strict=True)
            for fault in untruths(case, product, arrivals)
        ]
    assert not faults, "\n".join(faults)


async def test_every_value_is_the_truth_after_a_warm_start_too(
    broker: Broker, tmp_path: Path
) -> None:
    case = Case("warm", "bp35c2", ("binary",), MeterConfig(coefficient=30))
    options = {"mqtt_host": "127.0.0.1", "mqtt_port": broker.port, "poll_interval": 5}
    async with broker, Observer(broker) as observer:
        arrivals = Arrivals(observer)
        for _ in range(2):
            start = datetime.now(JST)
            setting = Setting(house_of(900, case), options)
            async with running(tmp_path / "house", setting) as product:
                await arrivals.until(lambda: product.uid != "")
                await arrivals.until_all({product.uid: case.expected}, start)
                faults = list(untruths(case, product, arrivals, start))
                assert not faults, "\n".join(faults)


def untruths(
    case: Case,
    product: Product,
    arrivals: Arrivals,
    since: datetime = EVER,
) -> Iterator[str]:
    """What is missing, wrong or there without reason."""
    told = [(key, payload, at) for key, payload, at in arrivals.of(product.uid) if at >= since]
    seen_keys = {key for key, _, _ in told}
    yield from (f"{key} is missing" for key in sorted(case.expected - seen_keys))
    every = {*BOUGHT, *SOLD, "current_t"}
    yield from (f"{key} is there" for key in sorted(seen_keys & every - case.expected))
    stamps: dict[str, datetime] = {}
    for key, payload, at in told:
        if key.startswith("half_hour") and key.endswith("_time"):
            stamps[key.removesuffix("_time")] = datetime.fromisoformat(payload)
        if key not in case.expected:
            continue
        stamp = stamps.get(key)
        true = truths(product, key, at) if stamp is None else truths_at(product, key, stamp)
        if Decimal(payload) not in true:
            yield f"{key} {payload} at {stamp or at} is not the truth, which is {true}"


def truths(product: Product, key: str, at: datetime) -> set[Decimal]:
    """The values of a key that held in the moments before it arrived."""
    held = history(product, key)
    current = [value for since, value in held if since <= at - READ_LATE][-1:]
    recent = [value for since, value in held if at - READ_LATE < since <= at + timedelta(seconds=1)]
    return {*current, *recent}


def truths_at(product: Product, key: str, stamp: datetime) -> set[Decimal]:
    """The fixed-time value of a half hour."""
    return {value for at, value in history(product, key) if at == stamp}


def history(product: Product, key: str) -> list[tuple[datetime, Decimal]]:
    """A key's lines of the truth file: since when, which value."""
    return [
        (datetime.fromisoformat(str(line["time"])), Decimal(str(line["value"])))
        for line in product.truth
        if line.get("key") == key
    ]
