"""Frames of the J11 modules: both checksums, and the way back after noise.

    unique code 4 | command code 2 | length 2 (4 + data) | header sum 2 | data sum 2 | data

All numbers are big-endian (wisun-modules 3.1). `FrameReader` reads as this figure goes; a `None`
that its generator yields stands for "more bytes are needed".

The length can be trusted once the header's sum is right. Bytes that got lost on the line make it
a lie all the same: the frame then swallows what follows. Two things find the way back. When the
data's sum is wrong, only the unique code is dropped, and the search goes on behind it, so that a
good frame that was swallowed is still read. And while data are missing, a whole good frame among
those that are there proves that they will never come. Neither needs a clock, and what is kept
never exceeds the longest frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct

from broute_addon.wisun.events import Noise
from broute_addon.wisun.receive_buffer import ReceiveBuffer

REQUEST = bytes.fromhex("D0EA83FC")
ANSWER = bytes.fromhex("D0F9EE5D")
MAX_DATA = 1349
"""The longest message is 1353: two sums and the data."""

_HEAD = Struct(">4sHHHH")
_SUMS = 4
_BEFORE_SUMS = 8
LONGEST = _HEAD.size + MAX_DATA


@dataclass(frozen=True, slots=True)
class Frame:
    """A response or notification. The data of some hold a key, so they are never shown."""

    code: int
    data: bytes = field(repr=False)


def request(code: int, data: bytes = b"") -> bytes:
    """A command as the module wants it, with both sums."""
    head = REQUEST + Struct(">HH").pack(code, _SUMS + len(data))
    return head + Struct(">HH").pack(_sum(head), _sum(data)) + data


def request_code(octets: bytes) -> int:
    """The command code of a request."""
    return int.from_bytes(octets[4:6], "big")


class FrameReader:
    """Eats bytes in any chunking; gives whole good frames, and the size of what was none."""

    def __init__(self) -> None:
        self._buffer = ReceiveBuffer()
        self._read = self._frames()

    def __len__(self) -> int:
        return len(self._buffer)

    def receive(self, data: bytes) -> list[Frame | Noise]:
        self._buffer.feed(data)
        return list(iter(self._read.__next__, None))

    def _frames(self) -> Iterator[Frame | Noise | None]:
        buffer = self._buffer
        while True:
            yield from self._noise(self._start())
            while len(buffer) < _HEAD.size:
                yield None
                yield from self._noise(self._start())
            size = _size(buffer.peek(_HEAD.size))
            if size is None:
                yield from self._noise(len(ANSWER))
                continue
            while len(buffer) < size and self._whole_frame_inside() < 0:
                yield None
            frame = _frame(buffer.peek(size), size)
            if frame is None:
                yield from self._noise(len(ANSWER))
                continue
            buffer.take(size)
            yield frame

    def _start(self) -> int:
        """How many bytes stand before a unique code, whole or begun."""
        found = self._buffer.find(ANSWER)
        if found >= 0:
            return found
        tail = self._buffer.peek(len(ANSWER), max(0, len(self._buffer) - len(ANSWER) + 1))
        begun = next((n for n in range(len(tail), 0, -1) if tail.endswith(ANSWER[:n])), 0)
        return len(self._buffer) - begun

    def _noise(self, size: int) -> Iterator[Noise]:
        if size:
            yield Noise(len(self._buffer.take(size)))

    def _whole_frame_inside(self) -> int:
        """Where a whole good frame begins behind the unfinished one, -1 without one."""
        found = self._buffer.find(ANSWER, 1)
        while found >= 0:
            size = _size(self._buffer.peek(_HEAD.size, found))
            if size is not None and _frame(self._buffer.peek(size, found), size) is not None:
                return found
            found = self._buffer.find(ANSWER, found + 1)
        return found


def _size(head: bytes) -> int | None:
    """The size of the whole frame; None where this is no header, or a cut one."""
    if len(head) < _HEAD.size:
        return None
    code, _, length, total, _ = _HEAD.unpack(head)
    if code != ANSWER or total != _sum(head[:_BEFORE_SUMS]):
        return None
    return _HEAD.size - _SUMS + length if _SUMS <= length <= _SUMS + MAX_DATA else None


def _frame(octets: bytes, size: int) -> Frame | None:
    """The frame, if it is whole and its data are what was sent."""
    _, code, _, _, total = _HEAD.unpack(octets[: _HEAD.size])
    data = octets[_HEAD.size :]
    return Frame(code, data) if len(octets) == size and total == _sum(data) else None


def _sum(octets: bytes) -> int:
    return sum(octets) & 0xFFFF
