"""ERXUDP: framed by its length, whatever the payload holds and whatever the length claims."""

import pytest

from broute_addon.wisun.events import (
    Answer,
    CommandAccepted,
    Event,
    Noise,
    TransmitResult,
    Transmitted,
    UdpReceived,
)
from broute_addon.wisun.sk_variants import SINGLE_HOP
from broute_addon.wisun.skstack import SkStack
from tests.wire import sk_sessions as wire

POWER = wire.POWER_3338_W
BINARY, HEXADECIMAL = wire.erxudp_binary(POWER), wire.erxudp_hex(POWER)
HEAD = f"ERXUDP {wire.METER} {wire.DUAL_STICK} 0E1A 0E1A {wire.MAC} "


def payloads(*chunks: bytes) -> list[bytes]:
    return [event.payload for event in read(*chunks) if isinstance(event, UdpReceived)]


def read(*chunks: bytes) -> list[Event]:
    dialect = SkStack(SINGLE_HOP)
    return [event for chunk in chunks for event in dialect.receive(chunk)]


HEADERS = [
    ("single-hop", "1 0012 ", None),
    ("dual, SA2=0", "1 0 0012 ", None),
    ("dual, SA2=1", "E1 1 0 0012 ", 0xE1),
    ("lower-case length of an emulator", "1 0012 ".lower(), None),
]


@pytest.mark.parametrize("body", [POWER, POWER.hex().upper().encode(), POWER.hex().encode()])
@pytest.mark.parametrize(("fields", "lqi"), [r[1:] for r in HEADERS], ids=[r[0] for r in HEADERS])
def test_fields_are_told_by_their_width(fields: str, lqi: int | None, body: bytes) -> None:
    [event] = read((HEAD + fields).encode() + body + b"\r\n")
    assert isinstance(event, UdpReceived)
    assert (event.payload, event.lqi, event.secured) == (POWER, lqi, True)


@pytest.mark.parametrize("payload", [b"\r\n" * 9, b"OK\r\nOK\r\n", b" \0\xff\r", b"0123", b"\n"])
def test_a_payload_may_hold_line_ends_zeros_and_digits(payload: bytes) -> None:
    assert payloads(wire.erxudp_binary(payload)) == [payload]


@pytest.mark.parametrize("payload", [b"\r\n" * 9, b" \0\xff\r", b"0123", b"0", b"\n"])
def test_a_payload_may_hold_them_one_byte_at_a_time(payload: bytes) -> None:
    assert payloads(*(bytes([byte]) for byte in wire.erxudp_binary(payload))) == [payload]


def test_two_datagrams_in_a_chunk_and_one_in_many() -> None:
    assert payloads(BINARY + HEXADECIMAL) == [POWER, POWER]
    assert payloads(*(bytes([byte]) for byte in BINARY + HEXADECIMAL)) == [POWER, POWER]


def test_the_longest_payload_fits() -> None:
    payload = bytes(range(256)) * 4 + bytes(208)
    assert payloads(wire.erxudp_binary(payload)) == [payload]
    assert payloads(wire.erxudp_hex(payload)) == [payload]


LIAR, HEX_LIAR = wire.erxudp_binary(wire.POWER_420_W), wire.erxudp_hex(wire.POWER_420_W)
LIES = [
    ("binary, too long", LIAR.replace(b" 0012 ", b" 0014 ")),
    ("binary, too short", LIAR.replace(b" 0012 ", b" 0010 ")),
    ("binary, far too long", LIAR.replace(b" 0012 ", b" 0400 ")),
    ("binary, impossible", LIAR.replace(b" 0012 ", b" FFFF ")),
    ("hexadecimal, too long", HEX_LIAR.replace(b" 0012 ", b" 0014 ")),
    ("hexadecimal, too short", HEX_LIAR.replace(b" 0012 ", b" 0010 ")),
    ("hexadecimal, impossible", HEX_LIAR.replace(b" 0012 ", b" 04D1 ")),
    ("cut in the header", LIAR[:70] + b"\r\n"),
    ("cut in the header, no line end", LIAR[:70]),
    ("cut in the payload", LIAR[:-9]),
    ("cut in the digits", HEX_LIAR[:-9] + b"\r\n"),
    ("a header of another width", LIAR.replace(b" 1 0012 ", b" 1 0 0 0 0012 ")),
]


@pytest.mark.parametrize("lie", [row[1] for row in LIES], ids=[row[0] for row in LIES])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_lying_length_costs_only_its_own_datagram(lie: bytes, step: int) -> None:
    follow = b"EVENT 21 " + wire.METER.encode() + b" 00\r\nOK\r\n" + BINARY + HEXADECIMAL
    stream = lie + follow
    events = read(*(stream[i : i + step] for i in range(0, len(stream), step)))
    good = [event for event in events if not isinstance(event, Noise)]
    assert [event.payload for event in good if isinstance(event, UdpReceived)] == [POWER, POWER]
    assert CommandAccepted() in good
    assert Transmitted(TransmitResult.SENT) in good
    assert len(good) == 4


def test_garbage_before_a_datagram_is_not_part_of_it() -> None:
    assert payloads(b"\x90\x12half" + BINARY) == [POWER]


def test_an_impossible_length_is_not_waited_for() -> None:
    events = read(LIAR.replace(b" 0012 ", b" 04D1 ") + b"ESREG 0\r\n")
    assert events[-1] == Answer("ESREG", ("0",))
