"""The requests to a meter's memory, and the half-hours that their answers tell.

A selector is set (E5, ED, EF), then its history is got (E2 or E4, EC, EE); the answer repeats the
selector, and is worth nothing where it repeats another one (echonet-lite-meter 4.2 to 4.5).
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import TypeAlias

from broute_addon.clock import JST
from broute_addon.echonet.codecs import DateTime, Value
from broute_addon.meter.decoding import decode_edt
from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour
from broute_addon.meter.history.plan import Part, Way
from broute_addon.meter.meter_clock import MINUTE

SELECTORS = {Way.DAY: 0xE5, Way.SPAN: 0xED, Way.MINUTE: 0xEF}
_DAY_EPCS = {Direction.BOUGHT: 0xE2, Direction.SOLD: 0xE4}
_OTHER_EPCS = {Way.SPAN: 0xEC, Way.MINUTE: 0xEE}

TIME_EPC = 0x97
CLOCK_EPCS = (0x98, TIME_EPC)
FIXED_TIME_EPC = 0xEA


class Kind(Enum):
    """Kinds of request that differ in how long the meter takes to answer."""

    CLOCK = "clock"
    SELECT = "select"
    DAY = "day"
    SPAN = "span"


@dataclass(frozen=True, slots=True)
class Request:
    """A Get of `epcs`, or with `edt` a SetC of the only one."""

    kind: Kind
    epcs: tuple[int, ...]
    edt: bytes | None = None


Reply: TypeAlias = Mapping[int, bytes]
"""EDT by EPC of what was answered; an EPC that was refused is absent. A Set that was accepted
has its EPC with nothing in it."""

Steps: TypeAlias = Generator[Request | float, Reply, None]
"""Yields a request, to be resumed with its reply, or the loop's second to go on at."""


def history_epc(way: Way, direction: Direction) -> int:
    """The property that tells this direction's readings."""
    return _DAY_EPCS[direction] if way is Way.DAY else _OTHER_EPCS[way]


def select(way: Way, edt: bytes) -> Request:
    """Sets the selector of a way."""
    return Request(Kind.SELECT, (SELECTORS[way],), edt)


def get(way: Way, direction: Direction) -> Request:
    """Gets what was selected; this direction of it where a way tells each by itself."""
    return Request(Kind.DAY if way is Way.DAY else Kind.SPAN, (history_epc(way, direction),))


def clock(get_map: frozenset[int]) -> Request:
    """The meter's date and time, or the newest half-hour's where the meter has neither."""
    has_clock = get_map.issuperset(CLOCK_EPCS)
    return Request(Kind.CLOCK, CLOCK_EPCS if has_clock else (FIXED_TIME_EPC,))


def instant_edt(newest: datetime, count: int) -> bytes:
    """ED or EF: an absolute time and how many values back from it."""
    return DateTime(6).encode(newest) + bytes([count])


def day_values(
    day: date, days_back: int, direction: Direction, reply: Reply
) -> list[HalfHour] | None:
    """The 48 half-hours of a meter day; None if this is no answer for so many days back."""
    epc = history_epc(Way.DAY, direction)
    fields = decode_edt(epc, reply.get(epc, b""))
    slots = _items(fields)
    if slots is None or fields.get("history_1_day") != days_back:
        return None
    begin = midnight(day)
    return [
        _half_hour(begin + slot * HALF_HOUR, direction, raw, Way.DAY)
        for slot, raw in enumerate(slots)
    ]


def instant_values(part: Part, edt: bytes, reply: Reply) -> list[HalfHour] | None:
    """The values that EC or EE tell of both directions; None if this is no answer to `edt`."""
    epc = history_epc(part.way, Direction.BOUGHT)
    told = reply.get(epc, b"")
    pairs = _items(decode_edt(epc, told))
    if pairs is None or not told.startswith(edt):
        return None
    step = HALF_HOUR if part.way is Way.SPAN else MINUTE
    return [
        _half_hour(part.newest - number * step, direction, raw, part.way)
        for number, pair in enumerate(pairs)
        if isinstance(pair, tuple)
        for direction, raw in zip(Direction, pair, strict=True)
    ]


def midnight(day: date) -> datetime:
    """The beginning of a meter day (UTC)."""
    return datetime.combine(day, time(), JST).astimezone(UTC)


def _items(fields: Mapping[str, Value]) -> tuple[Value, ...] | None:
    return next((value for value in fields.values() if isinstance(value, tuple)), None)


def _half_hour(at: datetime, direction: Direction, raw: Value, way: Way) -> HalfHour:
    return HalfHour(at, direction, raw if isinstance(raw, int) else None, way.value)
