"""A believable family: what flows through its meter at any second, from a seed alone.

Power is constant within steps of ten seconds and a whole number of watts, so that energy is a
whole number of watt-seconds and every counter of the meter can be checked to the last count.
A day is built when somebody asks for it and depends on nothing but the seed and the date.

Net power is load minus photovoltaics: positive flows in (bought), negative flows out (sold).
Phase R carries a share of the load that changes every half hour, phase T the rest; the inverter
feeds both halves of the 200 V alike. A two-wire house has phase R only.

Time here is JST seconds: whole seconds since 1970-01-01T00:00:00+09:00, so that a day begins at
a multiple of 86,400.
"""

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

STEP_S = 10
HALF_HOUR_S = 1800
DAY_S = 86_400
_STEPS_A_DAY = DAY_S // STEP_S
_STEPS_A_HALF_HOUR = HALF_HOUR_S // STEP_S
_HALF_HOURS = 48

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
    """One day in steps: watts of load and of photovoltaics, and R's share in thousandths."""

    load: list[int]
    solar: list[int]
    share_r: list[int]


class Household:
    """Load and photovoltaics of one house; pure but for its caches."""

    def __init__(self, seed: int, *, solar: bool = True) -> None:
        self._seed = seed
        self._solar = solar
        self._day = lru_cache(maxsize=3)(self._build_day)
        self._half_hours: dict[int, list[Energy]] = {}
        self._sums: dict[int, Energy] = {}

    def power(self, at: int) -> int:
        """Net watts at a JST second."""
        day, step = _split(at)
        steps = self._day(day)
        return steps.load[step] - steps.solar[step]

    def phase_powers(self, at: int) -> tuple[int, int]:
        """Net watts on R and T of a three-wire house; their sum is `power(at)`."""
        day, step = _split(at)
        steps = self._day(day)
        share = steps.share_r[step // _STEPS_A_HALF_HOUR]
        on_r = steps.load[step] * share // 1000 - steps.solar[step] // 2
        return on_r, steps.load[step] - steps.solar[step] - on_r

    def energy_between(self, start: int, end: int) -> Energy:
        """Exact watt-seconds from one JST second to another (negative when `end` is earlier)."""
        return self._since_epoch_day(end) - self._since_epoch_day(start)

    def _since_epoch_day(self, at: int) -> Energy:
        day, second = divmod(at, DAY_S)
        half_hour, rest = divmod(second, HALF_HOUR_S)
        total = self._days_before(day) + self._prefix(day)[half_hour]
        if not rest:
            return total
        steps, seconds = divmod(rest, STEP_S)
        first = half_hour * _STEPS_A_HALF_HOUR
        net = self._net(day, first, first + steps + 1)
        bought = sum(watts for watts in net[:steps] if watts > 0) * STEP_S
        sold = -sum(watts for watts in net[:steps] if watts < 0) * STEP_S
        if seconds:
            bought += max(net[steps], 0) * seconds
            sold += max(-net[steps], 0) * seconds
        return total + Energy(bought, sold)

    def _days_before(self, day: int) -> Energy:
        """Sum of whole days from the first day ever asked for to `day`, backward or forward."""
        if not self._sums:
            self._sums[day] = NOTHING
        if day in self._sums:
            return self._sums[day]
        first, last = min(self._sums), max(self._sums)
        for known in range(last, day):
            self._sums[known + 1] = self._sums[known] + self._prefix(known)[_HALF_HOURS]
        for known in range(first, day, -1):
            self._sums[known - 1] = self._sums[known] - self._prefix(known - 1)[_HALF_HOURS]
        return self._sums[day]

    def _prefix(self, day: int) -> list[Energy]:
        """Energy from midnight to each half hour, 49 entries."""
        if day not in self._half_hours:
            net = self._net(day, 0, _STEPS_A_DAY)
            bought = [watts if watts > 0 else 0 for watts in net]
            sold = [-watts if watts < 0 else 0 for watts in net]
            sums = [
                Energy(
                    sum(bought[i : i + _STEPS_A_HALF_HOUR]) * STEP_S,
                    sum(sold[i : i + _STEPS_A_HALF_HOUR]) * STEP_S,
                )
                for i in range(0, _STEPS_A_DAY, _STEPS_A_HALF_HOUR)
            ]
            self._half_hours[day] = list(accumulate(sums, initial=NOTHING))
        return self._half_hours[day]

    def _net(self, day: int, first: int, last: int) -> list[int]:
        steps = self._day(day)
        return [
            load - solar
            for load, solar in zip(steps.load[first:last], steps.solar[first:last], strict=True)
        ]

    def _build_day(self, day: int) -> _Day:
        rng = random.Random(f"household {self._seed} {day}")  # noqa: S311 - a simulation
        return _Day(
            load=_load(rng),
            solar=_photovoltaics(rng, day) if self._solar else [0] * _STEPS_A_DAY,
            share_r=[rng.randint(350, 650) for _ in range(_HALF_HOURS)],
        )


def _split(at: int) -> tuple[int, int]:
    day, second = divmod(at, DAY_S)
    return day, second // STEP_S


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


def _photovoltaics(rng: random.Random, day: int) -> list[int]:
    """A sine between sunrise and sunset, under a sky that changes every ten minutes."""
    season = math.cos((day % 365 - 172) / 365 * 2 * math.pi)  # +1 at midsummer
    half_length = (6.0 + 1.2 * season) * 360  # steps from sunrise to noon (11:45)
    noon = 11.75 * 360
    clear = rng.choice((0.95, 0.9, 0.8, 0.55, 0.25))
    sky = [clear * rng.uniform(0.75, 1.0) for _ in range(145)]
    steps = [0] * _STEPS_A_DAY
    for i in range(max(0, int(noon - half_length)), min(_STEPS_A_DAY, int(noon + half_length))):
        height = max(0.0, math.cos((i - noon) / half_length * math.pi / 2))
        cloud = sky[i // 60] + (sky[i // 60 + 1] - sky[i // 60]) * (i % 60) / 60
        steps[i] = round(_PV_PEAK_W * (0.8 + 0.2 * season) * height**1.3 * cloud)
    return steps
