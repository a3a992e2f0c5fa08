"""Between the engine and the ledger: half-hours go in, what they amount to comes out.

All days are the meter's: "today" is the day of the newest half-hour known, so a wrong clock of the
host never shows a wrong day. While the meter can't be read these values are unavailable anyway.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from broute_addon.clock import JST, Clock
from broute_addon.ledger import Ledger
from broute_addon.messages import Message
from broute_addon.meter.half_hours import Coverage
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import HalfHoursRead, Reading, ReadingsArrived
from broute_addon.store import Store

LAG = timedelta(hours=1)
"""A register whose newest value is so much older than the other's isn't unknown for that: each may
be told by itself, and one of them only by the meter's memory."""

_DAY = timedelta(days=1)


class Bookkeeper:
    """Keeps half-hours in the ledger, and the store at what the ledger amounts to.

    `on_problem` is told what is wrong with the ledger's file, None once nothing is.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        clock: Clock,
        *,
        on_problem: Callable[[Message | None], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._on_problem = on_problem

    def take(self, read: HalfHoursRead) -> None:
        """Half-hours of the meter, into the ledger at once."""
        self._ledger.keep(read.uid, read.scale, read.values)

    async def run(self) -> None:
        """Tells the store after each change of the ledger, and when the meter becomes known."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_ledger(), name="ledger")
            tasks.create_task(self._follow_meter(), name="ledger's meter")

    async def _follow_ledger(self) -> None:
        async for _ in self._ledger.changes():
            self._tell()

    async def _follow_meter(self) -> None:
        told: MeterProfile | None = None
        async for snapshot in self._store.snapshots():
            if snapshot.meter is not told:
                told = snapshot.meter
                self._tell()

    def _tell(self) -> None:
        self._on_problem(self._ledger.problem)
        profile = self._store.snapshot.meter
        coverage = (
            None if profile is None else self._ledger.completeness(profile.uid, profile.directions)
        )
        self._store.note_coverage(coverage)
        if profile is None or coverage is None:
            return
        told = self._store.snapshot.readings
        readings = (*self._of_history(coverage), *self._of_days(profile, coverage.until))
        news = tuple(each for each in readings if each.value is not None or each.key in told)
        self._store.apply(ReadingsArrived(news))

    def _of_history(self, coverage: Coverage) -> Iterator[Reading]:
        now = self._clock()
        yield Reading("history_coverage", coverage.percent, now)
        yield Reading("history_missing", coverage.missing, now)
        yield Reading("history_oldest", coverage.oldest, now)
        yield Reading("history_newest", coverage.newest, now)

    def _of_days(self, profile: MeterProfile, newest: datetime) -> Iterator[Reading]:
        midnight = _midnight(newest)
        for direction in profile.directions:
            known = self._ledger.newest(profile.uid, direction) or newest
            until = max(known, midnight) if newest - known <= LAG else newest
            for day, begin, end in (
                ("today", midnight, until),
                ("yesterday", midnight - _DAY, midnight),
            ):
                is_new_day = begin == end
                kwh = (
                    Decimal(0)
                    if is_new_day
                    else self._ledger.energy(profile.uid, direction, begin, end)
                )
                yield Reading(f"energy_{direction.value}_{day}", kwh, until)


def _midnight(instant: datetime) -> datetime:
    """The beginning of the meter's day that an instant lies in."""
    return instant.astimezone(JST).replace(hour=0, minute=0, second=0, microsecond=0)
