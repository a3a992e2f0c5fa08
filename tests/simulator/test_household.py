"""The family behind the meter: believable, repeatable, and exact to the watt-second."""

from itertools import pairwise

import pytest

from broute_addon.simulator import Household
from broute_addon.simulator.household import DAY_S, HALF_HOUR_S, STEP_S, Energy
from broute_addon.simulator.meter_clock import to_seconds
from tests.simulator.bench import START

_NOW = to_seconds(START)


@pytest.mark.parametrize("start", [_NOW, _NOW + 7, _NOW - DAY_S - 13, _NOW // DAY_S * DAY_S - 95])
@pytest.mark.parametrize("length", [1, STEP_S, 61, HALF_HOUR_S + 3])
def test_energy_is_the_integral_of_power_in_each_direction(start: int, length: int) -> None:
    house = Household(11)
    watts = [house.power(second) for second in range(start, start + length)]
    expected = Energy(sum(w for w in watts if w > 0), -sum(w for w in watts if w < 0))
    assert house.energy_between(start, start + length) == expected


def test_energy_adds_up_over_months_forward_and_backward() -> None:
    house, other = Household(5), Household(5)
    ends = [_NOW - 99 * DAY_S, _NOW - 40 * DAY_S + 77, _NOW, _NOW + 30 * DAY_S + 5]
    whole = house.energy_between(ends[0], ends[-1])
    pieces = [other.energy_between(a, b) for a, b in pairwise(ends)]
    assert sum(pieces, Energy(0, 0)) == whole
    assert whole.bought > 0
    assert whole.sold > 0
    assert other.energy_between(ends[-1], ends[0]) == Energy(-whole.bought, -whole.sold)


def test_the_same_seed_gives_the_same_house_and_another_seed_another() -> None:
    def day(seed: int) -> list[int]:
        house = Household(seed)
        return [house.power(_NOW + i * 600) for i in range(144)]

    assert day(1) == day(1)
    assert day(1) != day(2)


def test_power_is_constant_within_a_step() -> None:
    house = Household(3)
    step = _NOW - _NOW % STEP_S
    assert len({house.power(step + i) for i in range(STEP_S)}) == 1


def test_phases_share_the_whole_power() -> None:
    house = Household(3)
    for i in range(0, DAY_S, 900):
        assert sum(house.phase_powers(_NOW + i)) == house.power(_NOW + i)


def test_a_house_without_sun_never_sells() -> None:
    energy = Household(3, solar=False).energy_between(_NOW - 20 * DAY_S, _NOW)
    assert energy.sold == 0


def test_a_day_is_a_believable_one() -> None:
    house = Household(3)
    kwh = house.energy_between(_NOW - 60 * DAY_S, _NOW).bought / 3.6e6 / 60
    assert 4 < kwh < 25
    assert max(house.power(_NOW + i) for i in range(0, DAY_S, 10)) < 8000
