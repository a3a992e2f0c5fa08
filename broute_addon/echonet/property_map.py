"""Property maps (9D announced, 9E settable, 9F gettable): which EPCs a node has.

Byte 0 is the number N of properties. Up to 15 of them are listed, in any order; from 16 on there
is a bitmap of 16 bytes in which bit j of byte i stands for the EPC ((j + 8) << 4) | i. Where the
number contradicts the bitmap, the bits are trusted.
"""

import logging
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from broute_addon.echonet.codecs import Value, not_encodable, wrong_size

_LOGGER = logging.getLogger(__name__)
_LARGEST_LIST = 15


@dataclass(frozen=True, slots=True)
class PropertyMap:
    """The codec of a property map, as a frozenset of EPCs."""

    @property
    def size(self) -> None:
        """The content tells it: N + 1 for a list, 17 for a bitmap."""

    def decode(self, edt: bytes) -> frozenset[int]:
        return decode_property_map(edt)

    def encode(self, value: Value) -> bytes:
        if not isinstance(value, frozenset):
            raise not_encodable(value)
        return encode_property_map(value)


def decode_property_map(edt: bytes) -> frozenset[int]:
    """The EPCs of either form. Raises EdtError for a size that fits neither."""
    if not edt:
        raise wrong_size(edt, "1..17")
    count = edt[0]
    expected = 1 + count if count <= _LARGEST_LIST else 17
    if len(edt) != expected:
        raise wrong_size(edt, expected)
    if count <= _LARGEST_LIST:
        epcs = frozenset(epc for epc in edt[1:] if epc >= 0x80)
    else:
        epcs = frozenset(
            (bit + 8) << 4 | low for low in range(16) for bit in range(8) if edt[1 + low] >> bit & 1
        )
    if len(epcs) != count:
        _LOGGER.warning("A property map announces %d properties but has %d", count, len(epcs))
    return epcs


def encode_property_map(epcs: AbstractSet[int]) -> bytes:
    """A list up to 15 EPCs, else a bitmap. Raises EdtError for an EPC outside 0x80..0xFF."""
    if any(not 0x80 <= epc <= 0xFF for epc in epcs):
        raise not_encodable(frozenset(epcs))
    if len(epcs) <= _LARGEST_LIST:
        return bytes([len(epcs), *sorted(epcs)])
    bitmap = bytearray(16)
    for epc in epcs:
        bitmap[epc & 0x0F] |= 1 << (epc >> 4) - 8
    return bytes([len(epcs)]) + bytes(bitmap)
