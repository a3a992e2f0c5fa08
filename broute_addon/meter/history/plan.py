"""Which requests bring the half-hours that are missing, at the least cost. Pure.

The meter's memory can be read in three ways, each a selector that is set and an answer that is got
(echonet-lite-meter 4):

    way     selector  answer          brings
    DAY     E5        E2, and E4      one meter day: 48 half-hours, each direction by itself
    SPAN    ED        EC              up to 12 half-hours in a row, both directions
    MINUTE  EF        EE              one minute, both directions (second generation)

Cost is counted in requests, then in octets of the answers. The newest comes first.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from broute_addon.clock import JST
from broute_addon.meter.half_hours import HALF_HOUR, Direction, Source

SPAN_MOST = 12
"""Half-hours in one EC."""

_SPAN_REACH = (SPAN_MOST - 1) * HALF_HOUR

_DAY_OCTETS, _SPAN_OCTETS, _PAIR_OCTETS = 194, 7, 8
_REQUEST = 1_000_000
"""What a request costs, in octets: more than all answers together."""


class Way(Enum):
    """How a part of the memory is read, the preferred one first. The value is the source of what
    it brings."""

    DAY = Source.HISTORY_1
    SPAN = Source.HISTORY_2
    MINUTE = Source.HISTORY_3

    __hash__ = object.__hash__  # as Direction's


WAYS = tuple(Way)
"""As `Way` itself, but quick to go through."""

Missing = Mapping[datetime, frozenset[Direction]]
"""Half-hours (UTC) with the directions that are missing."""

Serves = Callable[[Way, datetime, Direction], bool]
"""Whether a way can bring the reading of an instant and direction."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one selector brings: `count` half-hours up to `newest`, for these directions.

    For DAY it is the whole meter day of `newest`; the directions are those to be asked for.
    """

    way: Way
    newest: datetime
    count: int
    directions: frozenset[Direction]

    @property
    def day(self) -> date:
        """The meter day of the newest half-hour."""
        return self.newest.astimezone(JST).date()

    @property
    def oldest(self) -> datetime:
        """The oldest half-hour of the part."""
        return self.newest - (self.count - 1) * HALF_HOUR

    @property
    def requests(self) -> int:
        """How many requests it takes."""
        return 1 + (len(self.directions) if self.way is Way.DAY else 1)


def plan(missing: Missing, serves: Serves) -> tuple[Part, ...]:
    """The cheapest parts that bring all that can be brought, newest first.

    What DAY can't bring of a half-hour is left to SPAN, else to MINUTE; what DAY can bring is read
    by it or by SPAN, whichever is cheaper.
    """
    by_day, by_span, by_minute = _sorted_out(missing, serves)
    spans = _spans(by_span)
    minutes = [Part(Way.MINUTE, at, 1, by_minute[at]) for at in by_minute]
    brought = {
        span.newest - step * HALF_HOUR for span in spans for step in range(span.count)
    } | by_minute.keys()
    left = {
        at: directions
        for at, directions in by_day.items()
        if at not in brought or not _all(serves, Way.SPAN, at, directions)
    }
    parts = spans + minutes + _days_and_spans(left, serves)
    return tuple(sorted(parts, key=lambda part: part.newest, reverse=True))


def _sorted_out(
    missing: Missing, serves: Serves
) -> tuple[
    dict[datetime, frozenset[Direction]],
    dict[datetime, frozenset[Direction]],
    dict[datetime, frozenset[Direction]],
]:
    """What DAY serves, and of the rest what SPAN serves, and of the rest what MINUTE serves."""
    sorted_out: dict[Way, dict[datetime, frozenset[Direction]]] = {way: {} for way in WAYS}
    for at, directions in missing.items():
        rest = directions
        for way in WAYS:
            served = [each for each in rest if serves(way, at, each)]
            if len(served) == len(rest):
                sorted_out[way][at] = rest
                break
            if served:
                sorted_out[way][at] = frozenset(served)
                rest = rest.difference(served)
    return sorted_out[Way.DAY], sorted_out[Way.SPAN], sorted_out[Way.MINUTE]


def _all(serves: Serves, way: Way, at: datetime, directions: frozenset[Direction]) -> bool:
    return all(serves(way, at, each) for each in directions)


def _spans(missing: Missing) -> list[Part]:
    """As few spans as cover these, each as short as it can be."""
    parts: list[Part] = []
    instants = sorted(missing)
    while instants:
        newest = instants[-1]
        first = bisect_left(instants, newest - _SPAN_REACH)
        parts.append(_span(instants[first:], missing))
        del instants[first:]
    return parts


def _span(instants: Sequence[datetime], missing: Missing) -> Part:
    count = _count(instants[0], instants[-1])
    return Part(Way.SPAN, instants[-1], count, _directions(instants, missing))


def _day(instants: Sequence[datetime], missing: Missing) -> Part:
    return Part(Way.DAY, _last_of_day(instants[-1]), 48, _directions(instants, missing))


def _count(oldest: datetime, newest: datetime) -> int:
    return (newest - oldest) // HALF_HOUR + 1


def _directions(instants: Sequence[datetime], missing: Missing) -> frozenset[Direction]:
    return frozenset[Direction]().union(*(missing[at] for at in instants))


def _days_and_spans(missing: Missing, serves: Serves) -> list[Part]:
    """The cheapest cover of half-hours that DAY can bring, by days and spans.

    `best[n]` is the cheapest cover of the n oldest: the newest of them is brought either by its
    day or by the span that ends with it, and the rest is a smaller problem of the same kind.
    """
    instants = sorted(missing)
    span_firsts = _span_firsts(instants, missing, serves)
    best = [0]
    chosen: list[tuple[Way, int]] = []
    day_first, of_day = 0, frozenset[Direction]()
    day_ends: datetime | None = None
    for index, at in enumerate(instants):
        if day_ends is None or at > day_ends:
            day_first, day_ends, of_day = index, _last_of_day(at), frozenset()
        of_day |= missing[at]
        least, choice = best[day_first] + _day_cost(of_day), (Way.DAY, day_first)
        span_first = span_firsts[index]
        if span_first is not None:
            cost = best[span_first] + _span_cost(_count(instants[span_first], at))
            if cost < least:
                least, choice = cost, (Way.SPAN, span_first)
        best.append(least)
        chosen.append(choice)
    parts: list[Part] = []
    left = len(instants)
    while left:
        way, first = chosen[left - 1]
        part = _day if way is Way.DAY else _span
        parts.append(part(instants[first:left], missing))
        left = first
    return parts


def _span_firsts(
    instants: Sequence[datetime], missing: Missing, serves: Serves
) -> list[int | None]:
    """For each of the instants the first of those that one span brings together with it."""
    firsts: list[int | None] = []
    first = 0
    for index, at in enumerate(instants):
        if not _all(serves, Way.SPAN, at, missing[at]):
            first = index + 1
            firsts.append(None)
            continue
        while instants[first] < at - _SPAN_REACH:
            first += 1
        firsts.append(first)
    return firsts


def _day_cost(directions: frozenset[Direction]) -> int:
    return _REQUEST + len(directions) * (_REQUEST + _DAY_OCTETS)


def _span_cost(count: int) -> int:
    return 2 * _REQUEST + _SPAN_OCTETS + _PAIR_OCTETS * count


def _last_of_day(at: datetime) -> datetime:
    midnight = at.astimezone(JST).replace(hour=0, minute=0)
    return (midnight + timedelta(days=1) - HALF_HOUR).astimezone(at.tzinfo)
