"""The binary grammar of the J11 modules: frames in, events out (wisun-modules part 3).

A response carries the code of its command, so it is never mistaken for another's: what answers
anything but the command in flight is the past and only noticed. Two error frames answer whatever
is in flight: FFFF (no such command) and 2FFF (header garbled). The reset has no response; the
start-up notification answers it, and one that nobody asked for means that the module has lost all
its settings.

Nothing is written to flash, no text is converted, no neighbor discovery or PANA is shown: unlike
the text modules, these keep it to themselves and tell results. Signal strength comes in dBm.
"""

import struct
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address

from broute_addon.wisun.commands import GRID_CHANNELS, ActiveScan, Command, SetCredentials
from broute_addon.wisun.dialect import Exchange, Refusal
from broute_addon.wisun.events import (
    CommandAccepted,
    CommandFailed,
    EnergyScanned,
    Event,
    JoinFailed,
    JoinSucceeded,
    MeterLost,
    Noise,
    Notice,
    PanFound,
    Restarted,
    ScanFinished,
    TerminatedByMeter,
    TransmitBudgetExhausted,
    TransmitResult,
    Transmitted,
    UdpReceived,
    Undecipherable,
)
from broute_addon.wisun.j11_commands import (
    ENERGY,
    RESET,
    SCAN,
    SEND,
    START,
    STATUS,
    encode,
    query,
    to_sk_channel,
)
from broute_addon.wisun.j11_frames import Frame, FrameReader, request_code
from broute_addon.wisun.values import LinkLocalAddress, MacAddress, Pan

RESPONSE = 0x2000
STARTED_UP = 0x6019
UNKNOWN_COMMAND, BAD_HEADER = 0xFFFF, 0x2FFF
SUCCESS = 0x01

LIMIT_RETRY_S = 60.0
"""The module never tells when the airtime limit is over; a transmission is tried so often."""

_WRONG_VALUE, _WRONG_LENGTH = 0x04, 0x11
_REFUSALS: Mapping[int, Refusal] = {
    **dict.fromkeys((0x13, 0x3D, 0x52, 0xF0, 0xF1, 0xF2, 0xF3), Refusal.AGAIN),
    **dict.fromkeys((0x02, 0x0B, 0x0F, 0x10, 0x14, 0x34, 0x35, 0x37, 0x51), Refusal.IMPOSSIBLE),
    0x0E: Refusal.NO_METER,
}
_LIMITED = 0x2
_SENT = frozenset({0x0, 0xF})  # F: queued; only the meter's answer can tell more
_QUEUE_FAILED = 2
_RECEIVED = struct.Struct(">16sHHHBBbH")
_BEACON = struct.Struct(">8sHb")
_STARTED = struct.Struct(">BH8sb")
_ENCRYPTED = 0x02


class J11:
    """A `Dialect`: one opened module, with the little state that its commands need."""

    name = "J11"
    channels = GRID_CHANNELS
    tells_restart = True
    pana_silence_s: float | None = None

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._awaited: int | None = None
        self._pairing_id = ""
        self._pads_scan = False

    def encode(self, command: Command) -> tuple[Exchange, ...]:
        if isinstance(command, SetCredentials):
            self._pairing_id = command.credentials.pairing_id
        return encode(command, self._pairing_id, pads_scan=self._pads_scan)

    def expect(self, exchange: Exchange) -> None:
        self._awaited = request_code(exchange.data)

    def marker(self, attempt: int) -> Exchange:  # noqa: ARG002 - a response names its command
        return query(STATUS, "status (in step?)")

    def adapt(self, command: Command, code: int) -> bool:
        """A scan for everybody may have to carry an empty pairing ID; tried once."""
        telling = code in {_WRONG_VALUE, _WRONG_LENGTH}
        if self._pads_scan or not (isinstance(command, ActiveScan) and not command.paired):
            return False
        self._pads_scan = telling
        return telling

    def accepted(self, command: Command) -> None:
        pass  # its one form is never in doubt

    def refusal(self, code: int) -> Refusal:
        return _REFUSALS.get(code, Refusal.OTHER)

    def refusal_name(self, code: int) -> str:
        return f"{code:02X}"

    def receive(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        for item in self._reader.receive(data):
            events += [item] if isinstance(item, Noise) else self._events(item)
        return events

    def trace(self, event: Event) -> str:  # noqa: PLR0911 - one for each kind
        match event:
            case CommandAccepted():
                return "result 01"
            case CommandFailed(code):
                return f"result {code:02X}"
            case Transmitted(result):
                return f"transmission {result.name.lower()}"
            case PanFound(pan):
                return f"beacon on channel {pan.channel:02X}, {pan.dbm} dBm"
            case UdpReceived():
                return f"6018 {len(event.payload)} bytes, port {event.port:04X}"
            case Notice(number):
                return f"{number:04X}"
            case Noise(size):
                return f"{size} bytes of noise"
            case _:
                return type(event).__name__

    def _events(self, frame: Frame) -> list[Event]:
        try:
            if frame.code == STARTED_UP:
                return [self._started_up()]
            if frame.code in _NOTIFICATIONS:
                return _NOTIFICATIONS[frame.code](frame.data)
            return self._response(frame)
        except (struct.error, ValueError, IndexError):
            return [Noise(len(frame.data))]

    def _started_up(self) -> Event:
        asked, self._awaited = self._awaited == RESET, None
        return CommandAccepted() if asked else Restarted()

    def _response(self, frame: Frame) -> list[Event]:
        awaited = self._awaited
        if awaited is None or frame.code not in {awaited | RESPONSE, UNKNOWN_COMMAND, BAD_HEADER}:
            return [Notice(frame.code)]
        result = frame.data[0]
        if frame.code != awaited | RESPONSE or result != SUCCESS:
            events: list[Event] = [CommandFailed(result)]
        else:
            told = _RESPONSES.get(awaited)
            events = [*(told(frame.data[1:]) if told else ()), CommandAccepted()]
        self._awaited = None
        return events


def _scan_result(data: bytes) -> list[Event]:
    """`01 channel` is silence, `00 channel n` stands before n beacons."""
    if data[0] != 0:
        return [Notice(0x4051)]
    channel, count = data[1], data[2]
    beacons = [_BEACON.unpack_from(data, 3 + number * _BEACON.size) for number in range(count)]
    return [
        PanFound(Pan(to_sk_channel(channel), pan_id, MacAddress(mac), dbm=dbm))
        for mac, pan_id, dbm in beacons
    ]


def _received(data: bytes) -> list[Event]:
    source, _, port, _, _, encryption, dbm, size = _RECEIVED.unpack_from(data)
    payload = data[_RECEIVED.size :][:size]
    if len(payload) < size:
        raise ValueError("a datagram that is shorter than it says")
    udp = UdpReceived(
        source=_address(source),
        port=port,
        sender=MacAddress.from_link_local(source),
        secured=encryption == _ENCRYPTED,
        payload=payload,
        dbm=dbm,
    )
    return [udp]


def _connection(data: bytes) -> list[Event]:
    match data[0]:
        case 0x03:
            return [MeterLost()]
        case 0x04:
            return [TerminatedByMeter()]
        case _:
            return [Notice(0x601A)]


def _pana(data: bytes) -> list[Event]:
    match data[0]:
        case 0x01:
            return [JoinSucceeded()]
        case 0x02:
            return [JoinFailed(refused=True)]
        case _:
            return [JoinFailed(refused=False)]


def _undeciphered(data: bytes) -> list[Event]:
    """Only 01 (decryption) and 02 (MAC) speak of keys."""
    source = _address(data[1:17])
    return [Undecipherable(source)] if data[0] in {0x01, 0x02} else [Notice(0x6038)]


def _transmitted(data: bytes) -> list[Event]:
    queue, result = divmod(data[0], 16)
    if result == _LIMITED:
        held = TransmitBudgetExhausted(retry_s=LIMIT_RETRY_S)
        return [held, Transmitted(TransmitResult.FAILED)]
    is_sent = result in _SENT and queue != _QUEUE_FAILED
    return [Transmitted(TransmitResult.SENT if is_sent else TransmitResult.FAILED)]


def _started(data: bytes) -> list[Event]:
    """Whom Route B was started with; here the PAN ID stands before the MAC."""
    channel, pan_id, mac, dbm = _STARTED.unpack_from(data)
    return [PanFound(Pan(to_sk_channel(channel), pan_id, MacAddress(mac), dbm=dbm))]


def _energy(data: bytes) -> list[Event]:
    pairs = data[1 : 1 + 2 * data[0]]
    channels = map(to_sk_channel, pairs[::2])
    return [EnergyScanned(tuple(zip(channels, pairs[1::2], strict=True)))]


def _address(octets: bytes) -> LinkLocalAddress:
    return IPv6Address(octets).exploded.upper()


_Told = Callable[[bytes], list[Event]]
_NOTIFICATIONS: Mapping[int, _Told] = {
    0x4051: _scan_result,
    0x6018: _received,
    0x601A: _connection,
    0x6028: _pana,
    0x6038: _undeciphered,
    0x60D1: lambda _: [Notice(0x60D1)],
}
_RESPONSES: Mapping[int, _Told] = {
    SEND: _transmitted,
    SCAN: lambda _: [ScanFinished()],
    START: _started,
    ENERGY: _energy,
}
