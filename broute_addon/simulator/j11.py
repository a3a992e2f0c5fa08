"""The stick's J11 side: binary frames in, responses and notifications out (wisun-modules.md 3).

One command at a time: what comes before the response to the one under way gives 3D, but for a
hardware reset, which always works. Everything is volatile. Neighbor discovery and PANA happen
inside and are never shown; the host sees results only.
"""

from collections.abc import Callable

from broute_addon.simulator import j11_frames, j11_notifications
from broute_addon.simulator.air import PANA_PORT, Beacon, Datagram, link_local
from broute_addon.simulator.faults import Faults
from broute_addon.simulator.j11_commands import COMMANDS, MAY_OVERTAKE_PANA, Refusal
from broute_addon.simulator.j11_frames import FrameReader, Request
from broute_addon.simulator.j11_notifications import (
    MAC_LOST,
    NO_PORT,
    NOT_DECRYPTED,
    PANA_LOST,
    strength,
)
from broute_addon.simulator.j11_state import REFUSALS, Memory, Phase, j11_channel
from broute_addon.simulator.modules import Module
from broute_addon.simulator.radio import Radio
from broute_addon.simulator.radio_events import Kind, RadioEvent
from broute_addon.simulator.timers import Timers

HARDWARE_RESET = 0x00D9
_ANSWER_S, _BOOT_LEAST, _BOOT_MOST = 0.005, 0.5, 1.0
_BYTE_GAP_S = 1.0
_UNLISTED_AFTER_S = 80 * 60
_BAD_COMMAND, _BUSY, _PANA_RUNNING = 0x03, 0x3D, 0x52

_LEFT_OVER = bytes.fromhex("D0EA83FC00080028036908 7CFE80")
"""The beginning of a send."""

_SUCCESS, _REFUSED, _UNANSWERED = 0x01, 0x02, 0x03
_PANA_RESULTS = {
    Kind.JOINED: _SUCCESS,
    Kind.JOIN_REFUSED: _REFUSED,
    Kind.JOIN_UNANSWERED: _UNANSWERED,
}


class J11Stick:
    """One J11 module.

    Args:
        module: its row.
        radio: what it speaks for; its events come to `radio_event`.
        output: receives what is sent to the host.
    """

    def __init__(
        self,
        module: Module,
        radio: Radio,
        *,
        timers: Timers,
        faults: Faults,
        output: Callable[[bytes], None],
    ) -> None:
        self.module: Module = module
        self.radio: Radio = radio
        self._timers = timers
        self.baud = 115200
        self._faults, self._output = faults, output
        self._reader = FrameReader()
        self._arrivals = self._generation = self._links = self._sequence = 0
        self._is_booting = self._is_busy = False
        self.memory: Memory = Memory()

    @property
    def phase(self) -> Phase:
        if not self.memory.is_started:
            return Phase.NOT_STARTED
        if self.memory.peer is None:
            return Phase.STARTED
        return Phase.AUTHENTICATED if self.radio.is_joined else Phase.OPERATING

    # -- power -------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a command is being carried out."""
        return self._is_busy

    def power_up(self) -> None:
        """Begin as after power-up: deaf for a moment, then 6019."""
        self.power_down()
        self._is_booting = True
        generation = self._generation

        def started() -> None:
            if generation == self._generation:
                self._is_booting = False
                self._faults.release("stalled-stick")
                self.send(j11_notifications.STARTED)

        seconds = max(self.module.boot_s, self.radio.random(_BOOT_LEAST, _BOOT_MOST))
        self._timers.after(seconds, started)

    def power_down(self) -> None:
        """Without power: nothing under way goes on, nothing is remembered."""
        self._generation += 1
        self._is_busy = False
        self._reader.clear()
        self.memory = Memory()
        self.radio.reset()

    def enter_boot_loader(self) -> None:
        """Deaf until power comes anew."""
        self._is_booting = True

    def leave_mid_frame(self) -> None:
        """Begin as if an earlier program had sent half a frame."""
        self.receive(_LEFT_OVER)

    # -- input -------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Bytes from the host."""
        if self._faults.value("mute-stick") or self._is_booting:
            return
        if self._faults.strikes("cut-command"):
            data = self._faults.cut(data)
        for request in self._reader.receive(data):
            self._take(request)
        self._arrivals += 1
        if self._reader.is_mid_frame:
            arrival = self._arrivals
            self._timers.unscaled(_BYTE_GAP_S, lambda: self._gap(arrival))

    def _gap(self, arrival: int) -> None:
        if arrival == self._arrivals and (request := self._reader.expire()) is not None:
            self._take(request)

    def _take(self, request: Request) -> None:
        if self._faults.strikes("overrun"):
            request = Request(None, fault=j11_frames.BAD_HEADER)
        if request.code == HARDWARE_RESET and request.fault is None:
            self.power_up()
        elif self._faults.value("stalled-stick"):
            return
        elif request.fault is not None:
            self._refuse(request.code, request.fault)
        elif self._is_busy:
            self._refuse(request.code, _BUSY)
        else:
            self._execute(request.code or 0, request.data)

    def _execute(self, code: int, data: bytes) -> None:
        self._faults.moment("command")
        command = COMMANDS.get(code)
        if command is None:
            self._refuse(code, _BAD_COMMAND)
        elif self.phase not in command.phases:
            self._refuse(code, command.refusal or REFUSALS[self.phase])
        elif self.radio.is_joining and code not in MAY_OVERTAKE_PANA:
            self._refuse(code, _PANA_RUNNING)
        else:
            self._is_busy = True
            try:
                command.handler(self, data)
            except Refusal as refusal:
                self.answer(code, bytes([refusal.result]))

    def _refuse(self, code: int | None, result: int) -> None:
        """An error response, which ends no command that is under way."""
        if code is None:
            answer = j11_frames.BROKEN_HEADER
        elif code in COMMANDS or code == HARDWARE_RESET:
            answer = code + j11_frames.ANSWERS
        else:
            answer = j11_frames.UNKNOWN_COMMAND
        self.later(_ANSWER_S, lambda: self.send(answer, bytes([result])))

    def moment(self, moment: str) -> None:
        """Something begins that a fault may wait for."""
        self._faults.moment(moment)

    # -- output ------------------------------------------------------------------------------

    def answer(
        self,
        code: int,
        data: bytes = b"\x01",
        delay: float = _ANSWER_S,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Respond after a moment; the next command may come."""

        def finish() -> None:
            self._is_busy = False
            if code != 0x0008 or not self._faults.strikes("missing-ok"):
                self.send(code + j11_frames.ANSWERS, data)
            if then is not None:
                then()

        self.later(delay, finish)

    def send(self, code: int, data: bytes = b"") -> None:
        """A frame to the host, with whatever disturbs it."""
        self._print(j11_frames.frame(code, data))

    def _print(self, whole: bytes) -> None:
        if self._faults.value("mute-stick"):
            return
        if self._faults.strikes("garbage"):
            self._output(self._faults.noise())
        if self._faults.strikes("cut-line"):
            whole = self._faults.cut(whole)
        if self._faults.is_armed("print"):
            whole = whole[: len(whole) // 2]
        self._output(whole)
        self._faults.moment("print")

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call unless the module restarts before."""
        generation = self._generation

        def run() -> None:
            if generation == self._generation:
                call()

        self._timers.after(seconds, run)

    # -- operation ---------------------------------------------------------------------------

    def connect(self, peer: Beacon) -> None:
        """The MAC connection stands: Route B operates."""
        self.memory.peer, self.memory.is_listed = peer, True
        self.radio.channel, self.radio.pan_id = peer.channel, peer.pan_id
        self.radio.peer = link_local(peer.mac)
        self.radio.neighbors.add(self.radio.peer)
        self.watch_list()

    def disconnect(self) -> None:
        """Route B stops, the ports close."""
        self._links += 1
        self.memory.peer = None
        self.memory.ports.clear()

    def watch_list(self) -> None:
        """80 minutes in operation without PANA end the entry in the device list."""
        self._links += 1
        link = self._links

        def forget() -> None:
            if link == self._links and self.phase is Phase.OPERATING:
                self.memory.is_listed = False
                self._connection_changed(MAC_LOST)

        generation = self._generation
        self._timers.lasting(
            _UNLISTED_AFTER_S, lambda: forget() if generation == self._generation else None
        )

    # -- radio events ------------------------------------------------------------------------

    def radio_event(self, event: RadioEvent) -> None:
        """Tell the host what it is told; the rest stays inside."""
        if event.kind is Kind.CHANNEL:
            channel = j11_channel(event.channel)
            data = j11_notifications.scan_result(channel, event.beacons)
            self.send(j11_notifications.SCANNED, data)
        elif event.kind is Kind.SCANNED:
            self.answer(0x0051)
        elif event.kind is Kind.ENERGY:
            pairs = b"".join(bytes([j11_channel(one), level]) for one, level in event.levels)
            self.answer(0x00DB, bytes([1, len(event.levels)]) + pairs)
        elif event.kind in _PANA_RESULTS:
            self.send(j11_notifications.PANA, bytes([_PANA_RESULTS[event.kind]]) + self._peer_mac())
        elif event.kind in {Kind.TERMINATED_BY_METER, Kind.EXPIRED}:
            self._connection_changed(PANA_LOST)
            self.watch_list()
        elif event.datagram is not None and self.memory.peer is not None:
            self._received(event.datagram, is_readable=event.kind is Kind.RECEIVED)

    def _connection_changed(self, state: int) -> None:
        data = bytes([state]) + self._peer_mac() + self.peer_strength()
        self.send(j11_notifications.CONNECTION, data)

    def peer_strength(self) -> bytes:
        """How strongly the coordinator was heard, signed dBm."""
        return strength(self.memory.peer.lqi if self.memory.peer else 0)

    def _peer_mac(self) -> bytes:
        return bytes.fromhex(self.memory.peer.mac) if self.memory.peer else bytes(8)

    def _received(self, datagram: Datagram, *, is_readable: bool) -> None:
        if datagram.destination_port == PANA_PORT:
            return
        if not is_readable:
            self._not_received(datagram, NOT_DECRYPTED)
        elif datagram.destination_port not in self.memory.ports:
            self._not_received(datagram, NO_PORT)
        else:
            data = j11_notifications.received(datagram, self.radio.pan_id)
            whole = j11_frames.frame(j11_notifications.RECEIVED, data)
            if self._faults.strikes("wrong-length"):
                whole = j11_frames.with_wrong_sum(whole)
            self._print(whole)
            if self._faults.strikes("doubled-line"):
                self._print(whole)

    def _not_received(self, datagram: Datagram, reason: int) -> None:
        self._sequence = (self._sequence + 1) & 0xFF
        data = j11_notifications.reception_failed(reason, datagram, self._sequence)
        self.send(j11_notifications.RECEPTION_FAILED, data)
