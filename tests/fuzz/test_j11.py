"""The J11 dialect under any chunking, any noise and any wrong sum."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from broute_addon.wisun.dialect import Exchange
from broute_addon.wisun.events import Event, JoinSucceeded, Noise, UdpReceived
from broute_addon.wisun.j11 import J11
from broute_addon.wisun.j11_frames import Frame, FrameReader
from tests.fuzz.chunks import cut, sizes
from tests.fuzz.effort import tries
from tests.wire import sk_sessions as wire

UNIQUE = bytes.fromhex("D0F9EE5D")
LONGEST_FRAME = 1361
METER_IP = bytes.fromhex("FE80000000000000D25EA55A0C1042A7")
CODES = [
    0x2001, 0x2008, 0x2051, 0x2053, 0x2054, 0x2056, 0x2057, 0x20DB, 0x2FFF, 0xFFFF,
    0x4051, 0x6018, 0x6019, 0x601A, 0x6028, 0x6038, 0x60D1, 0x0000,
]  # fmt: skip


def frame(code: int, data: bytes) -> bytes:
    """As the module writes it (wisun-modules 3.1)."""
    head = UNIQUE + code.to_bytes(2, "big") + (4 + len(data)).to_bytes(2, "big")
    sums = (sum(head) % 65536).to_bytes(2, "big") + (sum(data) % 65536).to_bytes(2, "big")
    return head + sums + data


def received(payload: bytes, *, port: int = 0x0E1A) -> bytes:
    """6018: a datagram, encrypted, at -71 dBm."""
    ports = port.to_bytes(2, "big") * 2
    data = (
        METER_IP + ports + bytes.fromhex("42A70002B9") + len(payload).to_bytes(2, "big") + payload
    )
    return frame(0x6018, data)


_pieces = st.binary(max_size=12) | st.sampled_from(
    [UNIQUE, UNIQUE[:3], b"\xd0", b"\r\n", b"\0" * 9]
)
contents = st.lists(_pieces, max_size=6).map(b"".join) | st.just(bytes(1349))
frames = st.tuples(st.sampled_from(CODES) | st.integers(0, 0xFFFF), contents)

_damaged = st.builds(
    lambda code, data, at, gone, put: _spliced(frame(code, data), at, gone, put),
    st.sampled_from(CODES),
    contents,
    st.integers(0, 40),
    st.integers(1, 20),
    st.binary(max_size=4),
)
_lying = st.builds(
    lambda code, length, data: _lie(code, length) + data,
    st.sampled_from(CODES),
    st.integers(0, 0xFFFF) | st.sampled_from([0, 3, 4, 5, 1353, 1354]),
    st.binary(max_size=40),
)
noises = st.lists(st.binary(max_size=60) | _pieces | _damaged | _lying, max_size=5).map(b"".join)


def _spliced(octets: bytes, at: int, gone: int, put: bytes) -> bytes:
    return octets[:at] + put + octets[at + gone :]


def _lie(code: int, length: int) -> bytes:
    """A header that is right but for its length; the data's sum is nobody's."""
    head = UNIQUE + code.to_bytes(2, "big") + length.to_bytes(2, "big")
    return head + (sum(head) % 65536).to_bytes(2, "big") + b"\xab\xcd"


def swallows(noise: bytes, following: bytes) -> bool:
    """Noise that is the beginning of a good frame, which the bytes behind it happen to complete."""
    stream = noise + following
    for start in (found.start() for found in re.finditer(re.escape(UNIQUE), noise)):
        head = stream[start : start + 8]
        end = start + 8 + int.from_bytes(head[6:], "big")
        whole = frame(int.from_bytes(head[4:6], "big"), stream[start + 12 : end])
        if end > len(noise) and stream[start:end] == whole:
            return True
    return False


def read(reader: FrameReader, stream: bytes, lengths: list[int]) -> list[Frame | Noise]:
    heard: list[Frame | Noise] = []
    for chunk in cut(stream, lengths):
        heard += reader.receive(chunk)
        assert len(reader) <= LONGEST_FRAME
    return heard


@tries(80)
@given(st.lists(frames, min_size=1, max_size=8), sizes)
def test_any_chunking_gives_the_frames_that_were_written(
    written: list[tuple[int, bytes]], lengths: list[int]
) -> None:
    stream = b"".join(frame(code, data) for code, data in written)
    assert read(FrameReader(), stream, lengths) == [Frame(code, data) for code, data in written]


@tries(90)
@given(noises, st.lists(frames, min_size=1, max_size=4), sizes)
def test_every_good_frame_behind_any_noise_is_read(
    noise: bytes, good: list[tuple[int, bytes]], lengths: list[int]
) -> None:
    """Not one is lost, even where a length lies; `LONGEST_FRAME` more bytes end any waiting."""
    following = b"".join(frame(code, data) for code, data in good)
    assume(not swallows(noise, following))
    stream = noise + following
    heard = read(FrameReader(), stream, lengths)
    found = [each for each in heard if isinstance(each, Frame)]
    assert found[-len(good) :] == [Frame(code, data) for code, data in good]
    lost = sum(each.size for each in heard if isinstance(each, Noise))
    assert lost <= len(noise)


@tries(80)
@given(st.data(), frames, st.integers(1, 255), sizes)
def test_a_frame_with_one_wrong_byte_is_none_and_the_next_is_read(
    data: st.DataObject, spoiled: tuple[int, bytes], by: int, lengths: list[int]
) -> None:
    octets = bytearray(frame(*spoiled))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= by
    heard = read(FrameReader(), bytes(octets) + received(wire.POWER_420_W), lengths)
    codes = [each.code for each in heard if isinstance(each, Frame)]
    assert codes == [0x6018]


def told(dialect: J11, stream: bytes, lengths: list[int]) -> list[Event]:
    return [event for chunk in cut(stream, lengths) for event in dialect.receive(chunk)]


@tries(90)
@given(st.lists(frames | st.just(None), max_size=8), noises, st.sampled_from(CODES), sizes)
def test_whatever_a_module_says_nothing_raises_and_chunking_means_nothing(
    written: list[tuple[int, bytes] | None], noise: bytes, asked: int, lengths: list[int]
) -> None:
    stream = frame(0x6028, b"\x01" + bytes(8)) + received(wire.POWER_420_W)
    for each in reversed(written):
        assume(each is not None or not swallows(noise, stream))
        stream = (noise if each is None else frame(*each)) + stream
    request = UNIQUE + (asked & 0xDFFF).to_bytes(2, "big") + b"\0\4"
    dialects = J11(), J11()
    for dialect in dialects:
        dialect.expect(Exchange(request, "asked"))
    whole, cut_up = told(dialects[0], stream, [10**6]), told(dialects[1], stream, lengths)
    assert _without_noise(whole) == _without_noise(cut_up)
    joined, datagram = _without_noise(cut_up)[-2:]
    assert isinstance(joined, JoinSucceeded)
    assert isinstance(datagram, UdpReceived)
    assert (datagram.payload, datagram.source) == (wire.POWER_420_W, wire.METER)


def _without_noise(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Noise)]


@tries(40)
@given(st.lists(st.binary(min_size=1, max_size=1232), min_size=1, max_size=3), noises, sizes)
def test_a_datagram_is_what_was_received(
    payloads: list[bytes], noise: bytes, lengths: list[int]
) -> None:
    stream = b""
    for payload in reversed(payloads):
        assume(not stream or not swallows(noise, stream))
        stream = received(payload) + (noise + stream if stream else b"")
    events = told(J11(), stream, lengths)
    datagrams = [event for event in events if isinstance(event, UdpReceived)]
    assert [event.payload for event in datagrams] == payloads
    assert all((event.secured, event.dbm, event.port) == (True, -71, 0x0E1A) for event in datagrams)


def test_noise_that_begins_a_good_frame_is_told_from_other_noise() -> None:
    """The fuzz must know what no reader can: those bytes are a frame."""
    begun = frame(0x0120, UNIQUE)[:12]
    assert swallows(begun, received(b"\0"))
    assert not swallows(begun[:-1] + b"\0", received(b"\0"))
