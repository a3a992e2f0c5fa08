"""What arrives at a real broker is what the meter truly holds: the simulator's truth file.

Every module, both payload formats, both generations, and meters that lack things. All houses
of the matrix run side by side, each with its own stick on its own pseudo-terminal, into one real
Mosquitto; each value is looked up in the truth that held when it was read.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Iterator, Mapping
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


async def test_every_value_at_the_broker_is_the_truth(broker: Broker, tmp_path: Path) -> None:
    cases = list(matrix())
    async with broker, Observer(broker) as observer, contextlib.AsyncExitStack() as stack:
        options = {"mqtt_host": "127.0.0.1", "mqtt_port": broker.port, "poll_interval": 5}
        products = [
            await stack.enter_async_context(
                running(tmp_path / str(number), Setting(house_of(number, case), options))
            )
            for number, case in enumerate(cases)
        ]
        arrived: dict[str, datetime] = {}

        def complete() -> bool:
            for seen in observer.seen:
                arrived.setdefault(f"{seen.topic} {seen.payload}", datetime.now(JST))
            return all(
                product.uid and case.expected <= keys_of(observer, product.uid)
                for case, product in zip(cases, products, strict=True)
            )

        with contextlib.suppress(TimeoutError):
            await observer.until(complete, seconds=60)
        await asyncio.sleep(0.5)
        complete()
        faults = [
            f"{case.name}: {fault}"
            for case, product in zip(cases, products, strict=True)
            for fault in untruths(case, product, observer, arrived)
        ]
    assert not faults, "\n".join(faults)


def keys_of(observer: Observer, uid: str) -> set[str]:
    prefix = f"broute/{uid}/"
    return {seen.topic.removeprefix(prefix) for seen in observer.seen if uid in seen.topic}


def untruths(
    case: Case, product: Product, observer: Observer, arrived: Mapping[str, datetime]
) -> Iterator[str]:
    """What is missing, wrong or there without reason."""
    seen_keys = keys_of(observer, product.uid)
    yield from (f"{key} is missing" for key in sorted(case.expected - seen_keys))
    every = {*BOUGHT, *SOLD, "current_t"}
    yield from (f"{key} is there" for key in sorted(seen_keys & every - case.expected))
    for seen in observer.seen:
        key = seen.topic.rpartition("/")[2]
        if seen.topic == f"broute/{product.uid}/{key}" and key in case.expected:
            at = arrived[f"{seen.topic} {seen.payload}"]
            if Decimal(seen.payload) not in truths(product, key, at):
                yield f"{key} {seen.payload} at {at:%H:%M:%S} is not the truth"


def truths(product: Product, key: str, at: datetime) -> set[Decimal]:
    """The values of a key that held in the moments before it arrived."""
    lines = [line for line in product.truth if line.get("key") == key]
    held = [(datetime.fromisoformat(str(line["time"])), line["value"]) for line in lines]
    current = [value for since, value in held if since <= at - READ_LATE][-1:]
    recent = [value for since, value in held if at - READ_LATE < since <= at + timedelta(seconds=1)]
    return {Decimal(str(value)) for value in [*current, *recent]}
