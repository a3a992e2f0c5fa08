"""The text grammar as tables of bytes."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broute_addon.wisun.commands import ActiveScan, EchoOff, ShowSignal
from broute_addon.wisun.dialect import Exchange
from broute_addon.wisun.events import (
    Answer,
    CommandAccepted,
    CommandFailed,
    EnergyScanned,
    Event,
    JoinFailed,
    JoinSucceeded,
    Noise,
    Notice,
    PanFound,
    ScanFinished,
    SessionClosed,
    SessionExpired,
    TerminatedByMeter,
    TransmitBudgetExhausted,
    TransmitBudgetRestored,
    TransmitResult,
    Transmitted,
    UdpReceived,
    WokeUp,
)
from broute_addon.wisun.sk_variants import SINGLE_HOP
from broute_addon.wisun.skstack import SkStack
from broute_addon.wisun.values import MacAddress, Pan
from tests.wire import sk_sessions as wire

OK = CommandAccepted()
METER = wire.METER.encode()
SENT, FAILED = Transmitted(TransmitResult.SENT), Transmitted(TransmitResult.FAILED)
RESOLVING = Transmitted(TransmitResult.RESOLVING)
MAC = MacAddress.parse(wire.MAC)


def pan(lqi: int | None = 0xB2, pairing_id: str | None = "215C3E7F") -> Pan:
    return Pan(0x2D, 0x42A7, MAC, lqi, pairing_id)


def udp(
    payload: bytes, port: int = 0x0E1A, *, secured: bool = True, lqi: int | None = None
) -> Event:
    return UdpReceived(wire.METER, port, MAC, secured, payload, lqi)


def read(*chunks: bytes, echo: bytes = b"") -> list[Event]:
    dialect = SkStack(SINGLE_HOP)
    dialect.expect(Exchange(b"", "", echo=echo))
    return [event for chunk in chunks for event in dialect.receive(chunk)]


def sentences(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Noise)]


SINGLE_HOP_EVENTS = [
    OK, OK,
    Answer("EVER", ("1.2.10",)), OK,
    Answer("EAPPVER", ("rev26e",)), OK,
    Answer("EINFO", (wire.SINGLE_HOP_STICK, "001D129000ABC123", "21", "FFFF", "FFFE")), OK,
    CommandAccepted("00"), OK, OK, OK,
    Notice(0x20), PanFound(pan()), ScanFinished(),
    OK, OK, OK,
    RESOLVING, Notice(0x02), SENT,
    udp(wire.PANA_REQUEST_START, 0x02CC, secured=False),
    udp(wire.PANA_COMPLETE, 0x02CC, secured=False),
    JoinSucceeded(),
    udp(wire.INSTANCE_LIST),
    SENT, OK,
    udp(wire.POWER_3338_W),
]  # fmt: skip
DUAL_EVENTS = [
    Answer("EVER", ("1.5.2",)), OK,
    Answer("EINFO", (wire.DUAL_STICK, "001D129100DEF456", "2D", "42A7", "0")), OK,
    CommandAccepted("01"), OK,
    SENT, SessionClosed(confirmed=True),
    OK, ScanFinished(),
    OK, Notice(0x20), PanFound(pan(0xE1)), ScanFinished(),
    RESOLVING, Notice(0x02), SENT,
    udp(wire.PANA_REQUEST_START, 0x02CC, secured=False, lqi=0xE1),
    JoinSucceeded(),
    udp(wire.INSTANCE_LIST, lqi=0xE0),
    SENT, OK,
    udp(wire.POWER_420_W, lqi=0xDF),
]  # fmt: skip
SESSIONS = [
    pytest.param(wire.SINGLE_HOP_SESSION, SINGLE_HOP_EVENTS, id="6.1 single-hop, binary"),
    pytest.param(wire.DUAL_SESSION, DUAL_EVENTS, id="6.2 dual, hexadecimal, RSSI"),
]


@pytest.mark.parametrize(("stream", "events"), SESSIONS)
def test_an_annotated_session_reads_as_annotated(stream: bytes, events: list[Event]) -> None:
    assert sentences(read(stream)) == events


@pytest.mark.parametrize(("stream", "events"), SESSIONS)
def test_one_byte_at_a_time_reads_the_same(stream: bytes, events: list[Event]) -> None:
    assert sentences(read(*(stream[i : i + 1] for i in range(len(stream))))) == events


@given(cuts=st.lists(st.integers(0, len(wire.SINGLE_HOP_SESSION)), max_size=30))
def test_any_chunking_reads_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(wire.SINGLE_HOP_SESSION)]
    chunks = [wire.SINGLE_HOP_SESSION[a:b] for a, b in pairwise(edges)]
    assert sentences(read(*chunks)) == SINGLE_HOP_EVENTS


LINES: list[tuple[str, bytes, list[Event]]] = [
    ("accepted", b"OK\r\n", [OK]),
    ("accepted with a value, no LF", b"OK 01\r", [CommandAccepted("01")]),
    ("refused", b"FAIL ER10\r\n", [CommandFailed(10)]),
    ("unknown code", b"FAIL ER77\r\n", [CommandFailed(77)]),
    ("unreadable code", b"FAIL E?\r\n", [CommandFailed(0)]),
    ("no code", b"FAIL\r\n", [CommandFailed(0)]),
    ("blank lines and half line ends", b"\r\n\n\rOK\r\r\n\n", [OK]),
    ("zeros before a sentence", b"\0\0OK\r\n", [OK]),
    ("21 sent, single-hop", b"EVENT 21 " + METER + b" 00\r\n", [SENT]),
    ("21 sent, dual", b"EVENT 21 " + METER + b" 0 00\r\n", [SENT]),
    ("21 failed, one digit", b"EVENT 21 " + METER + b" 1\r\n", [FAILED]),
    ("21 failed, dual", b"EVENT 21 " + METER + b" 0 01\r\n", [FAILED]),
    ("21 solicitation", b"EVENT 21 " + METER + b" 0 2\r\n", [RESOLVING]),
    ("21 unknown parameter", b"EVENT 21 " + METER + b" 0 07\r\n", [Notice(0x21)]),
    ("21 without parameter", b"EVENT 21 " + METER + b"\r\n", [Notice(0x21)]),
    ("24", b"EVENT 24 " + METER + b"\r\n", [JoinFailed()]),
    ("24, dual", b"EVENT 24 " + METER + b" 0\r\n", [JoinFailed()]),
    ("26", b"EVENT 26 " + METER + b"\r\n", [TerminatedByMeter()]),
    ("28", b"EVENT 28 " + METER + b" 0\r\n", [SessionClosed(confirmed=False)]),
    ("29", b"EVENT 29 " + METER + b"\r\n", [SessionExpired()]),
    ("32", b"EVENT 32 " + METER + b"\r\n", [TransmitBudgetExhausted()]),
    ("33, side FF", b"EVENT 33 " + METER + b" FF\r\n", [TransmitBudgetRestored()]),
    ("C0 without address", b"EVENT C0\r\n", [WokeUp()]),
    ("C0 with address", b"EVENT C0 " + METER + b" FF\r\n", [WokeUp()]),
    ("an event of the other side", b"EVENT 45 " + METER + b" 1 03\r\n", [Notice(0x45)]),
    ("no number", b"EVENT zz\r\n", [Noise(2)]),
    ("a register", b"ESREG 0\r\nOK\r\n", [Answer("ESREG", ("0",)), OK]),
    ("an unexpected echo", b"SKSENDTO 1 x\r\n", [Noise(12)]),
    ("words that only begin like a sentence", b"OKAY\r\n", [Noise(4)]),
    ("a key table is never read", b"psk:00112233\r\n", [Noise(12)]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "events"), [row[1:] for row in LINES], ids=[r[0] for r in LINES])
def test_a_line_means_what_the_manual_says(data: bytes, events: list[Event]) -> None:
    assert read(data) == events


BEACON = (
    b"EPANDESC\r\n  Channel:2D\r\n  Channel Page:09\r\n  Pan ID:42A7\r\n"
    b"  Addr:D05EA55A0C1042A7\r\n  LQI:B2\r\n"
)
END = b"EVENT 22 " + METER + b"\r\n"
BEACONS = [
    ("six rows", BEACON + b"  PairID:215C3E7F\r\n", [PanFound(pan())]),
    ("seven rows", BEACON + b"  Side:0\r\n  PairID:215C3E7F\r\n", [PanFound(pan())]),
    ("no PairID", BEACON + b"  Side:0\r\n", [PanFound(pan(pairing_id=None))]),
    ("one leading space", BEACON.replace(b"  ", b" "), [PanFound(pan(pairing_id=None))]),
    ("blank lines inside", BEACON.replace(b"\r\n", b"\r\n\r\n"), [PanFound(pan(pairing_id=None))]),
    (
        "an event between its rows",
        BEACON + b"EVENT 02 " + METER + b"\r\n  PairID:215C3E7F\r\n",
        [Notice(0x02), PanFound(pan())],
    ),
    ("two beacons", BEACON + BEACON, [PanFound(pan(pairing_id=None))] * 2),
    ("no address", b"EPANDESC\r\n  Channel:2D\r\n  Pan ID:42A7\r\n", [Noise(6)]),
    ("a cut address", BEACON.replace(b"42A7\r\n  LQI", b"\r\n  LQI"), [Noise(22)]),
]


@pytest.mark.parametrize(
    ("data", "events"), [row[1:] for row in BEACONS], ids=[row[0] for row in BEACONS]
)
def test_a_beacon_is_read_in_every_layout(data: bytes, events: list[Event]) -> None:
    assert read(data + END) == [*events, ScanFinished()]


LAID_OUT = [
    pytest.param(BEACON + b"  PairID:215C3E7F\r\n", id="six rows"),
    pytest.param(BEACON + b"  Side:0\r\n  PairID:215C3E7F\r\n", id="seven rows"),
]


@pytest.mark.parametrize("data", LAID_OUT)
def test_a_beacon_that_lost_a_byte_is_a_pan_or_noise_and_the_next_one_is_read(data: bytes) -> None:
    for at in range(len(data)):
        events = read(data[:at] + data[at + 1 :] + data + END)
        assert events[-2:] == [PanFound(pan()), ScanFinished()], at
        for found in (event.pan for event in events[:-2] if isinstance(event, PanFound)):
            assert 0x21 <= found.channel <= 0x3C, at


@pytest.mark.parametrize(
    ("row", "damaged"),
    [
        (b"Channel:2D", b"Channel:D"),
        (b"Channel:2D", b"Channel:3D"),
        (b"Channel:2D", b"Channel:20"),
        (b"Pan ID:42A7", b"Pan ID:42A70"),
        (b"Pan ID:42A7", b"Pan ID:-2A7"),
    ],
)
def test_a_beacon_that_can_not_be_is_noise(row: bytes, damaged: bytes) -> None:
    [noise, end] = read(BEACON.replace(row, damaged) + END)
    assert isinstance(noise, Noise)
    assert end == ScanFinished()


@pytest.mark.parametrize(
    "data",
    [
        b"EEDSCAN\r\n21 10 22 0F\r\n",
        b"EEDSCAN\r\n0 21 10 22 0F\r\n",
        b"EEDSCAN\r\n\r\n0 21 10 22 0F\r\n\r\n",
    ],
    ids=["single-hop", "dual", "extra empty lines"],
)
def test_noise_levels_are_read_with_and_without_side(data: bytes) -> None:
    assert read(data) == [EnergyScanned(((0x21, 0x10), (0x22, 0x0F)))]


@settings(max_examples=200)
@given(noise=st.lists(st.binary(max_size=80), max_size=8))
def test_noise_never_raises_and_the_next_datagram_is_read(noise: list[bytes]) -> None:
    good = b"\r\n" + wire.erxudp_binary(wire.POWER_420_W)
    # A lying header may claim up to 1232 bytes; so the good one comes until that is filled.
    events = read(*noise, *[good] * 12)
    assert events[-1] == udp(wire.POWER_420_W)


def test_a_guessed_form_never_writes_sa2() -> None:
    """It is the transmit power of the sticks that the guess may be wrong about."""
    dialect = SkStack(SINGLE_HOP)
    scan = ActiveScan(4, paired=True)
    assert dialect.encode(ShowSignal()) == ()
    assert dialect.adapt(scan, 5)
    assert dialect.encode(ShowSignal()) == ()
    dialect.accepted(EchoOff())  # says nothing of SIDE
    assert dialect.encode(ShowSignal()) == ()
    dialect.accepted(scan)
    assert [exchange.trace for exchange in dialect.encode(ShowSignal())] == ["SKSREG SA2 1"]
    assert not dialect.adapt(scan, 5)


LONGEST_SENTENCE = 126 + 2 * 1232 + 2


@given(noise=st.lists(st.binary(max_size=900) | st.just(wire.erxudp_hex(bytes(1232))[:-2])))
def test_what_is_not_understood_yet_stays_bounded(noise: list[bytes]) -> None:
    dialect = SkStack(SINGLE_HOP)
    for chunk in noise:
        dialect.receive(chunk)
        assert len(dialect._buffer) <= LONGEST_SENTENCE


def test_an_endless_line_is_forgotten() -> None:
    dialect = SkStack(SINGLE_HOP)
    for _ in range(100):
        dialect.receive(b"x" * 999)
        assert len(dialect._buffer) <= LONGEST_SENTENCE
    assert sentences(dialect.receive(b"\r\nOK\r\n")) == [OK]
