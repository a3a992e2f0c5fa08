"""Lines of a text module's log in words: ERXUDP, SKSENDTO, EVENT, FAIL, EPANDESC.

A line may stand behind a time stamp or a direction mark; the payload may be spaced or in <>.
The widths of the fields tell the three layouts of ERXUDP apart (wisun-modules.md 2.12).
"""

import re
from collections.abc import Callable

from broute_addon.cli.describe import EnergyHint, describe_frame
from broute_addon.cli.hexadecimal import UndecodableError, octets_from
from broute_addon.echonet.frame import Frame
from broute_addon.messages import message
from broute_addon.wisun.values import dbm_from_lqi

Description = tuple[list[str], bool]

_LINE = re.compile(r"\b(?:ERXUDP|SKSENDTO|EVENT|FAIL ER|EPANDESC)\b ?.*|\bFAIL ER\d\d", re.DOTALL)
_ERXUDP = re.compile(
    r"ERXUDP (?P<source>[0-9A-F:]+) (?P<to>[0-9A-F:]+) (?P<rport>[0-9A-F]{4}) "
    r"(?P<lport>[0-9A-F]{4}) (?P<mac>[0-9A-F]{16}) (?:(?P<lqi>[0-9A-F]{2}) )?(?P<secured>[01]) "
    r"(?:(?P<side>[01]) )?(?P<size>[0-9A-F]{4}) (?P<payload>.*)",
    re.IGNORECASE | re.DOTALL,
)
_SKSENDTO = re.compile(
    r"SKSENDTO (?P<handle>[1-6]) (?P<to>[0-9A-F:]+) (?P<port>[0-9A-F]{4}) (?P<secured>[012]) "
    r"(?:(?P<side>[01]) )?(?P<size>[0-9A-F]{4})(?: (?P<payload>.*))?$",
    re.IGNORECASE | re.DOTALL,
)
_EVENT = re.compile(
    r"EVENT (?P<number>[0-9A-F]{1,2})(?: (?P<address>[0-9A-F:]{39}))?(?: (?P<rest>.*))?$",
    re.IGNORECASE,
)
_FAIL = re.compile(r"FAIL ER(?P<code>\d\d)", re.IGNORECASE)
_BEACON = re.compile(r"(Channel(?: Page)?|Pan ID|Addr|LQI|Side|PairID):\s*(\w+)", re.IGNORECASE)

_ECHONET_PORT = 0x0E1A
_PORTS = {0x0E1A: "ECHONET Lite", 0x02CC: "PANA", 0x4D4C: "MLE"}

_EVENTS = {
    0x01: "neighbor solicitation received",
    0x02: "neighbor advertisement received",
    0x05: "ICMP echo request received",
    0x1F: "energy scan done",
    0x20: "beacon received",
    0x21: "UDP transmission finished",
    0x22: "active scan finished",
    0x24: "PANA connection failed: wrong credentials or no answer",
    0x25: "PANA connection succeeded (or was renewed)",
    0x26: "the meter asks to end the session",
    0x27: "session ended",
    0x28: "session ended, the meter did not answer",
    0x29: "session lifetime expired",
    0x2B: "pending data for a sleeping device dropped",
    0x2C: "pending data for a sleeping device sent",
    0x32: "transmit-time limit active",
    0x33: "transmit-time limit released",
    0xC0: "woke up from sleep",
}
_TRANSMISSIONS = {"00": "sent", "01": "failed", "02": "neighbor solicitation sent first"}
_FAILURES = {
    4: "command not supported",
    5: "wrong number of arguments",
    6: "argument format or range wrong",
    9: "UART input error",
    10: "command accepted, but its execution failed",
}


def is_stick_line(text: str) -> bool:
    """Whether there is a sentence of a text module in it."""
    return _LINE.search(text) is not None


def describe_stick_line(text: str, hint: EnergyHint) -> Description:
    """The lines, and whether all of it could be decoded. Raises BRouteError."""
    found = _LINE.search(text)
    line = " ".join(found[0].split()) if found else ""
    for pattern, describe in _SENTENCES:
        match = pattern.match(line)
        if match:
            return describe(match, hint)
    if line.upper().startswith("EPANDESC") and _BEACON.search(line):
        return [f"beacon: {_in_words(name, value)}" for name, value in _BEACON.findall(line)], True
    raise UndecodableError(message("decode_line_unknown", text=line[:60]))


def _erxudp(match: re.Match[str], hint: EnergyHint) -> Description:
    port = int(match["lport"], 16)
    signal = f", {dbm_from_lqi(int(match['lqi'], 16))} dBm" if match["lqi"] else ""
    lines = [
        f"ERXUDP received from {match['source']} (MAC {match['mac']}{signal})",
        f"to {match['to']}, port {match['rport']} to {match['lport']} ({_port(port)}), "
        f"{_security(match['secured'])}{_side(match['side'])}, {int(match['size'], 16)} bytes",
    ]
    return _with_payload(lines, match, port, hint)


def _sksendto(match: re.Match[str], hint: EnergyHint) -> Description:
    port = int(match["port"], 16)
    lines = [
        f"SKSENDTO sent to {match['to']}, port {match['port']} ({_port(port)}), "
        f"{_security(match['secured'])}{_side(match['side'])}, {int(match['size'], 16)} bytes"
    ]
    if not match["payload"]:
        return [*lines, "the payload is never echoed"], True
    return _with_payload(lines, match, port, hint)


def _with_payload(
    lines: list[str], match: re.Match[str], port: int, hint: EnergyHint
) -> Description:
    payload = octets_from(match["payload"])
    size = int(match["size"], 16)
    if len(payload) != size:
        raise UndecodableError(message("decode_length_wrong", count=len(payload), expected=size))
    if port != _ECHONET_PORT:
        return [*lines, payload.hex().upper()], True
    told, complete = describe_frame(Frame.parse(payload), hint)
    return lines + told, complete


def _event(match: re.Match[str], _hint: EnergyHint) -> Description:
    number = int(match["number"], 16)
    rest = (match["rest"] or "").split()
    meaning = _EVENTS.get(number, "an event of the home network (HAN), without meaning here")
    if number == 0x21 and rest:
        meaning += f": {_TRANSMISSIONS.get(rest[-1], rest[-1])}"
    address = f", {match['address']}" if match["address"] else ""
    return [f"EVENT {number:02X}: {meaning}{address}"], True


def _fail(match: re.Match[str], _hint: EnergyHint) -> Description:
    code = int(match["code"])
    return [f"FAIL ER{code:02d}: {_FAILURES.get(code, 'reserved')}"], True


_SENTENCES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], EnergyHint], Description]], ...]
_SENTENCES = ((_ERXUDP, _erxudp), (_SKSENDTO, _sksendto), (_EVENT, _event), (_FAIL, _fail))


def _in_words(name: str, value: str) -> str:
    number = int(value, 16) if re.fullmatch("[0-9A-Fa-f]+", value) else None
    if name == "LQI" and number is not None:
        return f"LQI {value} = {dbm_from_lqi(number)} dBm"
    if name == "Channel" and number is not None:
        return f"Channel {value} = {(9225 + 2 * (number - 33)) / 10} MHz"
    return f"{name} {value}"


def _port(port: int) -> str:
    return _PORTS.get(port, "unknown")


def _security(flag: str) -> str:
    return {"0": "not encrypted", "1": "encrypted", "2": "encrypted if possible"}[flag]


def _side(side: str | None) -> str:
    return {None: "", "0": ", side B-route", "1": ", side HAN"}[side]
