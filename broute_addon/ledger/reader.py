"""What the ledger is asked. All instants are UTC, and the meter's own."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

from broute_addon.clock import JST
from broute_addon.ledger.energy import Interval, Stand, energy_through, interval_energies
from broute_addon.meter.half_hours import (
    HALF_HOUR,
    MEMORY_DAYS,
    Coverage,
    Direction,
    Source,
)
from broute_addon.meter.profile import EnergyScale

T = TypeVar("T")

DIRECTIONS: Mapping[Direction, int] = MappingProxyType({Direction.BOUGHT: 0, Direction.SOLD: 1})
SOURCES: Mapping[Source, int] = MappingProxyType(
    {
        Source.NOTIFICATION: 1,
        Source.POLL: 2,
        Source.HISTORY_1: 3,
        Source.HISTORY_2: 4,
        Source.HISTORY_3: 5,
    }
)
"""The numbers that stand in the file."""

_DIRECTION_OF = {number: direction for direction, number in DIRECTIONS.items()}
_SOURCE_OF = {number: source for source, number in SOURCES.items()}
_HALF_HOUR_S = int(HALF_HOUR.total_seconds())
_ROWS_AT_ONCE = timedelta(days=30)
_EVER = range(-(2**62), 2**62)
_BOTH = frozenset(DIRECTIONS.values())


@dataclass(frozen=True, slots=True)
class Row:
    """One value of the ledger, as it is exported."""

    at: datetime
    uid: str
    direction: Direction
    raw: int
    scale: EnergyScale
    source: Source

    @property
    def kwh(self) -> Decimal:
        """The register in kWh, exact."""
        return self.scale.kwh(self.raw)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A row of Home Assistant's statistics that was mended: when, which hour, and how.

    `kind` is the mender's word for it; `old_sum` None: there was no row.
    """

    at: datetime
    statistic_id: str
    start: datetime
    kind: str
    old_sum: Decimal | None
    new_sum: Decimal


class LedgerReader(ABC):
    """Answers questions; `_ask` decides what becomes of a fault of the file."""

    @abstractmethod
    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Puts a question to the database."""

    def uids(self) -> tuple[str, ...]:
        """The meters that the ledger knows of, in the order in which they came."""
        found = self._all("SELECT uid FROM meters ORDER BY id", ())
        return tuple(uid for (uid,) in found)

    def directions(self, uid: str) -> tuple[Direction, ...]:
        """The registers of which the ledger has values."""
        return tuple(
            direction for direction in Direction if self._edge(uid, _numbers((direction,)), "DESC")
        )

    def oldest(self, uid: str) -> datetime | None:
        """The first half-hour that has a value."""
        return self._edge(uid, _BOTH, "ASC")

    def newest(self, uid: str, direction: Direction | None = None) -> datetime | None:
        """The last half-hour that has a value, of one register or of any."""
        return self._edge(uid, _BOTH if direction is None else _numbers((direction,)), "DESC")

    def span(self, uid: str) -> tuple[datetime, datetime] | None:
        """From when on and until when there should be values: from the first one, or as far back
        as a meter may remember if that is longer, to the last. None without any."""
        oldest, newest = self.oldest(uid), self.newest(uid)
        if oldest is None or newest is None:
            return None
        midnight = newest.astimezone(JST).replace(hour=0, minute=0)
        return min(oldest, midnight.astimezone(UTC) - timedelta(days=MEMORY_DAYS)), newest

    def series(
        self,
        uid: str,
        direction: Direction,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Stand]:
        """What a register stood at, ascending; from `since` to `until`, both included."""
        found = self._all(
            "SELECT at, raw, scale FROM half_hours"
            " WHERE meter = (SELECT id FROM meters WHERE uid = ?) AND at BETWEEN ? AND ?"
            " AND direction = ? AND raw IS NOT NULL ORDER BY at",
            (
                uid,
                _EVER.start if since is None else _seconds(since),
                _EVER.stop if until is None else _seconds(until),
                DIRECTIONS[direction],
            ),
        )
        scales = self._scales()
        return [Stand(_instant(at), raw, scales[scale]) for at, raw, scale in found]

    def digest(
        self, uid: str, direction: Direction, since: datetime, until: datetime
    ) -> tuple[object, ...]:
        """Tells whether the values from `since` to `until`, both included, are still the same:
        much cheaper than to read them."""
        (found,) = self._all(
            "SELECT count(*), sum(raw), sum(scale) FROM half_hours"
            " WHERE meter = (SELECT id FROM meters WHERE uid = ?) AND direction = ?"
            " AND at BETWEEN ? AND ? AND raw IS NOT NULL",
            (uid, DIRECTIONS[direction], _seconds(since), _seconds(until)),
        )
        return tuple(found)

    def energy(
        self, uid: str, direction: Direction, since: datetime, until: datetime
    ) -> Decimal | None:
        """kWh from one instant to another. None unless both have a value and all steps between
        those that are known are plausible."""
        stands = self.series(uid, direction, since, until)
        if len(stands) < 2 or (stands[0].at, stands[-1].at) != (since, until):
            return None
        return energy_through(stands)

    def half_hours(
        self, uid: str, direction: Direction, since: datetime, until: datetime
    ) -> list[Interval]:
        """What was used in each half-hour that begins from `since` (on a half-hour) on and before
        `until`."""
        stands = self.series(uid, direction, since, until + HALF_HOUR)
        return list(interval_energies(stands, since, until))

    def holes(
        self, uid: str, directions: Iterable[Direction], since: datetime, until: datetime
    ) -> list[datetime]:
        """The half-hours from `since` to `until`, both included, of which at least one of the
        directions (one or more) has neither a value nor the mark that the meter has none;
        ascending."""
        chosen, slots = _numbers(directions), _slots(since, until)
        told, _ = self._count(uid, chosen, slots)
        if told == len(slots) * len(chosen):  # as it nearly always is: half the cost
            return []
        found = self._all(
            "SELECT at FROM half_hours WHERE meter = (SELECT id FROM meters WHERE uid = ?)"
            " AND at BETWEEN ? AND ? AND direction IN (?, ?) GROUP BY at HAVING count(*) = ?",
            (uid, slots.start, slots.stop - 1, min(chosen), max(chosen), len(chosen)),
        )
        complete = {at for (at,) in found}
        return [_instant(at) for at in slots if at not in complete]

    def gone(
        self, uid: str, direction: Direction, since: datetime, until: datetime
    ) -> list[datetime]:
        """The half-hours from `since` to `until`, both included, that the meter doesn't remember;
        ascending."""
        found = self._all(
            "SELECT at FROM half_hours WHERE meter = (SELECT id FROM meters WHERE uid = ?)"
            " AND at BETWEEN ? AND ? AND direction = ? AND raw IS NULL ORDER BY at",
            (uid, _seconds(since), _seconds(until), DIRECTIONS[direction]),
        )
        return [_instant(at) for (at,) in found]

    def coverage(
        self, uid: str, directions: Iterable[Direction], since: datetime, until: datetime
    ) -> Coverage:
        """How complete the half-hours from `since` to `until` are, both included."""
        chosen, slots = _numbers(directions), _slots(since, until)
        told, known = self._count(uid, chosen, slots)
        return Coverage(
            since=since,
            until=until,
            oldest=self._edge(uid, chosen, "ASC", slots),
            newest=self._edge(uid, chosen, "DESC", slots),
            known=known,
            missing=len(slots) * len(chosen) - told,
            gone=told - known,
        )

    def completeness(self, uid: str, directions: Iterable[Direction]) -> Coverage | None:
        """The coverage of all that there should be (`span`). What is gone from before the first
        value isn't counted: the meter, or its memory, began then. None without any value."""
        span, chosen = self.span(uid), tuple(directions)
        if span is None:
            return None
        whole = self.coverage(uid, chosen, *span)
        since_first = _slots(whole.oldest or span[1], span[1])
        told, known = self._count(uid, _numbers(chosen), since_first)
        return replace(whole, gone=told - known)

    def rows(self, uid: str | None = None) -> Iterator[Row]:
        """All values of a meter, or of all meters one after the other; by time, then direction.

        Read in pieces: nothing is held open between two, so that others may write meanwhile.
        """
        for one in self.uids() if uid is None else (uid,):
            first, last = self.oldest(one), self.newest(one)
            while first is not None and last is not None and first <= last:
                after = first + _ROWS_AT_ONCE
                yield from self._piece(one, first, after)
                first = after

    def noted(self, key: str) -> str | None:
        """A fact that was noted."""
        found = self._all("SELECT value FROM facts WHERE key = ?", (key,))
        return str(found[0][0]) if found else None

    def journal(self) -> list[JournalEntry]:
        """All that was mended, in the order in which it was."""
        found = self._all(
            "SELECT at, statistic_id, start, kind, old_sum, new_sum FROM journal ORDER BY id", ()
        )
        return [
            JournalEntry(
                _instant(at),
                statistic_id,
                _instant(start),
                kind,
                None if old is None else Decimal(old),
                Decimal(new),
            )
            for at, statistic_id, start, kind, old, new in found
        ]

    def _piece(self, uid: str, since: datetime, before: datetime) -> Iterator[Row]:
        found = self._all(
            "SELECT at, direction, raw, scale, source FROM half_hours"
            " WHERE meter = (SELECT id FROM meters WHERE uid = ?) AND at >= ? AND at < ?"
            " AND raw IS NOT NULL ORDER BY at, direction",
            (uid, _seconds(since), _seconds(before)),
        )
        scales = self._scales()
        for at, direction, raw, scale, source in found:
            yield Row(
                _instant(at), uid, _DIRECTION_OF[direction], raw, scales[scale], _SOURCE_OF[source]
            )

    def _scales(self) -> dict[int, EnergyScale]:
        found = self._all("SELECT id, coefficient, exponent, digits FROM scales", ())
        return {number: EnergyScale(*scale) for number, *scale in found}

    def _count(self, uid: str, directions: Set[int], slots: range) -> tuple[int, int]:
        """How many values and marks there are, and how many values."""
        ((told, known),) = self._all(
            "SELECT count(*), count(raw) FROM half_hours"
            " WHERE meter = (SELECT id FROM meters WHERE uid = ?) AND at BETWEEN ? AND ?"
            " AND direction IN (?, ?)",
            (uid, slots.start, slots.stop - 1, min(directions), max(directions)),
        )
        return told, known

    def _edge(
        self, uid: str, directions: Set[int], order: str, slots: range = _EVER
    ) -> datetime | None:
        """The first half-hour with a value, in ascending (ASC) or descending (DESC) order."""
        found = self._all(
            "SELECT at FROM half_hours"  # noqa: S608 - ASC or DESC
            " WHERE meter = (SELECT id FROM meters WHERE uid = ?) AND at BETWEEN ? AND ?"
            f" AND direction IN (?, ?) AND raw IS NOT NULL ORDER BY at {order} LIMIT 1",
            (uid, slots.start, slots.stop - 1, min(directions), max(directions)),
        )
        return _instant(found[0][0]) if found else None

    def _all(self, query: str, values: Iterable[object]) -> list[Any]:
        return self._ask(lambda database: database.execute(query, tuple(values)).fetchall())


def _numbers(directions: Iterable[Direction]) -> frozenset[int]:
    return frozenset(DIRECTIONS[direction] for direction in directions)


def _slots(since: datetime, until: datetime) -> range:
    """The half-hours from `since` to `until`, in seconds."""
    first = -(-int(since.timestamp()) // _HALF_HOUR_S) * _HALF_HOUR_S
    return range(first, int(until.timestamp()) + 1, _HALF_HOUR_S)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
