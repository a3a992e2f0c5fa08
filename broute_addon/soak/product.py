"""One life of the product's process: what `app` builds, on stand-ins for the outside world."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from broute_addon.bookkeeping import Bookkeeper
from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.publisher import MqttPublisher
from broute_addon.home_assistant.states import last_will
from broute_addon.home_assistant.statistics_writer import StatisticsWriter
from broute_addon.ledger import Ledger
from broute_addon.messages import Language
from broute_addon.meter.engine import Command, Engine, Known
from broute_addon.meter.readings import HalfHoursRead, Update
from broute_addon.redaction import Secret
from broute_addon.simulator import PASSWORD, ROUTE_B_ID, MemoryPort, MemoryTransport, Receiver
from broute_addon.soak.broker import BrokerStandIn
from broute_addon.soak.core import CoreStandIn
from broute_addon.storage import Facts, facts_from_json, facts_to_json, learned
from broute_addon.store import Snapshot, Store
from broute_addon.wisun.values import Credentials

PAIRING = "0123456789abcdef"
PORT = "/dev/serial/by-id/usb-simulated"
STOP_WITHIN_S = 10.0


class Memory:
    """What `Storage` keeps on disk: one JSON text, written whole."""

    def __init__(self) -> None:
        self.text = ""
        self.older: list[str] = []
        self._lost = 0
        self.lose()

    def read(self) -> Facts:
        return facts_from_json(json.loads(self.text))

    def write(self, facts: Facts) -> None:
        text = json.dumps(facts_to_json(facts), sort_keys=True)
        if text != self.text:
            self.older = [*self.older[-4:], self.text]
            self.text = text

    def lose(self) -> None:
        """The file is gone, and with it the installation's name."""
        fresh = Facts(instance=f"5eed{self._lost:04x}")
        self._lost += 1
        self.text = json.dumps(facts_to_json(fresh), sort_keys=True)

    def restore_older(self) -> None:
        """An old backup that knows the same meters."""
        known = self.read().meter_uids
        for text in self.older:
            if text and facts_from_json(json.loads(text)).meter_uids == known:
                self.text, self.older = text, []
                return


@dataclass(frozen=True, slots=True)
class Outside:
    """All that the process can touch."""

    port: MemoryPort
    broker: BrokerStandIn
    clock: Callable[[], datetime]
    memory: Memory
    folder: Path
    core: CoreStandIn
    interval_s: float
    language: Language
    on_update: Callable[[Update], None]
    on_write: Callable[[bytes], None]


class Product:
    """A running process. Ends by `stop` (SIGTERM) or by `kill` (SIGKILL, power cut)."""

    def __init__(self, outside: Outside, seed: int) -> None:
        self._outside = outside
        facts = self._facts = outside.memory.read()
        self.instance = facts.instance
        self.is_alive = True
        self._transports: set[MemoryTransport] = set()
        self.store = Store(Snapshot(poll_interval_s=outside.interval_s), outside.clock)
        self.ledger = Ledger(outside.folder, clock=outside.clock)
        self._bookkeeper = Bookkeeper(self.ledger, self.store, outside.clock)
        self._statistics = StatisticsWriter(
            self.ledger,
            self.store,
            outside.core.connect,
            language=lambda: outside.language,
            clock=outside.clock,
        )
        self.engine = Engine(
            connect=self._connect,
            ports=lambda: [PORT] if outside.port.is_plugged else [],
            credentials=Credentials(Secret(ROUTE_B_ID), Secret(PASSWORD)),
            known=Known(facts.pan if facts.pairing == PAIRING else None, facts.profiles),
            emit=self._emit,
            interval_s=outside.interval_s,
            clock=outside.clock,
            rng=random.Random(f"engine {seed}"),  # noqa: S311 - jitter
            memory=self.ledger,
        )
        self.publisher = MqttPublisher(
            self.store,
            outside.broker.client(last_will(facts.instance)),
            AddOn(facts.instance, "soak"),
            language=lambda: outside.language,
            on_command=lambda name: self.engine.submit(Command(name)),
            known_meters=facts.meter_uids,
            clock=outside.clock,
        )
        self.task = asyncio.get_running_loop().create_task(self._run(), name="product")
        self.task.add_done_callback(lambda _: self.ledger.close())

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._bookkeeper.run(), name="bookkeeper")
            tasks.create_task(self._statistics.run(), name="statistics")
            tasks.create_task(self.engine.run(), name="meter")
            tasks.create_task(self.publisher.run(), name="mqtt")

    async def stop(self) -> bool:
        """SIGTERM; whether it ended in time."""
        self.task.cancel()
        await asyncio.wait([self.task], timeout=STOP_WITHIN_S)
        self.is_alive = False
        return self.task.done()

    def kill(self) -> None:
        """Nothing it still does has any effect."""
        self.is_alive = False
        for transport in self._transports:
            self._outside.port.released(transport)
        self._outside.broker.drop()
        self.task.cancel()

    async def _connect(self, path: str, baud: int, receiver: Receiver) -> MemoryTransport:
        if not self.is_alive:
            raise FileNotFoundError(path)
        transport = await self._outside.port.connect(path, baud, receiver)
        write, on_write = transport.write, self._outside.on_write

        def watched(data: bytes) -> None:
            if self.is_alive:
                on_write(data)
                write(data)

        transport.write = watched  # type: ignore[method-assign]
        self._transports = {transport}
        return transport

    def _emit(self, update: Update) -> None:
        if not self.is_alive:
            return
        self.store.apply(update)
        if isinstance(update, HalfHoursRead):
            self._bookkeeper.take(update)
        facts = learned(self._facts, update, PAIRING)
        if facts is not self._facts and facts != self._facts:
            self._facts = facts
            self._outside.memory.write(facts)
        self._outside.on_update(update)
