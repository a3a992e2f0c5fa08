"""Stories of the meter's memory: what is told to the ledger is the simulated meter's truth.

The truth is the simulator's registers, which know nothing of our codecs. Virtual time.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broute_addon.clock import JST
from broute_addon.echonet.frame import Esv
from broute_addon.meter.engine import Command
from broute_addon.meter.half_hours import HALF_HOUR, MEMORY_DAYS, Direction, HalfHour, Source
from broute_addon.meter.readings import Connection, HalfHoursRead, HistoryProgressed
from broute_addon.simulator import AirConfig, HouseConfig, MeterConfig
from broute_addon.simulator.faults import parse_fault
from tests.support.engine_house import START, Lab, lab, story
from tests.support.notebook import Notebook

_EPOCH = datetime(1970, 1, 1, tzinfo=JST)
NEWEST = datetime(2026, 4, 5, 11, 30, tzinfo=JST)
"""At 12:01 the reading of 12:00 may not be in the memory yet."""
OLDEST = datetime(2026, 4, 5, tzinfo=JST) - timedelta(days=MEMORY_DAYS)

_HISTORY = {0xE2, 0xE4, 0xE5, 0xEC, 0xED, 0xEE, 0xEF}


def faulty(*faults: str, meter: MeterConfig | None = None, **air: float) -> HouseConfig:
    """A house where these go wrong."""
    return HouseConfig(
        meter=meter or MeterConfig(),
        air=replace(AirConfig(), **air),  # type: ignore[arg-type]
        faults=tuple(map(parse_fault, faults)),
    )


async def read_out(here: Lab, within_s: float = 20_000) -> float:
    """Waits until the reading of the memory has ended; gives the virtual second."""
    return await here.until(
        lambda now: now.history is not None and not now.history.is_reading, within_s
    )


def instants(oldest: datetime = OLDEST, newest: datetime = NEWEST) -> Iterator[datetime]:
    """All half-hours between two, both included."""
    count = (newest - oldest) // HALF_HOUR + 1
    return (oldest + number * HALF_HOUR for number in range(count))


def truth(here: Lab, at: datetime, direction: Direction) -> int | None:
    """What the register stood at."""
    counts = here.house.registers.counts(int((at - _EPOCH).total_seconds()))
    return getattr(counts, direction.value)  # type: ignore[no-any-return]


def wrong(here: Lab, notebook: Notebook) -> list[tuple[datetime, Direction]]:
    """Values that were told and aren't true."""
    return [
        (at, direction)
        for (_, direction, at), kept in notebook.kept.items()
        if kept.raw is not None and kept.raw != truth(here, at, direction)
    ]


def unknown(
    notebook: Notebook, oldest: datetime = OLDEST, newest: datetime = NEWEST
) -> list[tuple[datetime, Direction]]:
    """Half-hours without a value."""
    known = {(at, way) for (_, way, at), kept in notebook.kept.items() if kept.raw is not None}
    wanted = itertools.product(instants(oldest, newest), Direction)
    return [slot for slot in wanted if slot not in known]


def asked(here: Lab) -> Counter[int]:
    """How often each property of the memory was asked for or set."""
    epcs = (prop.epc for _, frame in here.requests() for prop in frame.properties)
    return Counter(epc for epc in epcs if epc in _HISTORY)


def share_on_time(here: Lab, interval_s: float, since: float) -> float:
    """Of the intervals between live polls, how many are right to a tenth."""
    polls: list[float] = []
    for at, frame in here.requests():
        is_live = at >= since and any(prop.epc == 0xE7 for prop in frame.properties)
        is_repeated = bool(polls) and at - polls[-1] < interval_s / 2
        if is_live and not is_repeated:
            polls.append(at)
    gaps = [b - a for a, b in itertools.pairwise(polls)]
    return sum(abs(gap - interval_s) <= interval_s / 10 for gap in gaps) / len(gaps)


def filled(here: Lab, *, but_for: set[datetime]) -> Notebook:
    """A ledger that has all but these."""
    notebook = Notebook()
    uid = here.uids()[-1]
    for at, way in itertools.product(instants(), Direction):
        if at not in but_for:
            half_hour = HalfHour(at.astimezone(UTC), way, truth(here, at, way), Source.HISTORY_1)
            notebook.kept[uid, way, at] = half_hour
    return notebook


async def known_but_for(config: HouseConfig, *missing: datetime) -> Notebook:
    """The ledger of this house, but for some half-hours."""
    async with lab(config) as here:
        await here.until_reading()
        return filled(here, but_for=set(missing))


# -- the whole memory ----------------------------------------------------------------------------


@pytest.mark.parametrize("generation", [1, 2])
def test_the_whole_memory_is_read_exactly(generation: int) -> None:
    async def scenario() -> None:
        notebook = Notebook()
        house = HouseConfig(meter=MeterConfig(generation=generation))
        async with lab(house, notebook=notebook) as here:
            await read_out(here)
            assert not unknown(notebook)
            assert not wrong(here, notebook)
            assert min(at for _, _, at in notebook.kept) == OLDEST
            assert asked(here) == {0xE5: 100, 0xE2: 100, 0xE4: 100}

    story(scenario)


@pytest.mark.parametrize("interval_s", [5.0, 10.0, 30.0, 60.0])
def test_live_polls_hardly_notice(interval_s: float) -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(HouseConfig(), notebook=notebook, interval_s=interval_s) as here:
            begun = await here.until(lambda now: "energy_sold" in now.readings) + 1
            await read_out(here)
            assert not unknown(notebook)
            assert share_on_time(here, interval_s, begun) >= 0.95

    story(scenario)


def test_it_begins_after_the_first_live_and_energy_values() -> None:
    async def scenario() -> None:
        async with lab(notebook=Notebook()) as here:
            await asyncio.sleep(60)
            first = next(at for at, frame in here.requests() if frame.properties[0].epc in _HISTORY)
            for key in ("power", "current_r", "energy_bought", "energy_sold"):
                assert here.readings(key)[0][0] <= first, key

    story(scenario)


def test_the_newest_days_come_first_and_progress_is_told_now_and_then() -> None:
    async def scenario() -> None:
        async with lab(notebook=Notebook()) as here:
            await read_out(here)
            days = [
                frame.properties[0].edt[0]
                for _, frame in here.requests()
                if frame.esv is Esv.SET_C and frame.properties[0].epc == 0xE5
            ]
            assert days == list(range(100))
            told = [(at, u.progress) for at, u in here.told if isinstance(u, HistoryProgressed)]
            begun, *middle, ended = [progress for _, progress in told]
            assert begun.is_reading
            assert begun.done == 0
            assert all(progress.is_reading and progress.left_s for progress in middle)
            assert not ended.is_reading
            assert ended.done == ended.total == begun.total
            assert min(b[0] - a[0] for a, b in itertools.pairwise(told[:-1])) >= 5
            assert len(told) > 20

    story(scenario)


def test_a_one_way_meter_is_asked_for_one_direction() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(HouseConfig(meter=MeterConfig(reverse=False)), notebook=notebook) as here:
            await read_out(here)
            assert {way for _, way, _ in notebook.kept} == {Direction.BOUGHT}
            assert {way for _, way in unknown(notebook)} == {Direction.SOLD}
            assert asked(here) == {0xE5: 100, 0xE2: 100}
            assert not wrong(here, notebook)

    story(scenario)


def test_without_a_ledger_the_memory_is_left_alone() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await asyncio.sleep(3600)
            here.engine.submit(Command.READ_HISTORY)
            await asyncio.sleep(60)
            assert not asked(here)
            assert here.store.snapshot.history is None

    story(scenario)


# -- gaps ----------------------------------------------------------------------------------------


def test_a_complete_ledger_costs_nothing() -> None:
    async def scenario() -> None:
        notebook = await known_but_for(HouseConfig())
        async with lab(notebook=notebook) as here:
            await asyncio.sleep(600)
            assert not asked(here)
            assert here.store.snapshot.history is None

    story(scenario)


def test_a_gap_is_filled_by_the_fewest_requests() -> None:
    async def scenario() -> None:
        house = HouseConfig(meter=MeterConfig(generation=2))
        night = list(instants(NEWEST - timedelta(hours=9), NEWEST - timedelta(hours=4)))
        notebook = await known_but_for(house, *night)
        async with lab(house, notebook=notebook) as here:
            await read_out(here)
            assert not unknown(notebook)
            assert not wrong(here, notebook)
            assert asked(here) == {0xED: 1, 0xEC: 1}

    story(scenario)


def test_a_restart_reads_nothing_twice_but_the_unchecked_run() -> None:
    async def scenario() -> None:
        notebook, read = Notebook(), Counter[int]()
        for _ in range(6):
            async with lab(notebook=notebook) as here:
                await asyncio.sleep(120)
                read += asked(here)
        assert not unknown(notebook)
        assert read[0xE5] <= 100 + 5 * 5

    story(scenario)


def test_missed_notifications_are_made_up_for() -> None:
    async def scenario() -> None:
        notebook = await known_but_for(HouseConfig())
        async with lab(faulty("lost-notification=0.5"), notebook=notebook) as here:
            await asyncio.sleep(12 * 3600)
            assert not unknown(notebook, newest=NEWEST + timedelta(hours=12))
            assert not wrong(here, notebook)
            sources = Counter(kept.source for kept in notebook.kept.values() if kept.at > NEWEST)
            assert sources[Source.NOTIFICATION] > 10
            assert sources[Source.POLL] > 10

    story(scenario)


def test_a_half_hour_that_neither_came_nor_could_be_asked_for_is_read_from_the_memory() -> None:
    async def scenario() -> None:
        notebook = await known_but_for(HouseConfig())
        house = faulty("power-cut@1700+900")  # 12:29 to 12:44, and a session to find again
        async with lab(house, notebook=notebook) as here:
            await asyncio.sleep(3 * 3600)
            assert not unknown(notebook, newest=NEWEST + timedelta(hours=3))
            assert not wrong(here, notebook)

    story(scenario)


def test_reading_again_reads_everything_whatever_the_ledger_has() -> None:
    async def scenario() -> None:
        notebook = await known_but_for(HouseConfig())
        async with lab(notebook=notebook) as here:
            await asyncio.sleep(120)
            notebook.kept.clear()
            here.engine.submit(Command.READ_HISTORY)
            await asyncio.sleep(60)
            here.engine.submit(Command.READ_HISTORY)  # once more, in the middle of it
            await read_out(here)
            assert not unknown(notebook)
            assert not wrong(here, notebook)
            assert 100 < asked(here)[0xE5] < 120

    story(scenario)


@pytest.mark.parametrize("fault", ["terminate", "reboot"])
def test_reading_again_goes_on_after_a_fault_in_the_middle(fault: str) -> None:
    async def scenario() -> None:
        notebook = await known_but_for(HouseConfig())
        async with lab(notebook=notebook) as here:
            await here.until(lambda now: "energy_sold" in now.readings)
            here.engine.submit(Command.READ_HISTORY)
            await here.until(lambda now: now.history is not None and now.history.done > 30)
            here.house.faults.fire(fault)
            await asyncio.sleep(3600)
            assert 100 <= asked(here)[0xE5] < 120

    story(scenario)


def test_reading_again_may_be_asked_for_before_there_is_a_meter() -> None:
    async def scenario() -> None:
        notebook = await known_but_for(HouseConfig())
        async with lab(notebook=notebook) as here:
            here.house.faults.fire("unplug", for_s=60)
            await asyncio.sleep(30)
            here.engine.submit(Command.READ_HISTORY)
            await asyncio.sleep(3600)
            assert 100 <= asked(here)[0xE5] < 120

    story(scenario)


def test_of_two_commands_given_at_once_none_is_swallowed() -> None:
    async def scenario() -> None:
        notebook = await known_but_for(HouseConfig())
        async with lab(notebook=notebook) as here:
            await here.until(lambda now: "energy_sold" in now.readings)
            here.engine.submit(Command.READ_HISTORY)
            here.engine.submit(Command.READ_NOW)
            await asyncio.sleep(3600)
            assert 100 <= asked(here)[0xE5] < 120

    story(scenario)


# -- what meters lack and refuse -----------------------------------------------------------------


def test_what_the_meter_remembers_no_more_is_marked_and_days_45_70_and_99_were_asked() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(HouseConfig(meter=MeterConfig(memory_days=45)), notebook=notebook) as here:
            await read_out(here)
            first = datetime(2026, 4, 5, tzinfo=JST) - timedelta(days=45)
            assert not unknown(notebook, oldest=first)
            for way in Direction:
                values = notebook.values(way)
                assert {values[at] for at in instants(newest=first - HALF_HOUR)} == {None}
            days = [f.properties[0].edt[0] for _, f in here.requests() if f.esv is Esv.SET_C]
            assert {45, 70, 99} <= set(days)
            assert len(days) < 65

    story(scenario)


def test_days_that_the_meter_lost_dont_hide_those_before() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        meter = MeterConfig(memory_days=40, lost_days=(20, 25))
        async with lab(HouseConfig(meter=meter), notebook=notebook) as here:
            await read_out(here)
            today = datetime(2026, 4, 5, tzinfo=JST)
            before = unknown(
                notebook, today - timedelta(days=40), today - timedelta(days=25) - HALF_HOUR
            )
            assert not before
            assert not wrong(here, notebook)
            assert notebook.values(Direction.SOLD).keys() >= set(instants())

    story(scenario)


@pytest.mark.parametrize(
    ("meter", "epcs", "source"),
    [
        pytest.param(
            MeterConfig(history1=False, history2=True),
            {0xED: 398, 0xEC: 398},
            Source.HISTORY_2,
            id="E5 can't be set",
        ),
        pytest.param(
            MeterConfig(reverse_history=False, history2=True),
            {0xED: 398, 0xEC: 398},
            Source.HISTORY_2,
            id="no E4, so EC tells both directions",
        ),
        pytest.param(MeterConfig(clock=False), {0xE5: 100, 0xE2: 100, 0xE4: 100}, Source.HISTORY_1),
    ],
)
def test_a_meter_that_lacks_something_is_read_in_another_way(
    meter: MeterConfig, epcs: dict[int, int], source: Source
) -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(HouseConfig(meter=meter), notebook=notebook) as here:
            await read_out(here)
            assert not unknown(notebook)
            assert not wrong(here, notebook)
            assert asked(here) == epcs
            sources = {kept.source for kept in notebook.kept.values()}
            assert sources - {Source.POLL, Source.NOTIFICATION} == {source}

    story(scenario)


def test_a_reverse_register_without_memory_has_only_its_present() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        house = HouseConfig(meter=MeterConfig(reverse_history=False))
        async with lab(house, notebook=notebook) as here:
            await read_out(here)
            assert {way for _, way in unknown(notebook)} == {Direction.SOLD}
            assert notebook.values(Direction.SOLD)[OLDEST] is None
            assert not wrong(here, notebook)

    story(scenario)


@pytest.mark.parametrize("far", ["refused", "empty"])
@pytest.mark.parametrize("has_days", [True, False])
def test_a_history_2_that_doesnt_reach_far_is_left_for_history_1(far: str, has_days: bool) -> None:
    async def scenario() -> None:
        meter = MeterConfig(history1=has_days, history2=True, history2_hours=24, history2_far=far)
        old = [NEWEST - timedelta(hours=hours) for hours in (2, 60, 90, 120)]
        notebook = await known_but_for(HouseConfig(meter=meter), *old)
        async with lab(HouseConfig(meter=meter), notebook=notebook) as here:
            await read_out(here)
            assert not wrong(here, notebook)
            left = [] if has_days else list(itertools.product(reversed(old[1:]), Direction))
            assert unknown(notebook) == left
            assert asked(here)[0xE5] == (3 if has_days else 0)
            assert asked(here)[0xEC] <= 4

    story(scenario)


def test_the_newest_day_comes_by_minutes_where_nothing_else_tells_it() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        meter = MeterConfig(generation=2, history1=False, history2=False, memory_days=1)
        async with lab(HouseConfig(meter=meter), notebook=notebook) as here:
            await read_out(here)
            assert not unknown(notebook, oldest=datetime(2026, 4, 4, tzinfo=JST))
            assert not wrong(here, notebook)
            assert asked(here)[0xEE] < 80

    story(scenario)


@pytest.mark.parametrize("fault", ["refused-set@100+60", "refused-history@100+60"])
def test_a_refusal_for_a_moment_is_not_for_ever(fault: str) -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(faulty(fault), notebook=notebook) as here:
            await asyncio.sleep(2 * 3600)
            assert not unknown(notebook)
            assert not wrong(here, notebook)

    story(scenario)


def test_one_refused_selector_is_not_taken_for_the_end_of_the_memory() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(HouseConfig(), notebook=notebook) as here:
            await here.until(lambda now: now.history is not None and now.history.done > 20)
            here.house.faults.next("refused-set")
            await asyncio.sleep(2 * 3600)
            assert not unknown(notebook)
            assert not wrong(here, notebook)

    story(scenario)


def test_lost_days_dont_hide_those_before_of_a_reverse_register_without_e4() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        meter = MeterConfig(reverse_history=False, history2=True, memory_days=9, lost_days=(3, 4))
        async with lab(HouseConfig(meter=meter), notebook=notebook) as here:
            await read_out(here)
            today = datetime(2026, 4, 5, tzinfo=JST)
            oldest, newest = today - timedelta(days=9), today - timedelta(days=4) - HALF_HOUR
            assert not unknown(notebook, oldest, newest)
            assert not wrong(here, notebook)

    story(scenario)


def test_a_meter_that_refuses_on_and_on_is_asked_less_and_less() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(faulty("refused-set"), notebook=notebook) as here:
            await asyncio.sleep(8 * 3600)
            assert asked(here)[0xE5] < 20
            assert here.store.snapshot.connection is Connection.READING
            assert notebook.values(Direction.BOUGHT)[OLDEST] is None
            newest = NEWEST + timedelta(hours=8)
            assert not unknown(notebook, oldest=NEWEST + HALF_HOUR, newest=newest)

    story(scenario)


# -- midnight and the meter's clock --------------------------------------------------------------


def test_nothing_is_read_by_days_ago_around_midnight() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        start = datetime(2026, 4, 5, 23, 46, tzinfo=JST)
        async with lab(notebook=notebook, start=start) as here:
            await read_out(here)
            oldest = datetime(2026, 4, 6, tzinfo=JST) - timedelta(days=MEMORY_DAYS)
            newest = datetime(2026, 4, 5, 23, 30, tzinfo=JST)
            assert not unknown(notebook, oldest, newest)
            assert not wrong(here, notebook)
            for at, frame in here.requests():
                if frame.properties[0].epc in _HISTORY:
                    minutes = (start - start.replace(hour=0, minute=0)).seconds / 60 + at / 60
                    assert not 1430 <= minutes < 1450

    story(scenario)


@pytest.mark.parametrize("step_s", [86_400, -86_400, 40_000, 3_600])
@pytest.mark.parametrize("at_s", [60, 61.3, 62.7, 64])
def test_a_run_in_which_the_meters_date_changed_is_read_again(step_s: int, at_s: float) -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(faulty(f"clock-step={step_s}@{at_s}"), notebook=notebook) as here:
            await read_out(here)
            await asyncio.sleep(100)
            assert not wrong(here, notebook)

    story(scenario)


def test_the_hosts_clock_dates_nothing() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        ahead = timedelta(days=40, minutes=7)
        async with lab(notebook=notebook, host_ahead=ahead) as here:
            await read_out(here)
            await asyncio.sleep(3600)
            assert not unknown(notebook, newest=NEWEST + timedelta(minutes=90))
            assert not wrong(here, notebook)

    story(scenario)


def test_an_answer_for_another_day_is_no_answer() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(notebook=notebook) as here:
            await here.until(lambda now: now.history is not None)
            for _ in range(300):  # now and then just between Set and Get
                here.house.meter.state.history_1_day = 7
                await asyncio.sleep(9.7)
            await asyncio.sleep(4 * 3600)
            assert not unknown(notebook)
            assert not wrong(here, notebook)

    story(scenario)


# -- radio ---------------------------------------------------------------------------------------


def test_lost_requests_are_made_up_for_and_live_polls_go_on() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        async with lab(faulty("lost-answer=0.1", "lost-request=0.05"), notebook=notebook) as here:
            await here.until(lambda now: now.history is not None)
            await read_out(here)
            assert not unknown(notebook)
            assert not wrong(here, notebook)
            assert not here.problems()

    story(scenario)


def test_slow_answers_are_waited_for_and_live_polls_stay_on_time() -> None:
    async def scenario() -> None:
        notebook = Notebook()
        house = faulty(history_extra=1.5, history_spread=8.0)  # E2 after 2 to 10 s
        async with lab(house, notebook=notebook, interval_s=10.0) as here:
            begun = await here.until(lambda now: "energy_sold" in now.readings) + 1
            await read_out(here)
            assert not unknown(notebook)
            assert share_on_time(here, 10.0, begun) >= 0.95

    story(scenario)


def test_a_meter_that_falls_silent_over_its_memory_is_left_alone_more_and_more() -> None:
    async def scenario() -> None:
        async with lab(faulty(history_extra=60.0), notebook=Notebook()) as here:
            await asyncio.sleep(12 * 3600)
            days = [at for at, f in here.requests() if f.properties[0].epc == 0xE2]
            assert len(days) < 14
            assert days[-1] - days[-2] > 2 * 3600
            assert len([1 for at, _ in here.readings("power") if at > 4 * 3600]) > 900

    story(scenario)


def test_a_lost_history_request_alone_breaks_no_session() -> None:
    async def scenario() -> None:
        async with lab(notebook=Notebook()) as here:
            await here.until(lambda now: now.history is not None)
            for _ in range(40):
                here.house.faults.next("lost-answer")
                await asyncio.sleep(28)
            assert here.commands("SKJOIN") == here.commands("SKJOIN")[:1]
            assert not here.problems()

    story(scenario)


# -- half-hours that the meter tells ---------------------------------------------------------------


def test_a_new_meter_gets_its_own_half_hours_and_the_old_ones_stay() -> None:
    async def scenario() -> None:
        notebook = await known_but_for(HouseConfig())
        old = dict(notebook.kept)
        async with lab(faulty("exchange=NEW0000001@4000"), notebook=notebook) as here:
            await asyncio.sleep(3 * 3600)
            first, second = here.uids()
            assert {slot: notebook.kept[slot] for slot in old} == old
            new = {at: kept.raw for (uid, _, at), kept in notebook.kept.items() if uid == second}
            installed = START + timedelta(seconds=4000)
            assert all(raw is None for at, raw in new.items() if at < installed)
            assert all(raw is not None for at, raw in new.items() if at > installed)
            after = [at for uid, _, at in notebook.kept if uid == first and at > installed]
            assert not after

    story(scenario)


def test_a_half_hour_told_before_the_scale_is_known_is_kept() -> None:
    async def scenario() -> None:
        async with lab(notebook=Notebook()) as here:
            await asyncio.sleep(4 * 3600)
            told = [u for _, u in here.told if isinstance(u, HalfHoursRead)]
            assert {u.scale for u in told} == {here.store.snapshot.meter.scale}  # type: ignore[union-attr]
            assert {value.at.minute for u in told for value in u.values} == {0, 30}
            assert {value.at.tzinfo for u in told for value in u.values} == {UTC}

    story(scenario)
