"""Mends the energy sensors' own statistics, by what `repair` plans (design 2.4).

A plan is listed before it is carried out; each changed hour is journaled in the ledger before it is
sent, and read back afterwards. Writing rows over is idempotent: an end in the middle is mended by
the next look. The sensor's past is another matter, see repair_past.py.
"""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from broute_addon.clock import Clock, system_clock
from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.repair import RepairPlan, plan_gaps, plan_past
from broute_addon.home_assistant.repair_gaps import KEPT, Gap, GapRecorder
from broute_addon.home_assistant.repair_past import Past
from broute_addon.home_assistant.repair_sensors import Sensor, sensors_of
from broute_addon.home_assistant.statistics_calls import import_rows, rows_of, until_written
from broute_addon.home_assistant.streak import waits
from broute_addon.home_assistant.websocket import CoreCalls
from broute_addon.ledger import JournalEntry, Ledger
from broute_addon.messages import Message, message
from broute_addon.store import Store

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
LOOK_AT_LEAST_EVERY_S = 600.0
"""Seconds between the looks while Core hasn't compiled the hour after a gap: up to this."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTEXT = timedelta(days=2)


class Repairer:
    """Mends while Core is there, if it `is_on`; tells at any time what it would do."""

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        gaps: GapRecorder,
        *,
        is_on: bool,
        clock: Clock = system_clock,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._gaps = gaps
        self._clock = clock
        self._is_on = is_on
        self._core: CoreCalls | None = None
        self._told: list[Message] = []

    async def plan(self) -> tuple[RepairPlan, ...]:
        """The dry run: what mending would do now, for each sensor; nothing while Core isn't there.

        Raises CoreError.
        """
        core = self._core
        if core is None:
            return ()
        return tuple(
            [
                await self._planned(core, sensor)
                for uid in self._ledger.uids()
                for sensor in await sensors_of(core, uid)
            ]
        )

    async def serve(self, core: CoreCalls) -> None:
        """Mends for as long as the way to Core is open. Raises CoreError."""
        self._core = core
        try:
            if self._is_on:
                await self._look_again_and_again(core)
            await asyncio.Event().wait()
        finally:
            self._core = None

    async def _look_again_and_again(self, core: CoreCalls) -> None:
        now = asyncio.get_running_loop().time
        known: object = None
        again_at: float | None = None
        pauses = waits(LOOK_EVERY_S, LOOK_AT_LEAST_EVERY_S)
        while True:
            if known != (present := self._known()):
                known, pauses = present, waits(LOOK_EVERY_S, LOOK_AT_LEAST_EVERY_S)
                again_at = now()
            if again_at is not None and again_at <= now():
                again_at = now() + next(pauses) if await self._looked(core) else None
            await asyncio.sleep(LOOK_EVERY_S)

    async def _looked(self, core: CoreCalls) -> bool:
        """As `_look`; what Core doesn't let us do is tried again later. It is no reason to close
        the way to Core, by which the statistics go too. Raises CoreError when that has ended."""
        try:
            return await self._look(core)
        except CoreError as error:
            if error.message.key in ("core_lost", "core_unreachable"):
                raise
            self._tell((error.message,))
            return True

    def _known(self) -> object:
        """What a plan depends on: while it is the same, another look is of use only when one
        waits for Core. Where there is no gap, a new half-hour changes nothing."""
        return [
            (
                uid,
                gaps := self._gaps.ended(uid),
                gaps and self._ledger.newest(uid),
                self._gaps.open_after(uid),
                self._is_complete(uid),
            )
            for uid in self._ledger.uids()
        ]

    async def _look(self, core: CoreCalls) -> bool:
        """Mends what can be; whether Core's next hours are to be waited for."""
        is_waiting = False
        for uid in self._ledger.uids():
            plans = [await self._mended(core, each) for each in await sensors_of(core, uid)]
            is_waiting |= not plans or any(plan.is_waiting for plan in plans)
            settled: set[Gap] = set(self._gaps.ended(uid)) if plans else set()
            self._gaps.settle(uid, settled.intersection(*(plan.settled for plan in plans)))
        return is_waiting

    async def _mended(self, core: CoreCalls, sensor: Sensor) -> RepairPlan:
        """Carries out the plan for a sensor; the plan that is left."""
        plan = await self._planned(core, sensor)
        self._tell(plan.refusals)
        if plan.changes:
            await self._mend_hours(core, sensor, plan)
            plan = await self._planned(core, sensor)
        past = Past(core, self._ledger, self._clock, sensor)
        if sensor.is_mendable and (plan.past or past.is_shifting):
            if plan.past:
                self._tell_begin(sensor, len(plan.past))
            reason = await past.mend(plan)
            self._tell(() if reason is None else (reason,))
        return plan

    async def _mend_hours(self, core: CoreCalls, sensor: Sensor, plan: RepairPlan) -> None:
        self._tell_begin(sensor, len(plan.changes))
        for change in plan.changes:
            row = change.row
            _LOGGER.debug("%s %s: %s → %s", change.kind.value, row.start, change.old_sum, row.sum)
            self._ledger.journal_add(
                JournalEntry(
                    at=self._clock(),
                    statistic_id=sensor.entity_id,
                    start=row.start,
                    kind=change.kind.value,
                    old_sum=change.old_sum,
                    new_sum=row.sum,
                )
            )
        rows = [change.row for change in plan.changes]
        await import_rows(core, sensor.sent(), rows, sensor.factor)
        if await until_written(core, sensor.entity_id, rows):
            raise CoreError(message("import_not_kept", id=sensor.entity_id))
        _LOGGER.info("%s", message("repair_done", count=len(rows), entity=sensor.entity_id))

    async def _planned(self, core: CoreCalls, sensor: Sensor) -> RepairPlan:
        oldest, newest = self._ledger.oldest(sensor.uid), self._ledger.newest(sensor.uid)
        if oldest is None or newest is None:
            return RepairPlan(sensor.entity_id)
        if not sensor.is_mendable:
            unit = sensor.metadata.unit or "?"
            reason = message("repair_unit", entity=sensor.entity_id, unit=unit)
            return RepairPlan(sensor.entity_id, refusals=(reason,))
        since = max(oldest, newest - KEPT)
        rows = await rows_of(core, sensor.entity_id, since - _CONTEXT)
        stands = self._ledger.series(sensor.uid, sensor.direction, since)
        ended, open_after = self._gaps.ended(sensor.uid), self._gaps.open_after(sensor.uid)
        plan = plan_gaps(sensor.entity_id, rows, stands, ended, open_after)
        if self._is_complete(sensor.uid):
            return await self._with_past(core, sensor, plan, oldest)
        return plan

    async def _with_past(
        self, core: CoreCalls, sensor: Sensor, plan: RepairPlan, oldest: datetime
    ) -> RepairPlan:
        past = Past(core, self._ledger, self._clock, sensor)
        if past.is_done or past.is_shifting:
            return plan
        rows = await rows_of(core, sensor.entity_id, _EPOCH, oldest + KEPT)
        if not rows:
            return replace(plan, is_waiting=True)
        first = past.core_first(rows)
        stands = self._ledger.series(sensor.uid, sensor.direction, oldest, first.start)
        return replace(plan, past=plan_past(first, stands), past_before=first)

    def _is_complete(self, uid: str) -> bool:
        """Nothing of the meter's memory is still to be read: the past is all that it will be."""
        snapshot = self._store.snapshot
        return (
            snapshot.meter is not None
            and snapshot.meter.uid == uid
            and snapshot.coverage is not None
            and snapshot.coverage.missing == 0
            and not (snapshot.history is not None and snapshot.history.is_reading)
        )

    def _tell_begin(self, sensor: Sensor, count: int) -> None:
        _LOGGER.info("%s", message("repair_begins", count=count, entity=sensor.entity_id))

    def _tell(self, reasons: tuple[Message, ...]) -> None:
        """Why something is left alone, once."""
        for reason in reasons:
            if reason not in self._told:
                self._told.append(reason)
                _LOGGER.warning("%s", reason)
