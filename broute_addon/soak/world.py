"""A whole house in virtual time: what is outside of the product, and the faults that strike it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from broute_addon.meter.engine import Command
from broute_addon.meter.readings import Connection, ConnectionChanged, Update
from broute_addon.simulator import House, MemoryPort, frames
from broute_addon.simulator.faults import CONDITIONS, EVENTS
from broute_addon.soak.broker import BrokerStandIn, HomeAssistantStandIn
from broute_addon.soak.core import CoreStandIn
from broute_addon.soak.data_folder import DataFolder
from broute_addon.soak.kinds import POLL_S
from broute_addon.soak.plan import Fault, Moment, Plan
from broute_addon.soak.product import Memory, Outside, Product
from broute_addon.soak.timeline import Timeline
from broute_addon.soak.truth import Truth

_WAIT_FOR_MOMENT_S = 2400.0
_BOOT_S = 2.0
_FIRST_BOUND_S = 300.0
_J11_SEND = b"\x00\x08"

_BY_CONNECTION = {
    Connection.IDENTIFYING_STICK: Moment.PROBE,
    Connection.SCANNING: Moment.SCAN,
    Connection.JOINING: Moment.JOIN,
    Connection.INTERVIEWING: Moment.INTERVIEW,
    Connection.RECOVERING: Moment.RECOVERY,
}


class World:
    """The house of a plan, with the product running in it. Make it inside a running loop."""

    def __init__(self, plan: Plan) -> None:
        if plan.house.clock is None:
            raise ValueError("a plan names its start")
        self.plan = plan
        self._begin = plan.house.clock
        self._loop = asyncio.get_running_loop()
        self.port = MemoryPort(plan.delivery, seed=plan.seed)
        self.house = House(plan.house, self.port)
        self.broker = BrokerStandIn(plan.latency_s)
        self.home_assistant = HomeAssistantStandIn(self.broker)
        self.broker.hooks.append(self.home_assistant.heard)
        self.core = CoreStandIn()
        self.memory = Memory()
        self.folder = DataFolder()
        self.timeline = Timeline()
        self.timeline.begin(self.now, _FIRST_BOUND_S)
        self.truth = Truth(self.house)
        self.moments: Counter[str] = Counter()
        self.starts: list[Callable[[], None]] = []
        self.on_write: Callable[[bytes], None] = lambda _: None
        self.on_delivery: Callable[[bytes], None] = lambda _: None
        self.on_stop: Callable[[bool], None] = lambda _: None
        self.on_crash: Callable[[BaseException], None] = lambda _: None
        self.host_offset_s = 0.0
        self.started_at = 0.0
        self.forgot_at = float("-inf")
        """When the process comes back without its memory."""
        self._armed: dict[Moment, list[Fault]] = {}
        self._stops: set[asyncio.Task[None]] = set()
        self._boot: asyncio.TimerHandle | None = None
        self._dark_until = 0.0
        self._tap_radio()
        self.product: Product | None = None

    @property
    def now(self) -> float:
        return self._loop.time()

    def wall(self) -> datetime:
        """The host's clock."""
        return self._begin + timedelta(seconds=self._loop.time() + self.host_offset_s)

    def start(self) -> None:
        """The process starts."""
        if self._boot is not None:
            self._boot.cancel()
            self._boot = None
        if self.product is not None and self.product.is_alive:
            return
        self.started_at = self.now
        self.folder.back_up()
        outside = Outside(
            port=self.port,
            broker=self.broker,
            clock=self.wall,
            memory=self.memory,
            folder=self.folder.path,
            core=self.core,
            interval_s=POLL_S,
            language=self.plan.language,
            on_update=self._updated,
            on_write=self._wrote,
        )
        self.product = Product(outside, self.plan.seed)
        self.product.task.add_done_callback(self._ended)
        for call in self.starts:
            call()

    async def finish(self) -> None:
        """SIGTERM, and what was begun ends."""
        if self._boot is not None:
            self._boot.cancel()
        if self.product is not None and self.product.is_alive:
            self.on_stop(await self.product.stop())
        if self._stops:
            await asyncio.wait(self._stops)
        self.house.close()

    def close(self) -> None:
        """Nothing is left on the disk."""
        self.folder.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.on_crash(error)

    # -- moments -------------------------------------------------------------------------------

    def schedule(self) -> None:
        """Lets every fault of the plan come at its time."""
        for fault in self.plan.faults:
            self._loop.call_at(fault.at_s, self._arm, fault)

    def _arm(self, fault: Fault) -> None:
        self._prepare(fault.moment)
        if fault.moment is Moment.NOW:
            self.strike(fault)
            return
        self._armed.setdefault(fault.moment, []).append(fault)
        self._loop.call_later(_WAIT_FOR_MOMENT_S, self._give_up_waiting, fault)

    def _prepare(self, moment: Moment) -> None:
        """Brings about a moment that else comes once a month."""
        match moment:
            case Moment.PROBE:
                self._fire("unplug", for_s=2.0)
            case Moment.SCAN:
                self._press("rescan")
            case Moment.JOIN:
                self._press("reconnect")
            case Moment.RECOVERY:
                self._fire("terminate")
            case Moment.INTERVIEW:
                self._memory_lost(3.0)

    def _comes(self, moment: Moment) -> None:
        for fault in self._armed.pop(moment, ()):
            self.moments[moment.value] += 1
            self._loop.call_later(fault.delay_s, self.strike, fault)

    def _give_up_waiting(self, fault: Fault) -> None:
        waiting = self._armed.get(fault.moment, [])
        if fault in waiting:
            waiting.remove(fault)
            self.strike(fault)

    def _updated(self, update: Update) -> None:
        if self._armed and isinstance(update, ConnectionChanged):
            moment = _BY_CONNECTION.get(update.connection)
            if moment is not None:
                self._comes(moment)

    def _wrote(self, data: bytes) -> None:
        self.on_write(data)
        if self._armed and (data.startswith(b"SKSENDTO") or data[4:6] == _J11_SEND):
            self._comes(Moment.REQUEST)
            self._comes(Moment.IDLE)

    def _tap_radio(self) -> None:
        node, deliver = self.house.node, self.house.node.deliver

        def tapped(session: int, data: bytes, to_all: bool) -> None:
            if session == self.house.radio.session and self.port.is_plugged:
                self.on_delivery(data)
                if self._armed and data[10] in (frames.INF, frames.INFC) and not to_all:
                    self._comes(Moment.NOTIFICATION)
            deliver(session, data, to_all)

        node.deliver = tapped

    # -- faults --------------------------------------------------------------------------------

    def strike(self, fault: Fault) -> None:
        """The fault comes."""
        kind, for_s, value = fault.kind, fault.for_s, fault.value
        if kind in CONDITIONS:
            self.timeline.strike(kind, self.now, for_s)
            lasting = None if kind == "stalled-stick" else for_s
            self.house.faults.hold(kind, float(value), lasting)
        elif kind == "exchange" and self.house.config.meter.serial is None:
            return  # told apart by its address alone, which stays the same here
        elif kind in EVENTS:
            self._fire(kind, value or None, for_s)
        elif kind in {command.value for command in Command}:
            self._press(kind)
        else:
            actions: dict[str, Callable[[float], None]] = {
                "host-power-cut": self._power_cut,
                "kill": self._kill,
                "restart": self._restart,
                "memory-lost": self._memory_lost,
                "old-backup": self._old_backup,
                "host-clock-step": lambda _: self._step_host_clock(float(value)),
                "wrong-clock-at-boot": lambda s: self._boot_wrong(s, float(value)),
                "broker-outage": lambda s: self._broker_outage("broker-outage", s),
                "broker-forgets": self._broker_forgets,
                "broker-cut": self._broker_cut,
                "broker-mute": self._broker_mute,
                "home-assistant-restart": self._restart_home_assistant,
                "home-assistant-database-lost": self._lose_database,
            }
            actions[kind](for_s)

    def _fire(self, kind: str, value: str | None = None, for_s: float = 0.0) -> None:
        self.timeline.strike(kind, self.now, for_s)
        if kind == "exchange":  # a newer meter counts in another unit
            meter = self.house.config.meter
            unit = 2 if meter.unit_code != 2 else 1
            changed = replace(meter, unit=unit)
            self.house.config = replace(self.house.config, meter=changed)
        self.house.faults.fire(kind, value, for_s or None)
        if kind == "exchange":
            self.truth.installed(self.now)
        elif kind == "clock-step":
            self.truth.clock_stepped(self.now)

    def _press(self, name: str) -> None:
        self.timeline.strike(name, self.now, 0.0)
        if self.product is not None and self.product.is_alive:
            self.product.engine.submit(Command(name))

    def _die(self) -> None:
        if self.product is not None and self.product.is_alive:
            self.product.kill()
            self.folder.lose_power()

    def _start_after(self, seconds: float) -> None:
        if self._boot is not None:
            self._boot.cancel()
        at = self.now + seconds
        if self._is_dark:
            at = max(at, self._dark_until + _BOOT_S)
        self._boot = self._loop.call_at(at, self.start)

    @property
    def _is_dark(self) -> bool:
        """Whether the host has no power: nothing that runs on it can come up."""
        return self.now < self._dark_until

    def _kill(self, for_s: float) -> None:
        self.timeline.strike("kill", self.now, for_s)
        self._die()
        self._start_after(for_s)

    def _memory_lost(self, for_s: float) -> None:
        self.timeline.strike("memory-lost", self.now, for_s)
        self.forgot_at = max(self.now + for_s, self._dark_until)
        self._die()
        self.memory.lose()
        self.folder.lose()
        self._start_after(for_s)

    def _old_backup(self, for_s: float) -> None:
        self.timeline.strike("old-backup", self.now, for_s)
        self._die()
        self.memory.restore_older()
        self.folder.restore_older()
        self._start_after(for_s)

    def _restart(self, for_s: float) -> None:
        self.timeline.strike("restart", self.now, for_s + 10.0)
        product = self.product
        if product is None or not product.is_alive:
            return

        async def stop() -> None:
            self.on_stop(await product.stop())
            self._start_after(for_s)

        task = self._loop.create_task(stop(), name="restart")
        self._stops.add(task)
        task.add_done_callback(self._stops.discard)

    def _power_cut(self, for_s: float) -> None:
        self.timeline.strike("host-power-cut", self.now, for_s)
        self._lose_power(for_s)

    def _lose_power(self, for_s: float) -> None:
        self._dark_until = max(self._dark_until, self.now + for_s)
        if self.forgot_at > self.now:
            self.forgot_at = max(self.forgot_at, self._dark_until)
        self.house.faults.fire("unplug")
        self.broker.down()
        self._die()
        self._stop_home_assistant()
        self._start_after(for_s + _BOOT_S)

        def power() -> None:
            if self._is_dark:
                return
            self.house.faults.fire("replug")
            self.broker.up()
            self.home_assistant.broker_is_back()
            self.core.start()

        self._loop.call_later(for_s, power)

    def _boot_wrong(self, for_s: float, offset_s: float) -> None:
        self.timeline.strike("wrong-clock-at-boot", self.now, 10.0 + for_s)
        self._lose_power(10.0)
        self.host_offset_s = offset_s
        self._loop.call_later(10.0 + for_s, self._right_clock)

    def _right_clock(self) -> None:
        self.host_offset_s = 0.0

    def _step_host_clock(self, seconds: float) -> None:
        self.timeline.strike("host-clock-step", self.now, 0.0)
        self.host_offset_s = 0.0 if self.host_offset_s else seconds

    def _broker_outage(self, name: str, for_s: float) -> None:
        self.timeline.strike(name, self.now, for_s)
        self.broker.down()

        def back() -> None:
            if not self._is_dark:
                self.broker.up()
                self.home_assistant.broker_is_back()

        self._loop.call_later(for_s, back)

    def _broker_forgets(self, for_s: float) -> None:
        self._broker_outage("broker-forgets", for_s)
        self.broker.retained.clear()

    def _broker_cut(self, _for_s: float) -> None:
        self.timeline.strike("broker-cut", self.now, 0.0)
        self.broker.drop()

    def _broker_mute(self, for_s: float) -> None:
        self.timeline.strike("broker-mute", self.now, for_s)
        self.broker.is_mute = True

        def speak() -> None:
            self.broker.is_mute = False

        self._loop.call_later(for_s, speak)

    def _restart_home_assistant(self, for_s: float) -> None:
        self.timeline.strike("home-assistant-restart", self.now, for_s)
        self._stop_home_assistant()
        self._loop.call_later(for_s, self._start_home_assistant)

    def _lose_database(self, for_s: float) -> None:
        self.timeline.strike("home-assistant-database-lost", self.now, for_s)
        self._stop_home_assistant()
        self.core.lose_database()
        self._loop.call_later(for_s, self._start_home_assistant)

    def _stop_home_assistant(self) -> None:
        self.home_assistant.stop()
        self.core.stop()

    def _start_home_assistant(self) -> None:
        if not self._is_dark:
            self.home_assistant.start()
            self.core.start()
