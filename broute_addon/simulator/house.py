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
from broute_addon.simulator import firmware
from broute_addon.simulator.air import AirConfig, link_local
from broute_addon.simulator.faults import Faults, FaultSpec
from broute_addon.simulator.household import Household
from broute_addon.simulator.j11 import J11Stick
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
from broute_addon.simulator.skstack import Flash, SkStack
from broute_addon.simulator.states import check_states, leave_j11, leave_text, stored_uart
from broute_addon.simulator.timers import Timers
from broute_addon.simulator.truth import Sink, TruthTeller

ROUTE_B_ID = "0000009A4C1E77B20D95A3F8215C3E7F"
PASSWORD = "Q7W3K9X2M5T8"  # noqa: S105 - the invented one of the documents
"""The credentials of the demo's house."""

_REBOOT_S, _BUDGET_S = 20.0, 60.0


@dataclass(frozen=True, slots=True)
class HouseConfig:
    """Every knob of a simulated house.

    Attributes:
        module: name or alias of the stick (`modules.find_module`).
        states: what an earlier program left, any of `states.STATES` its language has.
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
        self.config, self.port = config, port
        self.module = find_module(config.module)
        states = check_states(config.states, self.module)
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
        self.flash = Flash(hex_output="hex" in states, uart=stored_uart(states))
        self.radio = Radio(
            self.module.mac,
            self.node,
            timers=self.timers,
            faults=self.faults,
            seed=config.seed,
            firmware=firmware.J11 if self.module.is_j11 else firmware.SKSTACK,
            emit=self._radio_event,
        )
        self.stick = self._make_stick()
        self.truth: TruthTeller | None = None
        if config.truth is not None:
            self.truth = TruthTeller(config.truth, self.registers, self.clock, self.timers)
        self._leave_behind(states)
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

    def _make_stick(self) -> SkStack | J11Stick:
        timers, faults, output = self.timers, self.faults, self._to_host
        if self.module.is_j11:
            return J11Stick(self.module, self.radio, timers=timers, faults=faults, output=output)
        return SkStack(
            self.module, self.radio, self.flash, timers=timers, faults=faults, output=output
        )

    def _leave_behind(self, states: tuple[str, ...]) -> None:
        credentials = (self.config.route_b_id, self.config.password)
        if isinstance(self.stick, J11Stick):
            leave_j11(states, self.stick, self.node, credentials)
        else:
            leave_text(states, self.stick, self.node, credentials)

    def _from_host(self, data: bytes) -> None:
        """At another speed than the module's nothing can be read."""
        if self.port.host_baud() in {None, self.stick.baud}:
            self.stick.receive(data)

    def _to_host(self, data: bytes) -> None:
        is_readable = self.port.host_baud() in {None, self.stick.baud}
        self.port.send(data if is_readable else bytes(byte | 0x80 for byte in data[::2]))

    def _radio_event(self, event: RadioEvent) -> None:
        self.stick.radio_event(event)

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
            "renew": self.radio.rejoin,
            "terminate": self.node.terminate,
            "forget-session": self.node.forget_session,
            "reboot": lambda: self._reboot_meter(for_s or _REBOOT_S),
            "power-cut": lambda: self._cut_power(for_s or _REBOOT_S),
            "budget": lambda: self.radio.airtime.hold(for_s or _BUDGET_S),
            "unplug": lambda: self._unplug(for_s),
            "replug": self.port.replug,
            "reset-stick": self.stick.power_up,
            "move-channel": lambda: self.node.move(int(value or "2D", 16)),
            "move-pan": lambda: self.node.rename_pan(int(value or "42A8", 16)),
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

    def _cut_power(self, seconds: float) -> None:
        """The whole house is dark; `seconds` for both, so that they come back together."""
        self.node.switch_off()
        self._unplug(None)

        def lit() -> None:
            self.node.switch_on()
            self.port.replug()

        self.timers.unscaled(seconds, lit)

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
