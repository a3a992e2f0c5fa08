"""The statistics in Core are the ledger's, whatever happens between. Virtual time."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from broute_addon.home_assistant.statistics_writer import StatisticsWriter
from broute_addon.ledger import Ledger
from broute_addon.messages import Language
from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour, HistoryProgress, Source
from broute_addon.meter.profile import EnergyScale
from broute_addon.meter.readings import HistoryProgressed
from broute_addon.simulator.virtual_time import run_virtual
from broute_addon.store import Snapshot, Store
from tests.support.core_stand_in import HOUR, CoreAtHand, CoreRecorder

UID = "broute_0123456789"
BOUGHT, SOLD = "broute:0123456789_energy_bought", "broute:0123456789_energy_sold"
SCALE = EnergyScale(1, -1, 8)
DAWN = datetime(2026, 11, 1, 15, 0, tzinfo=UTC)
"""00:00 of 2 November by the meter: half-hour 0."""


def raw_at(number: int, direction: Direction = Direction.BOUGHT) -> int:
    """What a register stands at, `number` half-hours after DAWN: uneven, never the same twice."""
    return 50_000 + 7 * number + number * number % 5 if direction is Direction.BOUGHT else number


class Site:
    """A ledger, a Core and the writer between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder)
        self.store = Store(Snapshot())
        self.core = CoreAtHand(CoreRecorder())
        self.language = Language.EN
        self._task: asyncio.Task[None] | None = None

    @property
    def recorder(self) -> CoreRecorder:
        return self.core.recorder

    def keep(self, numbers: Iterable[int], scale: EnergyScale = SCALE) -> None:
        """The true values of both registers."""
        values = [
            HalfHour(DAWN + n * HALF_HOUR, direction, raw_at(n, direction), Source.HISTORY_1)
            for n in numbers
            for direction in Direction
        ]
        self.ledger.keep(UID, scale, values)

    def start(self) -> None:
        """The process starts."""
        writer = StatisticsWriter(
            self.ledger, self.store, self.core.connect, language=lambda: self.language
        )
        self._task = asyncio.create_task(writer.run())

    async def stop(self) -> None:
        """The process ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                await self._task

    def shown(self, statistic_id: str = BOUGHT) -> dict[datetime, float]:
        """What Home Assistant shows for each hour."""
        rows = sorted(self.recorder.rows.get(statistic_id, {}).items())
        sums = [0.0, *(total for _, (_, total) in rows)]
        return {
            start: round(total - before, 6)
            for (start, (_, total)), before in zip(rows, sums, strict=False)
        }

    @property
    def last_import(self) -> object:
        reading = self.store.snapshot.readings.get("last_import")
        return None if reading is None else reading.value

    @property
    def problem(self) -> str | None:
        problem = self.store.snapshot.import_problem
        return None if problem is None else problem.key


def truth(numbers: range, direction: Direction = Direction.BOUGHT) -> dict[datetime, float]:
    """What Home Assistant should show: half-hours `numbers` are all known."""
    hours = [n for n in numbers if n % 2 == 0]
    shown = {DAWN + hours[0] * HALF_HOUR - HOUR: 0.0}
    for n in hours[1:]:
        used = raw_at(n, direction) - raw_at(n - 2, direction)
        shown[DAWN + n * HALF_HOUR - HOUR] = float(SCALE.kwh(used))
    return shown


def at_site(folder: Path, story: Callable[[Site], Coroutine[Any, Any, None]]) -> Site:
    """Runs a story in virtual time."""
    sites: list[Site] = []

    async def main() -> None:
        site = Site(folder)
        sites.append(site)
        try:
            await story(site)
        finally:
            await site.stop()
            site.ledger.close()

    run_virtual(main())
    return sites[0]


def test_the_whole_history_is_there_hour_by_hour_in_both_directions(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(99 * 48 + 1))
        site.start()
        await asyncio.sleep(10)
        assert site.shown() == truth(range(99 * 48 + 1))
        assert site.shown(SOLD) == truth(range(99 * 48 + 1), Direction.SOLD)
        assert site.last_import is not None
        assert site.problem is None
        assert min(site.recorder.rows[BOUGHT]) == DAWN - HOUR

    at_site(tmp_path, story)


def test_a_new_hour_is_there_within_ten_seconds_and_is_one_row_per_direction(
    tmp_path: Path,
) -> None:
    async def story(site: Site) -> None:
        site.recorder.queue_s = 1.0
        site.keep(range(101))
        site.start()
        await asyncio.sleep(60)
        sent, asked = site.recorder.written(), len(site.recorder.calls)
        site.keep([101])
        await asyncio.sleep(60)
        assert site.recorder.written() == sent
        assert len(site.recorder.calls) == asked, "half past: nothing to ask or to send"
        site.keep([102])
        await asyncio.sleep(10)
        assert site.shown() == truth(range(103))
        assert site.recorder.written() == sent + 2
        assert len(site.recorder.calls) <= asked + 8
        await asyncio.sleep(3600)
        assert len(site.recorder.calls) <= asked + 8, "no news, no calls"

    at_site(tmp_path, story)


def test_a_restart_of_the_process_writes_nothing_anew(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(200))
        site.start()
        await asyncio.sleep(10)
        sent = site.recorder.written()
        await site.stop()
        site.start()
        await asyncio.sleep(10)
        assert site.recorder.written() == sent
        assert site.problem is None

    at_site(tmp_path, story)


def test_older_history_found_later_makes_a_new_baseline_for_the_whole(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(4000, 4101))
        site.start()
        await asyncio.sleep(10)
        assert site.shown() == truth(range(4000, 4101))
        site.keep(range(4000))
        await asyncio.sleep(10)
        assert site.shown() == truth(range(4101)), "the former baseline is an hour like others"

    at_site(tmp_path, story)


def test_while_the_memory_is_read_backwards_each_day_is_there_within_ten_seconds(
    tmp_path: Path,
) -> None:
    async def story(site: Site) -> None:
        site.store.apply(HistoryProgressed(HistoryProgress(True, 0, 20)))
        site.start()
        for day in range(20, 0, -1):
            site.keep(range(day * 48, day * 48 + 49))
            await asyncio.sleep(10)
            assert site.shown() == truth(range(day * 48, 21 * 48 + 1))

    at_site(tmp_path, story)


def test_a_hole_that_is_filled_later_is_filled_in_core(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep([*range(100), *range(150, 201)])
        site.start()
        await asyncio.sleep(10)
        assert sum(site.shown().values()) == pytest.approx(sum(truth(range(201)).values()))
        sent = site.recorder.written()
        site.keep(range(100, 150))
        await asyncio.sleep(10)
        assert site.shown() == truth(range(201))
        assert site.recorder.written() - sent == 2 * 25, "the sums after the hole were right"

    at_site(tmp_path, story)


def test_a_value_that_turned_out_otherwise_moves_what_follows(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(101))
        wrong = HalfHour(DAWN + 50 * HALF_HOUR, Direction.BOUGHT, raw_at(51), Source.POLL)
        site.ledger.keep(UID, SCALE, [wrong])
        site.start()
        await asyncio.sleep(10)
        assert site.shown() != truth(range(101))
        site.keep([50])
        await asyncio.sleep(10)
        assert site.shown() == truth(range(101))

    at_site(tmp_path, story)


def test_after_core_was_down_all_that_it_lacks_follows(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(101))
        site.start()
        await asyncio.sleep(10)
        site.core.is_up = False
        site.core.close()
        site.keep(range(101, 120))
        await asyncio.sleep(3600)
        assert site.problem == "core_unreachable"
        site.core.is_up = True
        await asyncio.sleep(75)
        assert site.shown() == truth(range(120))
        assert site.problem is None

    at_site(tmp_path, story)


@pytest.mark.parametrize("number", range(1, 13, 2))
def test_core_ends_in_the_middle_of_the_import(tmp_path: Path, number: int) -> None:
    async def story(site: Site) -> None:
        site.keep(range(99 * 48 + 1))
        site.core.breaks_after = number
        site.start()
        await asyncio.sleep(60)
        assert site.core.opened == 2
        assert site.shown() == truth(range(99 * 48 + 1))
        assert site.shown(SOLD) == truth(range(99 * 48 + 1), Direction.SOLD)

    at_site(tmp_path, story)


def test_a_database_that_was_moved_away_is_filled_again(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(1001))
        site.start()
        await asyncio.sleep(10)
        site.recorder.lose_database()
        site.core.close()
        await asyncio.sleep(20)
        assert site.shown() == truth(range(1001))

    at_site(tmp_path, story)


def test_an_older_database_put_back_gets_what_it_lacks_and_no_more(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(1001))
        site.start()
        await asyncio.sleep(10)
        for rows in site.recorder.rows.values():
            for start in sorted(rows)[300:]:
                del rows[start]
        sent = site.recorder.written()
        site.core.close()
        await asyncio.sleep(20)
        assert site.shown() == truth(range(1001))
        assert site.recorder.written() - sent == 2 * 201

    at_site(tmp_path, story)


def test_a_statistic_deleted_while_connected_is_written_anew_with_the_next_hour(
    tmp_path: Path,
) -> None:
    async def story(site: Site) -> None:
        site.keep(range(101))
        site.start()
        await asyncio.sleep(10)
        site.recorder.lose_database()
        site.keep([101, 102])
        await asyncio.sleep(60)
        assert site.shown() == truth(range(103))

    at_site(tmp_path, story)


def test_what_core_has_from_before_a_lost_ledger_stays_and_the_sums_go_on(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(1001))
        site.start()
        await asyncio.sleep(10)
        await site.stop()
        site.ledger.close()
        site.ledger = Ledger(tmp_path / "new")
        site.keep(range(900, 1101))  # the meter has forgotten what was before
        site.start()
        await asyncio.sleep(20)
        assert site.shown() == truth(range(1101))

    at_site(tmp_path, story)


def test_a_long_series_is_compared_a_window_at_a_time(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(250 * 48 + 1))
        site.start()
        await asyncio.sleep(60)
        assert site.shown() == truth(range(250 * 48 + 1))
        sent = site.recorder.written()
        del site.recorder.rows[BOUGHT][DAWN + timedelta(days=100)]
        site.core.close()
        await asyncio.sleep(60)
        assert site.shown() == truth(range(250 * 48 + 1))
        assert site.recorder.written() == sent + 1

    at_site(tmp_path, story)


def test_the_name_follows_the_language(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(101))
        site.start()
        await asyncio.sleep(10)
        assert site.recorder.metadata[BOUGHT]["name"] == "Smart meter: energy bought"
        site.language = Language.JA
        site.keep([101])
        await asyncio.sleep(10)
        assert site.recorder.metadata[BOUGHT]["name"] == "スマートメーター：買電量"
        await site.stop()
        site.language = Language.EN
        site.start()
        await asyncio.sleep(10)
        assert site.recorder.metadata[BOUGHT]["name"] == "Smart meter: energy bought"
        assert site.shown() == truth(range(102))

    at_site(tmp_path, story)


def test_in_another_unit_every_row_is_written_anew(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(101))
        site.start()
        await asyncio.sleep(10)
        site.recorder.metadata[BOUGHT]["unit_of_measurement"] = "MWh"
        rows = site.recorder.rows[BOUGHT]
        for start, (state, total) in rows.items():
            rows[start] = (state / 1000, total / 1000)
        site.core.close()
        await asyncio.sleep(20)
        assert site.recorder.metadata[BOUGHT]["unit_of_measurement"] == "kWh"
        assert site.shown() == truth(range(101))

    at_site(tmp_path, story)


def _starting(recorder: CoreRecorder) -> None:
    recorder.state = "STARTING"


def _migrating(recorder: CoreRecorder) -> None:
    recorder.info["migration_in_progress"] = True


def _behind(recorder: CoreRecorder) -> None:
    recorder.info["backlog"] = 20_000


def _not_recording(recorder: CoreRecorder) -> None:
    recorder.info["recording"] = False


def _without_recorder(recorder: CoreRecorder) -> None:
    recorder.has_recorder = False


WAITED_FOR: Mapping[str, Callable[[CoreRecorder], None]] = {
    "core_starting": _starting,
    "recorder_migrating": _migrating,
    "recorder_behind": _behind,
    "recorder_absent": _not_recording,
}


@pytest.mark.parametrize("reason", [*WAITED_FOR, "no recorder at all"])
def test_nothing_is_sent_before_core_is_ready_and_the_reason_is_told(
    tmp_path: Path, reason: str
) -> None:
    async def story(site: Site) -> None:
        ready = CoreRecorder()
        WAITED_FOR.get(reason, _without_recorder)(site.recorder)
        site.keep(range(101))
        site.start()
        await asyncio.sleep(300)
        assert site.recorder.written() == 0
        assert site.problem == (reason if reason in WAITED_FOR else "recorder_absent")
        site.recorder.state, site.recorder.info = ready.state, ready.info
        site.recorder.has_recorder = True
        await asyncio.sleep(40)
        assert site.shown() == truth(range(101))
        assert site.problem is None

    at_site(tmp_path, story)


def test_a_core_that_is_too_old_gets_one_sentence_and_no_calls(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def story(site: Site) -> None:
        site.recorder.version = "2025.10.4"
        site.keep(range(101))
        site.start()
        await asyncio.sleep(3600)
        assert site.recorder.calls == []
        assert site.problem == "core_too_old"
        assert caplog.text.count("too old") == 1
        assert "2025.10.4" in caplog.text
        site.recorder.version = "2025.11.0"  # updated: Core restarts
        site.core.close()
        await asyncio.sleep(20)
        assert site.shown() == truth(range(101))

    at_site(tmp_path, story)


def test_a_busy_recorder_is_waited_for_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.recorder.queue_s = 120.0
        site.recorder.info["backlog"] = 3
        site.keep(range(101))
        site.start()
        await asyncio.sleep(400)
        assert site.shown() == truth(range(101))
        assert site.recorder.written() == 2 * 51
        assert site.problem is None

    at_site(tmp_path, story)


def test_an_import_that_core_forgets_is_sent_again(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.recorder.forgets = 1
        site.keep(range(101))
        site.start()
        await asyncio.sleep(60)
        assert site.shown() == truth(range(101))

    at_site(tmp_path, story)


def test_a_core_that_keeps_nothing_is_told_and_not_flooded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(site: Site) -> None:
        site.recorder.forgets = 1_000_000
        site.keep(range(101))
        site.start()
        await asyncio.sleep(6 * 3600)
        assert site.problem == "import_not_kept"
        assert caplog.text.count("doesn't have them") == 1
        assert site.recorder.count("recorder/import_statistics") < 6 * 3600 / 30

    at_site(tmp_path, story)


@contextlib.asynccontextmanager
async def running(site: Site) -> AsyncIterator[Site]:
    site.start()
    yield site
    await site.stop()


def test_a_rollover_doesnt_show_in_core(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        scale = EnergyScale(1, -1, 6)
        raws = [(999_800 + 40 * n) % scale.modulus for n in range(21)]
        assert raws[-1] < raws[0]
        values = [
            HalfHour(DAWN + n * HALF_HOUR, Direction.BOUGHT, raw, Source.HISTORY_1)
            for n, raw in enumerate(raws)
        ]
        site.ledger.keep(UID, scale, values)
        async with running(site):
            await asyncio.sleep(10)
            assert list(site.shown().values()) == [0.0, *[8.0] * 10]

    at_site(tmp_path, story)


def test_each_meter_has_its_own_statistics(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.keep(range(11))
        other = HalfHour(DAWN, Direction.BOUGHT, 3, Source.POLL)
        site.ledger.keep("broute_fedcba9876", SCALE, [other])
        async with running(site):
            await asyncio.sleep(10)
            assert set(site.recorder.rows) == {
                BOUGHT,
                SOLD,
                "broute:fedcba9876_energy_bought",
            }
            assert site.recorder.rows["broute:fedcba9876_energy_bought"] == {
                DAWN - HOUR: (float(Decimal("0.3")), 0.0)
            }

    at_site(tmp_path, story)
