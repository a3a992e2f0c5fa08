"""Writes down what the page shows of the past: events, live values, when each step was reached.

Follows the store's snapshots and compares each with the one before; a snapshot that was skipped
loses nothing but its moment. During one outage each fault is told once, however the faults take
turns.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from broute_addon import __version__
from broute_addon.clock import Clock
from broute_addon.journal import Event, Journal, Kind
from broute_addon.messages import Message, message
from broute_addon.meter.makers import maker_name
from broute_addon.ring import Ring, Sample
from broute_addon.store import Snapshot, Store
from broute_addon.web.remedies import REMEDIES, Step
from broute_addon.web.steps import Progress, State, steps

FLUSH_EVERY_S = 900.0
_MINUTE_S = 60.0


class Recorder:
    """Owns the journal, the ring and the steps' times; see `run`."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        ring: Ring,
        *,
        clock: Clock,
        history_is_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self.journal = journal
        self.ring = ring
        self._store = store
        self._clock = clock
        self._history_is_on = history_is_on
        self._seen: Snapshot | None = None
        self._states: dict[Step, State] = {}
        self._times: dict[Step, datetime] = {}
        self._way: tuple[Progress, ...] = ()
        self._outage_since: datetime | None = None
        self._told: set[str] = set()  # in this outage

    async def run(self) -> None:
        """Records until cancelled; then what is new is in the files."""
        self.tell(Kind.INFO, message("started", version=__version__))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(), name="journal")
                tasks.create_task(self._flush_for_ever(), name="ring")
        finally:
            self.ring.flush()

    def tell(self, kind: Kind, told: Message) -> None:
        """An event that no snapshot shows."""
        self.journal.add(Event(self._clock(), kind, told))

    def steps(self) -> tuple[tuple[Progress, datetime | None], ...]:
        """All steps, each with the time at which it came to be so."""
        self._look()
        return tuple((each, self._times.get(each.step)) for each in self._way)

    async def _follow(self) -> None:
        async for _ in self._store.snapshots():
            self._look()

    async def _flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            self.ring.flush()

    def _look(self) -> None:
        """Takes the present snapshot, if it is a new one."""
        before, after = self._seen, self._store.snapshot
        if after is before:
            return
        self._seen = after
        now = self._clock()
        self._take_steps(after, now)
        self._take_values(before, after, now)
        before = before or Snapshot()
        for kind, told in (*_found(before, after), *self._faults(before, after, now)):
            self.journal.add(Event(now, kind, told))

    def _take_steps(self, snapshot: Snapshot, now: datetime) -> None:
        self._way = steps(snapshot, history_is_on=self._history_is_on())
        for each in self._way:
            if self._states.get(each.step) is not each.state:
                self._states[each.step] = each.state
                self._times[each.step] = now
            if each.state is State.WAITING:
                self._times.pop(each.step, None)

    def _take_values(self, before: Snapshot | None, after: Snapshot, now: datetime) -> None:
        power = after.readings.get("power")
        if power is None or (before is not None and before.readings.get("power") is power):
            return
        numbers = _numbers(after, power.at - timedelta(seconds=after.poll_interval_s))
        watts = numbers.get("power")
        self.ring.add(
            Sample(
                at=int(now.timestamp()),
                power=None if watts is None else round(watts),
                current_r=numbers.get("current_r"),
                current_t=numbers.get("current_t"),
                rssi_dbm=numbers.get("signal_strength"),
                response_s=numbers.get("response_time"),
            )
        )

    def _faults(
        self, before: Snapshot, after: Snapshot, now: datetime
    ) -> Iterator[tuple[Kind, Message]]:
        """What went wrong and what is well again."""
        problem = after.problem
        if problem is not None and problem.key not in self._told:
            self._told.add(problem.key)
            yield _kind(problem), problem
        if before.is_reading and not after.is_reading:
            self._outage_since = now
        elif after.is_reading and not before.is_reading:
            yield Kind.GOOD, _back(self._outage_since, now)
            self._outage_since = None
        if after.is_reading and problem is None:
            self._told.clear()
        known = {notice.key for notice in before.notices}
        for notice in after.notices:
            if notice.key not in known and notice != problem:
                yield _kind(notice), notice
        if after.import_problem is not None and before.import_problem is None:
            yield _kind(after.import_problem), after.import_problem
        elif before.import_problem is not None and after.import_problem is None:
            yield Kind.GOOD, message("journal_import_back")


def _found(before: Snapshot, after: Snapshot) -> Iterator[tuple[Kind, Message]]:
    """What was found or reached."""
    stick, pan, meter = after.dongle, after.pan, after.meter
    if stick is not None and stick != before.dongle:
        found = message(
            "journal_stick",
            dialect=stick.dialect,
            firmware=stick.firmware,
            port=Path(stick.port).name,
        )
        yield Kind.INFO, found
    if pan is not None and (before.pan is None or pan.channel != before.pan.channel):
        yield Kind.INFO, message("journal_pan", channel=pan.channel)
    if meter is not None and (before.meter is None or before.meter.uid != meter.uid):
        maker = maker_name(meter.maker_code) if meter.maker_code else "?"
        count = len(meter.get_map)
        yield Kind.INFO, message("meter_identified", uid=meter.uid, maker=maker, count=count)
    if after.broker_is_up and not before.broker_is_up:
        yield Kind.GOOD, message("journal_broker")
    was_reading = before.history is not None and before.history.is_reading
    is_reading = after.history is not None and after.history.is_reading
    if is_reading and not was_reading:
        yield Kind.INFO, message("journal_history_begun")
    elif was_reading and not is_reading and after.history is not None:
        yield Kind.GOOD, message("journal_history_done")


def _back(since: datetime | None, now: datetime) -> Message:
    if since is None:
        return message("journal_reading")
    seconds = max((now - since).total_seconds(), 0.0)
    if seconds < 2 * _MINUTE_S:
        return message("journal_back_soon", seconds=round(seconds))
    return message("journal_back", minutes=round(seconds / _MINUTE_S))


def _kind(fault: Message) -> Kind:
    row = REMEDIES.get(fault.key)
    return Kind.WARNING if row is None else row.kind


def _numbers(snapshot: Snapshot, since: datetime) -> Mapping[str, float]:
    """The readings that are numbers and no older than `since`."""
    return MappingProxyType(
        {
            key: float(reading.value)
            for key, reading in snapshot.readings.items()
            if isinstance(reading.value, int | float | Decimal) and reading.at >= since
        }
    )
