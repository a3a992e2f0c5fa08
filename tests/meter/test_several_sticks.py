"""More than one port that may hold a stick: the first that answers is used. Virtual time."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broute_addon.meter.engine import Engine, Known
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
from tests.support.engine_house import START

FIRST, SECOND = "/dev/serial/by-id/usb-first", "/dev/serial/by-id/usb-second"
HELD = OSError(16, "Device or resource busy")


@dataclass
class Desk:
    """Two sticks in their ports, and what was opened."""

    houses: dict[str, House]
    store: Store
    opened: list[str] = field(default_factory=list)

    async def until(self, is_so: Callable[[Snapshot], bool]) -> Snapshot:
        async with asyncio.timeout(120):
            async for snapshot in self.store.snapshots():
                if is_so(snapshot):
                    return snapshot
        raise AssertionError("unreachable")


@contextlib.asynccontextmanager
async def desk(modules: dict[str, str], held: frozenset[str] = frozenset()) -> AsyncIterator[Desk]:
    loop = asyncio.get_running_loop()
    ports = {path: MemoryPort(seed=number) for number, path in enumerate(modules)}

    def clock() -> datetime:
        return START.astimezone(UTC) + timedelta(seconds=loop.time())

    async def connect(path: str, baud: int, receiver: Receiver) -> MemoryTransport:
        if path in held:
            raise HELD
        here.opened.append(path)
        return await ports[path].connect(path, baud, receiver)

    async with contextlib.AsyncExitStack() as stack:
        houses = {
            path: await stack.enter_async_context(
                House(HouseConfig(module=module, clock=START), ports[path])
            )
            for path, module in modules.items()
        }
        here = Desk(houses, Store(Snapshot(), clock))
        engine = Engine(
            connect=connect,
            ports=lambda: [*held, *(path for path in modules if path not in held)],
            credentials=Credentials(Secret(ROUTE_B_ID), Secret(PASSWORD)),
            known=Known(),
            emit=here.store.apply,
            interval_s=30,
            clock=clock,
            rng=random.Random(1),
        )
        task = asyncio.create_task(engine.run())
        try:
            yield here
        finally:
            task.cancel()
            await asyncio.wait([task])


def story(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run_virtual(scenario())


@pytest.mark.parametrize(
    ("first", "second"), [("bp35c2", "bp35c0-j11"), ("bp35c0-j11", "bp35a1"), ("bp35a1", "bp35c2")]
)
def test_of_two_sticks_the_first_is_used_and_the_other_left_alone(first: str, second: str) -> None:
    async def scenario() -> None:
        async with desk({FIRST: first, SECOND: second}) as here:
            snapshot = await here.until(lambda snapshot: snapshot.is_reading)
            assert snapshot.dongle is not None
            assert snapshot.dongle.port == FIRST
            assert here.opened == [FIRST]

    story(scenario)


def test_where_the_first_says_nothing_the_second_is_used() -> None:
    async def scenario() -> None:
        async with desk({FIRST: "bp35c2", SECOND: "rs-wsuha-j11"}) as here:
            here.houses[FIRST].faults.hold("mute-stick")
            snapshot = await here.until(lambda snapshot: snapshot.is_reading)
            assert snapshot.dongle is not None
            assert (snapshot.dongle.port, snapshot.dongle.dialect) == (SECOND, "J11")

    story(scenario)


def test_a_stick_that_another_program_holds_is_no_obstacle_to_a_free_one() -> None:
    async def scenario() -> None:
        async with desk({FIRST: "bp35c2", SECOND: "bp35c0-j11"}, frozenset({FIRST})) as here:
            snapshot = await here.until(lambda snapshot: snapshot.is_reading)
            assert snapshot.dongle is not None
            assert snapshot.dongle.port == SECOND

    story(scenario)


def test_a_held_port_is_named_rather_than_another_that_is_silent() -> None:
    async def scenario() -> None:
        async with desk({FIRST: "bp35c2", SECOND: "bp35c0-j11"}, frozenset({FIRST})) as here:
            here.houses[SECOND].faults.hold("mute-stick")
            snapshot = await here.until(lambda snapshot: snapshot.problem is not None)
            assert snapshot.problem is not None
            assert snapshot.problem.key == "port_busy"
            assert FIRST in str(snapshot.problem)

    story(scenario)
