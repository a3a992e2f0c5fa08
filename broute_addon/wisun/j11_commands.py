"""Commands as the J11 modules want them, and what completes each (wisun-modules 3.3, 3.7).

Every setting of a module is gone after its reset, so `Reset` includes the initial setting that all
the others need. A channel can be chosen only while Route B is stopped, hence `SelectPan` is: stop,
set, start, open the ECHONET Lite port. The module names no deadline that a household could wait
for: a join that nobody answers is reported after 8 to 12 minutes. Ours is `JOIN_S`; who gives up
earlier than the module must reset it.
"""

from ipaddress import IPv6Address
from struct import Struct
from typing import assert_never

from broute_addon.wisun.commands import (
    ActiveScan,
    Command,
    EchoOff,
    EnergyScan,
    Join,
    Renew,
    Reset,
    SelectPan,
    SendUdp,
    SetCredentials,
    ShowSignal,
    Terminate,
)
from broute_addon.wisun.dialect import Exchange
from broute_addon.wisun.events import (
    EnergyScanned,
    JoinFailed,
    JoinSucceeded,
    MeterLost,
    Restarted,
    ScanFinished,
    Transmitted,
)
from broute_addon.wisun.j11_frames import request

STATUS, OPEN_PORT, SEND, MAC = 0x0001, 0x0005, 0x0008, 0x000E
SCAN, START, CREDENTIALS, AUTHENTICATE = 0x0051, 0x0053, 0x0054, 0x0056
END_SESSION, STOP, PAN_ID, SETTING = 0x0057, 0x0058, 0x005E, 0x005F
VERSION, RENEW, RESET, ENERGY, READ_SETTING = 0x006B, 0x00D2, 0x00D9, 0x00DB, 0x0107

FIRST_CHANNEL, LAST_CHANNEL = 4, 17
"""Channel n is 922.5 MHz + 0.4 MHz x (n - 4): SKSTACK channel 33 + 2 x (n - 4)."""

_LISTED_S = 1.0  # the manual: wait one second longer than the time it names
_ANSWER_S = 2.0 + _LISTED_S
RESET_S = 10.0
JOIN_S = 70.0
"""A log-in that succeeds takes seconds, and 38 s if its first datagrams get lost."""
RENEW_S = 45.0
_START_S = 2.6 + _LISTED_S
_ENERGY_S = 4.5 + _LISTED_S
_SEND_S, _SEND_LONGEST_S = 2.7, 7.0
_SLOT_S = 0.00964
_SCAN_MARGIN_S = 5.0

_DUAL_MODE, _NO_SLEEP, _FULL_POWER = 0x05, 0x00, 0x00
_ECHONET_PORT = (0x0E1A).to_bytes(2, "big")
_UDP = Struct(">16sHHH")
_LONGEST_PAYLOAD = 1232
_ALREADY_OPEN = frozenset({0x0A})
_NO_SESSION = frozenset({0x10, 0x14, 0x34, 0x37})
_STOPPED = frozenset({0x10, 0x14, 0x37})


def from_sk_channel(channel: int) -> int:
    """The module's number of a channel of the 400 kHz grid."""
    return FIRST_CHANNEL + (channel - 33) // 2


def to_sk_channel(channel: int) -> int:
    """The number that everybody else uses."""
    return 33 + 2 * (channel - FIRST_CHANNEL)


def channel_mask(mask: int) -> int:
    """Bit n is channel n; from a mask whose bit 0 is SKSTACK channel 33."""
    channels = range(FIRST_CHANNEL, LAST_CHANNEL + 1)
    return sum(1 << n for n in channels if mask >> 2 * (n - FIRST_CHANNEL) & 1)


def query(code: int, words: str) -> Exchange:
    """A question without data."""
    return Exchange(request(code), f"{code:04X} {words}", answer_s=_ANSWER_S)


def encode(  # noqa: PLR0911 - one for each command
    command: Command, pairing_id: str, *, pads_scan: bool = False
) -> tuple[Exchange, ...]:
    """The exchanges of a command; none where the module has no need of it.

    `pairing_id` is that of the credentials last set. `pads_scan`: a scan for everybody carries an
    empty pairing ID (the manual leaves open whether the field may be left out).
    """
    match command:
        case Reset():
            reset = Exchange(request(RESET), f"{RESET:04X} reset", answer_s=RESET_S, is_reset=True)
            return (reset, _setting(FIRST_CHANNEL))
        case EchoOff() | ShowSignal():
            return ()
        case SetCredentials(credentials):
            data = credentials.route_b_id.reveal() + credentials.password.reveal()
            return (_command(CREDENTIALS, "credentials ****", data.encode("ascii")),)
        case ActiveScan(duration, paired, mask):
            wanted = pairing_id if paired else ("\0" * 8 if pads_scan else "")
            return _scan(duration, channel_mask(mask), wanted, paired=paired)
        case EnergyScan(_, mask):
            return (_energy_scan(channel_mask(mask)),)
        case SelectPan(pan):
            return (
                _command(STOP, "stop Route B", tolerated=_STOPPED),
                _setting(from_sk_channel(pan.channel)),
                _command(START, "start Route B", answer_s=_START_S),
                _command(OPEN_PORT, "open port", _ECHONET_PORT, tolerated=_ALREADY_OPEN),
            )
        case Join():
            return (_authenticate(AUTHENTICATE, "start PANA", JOIN_S),)
        case Renew():
            return (_authenticate(RENEW, "authenticate anew", RENEW_S),)
        case SendUdp(to, payload):
            return (_send(to, payload),)
        case Terminate():
            return (
                _command(END_SESSION, "end PANA", tolerated=_NO_SESSION, repeatable=False),
                _command(STOP, "stop Route B", tolerated=_STOPPED),
            )
        case _:
            assert_never(command)


def _setting(channel: int) -> Exchange:
    data = bytes([_DUAL_MODE, _NO_SLEEP, channel, _FULL_POWER])
    return _command(SETTING, f"initial setting, channel {channel}", data)


def _scan(duration: int, mask: int, pairing_id: str, *, paired: bool) -> tuple[Exchange, ...]:
    if not mask:
        return ()
    data = bytes([duration]) + mask.to_bytes(4, "big") + bytes([paired]) + pairing_id.encode()
    scan = Exchange(
        request(SCAN, data),
        f"{SCAN:04X} active scan, time {duration}",
        answer_s=mask.bit_count() * _SLOT_S * 2**duration + _SCAN_MARGIN_S,
        ends=(ScanFinished,),
        finish_s=_ANSWER_S,
    )
    return (scan,)


def _energy_scan(mask: int) -> Exchange:
    return Exchange(
        request(ENERGY, mask.to_bytes(4, "big")),
        f"{ENERGY:04X} energy scan",
        answer_s=_ENERGY_S,
        ends=(EnergyScanned,),
        finish_s=_ANSWER_S,
    )


def _authenticate(code: int, words: str, within: float) -> Exchange:
    return Exchange(
        request(code),
        f"{code:04X} {words}",
        answer_s=_ANSWER_S,
        ends=(JoinSucceeded, JoinFailed, MeterLost, Restarted),
        finish_s=within,
        must_finish=False,
    )


def _send(to: str, payload: bytes) -> Exchange:
    port = int.from_bytes(_ECHONET_PORT, "big")
    head = _UDP.pack(IPv6Address(to).packed, port, port, len(payload))
    longer = (_SEND_LONGEST_S - _SEND_S) * len(payload) / _LONGEST_PAYLOAD
    return Exchange(
        request(SEND, head + payload),
        f"{SEND:04X} send {len(payload)} bytes",
        answer_s=_SEND_S + longer + _LISTED_S,
        ends=(Transmitted,),
        finish_s=_ANSWER_S,
        must_finish=False,
        repeatable=False,
    )


def _command(
    code: int,
    words: str,
    data: bytes = b"",
    *,
    answer_s: float = _ANSWER_S,
    tolerated: frozenset[int] = frozenset(),
    repeatable: bool = True,
) -> Exchange:
    return Exchange(
        request(code, data),
        f"{code:04X} {words}",
        answer_s=answer_s,
        tolerated=tolerated,
        repeatable=repeatable,
    )
