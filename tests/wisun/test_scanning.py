"""The order of the scans, their time, and whose beacon is taken."""

import asyncio
from itertools import pairwise

import pytest

from broute_addon.simulator import run_virtual
from broute_addon.wisun.commands import ALL_CHANNELS, GRID_CHANNELS, scan_time_s
from broute_addon.wisun.scanning import Progress, Sweep, best, sweeps
from broute_addon.wisun.values import MacAddress, Pan

OURS, THEIRS = "215C3E7F", "00000000"


def pan(pairing_id: str | None, lqi: int | None = 100) -> Pan:
    return Pan(33, 1, MacAddress(bytes(8)), lqi, pairing_id)


@pytest.mark.parametrize(("duration", "seconds"), [(4, 4.57), (5, 8.87), (6, 17.47), (7, 34.67)])
def test_a_scan_takes_what_was_measured(duration: int, seconds: float) -> None:
    assert scan_time_s(ALL_CHANNELS, duration) == pytest.approx(seconds, abs=0.01)
    assert scan_time_s(GRID_CHANNELS, duration) == pytest.approx(seconds / 2, abs=0.01)


def test_each_duration_covers_each_channel_once_and_the_grid_comes_first() -> None:
    plan = sweeps((4, 5, 6, 7))
    assert plan[:3] == (Sweep(4, ALL_CHANNELS), Sweep(5, GRID_CHANNELS), Sweep(6, GRID_CHANNELS))
    for duration in (4, 5, 6, 7):
        masks = [sweep.mask for sweep in plan if sweep.duration == duration]
        assert sum(masks) == ALL_CHANNELS
    assert [sweep.duration for sweep in plan] == [4, 5, 6, 5, 6, 7, 7]


@pytest.mark.parametrize("durations", [(), (6,), (5, 6)])
def test_short_plans_are_complete_too(durations: tuple[int, ...]) -> None:
    assert {sweep.duration for sweep in sweeps(durations)} == set(durations)


@pytest.mark.parametrize(("durations", "near"), [((4, 5, 6, 7), 6), ((4,), 4)])
def test_the_channel_where_the_meter_was_comes_before_all_others(
    durations: tuple[int, ...], near: int
) -> None:
    first, *others = sweeps(durations, near=35)
    assert first == Sweep(near, 0b100)
    assert tuple(others) == sweeps(durations)


@pytest.mark.parametrize(
    ("pans", "index"),
    [
        ([], None),
        ([pan(THEIRS)], None),
        ([pan(THEIRS, 255), pan(OURS, 10)], 1),
        ([pan(OURS, 10), pan(OURS, 200), pan(OURS, 50)], 1),
        ([pan(None, 255), pan(OURS, 10)], 1),
        ([pan(THEIRS, 255), pan(None, 10)], 1),
        ([pan(OURS, None), pan(OURS, 1)], 1),
    ],
)
def test_the_pairing_id_decides_and_signal_only_breaks_ties(
    pans: list[Pan], index: int | None
) -> None:
    assert best(pans, OURS) == (None if index is None else pans[index])


def test_progress_rises_and_ends_at_one() -> None:
    async def scenario() -> None:
        reported: list[float] = []
        plan = sweeps((4, 5))
        with Progress(plan, reported.append) as progress:
            for sweep in plan:
                progress.begin(sweep)
                await asyncio.sleep(sweep.seconds + 0.3)
        assert all(a <= b for a, b in pairwise(reported))
        assert reported[-1] == 1.0
        assert len(reported) > 20
        said = len(reported)
        await asyncio.sleep(5)
        assert len(reported) == said

    run_virtual(scenario())
