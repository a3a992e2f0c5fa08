"""The energy sensors' own statistics: what is mended, what never, and what a power cut leaves."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from broute_addon.home_assistant.repair import Kind, RepairPlan, plan_gaps, plan_past
from broute_addon.home_assistant.repair_gaps import Gap
from broute_addon.home_assistant.statistics import HOUR, Row
from broute_addon.home_assistant.statistics_writer import StatisticsWriter
from broute_addon.ledger import Ledger, Stand
from broute_addon.messages import Language
from broute_addon.meter.half_hours import HALF_HOUR, Coverage, Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    MeterIdentified,
    Reading,
    ReadingsArrived,
)
from broute_addon.simulator.virtual_time import run_virtual
from broute_addon.store import Snapshot, Store
from broute_addon.wisun.values import MacAddress
from tests.support.core_stand_in import CoreAtHand, CoreRecorder

SCALE = EnergyScale(1, -1, 8)
NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""12:00 in Japan."""

SENSOR = "sensor.meter_energy_bought"
OFFSET = Decimal(-900)
"""Core's sums began when the register stood at 900 kWh."""

Rows = dict[datetime, Row]


def raw_at(hours: float) -> int:
    """The register so many hours after NOON: 2.0 kWh an hour."""
    return 10_000 + round(20 * hours)


def stands(begin: float, end: float) -> list[Stand]:
    """Each half-hour from one hour to another."""
    return [
        Stand(NOON + half * HALF_HOUR, raw_at(half / 2), SCALE)
        for half in range(round(2 * begin), round(2 * end) + 1)
    ]


def compiled(hour: int, told_at: float | None = None) -> Row:
    """Core's row of the hour that begins so many hours after NOON, if the last value that it was
    told is of `told_at`; else of the hour's end."""
    state = SCALE.kwh(raw_at(hour + 1 if told_at is None else told_at))
    return Row(NOON + hour * HOUR, state, state + OFFSET)


def core_rows(*rows: Row) -> Rows:
    return {row.start: row for row in rows}


OUTAGE = Gap(NOON + 2 * HOUR, NOON + 7 * HOUR)
"""From a quarter past 14:00 to half past 18:00: 14:30 to 19:00 weren't told."""


def after_outage(*without: int) -> Rows:
    """Hours 0 to 9 as Core has them after that outage: the third is cut, four more are flat."""
    rows = [
        *(compiled(hour) for hour in range(2)),
        *(compiled(hour, told_at=2.25) for hour in range(2, 6)),
        *(compiled(hour) for hour in range(6, 10)),
    ]
    return core_rows(*(row for row in rows if (row.start - NOON) // HOUR not in without))


def mended(rows: Rows, plan: RepairPlan) -> Rows:
    return rows | {change.row.start: change.row for change in plan.changes}


def right(hours: Iterable[int]) -> Rows:
    return core_rows(*(compiled(hour) for hour in hours))


# -- the plan ----------------------------------------------------------------------------------


def test_a_cut_hour_and_flat_ones_are_mended_and_the_hour_in_which_the_outage_ends_is_right() -> (
    None
):
    rows = after_outage()
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE])
    assert [(change.kind, (change.row.start - NOON) // HOUR) for change in plan.changes] == [
        (Kind.CUT, 2),
        (Kind.FLAT, 3),
        (Kind.FLAT, 4),
        (Kind.FLAT, 5),
    ]
    assert mended(rows, plan) == right(range(10))
    assert [change.old_sum for change in plan.changes] == [rows[NOON + 2 * HOUR].sum] * 4
    assert plan.refusals == ()
    assert plan.settled == (), "not before it is read back"


def test_absent_hours_are_put_in() -> None:
    rows = after_outage(3, 4)
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE])
    assert [change.kind for change in plan.changes] == [
        Kind.CUT,
        Kind.ABSENT,
        Kind.ABSENT,
        Kind.FLAT,
    ]
    assert mended(rows, plan) == right(range(10))


def test_an_absent_hour_is_a_record_by_itself() -> None:
    rows = right({0, 1, 2, 5, 6})
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [])
    assert {change.kind for change in plan.changes} == {Kind.ABSENT}
    assert mended(rows, plan) == right(range(7))


def test_what_was_mended_needs_nothing_more_and_its_gap_is_settled() -> None:
    rows = after_outage(4)
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE])
    again = plan_gaps(SENSOR, mended(rows, plan), stands(0, 10), [OUTAGE])
    assert again == RepairPlan(SENSOR, settled=(OUTAGE,))


def test_without_a_recorded_gap_no_row_is_touched() -> None:
    assert plan_gaps(SENSOR, after_outage(), stands(0, 10), []) == RepairPlan(SENSOR)
    beside = Gap(NOON + 7 * HOUR, NOON + 8 * HOUR)
    plan = plan_gaps(SENSOR, after_outage(), stands(0, 10), [beside])
    assert plan == RepairPlan(SENSOR, settled=(beside,))


def test_one_count_too_low_is_left_as_core_has_it() -> None:
    rows = right(range(10))
    for lacking, is_mended in ((1, False), (2, True)):
        state = SCALE.kwh(raw_at(3) - lacking)
        low = rows | core_rows(Row(NOON + 2 * HOUR, state, state + OFFSET))
        plan = plan_gaps(SENSOR, low, stands(0, 10), [Gap(NOON + 2 * HOUR, NOON + 3 * HOUR)])
        assert bool(plan.changes) is is_mended


def test_a_sum_is_never_lowered() -> None:
    rows = right(range(10))
    state = SCALE.kwh(raw_at(3.4))  # the host's clock is ahead of the meter's
    high = rows | core_rows(Row(NOON + 2 * HOUR, state, state + OFFSET))
    plan = plan_gaps(SENSOR, high, stands(0, 10), [Gap(NOON + 2 * HOUR, NOON + 3 * HOUR)])
    assert plan.changes == ()


def shifted(row: Row, by: str) -> Row:
    return Row(row.start, row.state, row.sum + Decimal(by))


@pytest.mark.parametrize("odd", [*range(6, 10), "in the gap"])
def test_an_offset_that_isnt_the_same_throughout_stops_it_and_the_reason_is_told(
    odd: int | str,
) -> None:
    rows = after_outage(3)
    first = 4 if odd == "in the gap" else 6
    last = 5 if odd == "in the gap" else 10
    for hour in range(first, last):
        start = NOON + hour * HOUR
        rows[start] = shifted(rows[start], "50.0")
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE])
    assert plan.changes == ()
    assert [reason.key for reason in plan.refusals] == ["repair_offset"]
    assert "2026-11-24 14:00" in str(plan.refusals[0])
    assert plan.settled == ()


def test_readings_that_dont_lie_between_cores_stop_it() -> None:
    other_meter = [Stand(stand.at, stand.raw + 70_000, SCALE) for stand in stands(0, 10)]
    plan = plan_gaps(SENSOR, after_outage(3), other_meter, [OUTAGE])
    assert plan.changes == ()
    assert [reason.key for reason in plan.refusals] == ["repair_not_between"]


def test_the_float_noise_of_long_sums_isnt_taken_for_a_reset() -> None:
    rows = {
        start: Row(start, row.state, row.sum + Decimal("0.0000000029104"))
        for start, row in after_outage(4).items()
    }
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE])
    assert len(plan.changes) == 4


def test_the_newest_hour_and_what_core_may_still_compile_are_waited_for() -> None:
    rows = {start: row for start, row in after_outage().items() if start < NOON + 6 * HOUR}
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE])
    assert plan == RepairPlan(SENSOR, is_waiting=True)
    rows |= core_rows(compiled(6))  # its end is the gap's: perhaps it was told, perhaps not
    assert plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE]).is_waiting
    rows |= core_rows(compiled(7))
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE])
    assert not plan.is_waiting
    assert len(plan.changes) == 4


def test_while_a_gap_is_open_nothing_behind_its_begin_is_looked_at() -> None:
    rows = after_outage(0, 3)
    rows |= core_rows(compiled(-1), compiled(-2))
    plan = plan_gaps(SENSOR, rows, stands(-3, 10), [], open_after=OUTAGE.after)
    assert [change.row.start for change in plan.changes] == [NOON]


def test_an_hour_whose_reading_is_missing_stays_and_its_gap_stays_open() -> None:
    known = [stand for stand in stands(0, 10) if stand.at != NOON + 5 * HOUR]
    plan = plan_gaps(SENSOR, after_outage(), known, [OUTAGE])
    assert [(change.row.start - NOON) // HOUR for change in plan.changes] == [2, 3, 5]
    again = plan_gaps(SENSOR, mended(after_outage(), plan), known, [OUTAGE])
    assert again == RepairPlan(SENSOR)


def test_the_first_row_of_all_may_be_cut_too() -> None:
    rows = {start: row for start, row in after_outage().items() if start >= NOON + 2 * HOUR}
    plan = plan_gaps(SENSOR, rows, stands(0, 10), [OUTAGE])
    assert plan.changes[0].kind is Kind.CUT
    assert mended(rows, plan) == right(range(2, 10))


def test_the_past_begins_at_0_after_the_shift_and_goes_on_into_cores_rows() -> None:
    first = compiled(5)
    past = plan_past(first, stands(-48, 10))
    assert [row.start for row in past] == [NOON + hour * HOUR for hour in range(-49, 5)]
    plan = RepairPlan(SENSOR, past=past)
    assert past[0].sum + plan.shift == 0
    assert past[-1] == compiled(4)


def test_the_past_ends_where_the_register_was_reset() -> None:
    first = compiled(5)
    older = [Stand(stand.at, stand.raw + 70_000, SCALE) for stand in stands(-48, -10.5)]
    past = plan_past(first, [*older, *stands(-10, 10)])
    assert past[0].start == NOON - 11 * HOUR


def test_the_past_of_a_register_that_core_counts_otherwise_isnt_put_in() -> None:
    ahead = [Stand(stand.at, stand.raw + 70_000, SCALE) for stand in stands(-48, 10)]
    assert plan_past(compiled(5), ahead) == ()


# -- carrying it out ---------------------------------------------------------------------------

PROFILE = MeterProfile(MacAddress.parse("001D129012345678"), frozenset({0xE0, 0xEA}))
UID = PROFILE.uid
BEFORE, LAST = -20, 10


@dataclass
class Clock:
    """The host's, on the loop's time."""

    begin: datetime = NOON

    def __call__(self) -> datetime:
        return self.begin + timedelta(seconds=asyncio.get_running_loop().time())


class Site:
    """A meter whose energy goes to Home Assistant, and a Core that compiled hours of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(Snapshot())
        self.core = CoreAtHand(CoreRecorder())
        self.recorder.add_sensor(SENSOR, f"{UID}_energy_bought")
        self.recorder.add_sensor("sensor.another", "another_energy")
        self.ledger = Ledger(folder)
        self.writer: StatisticsWriter | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def recorder(self) -> CoreRecorder:
        return self.core.recorder

    @property
    def rows(self) -> Mapping[datetime, tuple[float, float]]:
        return self.recorder.rows[SENSOR]

    @rows.setter
    def rows(self, rows: Rows) -> None:
        unit = self.recorder.metadata[SENSOR]["unit_of_measurement"]
        factor = 1000.0 if unit == "Wh" else 1.0
        self.recorder.rows[SENSOR] = {
            row.start: (float(row.state) * factor, float(row.sum) * factor) for row in rows.values()
        }

    @property
    def journal(self) -> list[str]:
        return [entry.kind for entry in self.ledger.journal()]

    def keep(self, begin: float, end: float) -> None:
        values = [
            HalfHour(stand.at, Direction.BOUGHT, stand.raw, Source.HISTORY_1)
            for stand in stands(begin, end)
        ]
        self.ledger.keep(UID, SCALE, values)

    def start(self, *, repair: bool = True) -> None:
        """The process starts."""
        self.writer = StatisticsWriter(
            self.ledger,
            self.store,
            self.core.connect,
            language=lambda: Language.EN,
            clock=Clock(),
            repair=repair,
        )
        self._task = asyncio.create_task(self.writer.run())

    async def stop(self) -> None:
        """The process ends, however."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                await self._task

    def feed(self, hours: float, *, missing: int = 0) -> None:
        """An energy value goes out, when the newest half-hour is so many hours after NOON."""
        half_hour = NOON + hours * HOUR
        self.store.apply(MeterIdentified(PROFILE))
        self.store.apply(ConnectionChanged(Connection.READING))
        self.store.note_broker(is_up=True)
        self.store.note_coverage(
            Coverage(NOON, half_hour, NOON, half_hour, known=10, missing=missing, gone=0)
        )
        now = Clock()()
        self.store.apply(
            ReadingsArrived(
                (
                    Reading("energy_bought", Decimal(hours), now),
                    Reading("half_hour_energy_bought", Decimal(hours), half_hour),
                )
            )
        )

    async def outage(self, rows: Rows) -> None:
        """The process stops at 14:15 and is there again at 19:10; Core compiled these rows."""
        self.keep(BEFORE, 2)
        await self.begin_again()
        self.rows = rows

    async def begin_again(self) -> None:
        """The process starts, reads what it missed, and feeds again."""
        self.start()
        await asyncio.sleep(5)
        self.keep(BEFORE, LAST)
        self.feed(7)


def at_site(folder: Path, story: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
    """Runs a story in virtual time."""

    async def main() -> None:
        site = Site(folder)
        try:
            await story(site)
        finally:
            await site.stop()
            site.ledger.close()

    run_virtual(main())


def sent(rows: Rows, shift: Decimal = Decimal(0)) -> dict[datetime, object]:
    return {
        start: (float(row.state), pytest.approx(float(row.sum + shift), abs=1e-6))
        for start, row in rows.items()
    }


SHIFT = -(SCALE.kwh(raw_at(BEFORE)) + OFFSET)


def test_an_outage_and_the_past_are_mended_once_and_journaled(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.recorder.rows["sensor.another"] = {NOON: (1.0, 2.0)}
        await site.outage(after_outage(4))
        await asyncio.sleep(120)
        assert dict(site.rows) == sent(right(range(BEFORE - 1, 10)), SHIFT)
        assert site.journal == ["cut", "flat", "absent", "flat", "past", "past shift", "past done"]
        assert site.recorder.shifts == [(SENSOR, float(SHIFT))]
        assert site.recorder.rows["sensor.another"] == {NOON: (1.0, 2.0)}
        written = site.recorder.written()
        await site.stop()
        await site.begin_again()
        await asyncio.sleep(3600)
        assert site.recorder.written() == written
        assert site.recorder.count("recorder/adjust_sum_statistics") == 1

    at_site(tmp_path, story)


def test_with_statistics_alone_nothing_is_mended_but_the_dry_run_lists_it(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(BEFORE, 2)
        site.rows = after_outage()
        site.start(repair=False)
        await asyncio.sleep(5)
        site.keep(BEFORE, LAST)
        site.feed(7)
        await asyncio.sleep(600)
        assert dict(site.rows) == sent(after_outage())
        assert site.journal == []
        assert site.writer is not None
        (plan,) = await site.writer.repairer.plan()
        assert [change.kind.value for change in plan.changes] == ["cut", "flat", "flat", "flat"]
        assert len(plan.past) == -BEFORE + 1
        site.core.is_up = False
        site.core.close()
        await asyncio.sleep(1)
        assert await site.writer.repairer.plan() == ()

    at_site(tmp_path, story)


def test_the_past_waits_until_all_of_the_meters_memory_is_read(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.rows = right(range(10))
        site.start()
        await asyncio.sleep(5)
        site.keep(-3, LAST)
        site.feed(7, missing=40)
        await asyncio.sleep(600)
        assert site.journal == []
        site.keep(BEFORE, LAST)
        site.feed(7.5)
        await asyncio.sleep(120)
        assert dict(site.rows) == sent(right(range(BEFORE - 1, 10)), SHIFT)

    at_site(tmp_path, story)


def test_a_sensor_without_an_hour_yet_is_waited_for(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.start()
        await asyncio.sleep(5)
        site.keep(BEFORE, LAST)
        site.feed(7)
        await asyncio.sleep(3000)
        assert site.journal == []
        assert len(site.recorder.calls) < 100
        site.rows = core_rows(compiled(9))
        await asyncio.sleep(660)
        assert dict(site.rows) == sent(right(range(BEFORE - 1, 10)), SHIFT)

    at_site(tmp_path, story)


@pytest.mark.parametrize("calls", range(2, 40, 2))
def test_a_power_cut_anywhere_leaves_nothing_done_twice(tmp_path: Path, calls: int) -> None:
    """The process ends after so many commands, and starts again; Core does what was sent."""

    async def story(site: Site) -> None:
        task = asyncio.create_task(site.outage(after_outage(4)))
        now = asyncio.get_running_loop().time
        while len(site.recorder.calls) < calls and now() < 200:  # noqa: ASYNC110 - sends no event
            await asyncio.sleep(0.005)
        await task
        await site.stop()
        site.ledger.close()
        site.ledger = Ledger(site.folder)
        await site.begin_again()
        await asyncio.sleep(300)
        assert dict(site.rows) == sent(right(range(BEFORE - 1, 10)), SHIFT)
        assert len(site.recorder.shifts) == 1
        assert site.journal[-1] == "past done"

    at_site(tmp_path, story)


@pytest.mark.parametrize("is_applied", [False, True])
def test_after_an_end_in_the_middle_of_the_shift_core_is_asked_what_became_of_it(
    tmp_path: Path, *, is_applied: bool
) -> None:
    async def story(site: Site) -> None:
        answer = site.recorder.answer

        def cut_short(command: str, fields: Mapping[str, Any]) -> object:
            if command != "recorder/adjust_sum_statistics":
                return answer(command, fields)
            if is_applied:
                answer(command, fields)
            site.recorder.answer = answer  # type: ignore[method-assign]
            site.core.close()
            return None

        site.recorder.answer = cut_short  # type: ignore[method-assign]
        await site.outage(after_outage())
        await asyncio.sleep(300)
        assert dict(site.rows) == sent(right(range(BEFORE - 1, 10)), SHIFT)
        assert site.recorder.shifts == [(SENSOR, float(SHIFT))]
        assert site.journal[-3:] == ["past", "past shift", "past done"]

    at_site(tmp_path, story)


def test_a_shift_whose_outcome_cant_be_known_is_left_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(site: Site) -> None:
        answer = site.recorder.answer

        def meddled(command: str, fields: Mapping[str, Any]) -> object:
            if command != "recorder/adjust_sum_statistics":
                return answer(command, fields)
            answer(command, {**fields, "adjustment": 12.5})  # somebody's own, at the same time
            site.recorder.answer = answer  # type: ignore[method-assign]
            site.core.close()
            return None

        site.recorder.answer = meddled  # type: ignore[method-assign]
        await site.outage(after_outage())
        await asyncio.sleep(3600)
        assert site.recorder.shifts == [(SENSOR, 12.5)]
        assert "stays as it is" in caplog.text
        assert caplog.text.count("stays as it is") == 1

    at_site(tmp_path, story)


def test_a_statistic_in_watt_hours_is_mended_in_watt_hours(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.recorder.metadata[SENSOR]["unit_of_measurement"] = "Wh"
        await site.outage(after_outage(4))
        await asyncio.sleep(120)
        in_kwh = {
            start: (state / 1000, total / 1000) for start, (state, total) in site.rows.items()
        }
        assert in_kwh == sent(right(range(BEFORE - 1, 10)), SHIFT)
        assert site.recorder.metadata[SENSOR]["unit_of_measurement"] == "Wh"

    at_site(tmp_path, story)


def test_a_sensor_with_another_source_or_unit_is_left_alone_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(site: Site) -> None:
        site.recorder.metadata[SENSOR]["unit_of_measurement"] = "m³"
        site.recorder.rows[SENSOR] = {}
        await site.outage({})
        await asyncio.sleep(120)
        assert site.journal == []
        assert "they are kept in m³" in caplog.text

    at_site(tmp_path, story)
