"""One seed decides everything: the house, what is in it, and every fault with its moment.

The plan is drawn before the run begins, each fault complete in itself, so that any of them can be
left out when a smaller list that still breaks the same invariant is looked for.

The first two days are dense with faults: one each 40 minutes, so that most of them meet the
consequences of another one. After that the house is a bad one, not an impossible one: a fault each
four hours. What takes a quiet while is then seen too: renewals of a session, a pace that comes back
to what was asked for, every bound in a stretch of its own. A kind of fault comes with its weight in
both; planted defects are looked for within two days, so all of them are caught in the dense part.

Besides there are outages of hours, and the meter's memory is read anew around its midnights.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from broute_addon.clock import JST
from broute_addon.messages import Language
from broute_addon.simulator import AirConfig, Beacon, Delivery, HouseConfig, MeterConfig
from broute_addon.simulator.modules import MODULES
from broute_addon.simulator.states import J11_STATES
from broute_addon.soak.kinds import KINDS, Kind

DAY_S = 86_400.0
SETTLE_S = 900.0
"""At the start, and free of new faults at the end."""
MEAN_GAP_S = 2400.0
DENSE_S = 2 * DAY_S
CALM_GAP_S = 4 * 3600.0

_KWH = 3_600_000


class Moment(Enum):
    """What the product is doing when the fault comes, and what makes it do so."""

    NOW = "at any time"
    REQUEST = "with a request in flight"
    IDLE = "between two requests"
    NOTIFICATION = "at a notification"
    PROBE = "while a stick is being probed"
    SCAN = "during a scan"
    JOIN = "during a log-in"
    INTERVIEW = "during an interview"
    RECOVERY = "during a recovery"


_MOMENTS = (
    *[Moment.NOW] * 5,
    *[Moment.REQUEST] * 4,
    *[Moment.IDLE] * 2,
    Moment.NOTIFICATION,
    Moment.PROBE,
    Moment.SCAN,
    Moment.JOIN,
    Moment.INTERVIEW,
    Moment.RECOVERY,
)
_DELAYS = {
    Moment.NOW: 0.0,
    Moment.REQUEST: 1.0,
    Moment.IDLE: 40.0,
    Moment.NOTIFICATION: 0.3,
    Moment.PROBE: 2.0,
    Moment.SCAN: 8.0,
    Moment.JOIN: 3.4,
    Moment.INTERVIEW: 5.0,
    Moment.RECOVERY: 4.0,
}
_LEFT_OVER = ("echo-off", "sa2", "joined", "asleep", "mid-line", "mid-payload", "uart-9600")
_OUTAGES = (
    "out-of-reach",
    "mute-meter",
    "unplug",
    "host-power-cut",
    "kill",
    "home-assistant-restart",
    "home-assistant-database-lost",
)
"""What may last for hours: then there is a hole in the history."""
_OUTAGE_EACH_S = 1.5 * DAY_S
_OUTAGE_S = (3600.0, 9 * 3600.0)
_AT_MIDNIGHT = ("read-history", "read-history", "memory-lost")
"""The meter's memory is read anew, counted in days back, while its day changes."""
_BEFORE_MIDNIGHT_S = {"read-history": 60.0, "memory-lost": 240.0}
_LONG_S = 300.0  # what was read before has run out
_MEANWHILE = ("broker-cut", "home-assistant-restart", "broker-forgets", "restart")
_OWN_TIME = {
    "host-power-cut",
    "kill",
    "restart",
    "memory-lost",
    "old-backup",
    "wrong-clock-at-boot",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """From `at_s` on the moment is waited for, then `delay_s` more."""

    number: int
    kind: str
    at_s: float
    moment: Moment = Moment.NOW
    delay_s: float = 0.0
    for_s: float = 0.0
    value: str = ""

    def __str__(self) -> str:
        value = f"={self.value}" if self.value else ""
        lasting = f"+{self.for_s:.1f}" if self.for_s else ""
        where = (
            "" if self.moment is Moment.NOW else f", {self.moment.value} (+{self.delay_s:.2f} s)"
        )
        return f"#{self.number} {self.kind}{value}@{self.at_s:.1f}{lasting}{where}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    seed: int
    days: float
    house: HouseConfig
    delivery: Delivery
    latency_s: float
    language: Language
    faults: tuple[Fault, ...]

    @property
    def seconds(self) -> float:
        return self.days * DAY_S

    def without(self, numbers: set[int]) -> "Plan":
        """The same run with fewer faults."""
        kept = tuple(fault for fault in self.faults if fault.number not in numbers)
        return replace(self, faults=kept)


def draw(seed: int, days: float) -> Plan:
    """The plan of a seed."""
    rng = random.Random(f"soak {seed}")  # noqa: S311 - a simulation
    house = _house(rng, seed)
    return Plan(
        seed=seed,
        days=days,
        house=house,
        delivery=rng.choice([Delivery.WHOLE] * 3 + [Delivery.RANDOM, Delivery.RANDOM]),
        latency_s=rng.choice((0.0, 0.0, 0.02)),
        language=rng.choice(tuple(Language)),
        faults=tuple(_all_faults(rng, house, days * DAY_S)),
    )


def _house(rng: random.Random, seed: int) -> HouseConfig:
    start = datetime(2026, 1, 1, tzinfo=JST) + timedelta(seconds=rng.randrange(365 * 86_400))
    air = AirConfig(
        channel=rng.choice((0x21, 0x2D, 0x3B)),
        heard_at=rng.choice((4, 5, 5, 6)),
        lifetime_s=rng.choice((86_400, 86_400, 14_400)),
        foreign=(Beacon(0x2F, 0x1234, "D05EA55A0C10FFFF", 0xF0, "0BADF00D", 4),)
        if rng.random() < 0.3
        else (),
    )
    modules = [name for name, row in MODULES.items() if name == row.name]
    module = MODULES[rng.choice(modules)]
    states = [] if module.is_j11 else [rng.choice(("hex", "binary", "binary"))]
    if rng.random() < 0.6:
        states.append(rng.choice(J11_STATES if module.is_j11 else _LEFT_OVER))
    return HouseConfig(
        module=module.name,
        states=tuple(states),
        seed=seed,
        clock=start,
        meter=_meter(rng),
        air=air,
    )


def _meter(rng: random.Random) -> MeterConfig:
    meter = MeterConfig(
        generation=rng.choice((1, 2)),
        coefficient=rng.choice((1, 1, 1, None, 10)),
        unit=rng.choice((None, None, None, 2)),
        reverse=rng.random() < 0.75,
        t_phase=rng.random() < 0.7,
        serial=None if rng.random() < 0.1 else f"S{rng.randrange(10**9):010d}",
        inf=rng.choice(("inf", "infc", "infc", "none")),
        opc_limit=rng.choice((None, None, None, None, 3, 1)),
        currents=rng.choice(("tenth", "whole")),
        memory_days=10,
    )
    if rng.random() < 0.4:  # the counter starts again from 0 within hours
        ahead = rng.uniform(0.5, 6.0) * _KWH / meter.count_watt_seconds
        meter = replace(meter, bought=meter.modulus - max(2, int(ahead)))
    return meter


def _all_faults(rng: random.Random, house: HouseConfig, seconds: float) -> Iterator[Fault]:
    number = 0
    for fault in _faults(rng, seconds):
        number = fault.number
        yield fault
    for fault in (*_outages(rng, seconds), *_at_midnights(rng, house, seconds)):
        number += 1
        yield replace(fault, number=number)


def _outages(rng: random.Random, seconds: float) -> Iterator[Fault]:
    """A few that last for hours, if there is the time for them."""
    at = rng.uniform(0.0, _OUTAGE_EACH_S)
    while at < seconds:
        for_s = rng.uniform(*_OUTAGE_S)
        if at + for_s < seconds:
            name = rng.choice(_OUTAGES)
            yield replace(_fault(rng, 0, name, at), moment=Moment.NOW, for_s=for_s)
        at += for_s + _OUTAGE_EACH_S * rng.uniform(0.3, 1.7)


def _at_midnights(rng: random.Random, house: HouseConfig, seconds: float) -> Iterator[Fault]:
    if house.clock is None:
        return
    begin = house.clock.astimezone(JST)
    at = DAY_S - timedelta(hours=begin.hour, minutes=begin.minute, seconds=begin.second).seconds
    while at < seconds:
        name = rng.choice(_AT_MIDNIGHT)
        before_s = rng.uniform(0.0, _BEFORE_MIDNIGHT_S[name])
        if rng.random() < 0.5 and at > before_s:
            yield replace(_fault(rng, 0, name, at - before_s), moment=Moment.NOW)
        at += DAY_S


def _faults(rng: random.Random, seconds: float) -> Iterator[Fault]:
    names = list(KINDS)
    weights = [kind.weight for kind in KINDS.values()]
    at, number = SETTLE_S * rng.uniform(0.02, 1.0), 0
    while at < seconds - SETTLE_S:
        for _ in range(rng.choice((2, 3)) if rng.random() < 0.12 else 1):
            number += 1
            name = rng.choices(names, weights)[0]
            fault = _fault(rng, number, name, at + rng.uniform(0.0, 90.0))
            yield fault
            if fault.for_s > _LONG_S and rng.random() < 0.4:
                number += 1
                during = fault.at_s + rng.uniform(_LONG_S, fault.for_s)
                yield _fault(rng, number, rng.choice(_MEANWHILE), during)
        at += (MEAN_GAP_S if at < DENSE_S else CALM_GAP_S) * rng.uniform(0.3, 1.7)


def _fault(rng: random.Random, number: int, name: str, at_s: float) -> Fault:
    kind: Kind = KINDS[name]
    least, most = kind.lasts
    lasting = 0.0 if most == 0 else least * (most / least) ** rng.random()
    moment = Moment.NOW if name in _OWN_TIME else rng.choice(_MOMENTS)
    value = rng.choice(kind.values) if kind.values else ""
    if name == "move-channel":
        value = f"{rng.randrange(0x21, 0x3D, 2):X}"
    elif name == "move-pan":
        value = f"{rng.randrange(1, 0xFFFE):04X}"
    elif name == "exchange":
        value = f"N{number:04d}{rng.randrange(10**6):06d}"
    return Fault(number, name, at_s, moment, rng.uniform(0.0, _DELAYS[moment]), lasting, value)
