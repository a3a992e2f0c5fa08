"""Frames of a J11 module in words, in either direction (wisun-modules.md 3).

    unique code 4 | command 2 | length 2 (4 + data) | header sum 2 | data sum 2 | data

Both sums are checked. A UDP payload inside is decoded as ECHONET Lite.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from struct import Struct

from broute_addon.cli.describe import EnergyHint, describe_frame
from broute_addon.cli.hexadecimal import UndecodableError
from broute_addon.echonet.frame import Frame
from broute_addon.messages import message

REQUEST = bytes.fromhex("D0EA83FC")
ANSWER = bytes.fromhex("D0F9EE5D")

_HEAD = Struct(">4sHHHH")
_RESPONSE_BIT = 0x2000
_ECHONET_PORT = bytes.fromhex("0E1A")


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a frame's data: label, bytes (None: all the rest), and how to show it."""

    label: str
    size: int | None
    show: Callable[[bytes], str]


def _hex(octets: bytes) -> str:
    return octets.hex().upper()


def _number(octets: bytes) -> str:
    return str(int.from_bytes(octets, "big"))


def _ascii(octets: bytes) -> str:
    return octets.decode("ascii", errors="replace")


def _address(octets: bytes) -> str:
    return IPv6Address(octets).exploded.upper()


def _dbm(octets: bytes) -> str:
    return f"{int.from_bytes(octets, 'big', signed=True)} dBm"


def _choice(names: Mapping[int, str]) -> Callable[[bytes], str]:
    def show(octets: bytes) -> str:
        code = int.from_bytes(octets, "big")
        return f"{_hex(octets)} = {names.get(code, 'unknown')}"

    return show


_RESULTS = {
    0x01: "success",
    0x02: "address not in device list",
    0x03: "bad command code",
    0x04: "bad parameter value",
    0x06: "bad destination",
    0x0A: "port already open",
    0x0B: "port not open",
    0x0E: "MAC connection failed",
    0x0F: "not possible in this mode or while HAN is operating",
    0x10: "not possible while stopped",
    0x11: "parameter length out of range",
    0x12: "too many open ports",
    0x13: "receive timeout",
    0x14: "not possible in this mode",
    0x34: "not possible while B-route is operating",
    0x35: "not possible while B-route is authenticated",
    0x37: "not possible while not started",
    0x3C: "previous ping still open",
    0x3D: "another command is running",
    0x51: "PANA settings missing",
    0x52: "PANA sequence running",
    0xF0: "header checksum wrong",
    0xF1: "data checksum wrong",
    0xF2: "length too short",
    0xF3: "length too long",
}
_TRANSMISSIONS = {
    0x0: "sent",
    0x2: "transmit-time limit",
    0x3: "carrier busy",
    0x5: "no acknowledgement",
    0x8: "other failure",
    0xF: "queued only",
}
_CHANGES = {1: "MAC connected", 2: "PANA authenticated", 3: "MAC lost", 4: "PANA lost"}
_PANA_RESULTS = {1: "success", 2: "failed: wrong credentials", 3: "no answer"}
_FAILURES = {0x01: "decryption", 0x02: "MAC", 0x20: "6LoWPAN", 0x30: "IP", 0x40: "UDP"}


def _transmission(octets: bytes) -> str:
    return f"{_hex(octets)} = {_TRANSMISSIONS.get(octets[0] & 0x0F, 'unknown')}"


_PORT = Part("port", 2, _hex)
_MAC = Part("MAC", 8, _hex)
_PAN = Part("PAN ID", 2, _hex)
_RSSI = Part("signal", 1, _dbm)
_RESULT = Part("result", 1, _choice(_RESULTS))
_REST = Part("data", None, _hex)
_CHANNEL = Part("channel", 1, _number)
_STATES = tuple(Part(label, 1, _hex) for label in ("global", "B-route", "HAN"))
_SETTING = tuple(Part(label, 1, _hex) for label in ("mode", "HAN sleep", "channel", "power"))

_COMMANDS: Mapping[int, tuple[str, tuple[Part, ...], tuple[Part, ...]]] = {
    0x0001: ("status", (), _STATES),
    0x0005: ("UDP open", (_PORT,), ()),
    0x0006: ("UDP close", (_PORT,), ()),
    0x0007: ("list open ports", (), (Part("count", 1, _number), _REST)),
    0x0008: (
        "send UDP",
        (
            Part("to", 16, _address),
            Part("source port", 2, _hex),
            Part("destination port", 2, _hex),
            Part("bytes", 2, _number),
        ),
        (Part("transmission", 1, _transmission), Part("begins with", None, _hex)),
    ),
    0x0009: ("own IPv6 address", (), (Part("address", 16, _address),)),
    0x000E: ("own MAC address", (), (_MAC,)),
    0x0011: ("connection state", (), (Part("connected", 1, _hex), _REST)),
    0x0051: (
        "active scan",
        (
            Part("time", 1, _number),
            Part("channel mask", 4, _hex),
            Part("by pairing ID", 1, _hex),
            Part("pairing ID", 8, _ascii),
        ),
        (),
    ),
    0x0053: ("start B-route", (), (_CHANNEL, _PAN, _MAC, _RSSI)),
    0x0054: ("set PANA credentials", (Part("ID", 32, _ascii), Part("password", 12, _ascii)), ()),
    0x0056: ("start PANA", (), ()),
    0x0057: ("end PANA", (), ()),
    0x0058: ("stop B-route", (), ()),
    0x0059: ("Route-B key", (), (Part("key", 16, _hex),)),
    0x005E: ("B-route PAN ID", (), (_PAN,)),
    0x005F: ("initial setting", _SETTING, ()),
    0x006B: (
        "version",
        (),
        (
            Part("firmware", 2, _hex),
            Part("major", 1, _number),
            Part("minor", 1, _number),
            Part("revision", 4, _hex),
        ),
    ),
    0x00D1: ("ping", (Part("to", 16, _address), Part("bytes", 2, _number), _REST), ()),
    0x00D2: ("re-authenticate", (), ()),
    0x00D9: ("hardware reset", (), ()),
    0x00DB: ("energy scan", (Part("channel mask", 4, _hex),), (Part("count", 1, _number), _REST)),
    0x0100: ("terminal information", (), (_REST,)),
    0x0101: ("set neighbor discovery", (Part("on", 1, _hex),), ()),
    0x0102: ("get neighbor discovery", (), (Part("on", 1, _hex),)),
    0x0107: ("get initial setting", (), _SETTING),
    0x010A: ("set flow control", (Part("on", 1, _hex),), ()),
    0x010B: ("get flow control", (), (Part("on", 1, _hex),)),
}
"""Name, data of the request, data of the response behind its result."""

_NOTIFICATIONS: Mapping[int, tuple[str, tuple[Part, ...]]] = {
    0x2FFF: ("frame refused", (_RESULT,)),
    0x4051: ("scan result", (Part("nothing heard", 1, _hex), _CHANNEL)),
    0x6018: (
        "data received",
        (
            Part("from", 16, _address),
            Part("source port", 2, _hex),
            Part("destination port", 2, _hex),
            _PAN,
            Part("destination", 1, _choice({0: "unicast", 1: "multicast"})),
            Part("encryption", 1, _choice({1: "no", 2: "yes"})),
            _RSSI,
            Part("bytes", 2, _number),
        ),
    ),
    0x6019: ("start-up complete", ()),
    0x601A: ("connection changed", (Part("state", 1, _choice(_CHANGES)), _MAC, _RSSI)),
    0x6028: ("PANA result", (Part("result", 1, _choice(_PANA_RESULTS)), _MAC)),
    0x6038: (
        "reception failure",
        (Part("reason", 1, _choice(_FAILURES)), Part("from", 16, _address), _REST),
    ),
    0x60D1: ("ping result", (Part("answered", 1, _hex), _REST)),
    0xFFFF: ("unknown command", (_RESULT,)),
}
_BEACON = (_MAC, _PAN, _RSSI)
_WITH_PAYLOAD = {(REQUEST, 0x0008), (ANSWER, 0x6018)}
"""Frames that end in a UDP payload; its destination port stands behind address and source port."""


def is_j11(octets: bytes) -> bool:
    """Whether it begins as a J11 frame does."""
    return octets[:4] in (REQUEST, ANSWER)


def describe_j11(octets: bytes, hint: EnergyHint) -> tuple[list[str], bool]:
    """The lines of one or more frames behind each other. Raises BRouteError."""
    lines: list[str] = []
    complete = True
    while octets:
        unique, code, data, octets = _take_frame(octets)
        told, understood = _describe(unique, code, data, hint)
        lines += told
        complete &= understood
    return lines, complete


def _take_frame(octets: bytes) -> tuple[bytes, int, bytes, bytes]:
    """Unique code, command, data, and what follows. Raises UndecodableError."""
    if not is_j11(octets) or len(octets) < _HEAD.size:
        raise UndecodableError(message("j11_cut", count=len(octets), expected=_HEAD.size))
    unique, code, length, header_sum, data_sum = _HEAD.unpack_from(octets)
    expected = _HEAD.size + length - 4
    if length < 4 or len(octets) < expected:
        raise UndecodableError(message("j11_cut", count=len(octets), expected=expected))
    data = octets[_HEAD.size : expected]
    _check_sum("header", header_sum, octets[:8])
    _check_sum("data", data_sum, data)
    return unique, code, data, octets[expected:]


def _check_sum(part: str, found: int, octets: bytes) -> None:
    expected = sum(octets) & 0xFFFF
    if found != expected:
        raise UndecodableError(
            message("j11_sum_wrong", part=part, found=f"{found:04X}", expected=f"{expected:04X}")
        )


def _describe(unique: bytes, code: int, data: bytes, hint: EnergyHint) -> tuple[list[str], bool]:
    kind, name, parts = _layout(unique, code)
    lines = [f"J11 {kind} {code:04X} {name}, {len(data)} bytes of data, checksums right"]
    payload = _describe_parts(parts, data, lines)
    if code == 0x4051 and unique == ANSWER and payload:
        for at in range(1, len(payload), 11):
            _describe_parts(_BEACON, payload[at : at + 11], lines)
        return lines, True
    if (unique, code) in _WITH_PAYLOAD and data[18:20] == _ECHONET_PORT:
        told, complete = describe_frame(Frame.parse(payload), hint)
        return lines + told, complete
    if payload:
        lines.append(f"more {_hex(payload)}")
    return lines, True


def _layout(unique: bytes, code: int) -> tuple[str, str, tuple[Part, ...]]:
    if unique == REQUEST:
        name, request, _ = _COMMANDS.get(code, ("unknown command", (), ()))
        return "request", name, request
    if code in _NOTIFICATIONS:
        return ("notification", *_NOTIFICATIONS[code])
    if code & _RESPONSE_BIT and code - _RESPONSE_BIT in _COMMANDS:
        name, _, response = _COMMANDS[code - _RESPONSE_BIT]
        return "response", name, (_RESULT, *response)
    return "answer", "unknown", ()


def _describe_parts(parts: tuple[Part, ...], data: bytes, lines: list[str]) -> bytes:
    """Adds a line for each part that is there; gives what is behind the last."""
    for part in parts:
        if not data:
            break
        octets = data if part.size is None else data[: part.size]
        if part.size is not None and len(octets) < part.size:
            break
        lines.append(f"{part.label} {part.show(octets)}")
        data = data[len(octets) :]
    return data
