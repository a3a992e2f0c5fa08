"""J11 framing (wisun-modules.md 3.1): unique code, command, length, two sums, data.

The module drops whatever precedes a unique code, checks the header before the data, and gives a
frame up when a second passes without a byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass

REQUEST, RESPONSE = bytes.fromhex("D0EA83FC"), bytes.fromhex("D0F9EE5D")

UNKNOWN_COMMAND, BROKEN_HEADER = 0xFFFF, 0x2FFF
"""Codes of error responses that belong to no command."""

ANSWERS = 0x2000
"""Added to a request's code."""

LONGEST = 1353
"""The largest message length: four more than the data."""

TIMED_OUT, BAD_HEADER, BAD_DATA, TOO_SHORT, TOO_LONG = 0x13, 0xF0, 0xF1, 0xF2, 0xF3

_HEADER = 12


@dataclass(frozen=True, slots=True)
class Request:
    """A frame from the host, or what was wrong with it (`fault`, a result code).

    `code` is `None` when the header can't be trusted.
    """

    code: int | None
    data: bytes = b""
    fault: int | None = None


def frame(code: int, data: bytes = b"") -> bytes:
    """A response or notification."""
    header = RESPONSE + code.to_bytes(2, "big") + (len(data) + 4).to_bytes(2, "big")
    return header + _total(header) + _total(data) + data


def with_wrong_sum(whole: bytes) -> bytes:
    """The same frame with a data checksum that is off by one (a fault)."""
    return whole[:11] + bytes([whole[11] ^ 1]) + whole[12:]


def _total(data: bytes) -> bytes:
    return (sum(data) & 0xFFFF).to_bytes(2, "big")


class FrameReader:
    """The module's input: bytes in, requests out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def is_mid_frame(self) -> bool:
        return bool(self._buffer)

    def clear(self) -> None:
        self._buffer.clear()

    def receive(self, data: bytes) -> Iterator[Request]:
        """Take bytes; each complete or broken frame comes out."""
        self._buffer += data
        while (request := self._next()) is not None:
            yield request

    def expire(self) -> Request | None:
        """A second passed without a byte: what is left of a frame is given up."""
        left = bytes(self._buffer)
        self._buffer.clear()
        if len(left) < len(REQUEST):
            return None
        code = int.from_bytes(left[4:6], "big") if len(left) >= _HEADER else None
        return Request(code, fault=TIMED_OUT)

    def _next(self) -> Request | None:
        buffer = self._buffer
        self._skip_noise()
        if len(buffer) < _HEADER:
            return None
        code, length = int.from_bytes(buffer[4:6], "big"), int.from_bytes(buffer[6:8], "big")
        if _total(bytes(buffer[:8])) != buffer[8:10]:
            return self._drop(_HEADER, Request(None, fault=BAD_HEADER))
        if not 4 <= length <= LONGEST:
            return self._drop(_HEADER, Request(code, fault=TOO_SHORT if length < 4 else TOO_LONG))
        end = _HEADER + length - 4
        if len(buffer) < end:
            return None
        data = bytes(buffer[_HEADER:end])
        fault = None if _total(data) == buffer[10:12] else BAD_DATA
        return self._drop(end, Request(code, data, fault))

    def _drop(self, size: int, request: Request) -> Request:
        del self._buffer[:size]
        return request

    def _skip_noise(self) -> None:
        """Up to the next unique code, or to what may become one."""
        at = self._buffer.find(REQUEST)
        if at < 0:
            ends = (n for n in (3, 2, 1) if self._buffer.endswith(REQUEST[:n]))
            at = len(self._buffer) - next(ends, 0)
        del self._buffer[:at]
