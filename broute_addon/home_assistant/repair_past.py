"""The past before a sensor's first row: put in once, then all sums are shifted once (design 2.4).

The shift (`adjust_sum_statistics`) is the one step that doing twice would spoil. It is recorded in
the ledger's journal before it is sent and after it was read back; if this process or Core ended in
between, the sum of the first row tells whether it has happened, asked after the recorder has
finished what it had in its queue. It is never repeated blindly.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from broute_addon.clock import Clock
from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.repair import RepairPlan
from broute_addon.home_assistant.repair_sensors import Sensor
from broute_addon.home_assistant.statistics import HOUR, UNIT, Row
from broute_addon.home_assistant.statistics_calls import (
    ASK_AGAIN_S,
    import_rows,
    rows_of,
    until_recorder_idle,
    until_written,
)
from broute_addon.home_assistant.websocket import CoreCalls
from broute_addon.ledger import JournalEntry, Ledger
from broute_addon.messages import Message, message

BEGUN, SHIFTED, DONE = "past", "past shift", "past done"
"""Kinds of journal entries. `start` and the sums before and after the shift are those of Core's own
first row in the first, of the past's first row in the others. Each is written before its step."""

_NEAR = Decimal("0.000001")


class Past:
    """Puts in the past of one sensor."""

    def __init__(self, core: CoreCalls, ledger: Ledger, clock: Clock, sensor: Sensor) -> None:
        self._core = core
        self._ledger = ledger
        self._clock = clock
        self._sensor = sensor

    async def mend(self, plan: RepairPlan) -> Message | None:
        """Takes the next steps, all of them if nothing comes between; gives why not, if it can't.

        Raises CoreError.
        """
        last = self._last()
        if last is not None and last.kind == SHIFTED:
            return await self._resume_shift(last)
        if not plan.past or plan.past_before is None:
            return None
        if last is None:
            self._record(BEGUN, plan.past_before, plan.shift)
        first = plan.past[0]
        sent, factor = self._sensor.sent(), self._sensor.factor
        await import_rows(self._core, sent, plan.past, factor)
        if await until_written(self._core, self._sensor.entity_id, plan.past):
            raise CoreError(message("import_not_kept", id=self._sensor.entity_id))
        self._record(SHIFTED, first, plan.shift)
        await self._shift(first)
        self._record(DONE, first, plan.shift)
        return None

    def core_first(self, rows: Mapping[datetime, Row]) -> Row:
        """Core's own first row: after an attempt that was cut short, rows of ours stand before."""
        last = self._last()
        begun = rows.get(last.start) if last is not None and last.kind == BEGUN else None
        return begun or rows[min(rows)]

    @property
    def is_done(self) -> bool:
        """The past is there, and its sums begin at 0."""
        last = self._last()
        return last is not None and last.kind == DONE

    @property
    def is_shifting(self) -> bool:
        """A shift was about to be sent, and what came of it isn't known."""
        last = self._last()
        return last is not None and last.kind == SHIFTED

    async def _resume_shift(self, entry: JournalEntry) -> Message | None:
        """Finds out what became of a shift. Why not, if that can't be known."""
        await until_recorder_idle(self._core)
        row = await self._row(entry.start)
        before = entry.old_sum
        if row is None or before is None or min(abs(row.sum), abs(row.sum - before)) >= _NEAR:
            return message("repair_shift_unclear", entity=self._sensor.entity_id)
        await self._shift(row)
        self._record(DONE, row, -before)
        return None

    async def _shift(self, first: Row) -> None:
        """Adds to every sum from the first row on, so that it becomes 0; reads back."""
        if abs(first.sum) >= _NEAR:
            await self._core.call(
                "recorder/adjust_sum_statistics",
                statistic_id=self._sensor.entity_id,
                start_time=first.start.isoformat(),
                adjustment=float(-first.sum),
                adjustment_unit_of_measurement=UNIT,
            )
        for wait_s in ASK_AGAIN_S:
            row = await self._row(first.start)
            if row is not None and abs(row.sum) < _NEAR:
                return
            await asyncio.sleep(wait_s)
        raise CoreError(message("import_not_kept", id=self._sensor.entity_id))

    async def _row(self, start: datetime) -> Row | None:
        found = await rows_of(self._core, self._sensor.entity_id, start, start + HOUR)
        return found.get(start)

    def _last(self) -> JournalEntry | None:
        steps = [
            entry
            for entry in self._ledger.journal()
            if entry.statistic_id == self._sensor.entity_id and entry.kind in (BEGUN, SHIFTED, DONE)
        ]
        return steps[-1] if steps else None

    def _record(self, kind: str, row: Row, shift: Decimal) -> None:
        self._ledger.journal_add(
            JournalEntry(
                at=self._clock(),
                statistic_id=self._sensor.entity_id,
                start=row.start,
                kind=kind,
                old_sum=row.sum,
                new_sum=row.sum + shift,
            )
        )
