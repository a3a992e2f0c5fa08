"""ECHONET Lite frames as the meter reads and writes them (format 1; echonet-lite-meter.md 1).

Independent of the product's codec on purpose: a fault there must not cancel itself here.
"""

from typing import NamedTuple

CONTROLLER = bytes.fromhex("05FF01")
NODE_PROFILE = bytes.fromhex("0EF001")
METER = bytes.fromhex("028801")

SET_I, SET_C, GET, INF_REQ, SET_GET = 0x60, 0x61, 0x62, 0x63, 0x6E
SET_RES, GET_RES, INF, INFC, INFC_RES, SET_GET_RES = 0x71, 0x72, 0x73, 0x74, 0x7A, 0x7E
SET_I_SNA, SET_C_SNA, GET_SNA, INF_SNA, SET_GET_SNA = 0x50, 0x51, 0x52, 0x53, 0x5E

_TWO_BLOCKS = (SET_GET, SET_GET_RES, SET_GET_SNA)
_HEADER = 12

Block = tuple[tuple[int, bytes], ...]
"""Properties in order: EPC and EDT."""


class Frame(NamedTuple):
    """One frame. `second` is the Get block of the SetGet family, else `None`."""

    tid: int
    seoj: bytes
    deoj: bytes
    esv: int
    first: Block
    second: Block | None = None

    def serialize(self) -> bytes:
        """The bytes on the wire."""
        out = b"\x10\x81" + self.tid.to_bytes(2, "big") + self.seoj + self.deoj
        out += bytes([self.esv]) + _block_bytes(self.first)
        return out if self.second is None else out + _block_bytes(self.second)


def parse(data: bytes) -> Frame | None:
    """The frame, or `None` for anything a meter leaves unanswered: not format 1, cut, too short.

    Bytes after the last property are ignored.
    """
    if len(data) < _HEADER or data[:2] != b"\x10\x81":
        return None
    esv = data[10]
    first, end = _read_block(data, 11)
    second: Block | None = None
    if first is not None and esv in _TWO_BLOCKS:
        second, _ = _read_block(data, end)
        if second is None:
            return None
    if first is None:
        return None
    return Frame(int.from_bytes(data[2:4], "big"), data[4:7], data[7:10], esv, first, second)


def _read_block(data: bytes, at: int) -> tuple[Block | None, int]:
    if at >= len(data):
        return None, at
    properties: list[tuple[int, bytes]] = []
    count, at = data[at], at + 1
    for _ in range(count):
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            return None, at
        end = at + 2 + data[at + 1]
        properties.append((data[at], data[at + 2 : end]))
        at = end
    return tuple(properties), at


def _block_bytes(block: Block) -> bytes:
    out = bytes([len(block)])
    for epc, edt in block:
        out += bytes([epc, len(edt)]) + edt
    return out
