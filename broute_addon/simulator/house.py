"""One simulated house: household, meter, radio and stick, wired together.

`HouseConfig` has every knob; `House` builds the parts on the running loop and does what the
fault events say. A house begins with the stick in the state an earlier program left it in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self

from broute_addon.clock import JST
from broute_addon.simulator.air import AirConfig, link_local
from broute_addon.simulator.faults import Faults, FaultSpec
from broute_addon.simulator.household import Household
from broute_addon.simulator.meter import SmartMeter
from broute_addon.simulator.meter_clock import MeterClock
from broute_addon.simulator.meter_config import MeterConfig
from broute_addon.simulator.modules import find_module
from broute_addon.simulator.node import MeterNode
from broute_addon.simulator.port import Port
from broute_addon.simulator.properties import FAULT_STATUS, State
from broute_addon.simulator.radio import Radio
from broute_addon.simulator.radio_events import RadioEvent
from broute_addon.simulator.registers import Registers
from broute_addon.simulator.sk_registers import CHANNEL, ECHO, PAN_ID, RSSI
from broute_addon.simulator.skstack import UART_SPEEDS, Flash, SkStack
from broute_addon.simulator.timers import Timers
from broute_addon.simulator.truth import Sink, TruthTeller

ROUTE_B_ID = "0000009A4C1E77B20D95A3F8215C3E7F"
PASSWORD = "Q7W3K9X2M5T8"  # noqa: S105 - the invented one of the documents
"""The credentials of the demo's house."""

STATES = (
    "fresh",
    "echo-off",
    "hex",
    "binary",
    "sa2",
    "joined",
    "asleep",
    "mid-line",
    "mid-payload",
    "uart-57600",
    "uart-38400",
    "uart-19200",
    "uart-9600",
    "uart-4800",
    "uart-2400",
)
"""What an earlier program may have left; `uart-…` is a speed stored by WUART."""

_LEFT_OVER_LINE = b"SKSREG S"
_LEFT_OVER_PAYLOAD = 0x0040
_REBOOT_S, _BUDGET_S = 20.0, 60.0


def _stored_uart(states: tuple[str, ...]) -> int:
    """The value that WUART stored: bits 0-2 are the speed."""
    speeds = {f"uart-{baud}": code for code, baud in UART_SPEEDS.items()}
    return next((speeds[state] for state in states if state in speeds), 0)


@dataclass(frozen=True, slots=True)
class HouseConfig:
    """Every knob of a simulated house.

    Attributes:
        module: name or alias of the stick (`modules.find_module`).
        states: what an earlier program left, any of `STATES`.
        seed: decides household, radio and faults.
        speed: how many times faster than real radio and module are; 0: no waiting.
        clock: the meter's time at the start, aware; None: the present.
        rate: meter seconds per second of the loop.
        faults: what goes wrong, and when.
        truth: receives the lines of the truth file.
    """

    module: str = "bp35c2"
    states: tuple[str, ...] = ("fresh",)
    route_b_id: str = ROUTE_B_ID
    password: str = PASSWORD
    seed: int = 1
    speed: float = 1.0
    clock: datetime | None = None
    rate: float = 1.0
    meter: MeterConfig = field(default_factory=MeterConfig)
    air: AirConfig = field(default_factory=AirConfig)
    faults: tuple[FaultSpec, ...] = ()
    truth: Sink | None = None


class House:
    """A running house; make it inside a running loop, `close` it or use it with `async with`.

    Raises:
        ValueError: unknown module or state.
    """

    def __init__(self, config: HouseConfig, port: Port) -> None:
        unknown = [state for state in config.states if state not in STATES]
        if unknown:
            raise ValueError(f"--state {unknown[0]!r} is not one of {', '.join(STATES)}")
        self.config, self.port = config, port
        self.module = find_module(config.module)
        self.timers = Timers(config.speed)
        self.faults = Faults(config.seed, self.timers, self._happen)
        self.clock = MeterClock(config.clock or datetime.now(JST), config.rate)
        self.household = Household(config.seed, solar=config.meter.reverse)
        self.registers = Registers(config.meter, self.household, self.clock.now())
        self.meter = SmartMeter(State(config.meter, self.registers, self.clock))
        self.node = MeterNode(
            config.air,
            (config.route_b_id, config.password),
            self.meter,
            clock=self.clock,
            timers=self.timers,
            faults=self.faults,
            seed=config.seed,
        )
        self.flash = Flash(hex_output="hex" in config.states, uart=_stored_uart(config.states))
        self.radio = Radio(
            self.module.mac,
            self.node,
            timers=self.timers,
            faults=self.faults,
            seed=config.seed,
            emit=self._radio_event,
        )
        self.stick = SkStack(
            self.module,
            self.radio,
            self.flash,
            timers=self.timers,
            faults=self.faults,
            output=self._to_host,
        )
        self.truth: TruthTeller | None = None
        if config.truth is not None:
            self.truth = TruthTeller(config.truth, self.registers, self.clock, self.timers)
        self._apply_states(config.states)
        port.on_input, port.on_power = self._from_host, self._plugged_in
        for spec in config.faults:
            self.faults.schedule(spec)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End: no timer fires any more, the port is gone."""
        self.timers.cancel_all()
        self.port.close()

    @property
    def address(self) -> str:
        """The meter's link-local address."""
        return link_local(self.node.mac)

    def _from_host(self, data: bytes) -> None:
        """At another speed than the module's nothing can be read."""
        if self.port.host_baud() in {None, self.stick.baud}:
            self.stick.receive(data)

    def _to_host(self, data: bytes) -> None:
        is_readable = self.port.host_baud() in {None, self.stick.baud}
        self.port.send(data if is_readable else bytes(byte | 0x80 for byte in data[::2]))

    def _radio_event(self, event: RadioEvent) -> None:
        self.stick.radio_event(event)

    def _apply_states(self, states: tuple[str, ...]) -> None:
        stick = self.stick
        if "sa2" in states:
            stick.registers.write(RSSI, "1")
        if "joined" in states:
            self._join_silently()
        if "echo-off" in states:
            stick.registers.write(ECHO, "0")
        if "asleep" in states:
            stick.sleep()
        if "mid-line" in states:
            stick.editor.preset(_LEFT_OVER_LINE)
        if "mid-payload" in states:
            side = "0 " if self.module.is_dual else ""
            header = f"SKSENDTO 1 {self.address} 0E1A 1 {side}{_LEFT_OVER_PAYLOAD:04X} "
            stick.editor.preset(header.encode() + b"\x10\x81")

    def _join_silently(self) -> None:
        stick, config = self.stick, self.config
        stick.registers.write(CHANNEL, f"{self.node.channel:X}")
        stick.registers.write(PAN_ID, f"{self.node.pan_id:X}")
        stick.registers.pairing_id = config.route_b_id[-8:]
        self.radio.adopt_session(config.route_b_id, config.password)

    def _plugged_in(self) -> None:
        """After plugging in the stick is deaf while it boots, then as after power-up."""
        self.faults.release("mute-stick")
        self.faults.release("stalled-stick")
        self.stick.power_up()
        self.port.on_input = lambda _: None

        def booted() -> None:
            self.port.on_input = self._from_host

        self.timers.after(self.module.boot_s, booted)

    # -- fault events ------------------------------------------------------------------------

    def _happen(self, kind: str, value: str | None, for_s: float | None) -> None:
        actions: dict[str, Callable[[], None]] = {
            "expire": self.radio.expire,
            "expire-fail": lambda: self.radio.expire(succeeds=False),
            "terminate": self.node.terminate,
            "forget-session": self.node.forget_session,
            "reboot": lambda: self._reboot_meter(for_s or _REBOOT_S),
            "budget": lambda: self.radio.airtime.hold(for_s or _BUDGET_S),
            "unplug": lambda: self._unplug(for_s),
            "replug": self.port.replug,
            "reset-stick": self.stick.power_up,
            "move-channel": lambda: self.node.move(int(value or "2D", 16)),
            "exchange": lambda: self._exchange_meter(value or "NEW0000001"),
            "meter-fault": lambda: self._break_meter(for_s),
            "clock-step": lambda: self._step_clock(int(float(value or 0))),
        }
        actions[kind]()

    def _unplug(self, for_s: float | None) -> None:
        self.port.unplug()
        self.stick.power_down()
        if for_s is not None:
            self.timers.unscaled(for_s, self.port.replug)

    def _reboot_meter(self, seconds: float) -> None:
        self.node.switch_off()
        self.timers.after(seconds, self.node.switch_on)

    def _break_meter(self, for_s: float | None) -> None:
        self._tell_fault(present=True)
        if for_s is not None:
            self.timers.unscaled(for_s, lambda: self._tell_fault(present=False))

    def _tell_fault(self, *, present: bool) -> None:
        self.meter.state.has_fault = present
        self.node.announce(FAULT_STATUS)

    def _exchange_meter(self, serial: str) -> None:
        now = self.clock.now()
        config = replace(self.config.meter, serial=serial, bought=0, sold=0)
        self.registers = Registers(config, self.household, now, installed=now)
        self.meter = SmartMeter(State(config, self.registers, self.clock))
        self.node.replace_meter(self.meter)
        if self.truth is not None:
            self.truth.begin(self.registers)

    def _step_clock(self, seconds: int) -> None:
        self.clock.step(seconds)
        self.node.clock_stepped()
        if self.truth is not None:
            self.truth.clock_stepped()
