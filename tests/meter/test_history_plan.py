"""Which requests bring what is missing, and at what cost."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from broute_addon.clock import JST
from broute_addon.meter.half_hours import HALF_HOUR, Direction
from broute_addon.meter.history.plan import Missing, Part, Way, plan

BOTH = frozenset(Direction)
BOUGHT = frozenset({Direction.BOUGHT})
MIDNIGHT = datetime(2026, 4, 5, tzinfo=JST)


def missing(
    *slots: int, directions: frozenset[Direction] = BOTH
) -> dict[datetime, frozenset[Direction]]:
    """Half-hours by their number since the midnight of the day; negative ones lie before it."""
    return {MIDNIGHT + slot * HALF_HOUR: directions for slot in slots}


def planned(what: Missing, *ways: Way) -> tuple[Part, ...]:
    return plan(what, lambda way, *_: way in ways)


def asked(parts: Iterable[Part]) -> list[tuple[Way, int, int]]:
    """Way, newest half-hour as a slot, count."""
    return [(part.way, (part.newest - MIDNIGHT) // HALF_HOUR, part.count) for part in parts]


def covered(part: Part, serves: frozenset[Way]) -> set[tuple[datetime, Direction]]:
    assert part.way in serves
    if part.way is Way.DAY:
        begin = part.newest - 47 * HALF_HOUR
        assert begin.astimezone(JST).hour == begin.minute == 0
        return {(begin + slot * HALF_HOUR, each) for slot in range(48) for each in part.directions}
    instants = (part.newest - step * HALF_HOUR for step in range(part.count))
    return {(at, each) for at in instants for each in Direction}


@pytest.mark.parametrize(
    ("slots", "directions", "ways"),
    [
        pytest.param([20], BOTH, [Way.SPAN], id="one half-hour: EC with one pair"),
        pytest.param([9, 20], BOTH, [Way.SPAN], id="twelve in a row fit into one EC"),
        pytest.param([8, 20], BOTH, [Way.DAY], id="two ECs cost 4, a day in both directions 3"),
        pytest.param(range(48), BOTH, [Way.DAY], id="a day"),
        pytest.param([8, 20], BOUGHT, [Way.DAY], id="a day in one direction costs 2"),
        pytest.param([20], BOUGHT, [Way.SPAN], id="as many requests, fewer octets"),
        pytest.param(
            [-3, 3], BOTH, [Way.SPAN], id="an EC may span midnight, where two days cost 6"
        ),
        pytest.param(range(-48, 96), BOTH, [Way.DAY] * 3, id="days, newest first"),
    ],
)
def test_the_cheapest_way_is_taken(
    slots: Iterable[int], directions: frozenset[Direction], ways: list[Way]
) -> None:
    parts = planned(missing(*slots, directions=directions), Way.DAY, Way.SPAN)
    assert [part.way for part in parts] == ways


def test_an_ec_is_no_longer_than_needed() -> None:
    assert asked(planned(missing(10, 14), Way.DAY, Way.SPAN)) == [(Way.SPAN, 14, 5)]


def test_without_ec_days_are_read_and_without_days_as_few_ecs_as_do() -> None:
    assert asked(planned(missing(10, 14), Way.DAY)) == [(Way.DAY, 47, 48)]
    spans = asked(planned(missing(*range(30)), Way.SPAN))
    assert spans == [(Way.SPAN, 29, 12), (Way.SPAN, 17, 12), (Way.SPAN, 5, 6)]


def test_a_minute_is_read_only_where_nothing_else_tells_it() -> None:
    parts = planned(missing(10, 11), Way.DAY, Way.SPAN, Way.MINUTE)
    assert asked(parts) == [(Way.SPAN, 11, 2)]
    assert asked(planned(missing(10, 11), Way.MINUTE)) == [(Way.MINUTE, 11, 1), (Way.MINUTE, 10, 1)]


def test_a_direction_that_days_dont_tell_is_read_by_ec_which_brings_the_other_too() -> None:
    def serves(way: Way, at: datetime, direction: Direction) -> bool:
        return way is Way.SPAN or (way is Way.DAY and direction is Direction.BOUGHT)

    parts = plan(missing(*range(48)), serves)
    assert [part.way for part in parts] == [Way.SPAN] * 4


def test_where_ec_doesnt_reach_days_are_read() -> None:
    def serves(way: Way, at: datetime, direction: Direction) -> bool:
        return way is Way.DAY or (way is Way.SPAN and at > MIDNIGHT + 40 * HALF_HOUR)

    parts = plan(missing(*range(39, 46), -30), serves)
    assert asked(parts) == [(Way.DAY, 47, 48), (Way.DAY, -1, 48)]
    assert asked(plan(missing(41, 45), serves)) == [(Way.SPAN, 45, 5)]


def test_only_the_direction_that_is_missing_is_asked_for() -> None:
    what = missing(*range(48), directions=frozenset({Direction.SOLD}))
    [day] = planned(what, Way.DAY)
    assert day.directions == {Direction.SOLD}
    assert day.requests == 2


def test_nothing_is_planned_for_what_no_way_tells() -> None:
    assert plan(missing(1, 2), lambda *_: False) == ()


@pytest.mark.parametrize("seed", range(60))
def test_every_plan_covers_what_is_missing_and_none_is_dearer_than_days_alone(seed: int) -> None:
    rng = random.Random(seed)
    ways = frozenset(rng.sample(sorted(Way, key=lambda way: way.name), rng.randint(1, 3)))
    share = rng.choice([0.01, 0.1, 0.5, 1.0])
    what = {
        MIDNIGHT - slot * HALF_HOUR: frozenset(rng.sample(list(Direction), rng.randint(1, 2)))
        for slot in range(48 * 8)
        if rng.random() < share
    }
    parts = planned(what, *ways)
    brought = set[tuple[datetime, Direction]]().union(*(covered(part, ways) for part in parts))
    assert {(at, each) for at, directions in what.items() for each in directions} <= brought
    newest = [part.newest for part in parts]
    assert newest == sorted(newest, reverse=True)
    if Way.DAY in ways:
        alone = sum(part.requests for part in planned(what, Way.DAY))
        assert sum(part.requests for part in parts) <= alone


def test_a_whole_memory_is_planned_within_a_blink() -> None:
    what = missing(*range(-48 * 99, 48))
    parts = planned(what, Way.DAY, Way.SPAN, Way.MINUTE)
    assert [part.way for part in parts] == [Way.DAY] * 100
    assert parts[0].day - parts[-1].day == timedelta(days=99)
