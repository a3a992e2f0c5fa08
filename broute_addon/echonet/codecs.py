"""EDT building blocks. A codec knows width, sign, step and which codes mean "no data".

`decode` gives None for "no data" and for every code that can't be true (a counter above its
range, an impossible date): never 0, never the code itself. Only a wrong size is an error. Exact
throughout: ints, and Decimal where there is a step. `encode` is the inverse; it writes the first
"no data" code for None.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Protocol, TypeAlias

from broute_addon.clock import JST
from broute_addon.errors import EdtError
from broute_addon.messages import message

Value: TypeAlias = (
    int | Decimal | str | datetime | date | time | frozenset[int] | tuple["Value", ...] | None
)
"""What a field can decode to. None: there is no such value at the moment."""


class Codec(Protocol):
    """A kind of field. `size` in bytes; None if the content tells it."""

    @property
    def size(self) -> int | None: ...

    def decode(self, edt: bytes) -> Value:
        """The value. Raises EdtError for a wrong size or an inner structure that contradicts it."""

    def encode(self, value: Value) -> bytes:
        """The EDT. Raises EdtError for a value that the field can't hold."""


_STRUCTS = {
    (1, False): struct.Struct(">B"),
    (2, False): struct.Struct(">H"),
    (4, False): struct.Struct(">I"),
    (1, True): struct.Struct(">b"),
    (2, True): struct.Struct(">h"),
    (4, True): struct.Struct(">i"),
}


@dataclass(frozen=True)
class Number:
    """An integer of 1, 2 or 4 bytes; raw counts `minimum`..`maximum` are values, others None.

    `no_data` are the codes, as raw counts, that say so on purpose; all lie outside the range and
    the first is the one encoded. With `step` the value is the exact Decimal raw x step.
    """

    size: int
    minimum: int
    maximum: int
    no_data: tuple[int, ...] = ()
    step: Decimal | None = None
    _struct: struct.Struct = field(init=False, repr=False, compare=False)
    _unpack: Callable[[bytes], tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if any(self.minimum <= code <= self.maximum for code in self.no_data):
            raise ValueError("a no-data code lies inside the range of values")
        layout = _STRUCTS[self.size, self.minimum < 0]
        object.__setattr__(self, "_struct", layout)
        object.__setattr__(self, "_unpack", layout.unpack)

    def decode(self, edt: bytes) -> int | Decimal | None:
        try:
            raw = self._unpack(edt)[0]
        except struct.error:
            raise wrong_size(edt, self.size) from None
        if not self.minimum <= raw <= self.maximum:
            return None
        return raw if self.step is None else raw * self.step

    def encode(self, value: Value) -> bytes:
        if value is None:
            if not self.no_data:
                raise not_encodable(value)
            return self._struct.pack(self.no_data[0])
        return self._struct.pack(self.raw(value))

    def is_no_data(self, edt: bytes) -> bool:
        """Whether it is one of the codes that say "no data" on purpose."""
        return self._unpack(edt)[0] in self.no_data

    def raw(self, value: Value) -> int:
        """The raw count of a value. Raises EdtError outside the range or between two steps."""
        if not isinstance(value, int | Decimal) or isinstance(value, bool):
            raise not_encodable(value)
        count = Decimal(value) / (self.step or 1)
        if not count.is_finite() or not self.minimum <= count <= self.maximum or count % 1:
            raise not_encodable(value)
        return int(count)


_YEARS = range(2010, 2100)
"""A clock that shows another year doesn't know it: these meters have been made since 2014."""


@dataclass(frozen=True, slots=True)
class DateTime:
    """Year (2 bytes), month, day, hour, minute and, in the form of 7 bytes, second: binary, JST.

    All FF is "not set"; like every impossible date it is None.
    """

    size: int = 7

    def decode(self, edt: bytes) -> datetime | None:
        if len(edt) != self.size:
            raise wrong_size(edt, self.size)
        second = edt[6] if self.size == 7 else 0
        try:
            return datetime(_year(edt), edt[2], edt[3], edt[4], edt[5], second, tzinfo=JST)
        except ValueError:
            return None

    def encode(self, value: Value) -> bytes:
        if value is None:
            return b"\xff" * self.size
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise not_encodable(value)
        at = value.astimezone(JST)
        octets = at.year.to_bytes(2, "big") + bytes([at.month, at.day, at.hour, at.minute])
        return octets if self.size == 6 else octets + bytes([at.second])


@dataclass(frozen=True, slots=True)
class Date:
    """Year (2 bytes), month, day. An impossible date is None."""

    size: int = 4

    def decode(self, edt: bytes) -> date | None:
        if len(edt) != self.size:
            raise wrong_size(edt, self.size)
        try:
            return date(_year(edt), edt[2], edt[3])
        except ValueError:
            return None

    def encode(self, value: Value) -> bytes:
        if value is None:
            return b"\xff" * self.size
        if not isinstance(value, date) or isinstance(value, datetime):
            raise not_encodable(value)
        return value.year.to_bytes(2, "big") + bytes([value.month, value.day])


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """Hour, minute (no seconds), JST. An impossible time is None."""

    size: int = 2

    def decode(self, edt: bytes) -> time | None:
        if len(edt) != self.size:
            raise wrong_size(edt, self.size)
        try:
            return time(edt[0], edt[1], tzinfo=JST)
        except ValueError:
            return None

    def encode(self, value: Value) -> bytes:
        if value is None:
            return b"\xff" * self.size
        if not isinstance(value, time):
            raise not_encodable(value)
        return bytes([value.hour, value.minute])


@dataclass(frozen=True, slots=True)
class Text:
    """ASCII of a fixed size, padded with 00 or blanks. Nothing but padding is None."""

    size: int

    def decode(self, edt: bytes) -> str | None:
        if len(edt) != self.size:
            raise wrong_size(edt, self.size)
        return edt.decode("ascii", errors="replace").strip("\0 ") or None

    def encode(self, value: Value) -> bytes:
        text = "" if value is None else value
        if not isinstance(text, str) or not text.isascii() or len(text) > self.size:
            raise not_encodable(value)
        return text.encode().ljust(self.size, b"\0")


@dataclass(frozen=True, slots=True)
class Octets:
    """Bytes that mean nothing to us, as upper-case hex digits. Without `size`: 1..255 of them."""

    size: int | None = None

    def decode(self, edt: bytes) -> str:
        if len(edt) != self.size and (self.size is not None or not edt):
            raise wrong_size(edt, self.size or "1..255")
        return edt.hex().upper()

    def encode(self, value: Value) -> bytes:
        try:
            octets = bytes.fromhex(value) if isinstance(value, str) else b""
        except ValueError:
            octets = b""
        if not octets or len(octets) != (self.size or len(octets)):
            raise not_encodable(value)
        return octets


@dataclass(frozen=True)
class Choice:
    """One byte out of a table. A code outside it is None; `no_data` is what None encodes to."""

    codes: Mapping[int, Value]
    no_data: int = 0xFF
    size: int = 1

    def decode(self, edt: bytes) -> Value:
        if len(edt) != self.size:
            raise wrong_size(edt, self.size)
        return self.codes.get(edt[0])

    def encode(self, value: Value) -> bytes:
        if value is None:
            return bytes([self.no_data])
        if value not in self._by_value:
            raise not_encodable(value)
        return bytes([self._by_value[value]])

    @cached_property
    def _by_value(self) -> Mapping[Value, int]:
        return {value: code for code, value in self.codes.items()}


@dataclass(frozen=True)
class Repeated:
    """A fixed number of equal items, as a tuple: the 48 half-hours of a day."""

    item: Codec
    count: int

    @cached_property
    def size(self) -> int:
        """Bytes of all items."""
        return _fixed_size(self.item) * self.count

    def decode(self, edt: bytes) -> tuple[Value, ...]:
        if len(edt) != self.size:
            raise wrong_size(edt, self.size)
        return _split(self.item, edt)

    def encode(self, value: Value) -> bytes:
        if not isinstance(value, tuple) or len(value) != self.count:
            raise not_encodable(value)
        return b"".join(map(self.item.encode, value))


@dataclass(frozen=True, slots=True)
class Counted:
    """A count byte, then as many items (at most `maximum`), as a tuple."""

    item: Codec
    maximum: int

    @property
    def size(self) -> None:
        """The content tells it."""

    def decode(self, edt: bytes) -> tuple[Value, ...]:
        width = _fixed_size(self.item)
        count = edt[0] if edt else 0
        if len(edt) != 1 + count * width:
            raise wrong_size(edt, 1 + count * width)
        if count > self.maximum:
            raise wrong_content(edt)
        return _split(self.item, edt[1:])

    def encode(self, value: Value) -> bytes:
        if not isinstance(value, tuple) or len(value) > self.maximum:
            raise not_encodable(value)
        return bytes([len(value)]) + b"".join(map(self.item.encode, value))


def wrong_size(edt: bytes, expected: int | str) -> EdtError:
    """The error for an EDT of another size than `expected` (a number, or a range in words)."""
    return EdtError(message("edt_size_wrong", count=len(edt), expected=expected))


def wrong_content(edt: bytes) -> EdtError:
    """The error for an EDT of the right size whose inner structure is impossible."""
    return EdtError(message("edt_content_wrong", edt=edt[:32].hex().upper()))


def not_encodable(value: Value) -> EdtError:
    """The error for a value that a field can't hold."""
    return EdtError(message("edt_not_encodable", value=str(value)[:64]))


def _year(edt: bytes) -> int:
    """The year that a date begins with. Raises ValueError for one that can't be true."""
    year = edt[0] << 8 | edt[1]
    if year not in _YEARS:
        raise ValueError(year)
    return year


def _fixed_size(codec: Codec) -> int:
    if codec.size is None:
        raise TypeError("items of a list must have a fixed size")
    return codec.size


def _split(item: Codec, edt: bytes) -> tuple[Value, ...]:
    width = _fixed_size(item)
    return tuple(item.decode(edt[at : at + width]) for at in range(0, len(edt), width))
