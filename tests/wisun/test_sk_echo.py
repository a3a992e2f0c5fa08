"""Echo goes, sentences stay: on, off, half, and with an event inside."""

import pytest

from broute_addon.wisun.dialect import Exchange
from broute_addon.wisun.events import (
    Answer,
    CommandAccepted,
    CommandFailed,
    Event,
    TransmitResult,
    Transmitted,
    UdpReceived,
)
from broute_addon.wisun.sk_variants import DUAL
from broute_addon.wisun.skstack import SkStack
from tests.wire import sk_sessions as wire

OK, SENT = CommandAccepted(), Transmitted(TransmitResult.SENT)
VERSION = Answer("EVER", ("1.5.2",))
EVENT = b"EVENT 21 " + wire.METER.encode() + b" 0 00\r\n"
SEND = b"SKSENDTO 1 " + wire.METER.encode() + b" 0E1A 1 0 000E"

CASES: list[tuple[str, bytes, bytes, list[Event]]] = [
    ("on", b"SKVER", b"SKVER\r\nEVER 1.5.2\r\nOK\r\n", [VERSION, OK]),
    ("off", b"SKVER", b"EVER 1.5.2\r\nOK\r\n", [VERSION, OK]),
    ("half: CR first", b"SKVER", b"SKVER\r\r\nEVER 1.5.2\r\nOK\r\n", [VERSION, OK]),
    ("cut by an overrun", b"SKVER", b"SK\r\nFAIL ER09\r\n", [CommandFailed(9)]),
    ("lower case", b"SKVER", b"skver\r\nOK\r\n", [OK]),
    ("event inside", b"SKVER", b"SKV" + EVENT + b"ER\r\nEVER 1.5.2\r\nOK\r\n", [SENT, VERSION, OK]),
    (
        "event after V",
        b"SKVER",
        b"SK" + EVENT + b"VER\r\nEVER 1.5.2\r\nOK\r\n",
        [SENT, VERSION, OK],
    ),
    ("event first", b"SKVER", EVENT + b"SKVER\r\nOK\r\n", [SENT, OK]),
    ("a datagram's header, then a space", SEND, SEND + b" \r\n" + EVENT + b"OK\r\n", [SENT, OK]),
    ("a bare line end for it", SEND, b"\r\n" + EVENT + b"OK\r\n", [SENT, OK]),
    ("no answer swallowed", b"SKSETPWD C OK0000000000", b"SKSETPWD C OK\r\n", []),
    ("OK is never an echo", b"OKOK", b"OK\r\n", [OK]),
    (
        "rest of the echo begins like a sentence",
        b"SKSETPWD C EVERYTHING00",
        b"SKSETPWD C " + EVENT + b"EVER 1.5.2\r\nOK\r\n",
        [SENT, VERSION, OK],
    ),
]


@pytest.mark.parametrize("step", [1, 5, 1000])
@pytest.mark.parametrize(
    ("echo", "data", "events"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_echo_goes_and_sentences_stay(
    echo: bytes, data: bytes, events: list[Event], step: int
) -> None:
    dialect = SkStack(DUAL)
    dialect.expect(Exchange(b"", "", echo=echo))
    chunks = [data[i : i + step] for i in range(0, len(data), step)]
    assert [event for chunk in chunks for event in dialect.receive(chunk)] == events


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_a_datagram_inside_an_echoed_line_is_read(step: int) -> None:
    """What is left of the echo, `ER`, begins like the datagram."""
    dialect = SkStack(DUAL)
    dialect.expect(Exchange(b"", "", echo=b"SKVER"))
    data = b"SKV" + wire.erxudp_hex(wire.POWER_420_W) + b"ER\r\nOK\r\n"
    chunks = [data[i : i + step] for i in range(0, len(data), step)]
    events = [event for chunk in chunks for event in dialect.receive(chunk)]
    assert [type(event) for event in events] == [UdpReceived, CommandAccepted]
