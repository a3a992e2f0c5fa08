"""A believable family: what flows through its meter at any second, from a seed alone.

Power is constant within steps of ten seconds and a whole number of watts, so that energy is a
whole number of watt-seconds and every counter of the meter can be checked to the last count.

The family's life repeats after four weeks. That gives the energy of any span, years long, as a
closed sum over 28 days that are built once: a counter read today continues the counter of a
simulation that ran last week, whichever instant each was started at.

Net power is load minus photovoltaics: positive flows in (bought), negative flows out (sold).
Phase R carries a share of the load that changes every half hour, phase T the rest; the inverter
feeds both halves of the 200 V alike. A two-wire house has phase R only.

Time here is JST seconds: whole seconds since 1970-01-01T00:00:00+09:00, so that a day begins at
a multiple of 86,400.
"""

import math
import random
from array import array
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

STEP_S = 10
HALF_HOUR_S = 1800
DAY_S = 86_400
_STEPS_A_DAY = DAY_S // STEP_S
_HALF_HOURS = 48
_CYCLE_DAYS = 28

# Watts of the always-on and habitual load at each full hour, before appliances.
_HABIT_W = (
    210, 190, 180, 175, 180, 230, 420, 520, 430, 320, 290, 310,
    380, 330, 290, 290, 330, 450, 620, 700, 660, 560, 420, 290,
)  # fmt: skip

# Appliances: watts, minutes they run, first and last hour they start, times a day.
_APPLIANCES = (
    (1250, 4, 6, 8, 2),  # kettle
    (900, 6, 6, 9, 1),  # toaster oven
    (1150, 5, 11, 20, 3),  # microwave
    (480, 45, 8, 11, 1),  # washing machine
    (1450, 35, 17, 19, 1),  # induction hob
    (1020, 25, 19, 22, 1),  # dishwasher
    (760, 110, 18, 20, 1),  # air conditioner in the evening
    (640, 70, 12, 15, 1),  # air conditioner at noon
    (1180, 9, 20, 22, 1),  # hair dryer
)

_PV_PEAK_W = 4200


@dataclass(frozen=True, slots=True)
class Energy:
    """Watt-seconds in both directions, never netted against each other."""

    bought: int
    sold: int

    def __add__(self, other: "Energy") -> "Energy":
        return Energy(self.bought + other.bought, self.sold + other.sold)

    def __sub__(self, other: "Energy") -> "Energy":
        return Energy(self.bought - other.bought, self.sold - other.sold)


NOTHING = Energy(0, 0)


@dataclass(frozen=True, slots=True)
class _Day:
    """One day by step: net watts and those of photovoltaics, and watt-seconds since midnight in
    each direction (one entry more). R's share of the load is in thousandths by half hour."""

    net: "array[int]"
    solar: "array[int]"
    bought: "array[int]"
    sold: "array[int]"
    share_r: tuple[int, ...]


class Household:
    """Load and photovoltaics of one house."""

    def __init__(self, seed: int, *, solar: bool = True) -> None:
        self._days = _four_weeks(seed, solar)
        whole_days = (Energy(day.bought[-1], day.sold[-1]) for day in self._days)
        before = list(accumulate(whole_days, initial=NOTHING))
        self._before = [(energy.bought, energy.sold) for energy in before[:-1]]
        self._cycle = before[-1]

    def power(self, at: int) -> int:
        """Net watts at a JST second."""
        number, second = divmod(at, DAY_S)
        return self._days[number % _CYCLE_DAYS].net[second // STEP_S]

    def phase_powers(self, at: int) -> tuple[int, int]:
        """Net watts on R and T of a three-wire house; their sum is `power(at)`."""
        number, second = divmod(at, DAY_S)
        day, step = self._days[number % _CYCLE_DAYS], second // STEP_S
        net, solar = day.net[step], day.solar[step]
        on_r = (net + solar) * day.share_r[second // HALF_HOUR_S] // 1000 - solar // 2
        return on_r, net - on_r

    def energy_until(self, at: int) -> Energy:
        """Watt-seconds from the beginning of 1970 to a JST second, exact."""
        return Energy(*self.watt_seconds_until(at))

    def watt_seconds_until(self, at: int) -> tuple[int, int]:
        """As `energy_until`: bought and sold."""
        number, second = divmod(at, DAY_S)
        cycle, index = divmod(number, _CYCLE_DAYS)
        step, seconds = divmod(second, STEP_S)
        day, (bought_before, sold_before) = self._days[index], self._before[index]
        watts = day.net[step]
        bought = self._cycle.bought * cycle + bought_before + day.bought[step]
        sold = self._cycle.sold * cycle + sold_before + day.sold[step]
        return (bought + watts * seconds, sold) if watts > 0 else (bought, sold - watts * seconds)

    def energy_between(self, start: int, end: int) -> Energy:
        """Exact watt-seconds from one JST second to another (negative when `end` is earlier)."""
        return self.energy_until(end) - self.energy_until(start)


@lru_cache(maxsize=4)
def _four_weeks(seed: int, solar: bool) -> tuple[_Day, ...]:
    return tuple(_build_day(seed, day, solar=solar) for day in range(_CYCLE_DAYS))


def _build_day(seed: int, day: int, *, solar: bool) -> _Day:
    rng = random.Random(f"household {seed} {day}")  # noqa: S311 - a simulation
    load = _load(rng)
    sun = _photovoltaics(rng) if solar else [0] * _STEPS_A_DAY
    net = [watts - own for watts, own in zip(load, sun, strict=True)]
    bought = (watts * STEP_S if watts > 0 else 0 for watts in net)
    sold = (-watts * STEP_S if watts < 0 else 0 for watts in net)
    return _Day(
        net=array("i", net),
        solar=array("i", sun),
        bought=array("q", accumulate(bought, initial=0)),
        sold=array("q", accumulate(sold, initial=0)),
        share_r=tuple(rng.randint(350, 650) for _ in range(_HALF_HOURS)),
    )


def _load(rng: random.Random) -> list[int]:
    steps: list[int] = []
    per_hour = _STEPS_A_DAY // 24
    scale = rng.uniform(0.85, 1.2)
    for hour in range(24):
        here, there = _HABIT_W[hour] * scale, _HABIT_W[(hour + 1) % 24] * scale
        steps += [round(here + (there - here) * i / per_hour) for i in range(per_hour)]
    noise = rng.randbytes(_STEPS_A_DAY)
    steps = [watts + (byte >> 3) for watts, byte in zip(steps, noise, strict=True)]
    for watts, minutes, first, last, times in _APPLIANCES:
        for _ in range(rng.randint(0, times)):
            start = rng.randrange(first * per_hour, (last + 1) * per_hour)
            for i in range(start, min(start + minutes * 6, _STEPS_A_DAY)):
                steps[i] += watts
    return _with_refrigerator(rng, steps)


def _with_refrigerator(rng: random.Random, steps: list[int]) -> list[int]:
    at = rng.randrange(0, 240)
    while at < _STEPS_A_DAY:
        running = rng.randint(70, 110)
        for i in range(at, min(at + running, _STEPS_A_DAY)):
            steps[i] += 85
        at += running + rng.randint(120, 200)
    return steps


def _photovoltaics(rng: random.Random) -> list[int]:
    """A sine between sunrise and sunset, under a sky that changes every ten minutes."""
    half_length = 6.3 * 360  # steps from sunrise to noon (11:45)
    noon = 11.75 * 360
    clear = rng.choice((0.95, 0.9, 0.8, 0.55, 0.25))
    sky = [clear * rng.uniform(0.75, 1.0) for _ in range(145)]
    steps = [0] * _STEPS_A_DAY
    for i in range(max(0, int(noon - half_length)), min(_STEPS_A_DAY, int(noon + half_length))):
        height = max(0.0, math.cos((i - noon) / half_length * math.pi / 2))
        cloud = sky[i // 60] + (sky[i // 60 + 1] - sky[i // 60]) * (i % 60) / 60
        steps[i] = round(_PV_PEAK_W * height**1.3 * cloud)
    return steps
