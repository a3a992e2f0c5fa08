"""ECHONET Lite frames of EDATA format 1.

    EHD 1081 | TID 2 | SEOJ 3 | DEOJ 3 | ESV 1 | OPC 1 | OPC x { EPC 1, PDC 1, EDT PDC }

Two traps of the format live here. The SetGet services carry a second OPC block, which a parser of
one block loses without noticing. And PDC 0 means "accepted" in an answer to Set but "refused" in
an answer to Get, so nothing here interprets it: `PropertyData.edt` is just empty.

A frame that is cut is dropped whole: what looks complete in it can't be trusted. Bytes after the
last property are accepted (meters exist that send them) and counted in `Frame.trailing`.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from broute_addon.errors import FrameError
from broute_addon.messages import Message, message

_HEAD = Struct(">HH6sBB")
_unpack_head = _HEAD.unpack_from
_EHD = 0x1081
_EHD_FORMAT_2 = 0x1082
_TRACE_LIMIT = 300  # characters of str(frame)
_TRACE_EDT_LIMIT = 16  # bytes of one EDT in it
_UNTRACED = (0x8D, 0xC0)  # serial number, Route-B identification number: personal

_new = tuple.__new__  # a third of the cost of a named tuple's own constructor


@dataclass(frozen=True, slots=True)
class Eoj:
    """An ECHONET object: class group, class, instance. Prints as 6 hex digits."""

    octets: bytes

    @classmethod
    def parse(cls, text: str) -> "Eoj":
        """From 6 hex digits. Raises FrameError for anything else."""
        try:
            octets = bytes.fromhex(text)
        except ValueError:
            octets = b""
        if len(octets) != 3:
            raise FrameError(message("eoj_wrong", eoj=text))
        return cls(octets)

    @property
    def eoj_class(self) -> int:
        """Class group and class: 0x0288 for the meter."""
        return self.octets[0] << 8 | self.octets[1]

    @property
    def instance(self) -> int:
        """1..127; 0 in a DEOJ addresses every instance."""
        return self.octets[2]

    def __str__(self) -> str:
        return self.octets.hex().upper()


CONTROLLER = Eoj(bytes.fromhex("05FF01"))
NODE_PROFILE = Eoj(bytes.fromhex("0EF001"))
METER = Eoj(bytes.fromhex("028801"))

_KNOWN_EOJS = (CONTROLLER, NODE_PROFILE, METER)
_KNOWN_PAIRS = {a.octets + b.octets: (a, b) for a in _KNOWN_EOJS for b in _KNOWN_EOJS}


class Esv(IntEnum):
    """Service codes. `str()` is the symbol of the specification."""

    SET_I = 0x60
    SET_C = 0x61
    GET = 0x62
    INF_REQ = 0x63
    SET_GET = 0x6E
    SET_RES = 0x71
    GET_RES = 0x72
    INF = 0x73
    INFC = 0x74
    INFC_RES = 0x7A
    SET_GET_RES = 0x7E
    SET_I_SNA = 0x50
    SET_C_SNA = 0x51
    GET_SNA = 0x52
    INF_SNA = 0x53
    SET_GET_SNA = 0x5E

    @property
    def response(self) -> "Esv | None":
        """The service that says "done" to this request; None where there is none."""
        return _RESPONSES.get(self)

    @property
    def refusal(self) -> "Esv | None":
        """The "service not available" of this request; None where there is none."""
        return _REFUSALS.get(self)

    @property
    def answers(self) -> "frozenset[Esv]":
        """Every service that may come back to this request."""
        return _ANSWERS[self]

    @property
    def is_request(self) -> bool:
        """The class of the specification: upper nibble 6."""
        return self >> 4 == 6

    def __str__(self) -> str:
        return _SYMBOLS[self]


_RESPONSES = {
    Esv.SET_C: Esv.SET_RES,
    Esv.GET: Esv.GET_RES,
    Esv.INF_REQ: Esv.INF,
    Esv.SET_GET: Esv.SET_GET_RES,
    Esv.INFC: Esv.INFC_RES,
}
_REFUSALS = {
    Esv.SET_I: Esv.SET_I_SNA,
    Esv.SET_C: Esv.SET_C_SNA,
    Esv.GET: Esv.GET_SNA,
    Esv.INF_REQ: Esv.INF_SNA,
    Esv.SET_GET: Esv.SET_GET_SNA,
}
_ANSWERS = {
    esv: frozenset(each for each in (esv.response, esv.refusal) if each is not None) for esv in Esv
}
_SYMBOLS = {
    Esv.SET_I: "SetI",
    Esv.SET_C: "SetC",
    Esv.GET: "Get",
    Esv.INF_REQ: "INF_REQ",
    Esv.SET_GET: "SetGet",
    Esv.SET_RES: "Set_Res",
    Esv.GET_RES: "Get_Res",
    Esv.INF: "INF",
    Esv.INFC: "INFC",
    Esv.INFC_RES: "INFC_Res",
    Esv.SET_GET_RES: "SetGet_Res",
    Esv.SET_I_SNA: "SetI_SNA",
    Esv.SET_C_SNA: "SetC_SNA",
    Esv.GET_SNA: "Get_SNA",
    Esv.INF_SNA: "INF_SNA",
    Esv.SET_GET_SNA: "SetGet_SNA",
}
_ESVS = {int(esv): esv for esv in Esv}
_TWO_BLOCKS = (0x6E, 0x7E, 0x5E)  # numbers: hashing an enum member is slow


class PropertyData(NamedTuple):
    """EPC (0x80..0xFF) and EDT (0..255 bytes; empty where PDC is 0)."""

    epc: int
    edt: bytes = b""


class Frame(NamedTuple):
    """One frame. A tuple, because building one is the dearest part of decoding.

    `get_properties` is the second block of the SetGet services. `trailing` counts bytes that came
    after the last property; it is not sent.
    """

    tid: int
    seoj: Eoj
    deoj: Eoj
    esv: Esv
    properties: tuple[PropertyData, ...]
    get_properties: tuple[PropertyData, ...] = ()
    trailing: int = 0

    @classmethod
    def parse(cls, data: bytes) -> "Frame":
        """From an UDP payload. Raises FrameError for whatever must be dropped."""
        size = len(data)
        if size < 12:
            raise FrameError(message("frame_too_short", count=size))
        ehd, tid, eojs, service, opc = _unpack_head(data)
        if ehd != _EHD:
            raise FrameError(_wrong_header(ehd))
        esv = _ESVS.get(service)
        if esv is None:
            raise FrameError(message("frame_service_unknown", esv=f"{service:02X}"))
        properties, end = _parse_block(data, 12, opc)
        get_properties: tuple[PropertyData, ...] = ()
        if service in _TWO_BLOCKS:
            if end >= size:
                raise FrameError(message("frame_cut", count=size))
            get_properties, end = _parse_block(data, end + 1, data[end])
        seoj, deoj = _KNOWN_PAIRS.get(eojs) or (Eoj(eojs[:3]), Eoj(eojs[3:]))
        return _new(cls, (tid, seoj, deoj, esv, properties, get_properties, size - end))

    def serialise(self) -> bytes:
        """The UDP payload. Raises FrameError if a number doesn't fit its field."""
        if not 0 <= self.tid <= 0xFFFF:
            raise FrameError(message("frame_not_sendable"))
        parts = [
            _HEAD.pack(
                _EHD,
                self.tid,
                self.seoj.octets + self.deoj.octets,
                self.esv,
                _block_count(self.properties),
            )
        ]
        parts.extend(map(_serialise_property, self.properties))
        if self.esv in _TWO_BLOCKS:
            parts.append(bytes([_block_count(self.get_properties)]))
            parts.extend(map(_serialise_property, self.get_properties))
        return b"".join(parts)

    def __str__(self) -> str:
        """One line for a trace, of bounded length: `Get 028801 E7 E8 (tid 0042)`.

        Of two blocks the second stands behind a slash. Personal content is left out.
        """
        node = self.deoj if self.esv.is_request or self.esv is Esv.INFC_RES else self.seoj
        words = [str(self.esv), str(node), *map(_trace_property, self.properties)]
        if self.esv in _TWO_BLOCKS:
            words += ["/", *map(_trace_property, self.get_properties)]
        line = " ".join(words)
        if len(line) > _TRACE_LIMIT:
            line = line[:_TRACE_LIMIT] + "…"
        extra = f", {self.trailing} bytes too many" if self.trailing else ""
        return f"{line} (tid {self.tid:04X}{extra})"


def _wrong_header(ehd: int) -> Message:
    if ehd == _EHD_FORMAT_2:
        return message("frame_format_2")
    return message("frame_header_wrong", header=f"{ehd:04X}")


def _parse_block(data: bytes, at: int, opc: int) -> tuple[tuple[PropertyData, ...], int]:
    """The `opc` properties that begin at `at`, and where they end."""
    properties = []
    try:
        for _ in range(opc):
            begin = at + 2
            end = begin + data[at + 1]
            properties.append(_new(PropertyData, (data[at], data[begin:end])))
            at = end
    except IndexError:
        raise FrameError(message("frame_cut", count=len(data))) from None
    if at > len(data):
        raise FrameError(message("frame_cut", count=len(data)))
    return tuple(properties), at


def _block_count(properties: tuple[PropertyData, ...]) -> int:
    if len(properties) > 0xFF:
        raise FrameError(message("frame_not_sendable"))
    return len(properties)


def _serialise_property(item: PropertyData) -> bytes:
    if len(item.edt) > 0xFF or not 0 <= item.epc <= 0xFF:
        raise FrameError(message("frame_not_sendable"))
    return bytes([item.epc, len(item.edt)]) + item.edt


def _trace_property(item: PropertyData) -> str:
    if not item.edt:
        return f"{item.epc:02X}"
    shown = 0 if item.epc in _UNTRACED else _TRACE_EDT_LIMIT
    digits = item.edt[:shown].hex().upper()
    rest = f"…[{len(item.edt)}]" if len(item.edt) > shown else ""
    return f"{item.epc:02X}={digits}{rest}"
