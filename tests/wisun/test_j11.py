"""The binary grammar as tables of bytes, both ways."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broute_addon.redaction import Secret
from broute_addon.wisun.commands import (
    ALL_CHANNELS,
    GRID_CHANNELS,
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
from broute_addon.wisun.j11 import J11, LIMIT_RETRY_S
from broute_addon.wisun.j11_commands import channel_mask, from_sk_channel, to_sk_channel
from broute_addon.wisun.j11_frames import LONGEST, Frame, FrameReader, request
from broute_addon.wisun.values import Credentials, MacAddress, Pan
from tests.wire import j11_frames as wire

OK = CommandAccepted()
MAC = MacAddress.parse(wire.MAC)
PAN = Pan(0x2D, 0x42A7, MAC, dbm=-56)
SENT, FAILED = Transmitted(TransmitResult.SENT), Transmitted(TransmitResult.FAILED)
CREDENTIALS = Credentials(Secret(wire.ROUTE_B_ID), Secret(wire.PASSWORD))
ROHM = Credentials(Secret(wire.ROHM_ID), Secret(wire.ROHM_PASSWORD))


def udp(payload: str, dbm: int) -> Event:
    return UdpReceived(wire.METER, 0x0E1A, MAC, True, bytes.fromhex(payload), dbm=dbm)


def answer(code: int, data: str) -> bytes:
    """A frame that the document describes but doesn't print."""
    octets = bytes.fromhex(data)
    head = (
        bytes.fromhex("D0F9EE5D") + code.to_bytes(2, "big") + (4 + len(octets)).to_bytes(2, "big")
    )
    sums = [(sum(part) % 65536).to_bytes(2, "big") for part in (head, octets)]
    return head + b"".join(sums) + octets


def read(*chunks: bytes, asked: bytes = wire.GET_STATUS) -> list[Event]:
    dialect = J11()
    dialect.expect(Exchange(asked, ""))
    return [event for chunk in chunks for event in dialect.receive(chunk)]


UNASKED: list[tuple[str, bytes, list[Event]]] = [
    ("no beacon", wire.NO_BEACON_4, [Notice(0x4051)]),
    ("a beacon", wire.BEACON_10, [PanFound(PAN)]),
    ("two beacons", answer(0x4051, "0A".join(["00", "02"]) + (wire.MAC + "42A7C8") * 2),
     [PanFound(PAN)] * 2),
    ("fewer beacons than told", answer(0x4051, "000A02" + wire.MAC + "42A7C8"), [Noise(14)]),
    ("instance list", wire.INSTANCE_LIST, [udp("108100010EF0010EF0017301D50401028801", -55)]),
    ("power", wire.POWER, [udp("1081000102880105FF017201E704000001A4", -56)]),
    ("half-hour", wire.HALF_HOUR,
     [udp("1081010202880105FF017301EA0B07EA0B17071E000001A2C4", -57)]),
    ("unencrypted", answer(0x6018, "FE80000000000000D25EA55A0C1042A70E1A0E1A42A70001DE000110"),
     [UdpReceived(wire.METER, 0x0E1A, MAC, False, b"\x10", dbm=-34)]),
    ("shorter than it says", answer(0x6018, wire.POWER[12:-1].hex()), [Noise(44)]),
    ("MAC connected", answer(0x601A, "01" + wire.MAC + "C8"), [Notice(0x601A)]),
    ("MAC lost", answer(0x601A, "03" + wire.MAC + "C8"), [MeterLost()]),
    ("PANA lost", wire.METER_LOST, [TerminatedByMeter()]),
    ("joined or renewed", wire.JOINED, [JoinSucceeded()]),
    ("join refused", wire.JOIN_REFUSED, [JoinFailed(refused=True)]),
    ("join unanswered", wire.JOIN_UNANSWERED, [JoinFailed(refused=False)]),
    ("decryption failed", wire.UNDECIPHERABLE, [Undecipherable(wire.METER)]),
    ("MAC failed", answer(0x6038, "02FE80000000000000D25EA55A0C1042A75A000000108100"),
     [Undecipherable(wire.METER)]),
    ("no such port", answer(0x6038, "40FE80000000000000D25EA55A0C1042A75A000000108100"),
     [Notice(0x6038)]),
    ("ping", answer(0x60D1, "00"), [Notice(0x60D1)]),
    ("an unknown notification", answer(0x60FF, "0102"), [Notice(0x60FF)]),
    ("no data at all", answer(0x6028, ""), [Noise(0)]),
    ("restarted by itself", wire.STARTED_UP, [Restarted()]),
    ("an answer to the last command but one", wire.SENT, [Notice(0x2008)]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "events"), [r[1:] for r in UNASKED], ids=[r[0] for r in UNASKED])
def test_a_notification_means_what_the_manual_says(data: bytes, events: list[Event]) -> None:
    assert read(data) == events


ANSWERS: list[tuple[str, bytes, bytes, list[Event]]] = [
    ("status, not started", wire.GET_STATUS, wire.STATUS_AFTER_RESET, [OK]),
    ("status, started", wire.GET_STATUS, wire.STATUS_STARTED, [OK]),
    ("status, operating", wire.GET_STATUS, wire.STATUS_OPERATING, [OK]),
    ("status, authenticated", wire.GET_STATUS, wire.STATUS_AUTHENTICATED, [OK]),
    ("unknown command", wire.GET_STATUS, wire.UNKNOWN_COMMAND, [CommandFailed(0x03)]),
    ("header garbled", wire.SEND_GET_POWER, wire.HEADER_GARBLED, [CommandFailed(0xF0)]),
    ("data garbled", wire.SEND_GET_POWER, wire.SEND_DATA_GARBLED, [CommandFailed(0xF1)]),
    ("busy", wire.SCAN, wire.SCAN_BUSY, [CommandFailed(0x3D)]),
    ("not started", wire.SCAN, wire.SCAN_NOT_STARTED, [CommandFailed(0x37)]),
    ("version", wire.GET_VERSION, wire.VERSION, [OK]),
    ("MAC", wire.GET_MAC, wire.MAC_ANSWER, [OK]),
    ("setting", wire.GET_SETTING, wire.SETTING_UNSET, [OK]),
    ("ports", wire.GET_PORTS, wire.PORTS, [OK]),
    ("port closed", wire.CLOSE_PORT, wire.PORT_CLOSED, [OK]),
    ("PAN ID", wire.GET_PAN_ID, wire.PAN_ID, [OK]),
    ("renewal", wire.RENEW, wire.RENEW_ACCEPTED, [OK]),
    ("reset", wire.RESET, wire.STARTED_UP, [OK]),
    ("channel", wire.SET_CHANNEL_4, wire.CHANNEL_SET, [OK]),
    ("credentials", wire.SET_CREDENTIALS, wire.CREDENTIALS_SET, [OK]),
    ("scan over", wire.SCAN, wire.SCAN_FINISHED, [ScanFinished(), OK]),
    ("started", wire.START, wire.STARTED, [PanFound(PAN), OK]),
    ("no meter", wire.START, wire.START_NO_METER, [CommandFailed(0x0E)]),
    ("port opened", wire.OPEN_PORT, wire.PORT_OPENED, [OK]),
    ("PANA", wire.AUTHENTICATE, wire.AUTHENTICATE_ACCEPTED, [OK]),
    ("sent", wire.SEND_GET_POWER, wire.SENT, [SENT, OK]),
    ("queued", wire.SEND_GET_POWER, answer(0x2008, "010F10"), [SENT, OK]),
    ("queue full", wire.SEND_GET_POWER, answer(0x2008, "012F10"), [FAILED, OK]),
    ("carrier busy", wire.SEND_GET_POWER, answer(0x2008, "010310"), [FAILED, OK]),
    ("no acknowledgment", wire.SEND_GET_POWER, wire.SEND_NO_ACK, [FAILED, OK]),
    ("another failure", wire.SEND_GET_POWER, answer(0x2008, "010810"), [FAILED, OK]),
    ("airtime limit", wire.SEND_GET_POWER, wire.SEND_LIMITED,
     [TransmitBudgetExhausted(LIMIT_RETRY_S), FAILED, OK]),
    ("stopped", wire.SEND_GET_POWER, wire.SEND_STOPPED, [CommandFailed(0x10)]),
    ("session ended", wire.END_SESSION, wire.SESSION_ENDED, [OK]),
    ("Route B stopped", wire.STOP, wire.STOPPED, [OK]),
    ("noise levels", request(0x00DB, b"\0\3\xff\xf0"), answer(0x20DB, "010204200540"),
     [EnergyScanned(((33, 0x20), (35, 0x40))), OK]),
    ("no result", wire.GET_STATUS, answer(0x2001, ""), [Noise(0)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "data", "events"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_a_response_means_what_the_manual_says(
    asked: bytes, data: bytes, events: list[Event]
) -> None:
    assert read(data, asked=asked) == events


def test_a_second_answer_is_nobodys() -> None:
    assert read(wire.SENT, wire.SENT, asked=wire.SEND_GET_POWER) == [SENT, OK, Notice(0x2008)]


COMMANDS: list[tuple[str, Command, list[bytes]]] = [
    ("reset", Reset(), [wire.RESET, wire.SET_CHANNEL_4]),
    ("echo", EchoOff(), []),
    ("signal", ShowSignal(), []),
    ("credentials", SetCredentials(CREDENTIALS), [wire.SET_CREDENTIALS]),
    ("credentials, ROHM", SetCredentials(ROHM), [wire.ROHM_CREDENTIALS]),
    ("scan", ActiveScan(6, paired=True), [wire.SCAN]),
    ("scan beside the grid", ActiveScan(6, True, ALL_CHANNELS & ~GRID_CHANNELS), []),
    ("scan for everybody", ActiveScan(4, paired=False),
     [bytes.fromhex("D0EA83FC 0051 000A 0394 01F6 040003FFF000")]),
    ("energy", EnergyScan(4, 0b101), [bytes.fromhex("D0EA83FC 00DB 0008 041C 0030 00000030")]),
    ("select", SelectPan(PAN), [wire.STOP, wire.SET_CHANNEL_10, wire.START, wire.OPEN_PORT]),
    ("join", Join(wire.METER), [wire.AUTHENTICATE]),
    ("renew", Renew(), [wire.RENEW]),
    ("send", SendUdp(wire.METER, wire.GET_POWER), [wire.SEND_GET_POWER]),
    ("send, ROHM", SendUdp(wire.ROHM_SEND_TO, wire.ROHM_SEND_PAYLOAD), [wire.ROHM_SEND]),
    ("terminate", Terminate(4), [wire.END_SESSION, wire.STOP]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "frames"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS]
)
def test_a_command_is_written_as_in_the_worked_frames(
    command: Command, frames: list[bytes]
) -> None:
    dialect = J11()
    dialect.encode(SetCredentials(CREDENTIALS))
    assert [exchange.data for exchange in dialect.encode(command)] == frames


def test_the_pairing_id_is_that_of_the_credentials() -> None:
    dialect = J11()
    dialect.encode(SetCredentials(ROHM))
    assert dialect.encode(ActiveScan(6, paired=True))[0].data == wire.ROHM_SCAN


def test_a_scan_for_everybody_may_have_to_carry_an_empty_pairing_id() -> None:
    dialect, scan = J11(), ActiveScan(4, paired=False)
    short = dialect.encode(scan)[0].data
    assert dialect.adapt(scan, 0x11)
    padded = dialect.encode(scan)[0].data
    assert padded[12:] == short[12:] + bytes(8)
    assert not dialect.adapt(scan, 0x11)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (0x3D, Refusal.AGAIN),
        (0x13, Refusal.AGAIN),
        (0xF1, Refusal.AGAIN),
        (0x10, Refusal.IMPOSSIBLE),
        (0x35, Refusal.IMPOSSIBLE),
        (0x37, Refusal.IMPOSSIBLE),
        (0x0E, Refusal.NO_METER),
        (0x03, Refusal.OTHER),
        (0x99, Refusal.OTHER),
    ],
)
def test_a_refusal_tells_what_to_do(code: int, meaning: Refusal) -> None:
    assert J11().refusal(code) is meaning


def test_channels_are_those_of_the_400_khz_grid() -> None:
    assert [to_sk_channel(n) for n in (4, 10, 17)] == [0x21, 0x2D, 0x3B]
    assert all(from_sk_channel(to_sk_channel(n)) == n for n in range(4, 18))
    assert channel_mask(ALL_CHANNELS) == channel_mask(GRID_CHANNELS) == 0x0003FFF0


@pytest.mark.parametrize("name", wire.EVERY_ANSWER)
def test_one_wrong_bit_anywhere_makes_a_frame_noise(name: str) -> None:
    good = wire.EVERY_ANSWER[name]
    for place in range(len(good)):
        broken = good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :]
        reader = FrameReader()
        read = reader.receive(broken + good)
        assert [item for item in read if isinstance(item, Frame)] == FrameReader().receive(good)
        assert len(reader) == 0


SESSION = b"".join(wire.EVERY_ANSWER.values())


def frames(*chunks: bytes) -> list[Frame]:
    reader = FrameReader()
    found = [item for chunk in chunks for item in reader.receive(chunk)]
    return [item for item in found if isinstance(item, Frame)]


@given(cuts=st.lists(st.integers(0, len(SESSION)), max_size=60))
def test_any_chunking_reads_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SESSION)]
    assert frames(*(SESSION[a:b] for a, b in pairwise(edges))) == frames(SESSION)
    assert len(frames(SESSION)) == len(wire.EVERY_ANSWER)


LONG_CUT = answer(0x6018, "00" * 1200)[:40]


@settings(max_examples=200)
@given(
    noise=st.lists(
        st.binary(max_size=60)
        | st.sampled_from(
            [wire.POWER[:-1], wire.POWER[:9], LONG_CUT, wire.VERSION[:4], b"\xd0\xf9"]
        ),
        max_size=8,
    )
)
def test_behind_any_noise_the_next_good_frame_is_read_at_once(noise: list[bytes]) -> None:
    dialect = J11()
    for chunk in noise:
        dialect.receive(chunk)
    events = dialect.receive(wire.POWER)
    assert events[-1] == read(wire.POWER)[0]


@given(chunks=st.lists(st.binary(max_size=900) | st.just(answer(0x6018, "00" * 1349)[:-1])))
def test_what_is_not_understood_yet_stays_bounded(chunks: list[bytes]) -> None:
    reader = FrameReader()
    for chunk in chunks:
        reader.receive(chunk)
        assert len(reader) < LONGEST


def test_a_long_frame_that_was_cut_does_not_swallow_the_answers_behind_it() -> None:
    cut = answer(0x6018, "00" * 1200)[:500]
    assert frames(cut + wire.SENT) == frames(wire.SENT)
    assert frames(cut, wire.SENT[:5], wire.SENT[5:] + wire.POWER) == frames(wire.SENT + wire.POWER)


def test_the_longest_frame_is_read_and_a_longer_one_is_none() -> None:
    assert len(frames(answer(0x6018, "00" * 1349))) == 1
    assert frames(answer(0x6018, "00" * 1350)) == []


def test_no_secret_is_in_a_trace_or_a_representation() -> None:
    dialect = J11()
    exchanges = dialect.encode(SetCredentials(CREDENTIALS))
    key = read(answer(0x2059, "01" + "AB" * 16), asked=request(0x0059))
    told = repr(exchanges) + exchanges[0].trace + repr(key) + repr(Frame(0x2059, b"\xab" * 16))
    for secret in (wire.ROUTE_B_ID, wire.PASSWORD, "215C3E7F", "abab", "ABAB"):
        assert secret not in told
    scan = dialect.encode(ActiveScan(6, paired=True))[0]
    assert "215C3E7F" not in scan.trace + repr(scan)


def test_traces_are_in_the_manuals_words_without_address_or_payload() -> None:
    dialect = J11()
    told = [
        dialect.trace(event) for event in read(wire.BEACON_10, wire.POWER, wire.METER_LOST, b"x")
    ]
    assert told == [
        "beacon on channel 2D, -56 dBm",
        "6018 18 bytes, port 0E1A",
        "TerminatedByMeter",
        "1 bytes of noise",
    ]
