"""The stick's SKSTACK-IP side: command lines in, answers and events out.

One table says which words exist in which dialect and how many arguments they take; a handler per
word does the rest. An unknown word gives ER04, a wrong number of arguments ER05, a bad value
ER06, and what can't be done now ER10. A command that arrives before the previous one is answered
waits in the module's input, as bytes do in a UART's buffer.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from broute_addon.simulator import sk_text
from broute_addon.simulator.air import ECHONET_PORT, PANA_PORT, Beacon
from broute_addon.simulator.faults import Faults
from broute_addon.simulator.line_editor import CommandLine, LineEditor
from broute_addon.simulator.modules import Module
from broute_addon.simulator.radio import Radio
from broute_addon.simulator.radio_events import Kind, Outcome, RadioEvent
from broute_addon.simulator.scanner import channels_of, dwell_s
from broute_addon.simulator.sk_commands import PRODUCT_WORDS, WORDS
from broute_addon.simulator.sk_registers import AUTO_LOAD, RegisterFile
from broute_addon.simulator.sk_values import SkError, exact_number, ipv6
from broute_addon.simulator.sk_values import number as parse_number
from broute_addon.simulator.timers import Timers

_ANSWER_S, _RESET_S = 0.005, 0.3
_BUFFERED_LINES = 8
_MLE_PORT = 0x4D4C

UART_SPEEDS = {0: 115200, 1: 2400, 2: 4800, 3: 9600, 4: 19200, 5: 38400, 6: 57600}
"""Bits 0-2 of WUART, in force from the next power-up."""

_OWN_EVENTS = {Kind.SCANNED: "22", Kind.LIMITED: "32", Kind.UNLIMITED: "33"}
_PEER_EVENTS: dict[Kind, tuple[str, str | None]] = {
    Kind.SENT: ("21", "00"),
    Kind.NOT_SENT: ("21", "01"),
    Kind.SOLICITED: ("21", "02"),
    Kind.ADVERTISED: ("02", None),
    Kind.JOIN_REFUSED: ("24", None),
    Kind.JOIN_UNANSWERED: ("24", None),
    Kind.JOINED: ("25", None),
    Kind.TERMINATED_BY_METER: ("26", None),
    Kind.TERMINATED: ("27", None),
    Kind.TERMINATION_TIMED_OUT: ("28", None),
    Kind.EXPIRED: ("29", None),
}


@dataclass(slots=True)
class Flash:
    """What survives power: the output format, the line's settings, saved registers.

    `writes` counts every write, so that a test can see that there was none.
    """

    hex_output: bool = False
    uart: int = 0
    registers: dict[int, int] | None = None
    writes: int = 0


class SkStack:
    """One text module.

    Args:
        module: its row of differences.
        radio: what it speaks for; its events come to `radio_event`.
        flash: kept by the caller over power cycles.
        output: receives what is printed.
    """

    def __init__(
        self,
        module: Module,
        radio: Radio,
        flash: Flash,
        *,
        timers: Timers,
        faults: Faults,
        output: Callable[[bytes], None],
    ) -> None:
        self.module, self.radio, self.flash = module, radio, flash
        self._timers, self._faults, self._output = timers, faults, output
        self.editor = LineEditor(is_dual=module.is_dual, echo=self._print, command=self._typed)
        self.registers = RegisterFile(radio, self.editor, is_dual=module.is_dual)
        self._lines: deque[CommandLine] = deque()
        self._busy = False
        self._asleep = False
        self._generation = 0
        self.baud = UART_SPEEDS[flash.uart & 7]
        self._reset()

    # -- power and input ---------------------------------------------------------------------

    def power_up(self) -> None:
        """Begin as after power-up: nothing remembered but the flash."""
        self._generation += 1
        self.editor.clear()
        self._lines.clear()
        self._busy = self._asleep = False
        self.baud = UART_SPEEDS[self.flash.uart & 7]
        self._reset()
        if self.flash.registers and self.flash.registers[AUTO_LOAD]:
            self.registers.load(self.flash.registers)

    def power_down(self) -> None:
        """Without power: nothing under way goes on, nothing is printed."""
        self.power_up()

    def receive(self, data: bytes) -> None:
        """Bytes from the host."""
        if self._faults.value("mute-stick"):
            return
        if self._asleep and data:
            self._asleep = False
            self.print_line(b"EVENT C0\r\n" if not self.module.is_dual else self._own("C0"))
            data = data[1:]
        self.editor.receive(self._faults.cut(data) if self._faults.strikes("cut-command") else data)

    def sleep(self) -> None:
        self._asleep = True

    @property
    def is_busy(self) -> bool:
        """Whether a command is being carried out."""
        return self._busy

    def _typed(self, command: CommandLine) -> None:
        if self._faults.strikes("overrun"):
            self.editor.overrun()
            self._print(b"\r\nFAIL ER09\r\n")
        elif len(self._lines) < _BUFFERED_LINES:
            self._lines.append(command)
            self._next()

    def _next(self) -> None:
        if not self._busy and self._lines:
            self._busy = True
            command = self._lines.popleft()
            if self._faults.value("stalled-stick"):
                if command.word != "SKRESET":
                    self._busy = False
                    return
                self._faults.release("stalled-stick")
            try:
                self._execute(command)
            except SkError as error:
                self.answer(f"FAIL {error}\r\n".encode())

    def _execute(self, command: CommandLine) -> None:
        self._faults.moment("command")
        word = WORDS.get(command.word)
        if word is None or (command.word in PRODUCT_WORDS and not self.module.has_product_commands):
            raise SkError("ER04")
        counts = word.dual if self.module.is_dual else word.single
        if not counts:
            raise SkError("ER04")
        if command.fault:
            raise SkError(command.fault)
        arguments = command.arguments
        if len(arguments) not in counts:
            raise SkError("ER05")
        if command.payload is not None:
            self.send(arguments, command.payload)
        else:
            word.handler(self, arguments)

    # -- output ------------------------------------------------------------------------------

    def answer(
        self, text: bytes, delay: float = _ANSWER_S, then: Callable[[], None] | None = None
    ) -> None:
        """Print the answer after a moment and take the next command."""
        generation = self._generation

        def finish() -> None:
            if generation != self._generation:
                return
            self._print(text)
            self._busy = False
            if then is not None:
                then()
            self._next()

        self._timers.after(delay, finish)

    def ok(
        self, *lines: str, delay: float = _ANSWER_S, then: Callable[[], None] | None = None
    ) -> None:
        text = "".join(f"{line}\r\n" for line in [*lines, "OK"])
        self.answer(text.encode(), delay, then)

    def _print(self, data: bytes) -> None:
        if not self._faults.value("mute-stick"):
            self._output(data)

    def _print_report(self, data: bytes) -> None:
        """A line may lose a byte, or its second half to an unplugging."""
        if self._faults.strikes("cut-line"):
            data = self._faults.cut(data)
        if self._faults.is_armed("print"):
            data = data[: len(data) // 2]
        self._print(data)
        self._faults.moment("print")

    def print_line(self, data: bytes) -> None:
        """Print something unasked for, with whatever disturbs it."""
        if self._faults.strikes("garbage"):
            self._print(self._faults.noise())
        if self._faults.strikes("blank-lines"):
            self._print(b"\r\n")
        self._print_report(data)

    def _own(self, number: str) -> bytes:
        return sk_text.event(number, self.radio.address, is_dual=self.module.is_dual)

    def _peer(self, number: str, address: str, parameter: str | None = None) -> bytes:
        return sk_text.event(number, address, is_dual=self.module.is_dual, parameter=parameter)

    # -- radio events ------------------------------------------------------------------------

    def radio_event(self, event: RadioEvent) -> None:
        """Print what the radio reports."""
        if event.kind is Kind.RECEIVED:
            self._received(event)
        elif event.kind is Kind.CHANNEL:
            for beacon in event.beacons:
                self._beacon(beacon)
        elif event.kind is Kind.ENERGY:
            self.print_line(
                self._own("1F")
                + sk_text.energy_levels(
                    event.levels,
                    is_dual=self.module.is_dual,
                    has_extra_line=self.module.has_rev26e_quirks,
                )
            )
        elif peer := _PEER_EVENTS.get(event.kind):
            number, parameter = peer
            if number != "21" or not self._faults.strikes("missing-event21"):
                self.print_line(self._peer(number, event.address, parameter))
        elif own := _OWN_EVENTS.get(event.kind):
            self.print_line(self._own(own))

    def _beacon(self, beacon: Beacon) -> None:
        has_pairing_id = self._scan_mode == 2
        block = sk_text.pan_description(
            beacon, is_dual=self.module.is_dual, has_pairing_id=has_pairing_id
        )
        self.print_line(self._own("20") + block)

    def _received(self, event: RadioEvent) -> None:
        datagram = event.datagram
        if datagram is None or datagram.destination_port not in self.ports:
            return
        mac = self.radio.peer_mac
        length = len(datagram.data) + 7 if self._faults.strikes("wrong-length") else None
        line = sk_text.erxudp(
            datagram,
            mac,
            is_dual=self.module.is_dual,
            has_rssi=self.registers.has_rssi,
            is_hex=self.flash.hex_output or not self.module.has_product_commands,
            length=length,
        )
        self.print_line(line)
        if self._faults.strikes("doubled-line"):
            self.print_line(line)

    # -- commands with more than a line ------------------------------------------------------

    def _reset(self) -> None:
        self.registers.reset()
        self.ports = [ECHONET_PORT, PANA_PORT, _MLE_PORT if self.module.is_dual else 0, 0, 0, 0]
        self._scan_mode = 2
        self.editor.echoes = True
        self.radio.reset()

    def reset(self) -> None:
        """SKRESET: everything but the flash back to its default, echo included."""
        self._reset()
        self.ok(delay=_RESET_S)

    def scan(self, arguments: list[str]) -> None:
        """SKSCAN: OK at once, results as events."""
        mode, mask = parse_number(arguments[0], 1), parse_number(arguments[1])
        duration = parse_number(arguments[2], 2)
        side = parse_number(arguments[3], 1) if len(arguments) > 3 else 0
        if mode not in {0, 2, 3} or duration > 0x0E or side > 1:
            raise SkError("ER06")
        if self.radio.is_joining:
            raise SkError("ER10")
        self._scan_mode = mode

        def begin() -> None:
            channels, dwell = channels_of(mask), dwell_s(duration)
            self._faults.moment("scan")
            if mode == 0:
                self.radio.scanner.measure(channels, dwell)
            else:
                pairing_id = self.registers.pairing_id if mode == 2 else None
                self.radio.scanner.listen(channels, dwell, duration, pairing_id)

        self.ok(then=begin)

    def send(self, arguments: list[str], payload: bytes) -> None:
        """SKSENDTO: events and OK when the radio is done."""
        handle, address = parse_number(arguments[0], 2), ipv6(arguments[1])
        port, secure = exact_number(arguments[2], 4), exact_number(arguments[3], 1)
        side = exact_number(arguments[4], 1) if self.module.is_dual else 0
        if not 1 <= handle <= 6 or secure > 2 or side > 1:
            raise SkError("ER06")
        if not self.ports[handle - 1] or (self.radio.is_joining and not self.radio.is_joined):
            raise SkError("ER10")
        generation = self._generation

        def done(_: Outcome) -> None:
            if generation != self._generation:
                return
            if not self._faults.strikes("missing-ok"):
                self._print(b"OK\r\n")
            self._busy = False
            self._next()

        if not self.editor.echoes and self.module.has_product_commands:
            self._print(b"\r\n")
        self.radio.send(address, port, secure, payload, done)
