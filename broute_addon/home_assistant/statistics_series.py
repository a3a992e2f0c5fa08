"""One statistic in Core, kept at one register of the ledger.

At first the whole series is compared with what Core has, a window at a time, and what differs is
imported: after an outage, a restored backup or a new database nothing is assumed. From then on a
copy of the last hundred days says what Core has; the ledger changes no further back than the meter
remembers. An import is read back with the row before it, so that a series that somebody deleted
meanwhile is noticed and written anew.

Rows are only ever written over, never deleted. What Core has from before the ledger's first
reading (the ledger was lost once) stays, and the sums go on from there.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.statistics import (
    HOUR,
    UNIT,
    Anchor,
    Row,
    differing,
    first_whole_hour,
    is_whole_hour,
    metadata,
    name,
    row_ending_at,
    running_sums,
    statistic_id,
    with_rows_of,
)
from broute_addon.home_assistant.statistics_calls import (
    import_rows,
    metadata_of,
    rows_of,
    until_written,
)
from broute_addon.home_assistant.websocket import CoreCalls
from broute_addon.ledger import Ledger, Stand
from broute_addon.messages import Language, message
from broute_addon.meter.energy import MOST_KWH_PER_HOUR
from broute_addon.meter.half_hours import MEMORY_DAYS, Direction

_LOGGER = logging.getLogger(__name__)

WINDOW = timedelta(days=MEMORY_DAYS + 2)
"""What is compared at once, and how far back the ledger may still change."""

MOST_ROWS = WINDOW // HOUR + 48
"""Held at most; then those before the window are forgotten."""

HOURS_PER_DIGEST = 24
"""Readings that are read anew at each look, before what is behind them counts as settled."""

ATTEMPTS = 2
"""How often rows are sent before Core is said not to keep them."""


@dataclass(frozen=True, slots=True)
class _Digest:
    """The ledger's digest of the readings from one instant to another, both on the hour."""

    since: datetime
    until: datetime
    told: object


@dataclass(slots=True)
class _Copy:
    """What Core has: the first reading of the series, the name, the rows of the last window; and
    the digest of the readings that they were made of, once that was taken."""

    first: datetime
    name: str
    rows: dict[datetime, Row] = field(default_factory=dict)
    digest: _Digest | None = None

    @property
    def begin(self) -> datetime:
        """The reading at which the first of the rows ends."""
        return min(self.rows) + HOUR

    def learn(self, rows: Sequence[Row]) -> None:
        """Takes rows that Core has now, and forgets those before the window."""
        self.rows.update((row.start, row) for row in rows)
        if len(self.rows) > MOST_ROWS:
            oldest = max(self.rows) - WINDOW
            self.rows = {start: row for start, row in self.rows.items() if start >= oldest}


class Series:
    """A register's statistic, for as long as a connection to Core lasts."""

    def __init__(
        self,
        core: CoreCalls,
        ledger: Ledger,
        uid: str,
        direction: Direction,
        language: Callable[[], Language],
    ) -> None:
        self.id = statistic_id(uid, direction)
        self._core = core
        self._ledger = ledger
        self._uid = uid
        self._direction = direction
        self._language = language
        self._copy: _Copy | None = None

    async def bring_up(self) -> bool:
        """Lets Core have what the ledger has. True when something had to be written.

        Raises CoreError.
        """
        if self._copy is not None and not self._knows_older(self._copy.first):
            has_written = await self._bring_up_tail(self._copy)
            if has_written is not None:
                return has_written
        has_written = await self._bring_up_all()
        if self._copy is not None and self._copy.name != self._name:
            await self._bring_up_tail(self._copy)
        return has_written

    def _knows_older(self, first: datetime) -> bool:
        oldest = self._ledger.oldest(self._uid)
        if oldest is None or oldest > first - HOUR:
            return False
        older = self._ledger.series(self._uid, self._direction, None, first - HOUR)
        return first_whole_hour(older) is not None

    async def _bring_up_tail(self, copy: _Copy) -> bool | None:
        """Sends what isn't in the copy; None when Core's rows aren't what the copy says."""
        # Mostly an hour came and nothing before it changed: then little of the ledger is read.
        digest = copy.digest
        is_as_it_was = digest is not None and self._taken(digest.since, digest.until) == digest
        since = digest.until if digest is not None and is_as_it_was else copy.begin
        stands = self._ledger.series(self._uid, self._direction, since)
        if not stands or stands[0].at != since:
            return None
        rows = _hours(running_sums(stands, Anchor(stands[0], copy.rows[since - HOUR].sum)))
        if rows and (not is_as_it_was or len(rows) > HOURS_PER_DIGEST):
            # At once: the ledger may change while Core is waited for.
            digest = self._taken(copy.begin, rows[-1].start + HOUR)
        wanted = differing(rows, copy.rows)
        if not wanted and copy.name != self._name:
            wanted = [copy.rows[max(copy.rows)]]  # any import carries the name
        if wanted:
            before = [start for start in copy.rows if start < wanted[0].start]
            if await self._sent(wanted, [copy.rows[max(before)]] if before else []):
                return None
            copy.learn(wanted)
            copy.name = self._name
        copy.digest = digest
        return bool(wanted)

    def _taken(self, since: datetime, until: datetime) -> _Digest:
        told = self._ledger.digest(self._uid, self._direction, since, until)
        return _Digest(since, until, told)

    async def _bring_up_all(self) -> bool:
        self._copy = None
        known = await metadata_of(self._core, self.id)
        # In another unit than ours every row has to be written anew, whatever it says.
        is_usable = known is not None and known.unit == UNIT
        has_written = False
        last: Anchor | None = None
        for stands in self._windows():
            found = await self._found(stands) if is_usable else {}
            rows: list[Row] = []
            if last is None:
                first = first_whole_hour(stands)
                if first is None:
                    continue
                last = Anchor(first, await self._base(first) if is_usable else Decimal(0))
                rows.append(row_ending_at(last))
                self._copy = _Copy(first.at, str(known and known.name))
            sums = list(running_sums(with_rows_of(stands, found), last))
            rows += _hours(sums)
            last = sums[-1] if sums else last
            if wanted := differing(rows, found):
                await self._put(wanted)
                has_written = True
            if self._copy is not None and rows:
                self._copy.learn(rows)
        if self._copy is not None and has_written:
            self._copy.name = self._name
        return has_written

    def _windows(self) -> Iterator[Sequence[Stand]]:
        """All that the ledger knows of the register, in pieces that share their ends."""
        since, newest = self._ledger.oldest(self._uid), self._ledger.newest(self._uid)
        while since is not None and newest is not None and since <= newest:
            stands = self._ledger.series(self._uid, self._direction, since, since + WINDOW)
            if stands:
                yield stands
            since += WINDOW

    async def _found(self, stands: Sequence[Stand]) -> dict[datetime, Row]:
        return await rows_of(self._core, self.id, stands[0].at - HOUR, stands[-1].at)

    async def _base(self, first: Stand) -> Decimal:
        """The sum at the first reading: what Core says, if it knows of that hour or of earlier
        ones, else 0."""
        earlier = await rows_of(self._core, self.id, first.at - WINDOW, first.at)
        if not earlier:
            return Decimal(0)
        row = earlier[max(earlier)]
        hours = (first.at - HOUR - row.start) // HOUR
        grown = first.kwh - row.state
        return row.sum + grown if 0 <= grown <= MOST_KWH_PER_HOUR * hours else row.sum

    async def _put(self, rows: Sequence[Row]) -> None:
        """Sends rows until Core has them. Raises CoreError when it doesn't take them."""
        wanted = rows
        for _ in range(ATTEMPTS):
            wanted = await self._sent(wanted)
            if not wanted:
                return
        raise CoreError(message("import_not_kept", id=self.id))

    async def _sent(self, rows: Sequence[Row], before: Sequence[Row] = ()) -> Sequence[Row]:
        """Sends rows; gives those of `before` and of them that Core doesn't have afterwards."""
        described = metadata(self._uid, self._direction, self._language())
        await import_rows(self._core, described, rows)
        _LOGGER.debug("→ %s: %d rows from %s", self.id, len(rows), rows[0].start)
        return await until_written(self._core, self.id, [*before, *rows])

    @property
    def _name(self) -> str:
        return name(self._direction, self._language())


def _hours(sums: Iterable[Anchor]) -> list[Row]:
    return [row_ending_at(each) for each in sums if is_whole_hour(each.stand.at)]
