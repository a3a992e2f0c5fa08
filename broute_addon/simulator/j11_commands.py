"""The commands of J11: who may give them when, how long their data are, what they do.

wisun-modules.md 3.2 and 3.3. A handler answers, at once or when the radio is done, or raises
`Refusal` with a result code.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broute_addon.simulator import j11_state as state
from broute_addon.simulator.air import ALL_NODES, Beacon
from broute_addon.simulator.j11_notifications import PONG, ip16, strength
from broute_addon.simulator.j11_state import Phase, sk_channel
from broute_addon.simulator.radio_events import Outcome

if TYPE_CHECKING:
    from broute_addon.simulator.j11 import J11Stick

_UNLISTED, _BAD_VALUE, _BAD_DESTINATION = 0x02, 0x04, 0x06
_ALREADY_OPEN, _NOT_OPEN, _NO_CONNECTION, _BAD_LENGTH, _TOO_MANY = 0x0A, 0x0B, 0x0E, 0x11, 0x12
_WRONG_MODE, _PING_OPEN, _NO_SETTINGS = 0x14, 0x3C, 0x51

_RESERVED_PORTS = frozenset({716, 19788})
_LONGEST_PAYLOAD = 1232
_ALL_CHANNELS = 0x0003FFF0
_CHANNELS = range(4, 18)
_UNIT_S, _RETUNE_S = 0.00964, 0.05
_ENERGY_S = 0.3
_CONNECT_DURATION, _CONNECT_LATENCY_S = 8, 0.1
_TERMINATE_S = 0.2
_PING_PATIENCE_S = 10.9
_UNACKNOWLEDGED_S = 0.5


class Refusal(Exception):  # noqa: N818 - a result of the protocol, no error of the program
    """The command is answered with this result."""

    def __init__(self, result: int) -> None:
        super().__init__(f"result {result:02X}")
        self.result = result


Handler = Callable[["J11Stick", bytes], None]


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `refusal` replaces the result of a phase that doesn't allow it."""

    handler: Handler
    phases: frozenset[Phase]
    refusal: int | None = None


def _need(condition: bool, result: int) -> None:
    if not condition:
        raise Refusal(result)


def _fixed(code: int, value: Callable[["J11Stick"], bytes]) -> Handler:
    """A command without data that tells a value."""

    def handler(stick: "J11Stick", data: bytes) -> None:
        _need(not data, _BAD_LENGTH)
        stick.answer(code, b"\x01" + value(stick))

    return handler


def _connection(stick: "J11Stick") -> bytes:
    peer = stick.memory.peer
    if peer is None or not stick.memory.is_listed:
        return bytes(2)
    role, operation = 1, stick.phase.value[1]
    place = bytes.fromhex(peer.mac) + peer.pan_id.to_bytes(2, "big")
    return b"\x01\x01" + place + bytes([1, role, operation])


def _ports(stick: "J11Stick") -> bytes:
    ports = stick.memory.ports
    return bytes([len(ports)]) + b"".join(port.to_bytes(2, "big") for port in ports)


def _own_address(stick: "J11Stick") -> bytes:
    return ip16(stick.radio.address)


def _own_mac(stick: "J11Stick") -> bytes:
    return bytes.fromhex(stick.radio.mac)


def _pan_id(stick: "J11Stick") -> bytes:
    return stick.radio.pan_id.to_bytes(2, "big")


def _terminal(stick: "J11Stick") -> bytes:
    return bytes([stick.memory.setting[0], 0])


def _initial_setting(stick: "J11Stick", data: bytes) -> None:
    _need(len(data) == 4, _BAD_LENGTH)
    mode, sleep, channel, power = data
    _need(mode == 5 and sleep <= 1 and channel in _CHANNELS and power <= 2, _BAD_VALUE)
    stick.memory.setting = data
    stick.answer(0x005F)


def _credentials(stick: "J11Stick", data: bytes) -> None:
    _need(len(data) == 44, _BAD_LENGTH)
    text = data.decode("latin-1")
    _need(re.fullmatch("[0-9A-F]{32}[0-9A-Za-z]{12}", text) is not None, _BAD_VALUE)
    stick.radio.route_b_id, stick.radio.password = text[:32], text[32:].upper()
    stick.answer(0x0054)


def _channels_of(mask: bytes) -> list[int]:
    """Bit n is channel n; the answer in SKSTACK's numbers."""
    bits = int.from_bytes(mask, "big")
    _need(bool(bits) and not bits & ~_ALL_CHANNELS, _BAD_VALUE)
    return [sk_channel(channel) for channel in _CHANNELS if bits >> channel & 1]


def _scan(stick: "J11Stick", data: bytes) -> None:
    """4051 for each channel in ascending order, then the response."""
    _need(len(data) in {6, 14}, _BAD_LENGTH)
    duration, has_id = data[0], data[5]
    _need(1 <= duration <= 0x0E and has_id <= 1, _BAD_VALUE)
    _need(not has_id or len(data) == 14, _BAD_LENGTH)
    channels = _channels_of(data[1:5])
    pairing_id = data[6:14].decode("latin-1") if has_id else None
    dwell = _UNIT_S * 2**duration + _RETUNE_S
    stick.moment("scan")
    stick.radio.scanner.listen(channels, dwell, duration, pairing_id)


def _energy_scan(stick: "J11Stick", data: bytes) -> None:
    _need(len(data) == 4, _BAD_LENGTH)
    stick.moment("scan")
    stick.radio.scanner.measure(_channels_of(data), _ENERGY_S)


def _start(stick: "J11Stick", data: bytes) -> None:
    """MAC connection with the meter that has the ID, on the channel of 005F."""
    _need(not data, _BAD_LENGTH)
    route_b_id = stick.radio.route_b_id
    found = (
        stick.radio.scanner.heard(
            sk_channel(stick.memory.channel), _CONNECT_DURATION, route_b_id[-8:]
        )
        if route_b_id
        else ()
    )
    duration = found[0].heard_at if found else _CONNECT_DURATION
    seconds = _UNIT_S * 2**duration + (_CONNECT_LATENCY_S if found else 0)
    stick.later(seconds, lambda: _started(stick, found[0] if found else None))


def _started(stick: "J11Stick", peer: Beacon | None) -> None:
    if peer is None:
        stick.answer(0x0053, bytes([_NO_CONNECTION]))
        return
    stick.connect(peer)
    place = peer.pan_id.to_bytes(2, "big") + bytes.fromhex(peer.mac)
    stick.answer(0x0053, bytes([1, stick.memory.channel]) + place + strength(peer.lqi))


def _start_pana(stick: "J11Stick", data: bytes) -> None:
    _need(not data, _BAD_LENGTH)
    _need(bool(stick.radio.route_b_id), _NO_SETTINGS)
    _need(stick.memory.is_listed, _UNLISTED)
    stick.answer(0x0056, then=lambda: stick.radio.join(stick.radio.peer))


def _end_pana(stick: "J11Stick", data: bytes) -> None:
    _need(not data, _BAD_LENGTH)
    stick.radio.terminate()
    stick.watch_list()
    stick.answer(0x0057, delay=_TERMINATE_S)


def _stop(stick: "J11Stick", data: bytes) -> None:
    _need(not data, _BAD_LENGTH)
    stick.disconnect()
    stick.answer(0x0058)


def _renew(stick: "J11Stick", data: bytes) -> None:
    _need(not data, _BAD_LENGTH)
    stick.answer(0x00D2, then=stick.radio.rejoin)


def _key(stick: "J11Stick") -> bytes:
    return (stick.radio.session or 0).to_bytes(16, "big")


def _port_of(data: bytes) -> int:
    _need(len(data) == 2, _BAD_LENGTH)
    port = int.from_bytes(data, "big")
    _need(port not in {0, 0xFFFF, *_RESERVED_PORTS}, _BAD_VALUE)
    return port


def _open(stick: "J11Stick", data: bytes) -> None:
    port, ports = _port_of(data), stick.memory.ports
    _need(port not in ports, _ALREADY_OPEN)
    _need(len(ports) < state.PORTS_MOST, _TOO_MANY)
    ports.append(port)
    stick.answer(0x0005)


def _close(stick: "J11Stick", data: bytes) -> None:
    port = _port_of(data)
    _need(port in stick.memory.ports, _NOT_OPEN)
    stick.memory.ports.remove(port)
    stick.answer(0x0006)


def _destination(stick: "J11Stick", raw: bytes) -> str:
    digits = raw.hex().upper()
    address = ":".join(digits[i : i + 4] for i in range(0, 32, 4))
    _need(address.startswith(("FE80:", "FF02:")), _BAD_DESTINATION)
    is_known = address == ALL_NODES or (stick.memory.is_listed and address == stick.radio.peer)
    _need(is_known, _UNLISTED)
    return address


def _send(stick: "J11Stick", data: bytes) -> None:
    """The response comes when the radio is done, and says how it went."""
    _need(len(data) > 22, _BAD_LENGTH)
    source_port, port, size = (int.from_bytes(data[i : i + 2], "big") for i in (16, 18, 20))
    payload = data[22:]
    _need(1 <= size <= _LONGEST_PAYLOAD and size == len(payload), _BAD_LENGTH)
    _need(source_port in stick.memory.ports, _NOT_OPEN)
    address = _destination(stick, data[:16])

    def done(outcome: Outcome) -> None:
        delay = _UNACKNOWLEDGED_S if outcome is Outcome.NO_ACKNOWLEDGMENT else 0.0
        stick.answer(0x0008, bytes([1, outcome]) + payload[:5], delay)

    stick.radio.send(address, port, 2, payload, done)


def _ping(stick: "J11Stick", data: bytes) -> None:
    _need(len(data) >= 19 and len(data) - 19 == int.from_bytes(data[16:18], "big"), _BAD_LENGTH)
    _need(not stick.memory.is_pinging, _PING_OPEN)
    address, memory = _destination(stick, data[:16]), stick.memory
    memory.is_pinging = True

    def tell(result: bytes) -> None:
        if memory.is_pinging:
            memory.is_pinging = False
            stick.send(PONG, result)

    echo = data[:16] + bytes([1 + stick.radio.is_joined]) + stick.peer_strength() + data[16:18]

    def begin() -> None:
        stick.radio.ping(address, lambda: tell(b"\x01" + echo + data[19:]))
        stick.later(_PING_PATIENCE_S, lambda: tell(b"\x00"))

    stick.answer(0x00D1, then=begin)


def _flag(code: int, field: str) -> Handler:
    def handler(stick: "J11Stick", data: bytes) -> None:
        _need(len(data) == 1, _BAD_LENGTH)
        _need(data[0] <= 1, _BAD_VALUE)
        setattr(stick.memory, field, data[0])
        stick.answer(code)

    return handler


def _boot_loader(stick: "J11Stick", data: bytes) -> None:
    _need(not data, _BAD_LENGTH)
    stick.answer(0x00F0, then=stick.enter_boot_loader)


_VERSION = bytes.fromhex("040001030000158A")

COMMANDS: dict[int, Command] = {
    0x0001: Command(_fixed(0x0001, lambda stick: stick.phase.value), state.ALWAYS),
    0x0005: Command(_open, state.IN_OPERATION),
    0x0006: Command(_close, state.IN_OPERATION),
    0x0007: Command(_fixed(0x0007, _ports), state.IN_OPERATION),
    0x0008: Command(_send, state.IN_OPERATION),
    0x0009: Command(_fixed(0x0009, _own_address), state.ALWAYS),
    0x000E: Command(_fixed(0x000E, _own_mac), state.ALWAYS),
    0x0011: Command(_fixed(0x0011, _connection), state.ALWAYS),
    0x0051: Command(_scan, state.ONCE_STARTED),
    0x0053: Command(_start, state.STOPPED_ONLY),
    0x0054: Command(_credentials, state.UNTIL_AUTHENTICATED),
    0x0056: Command(_start_pana, state.OPERATING_ONLY),
    0x0057: Command(_end_pana, state.AUTHENTICATED_ONLY),
    0x0058: Command(_stop, state.OPERATING_ONLY),
    0x0059: Command(_fixed(0x0059, _key), state.AUTHENTICATED_ONLY),
    0x005E: Command(_fixed(0x005E, _pan_id), state.IN_OPERATION),
    0x005F: Command(_initial_setting, state.BEFORE_OPERATION),
    0x006B: Command(_fixed(0x006B, lambda _: _VERSION), state.ALWAYS),
    0x00D1: Command(_ping, state.IN_OPERATION),
    0x00D2: Command(_renew, state.AUTHENTICATED_ONLY),
    0x00DB: Command(_energy_scan, state.ONCE_STARTED),
    0x00F0: Command(_boot_loader, state.UNSTARTED_ONLY, refusal=_WRONG_MODE),
    0x0100: Command(_fixed(0x0100, _terminal), state.ALWAYS),
    0x0101: Command(_flag(0x0101, "solicits_neighbors"), state.BEFORE_OPERATION),
    0x0102: Command(
        _fixed(0x0102, lambda stick: bytes([stick.memory.solicits_neighbors])), state.ALWAYS
    ),
    0x0107: Command(_fixed(0x0107, lambda stick: stick.memory.setting), state.ALWAYS),
    0x010A: Command(_flag(0x010A, "flow_control"), state.BEFORE_OPERATION),
    0x010B: Command(_fixed(0x010B, lambda stick: bytes([stick.memory.flow_control])), state.ALWAYS),
}

MAY_OVERTAKE_PANA = COMMANDS.keys() - {0x0051, 0x0054, 0x0056, 0x0057, 0x0058, 0x00D2, 0x00DB}
"""What is possible while a log-in runs; the others give 52."""
