"""A snapshot -> the messages that Home Assistant should have, in the order they go out. Pure.

availability -> discovery (the add-on's before the meter's) -> states. Live values (power and
currents) carry the instant of their reading, so that an equal one is news again; all others are
retained and news only when they change.

Home Assistant drops the rest of a discovery message that follows another of the same device too
soon, so two of them keep a distance. What the link tells about itself changes with every answer,
and each change is a row in Home Assistant's database: a value a minute is enough, with whatever
else goes out.

The parts of a snapshot are frozen, and most of them are the very objects of the snapshot before.
A message is made anew only when what it is made of is another object, so that looking for news
after every answer costs little.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import compress, count
from operator import is_not

from broute_addon.home_assistant import topics
from broute_addon.home_assistant.discovery import (
    ADD_ON_TERMS,
    AddOn,
    add_on_config,
    expire_after,
    meter_config,
    meter_terms,
)
from broute_addon.home_assistant.entities import ENTITY_CLASSES, payload
from broute_addon.home_assistant.mqtt import Publication
from broute_addon.messages import Language, Message, message
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.quantities import Term
from broute_addon.meter.readings import LINK_TERMS, Connection, Reading, Shown
from broute_addon.store import Snapshot

DISCOVERY_PAUSE_S = 2.0
LINK_PAUSE_S = 55.0  # just over when the poll of the next minute comes

_CLOCK_SLACK = timedelta(seconds=5)
_ALL_IS_WELL = message("all_is_well")

_OwnValues = tuple[str, Message, bool, bool]
"""What the add-on tells about itself, in the order of `ADD_ON_TERMS`."""

_Availability = tuple[MeterProfile | None, bool]
"""What availability is told of: the meter, and whether it is being read."""


@dataclass(slots=True)
class Announcer:
    """Who speaks, about which meters, in which language.

    `known_meters` are the uids of all meters ever read here: those not being read are told
    offline, whatever an earlier process left at the broker. `interval_s` is the poll interval
    that discovery tells of.
    """

    add_on: AddOn
    language: Language
    interval_s: float
    known_meters: tuple[str, ...] = ()
    _meter: "_MeterStates | None" = field(default=None, init=False, compare=False)
    _available: tuple[_Availability, tuple[Publication, ...]] | None = field(
        default=None, init=False, compare=False
    )
    _discovery: tuple[Publication, ...] = field(default=(), init=False, compare=False)
    _own_values: _OwnValues | None = field(default=None, init=False, compare=False)
    _own_states: tuple[Publication, ...] = field(default=(), init=False, compare=False)

    def availability(self, snapshot: Snapshot) -> tuple[Publication, ...]:
        """Each meter's, then ours: a meter left online by a killed process is never believed."""
        of = (snapshot.meter, snapshot.is_reading)
        if self._available is None or self._available[0] != of:
            self._available = (of, tuple(self._availability(*of)))
        return self._available[1]

    def _availability(self, meter: MeterProfile | None, is_reading: bool) -> Iterator[Publication]:
        current = None if meter is None else meter.uid
        for uid in sorted({*self.known_meters, *([current] if current else [])}):
            is_read = uid == current and is_reading
            yield _publication(topics.availability(uid), is_online=is_read)
        yield _publication(topics.status(self.add_on.instance), is_online=True)

    def discovery(self, snapshot: Snapshot) -> tuple[Publication, ...]:
        """The devices known so far; the add-on is the meter's parent and comes first."""
        self._follow(snapshot.meter)
        return self._discovery

    def states(self, snapshot: Snapshot, now: datetime) -> list[Publication]:
        """The values of both devices."""
        values = _own_values(snapshot)
        if values != self._own_values:
            self._own_values, self._own_states = values, tuple(self._own(values))
        meter = self._follow(snapshot.meter)
        if meter is None:
            return list(self._own_states)
        lifetime = timedelta(seconds=expire_after(self.interval_s))
        return [*self._own_states, *meter.states(snapshot.readings, now, lifetime)]

    def _follow(self, profile: MeterProfile | None) -> "_MeterStates | None":
        """The states of the meter that is read now."""
        known = None if self._meter is None else self._meter.profile
        if known is not profile or not self._discovery:
            self._meter = None if profile is None else _MeterStates(profile)
            self._discovery = tuple(self._devices(profile))
        return self._meter

    def _devices(self, profile: MeterProfile | None) -> Iterator[Publication]:
        device = topics.device_id(self.add_on.instance)
        yield _discovery(device, add_on_config(self.add_on, self.language))
        if profile is not None:
            config = meter_config(self.add_on, profile, self.language, self.interval_s)
            yield _discovery(profile.uid, config)

    def _own(self, values: _OwnValues) -> Iterator[Publication]:
        connection, reason, is_wrong, is_limited = values
        shown: tuple[Shown, ...] = (connection, reason.text(self.language), is_wrong, is_limited)
        for term, value in zip(ADD_ON_TERMS, shown, strict=True):
            yield Publication(topics.state(self.add_on.instance, term.key), payload(value))


class _MeterStates:
    """The states of one meter, each made once for its reading."""

    def __init__(self, profile: MeterProfile) -> None:
        terms = meter_terms(profile)
        self.profile = profile
        self._keys = tuple(term.key for term in terms)
        self._state_of = tuple(_StateOf(profile.uid, term) for term in terms)
        self._read: tuple[Reading | None, ...] = (None,) * len(terms)
        self._made: list[Publication | None] = [None] * len(terms)

    def states(
        self, readings: Mapping[str, Reading], now: datetime, lifetime: timedelta
    ) -> list[Publication]:
        """A message for each term that has been read; a live one only as long as it counts."""
        self._follow(readings)
        return [
            state
            for state in self._made
            if state is not None and (state.at is None or _is_fresh(state.at, now, lifetime))
        ]

    def _follow(self, readings: Mapping[str, Reading]) -> None:
        """Makes the messages whose reading is another object than at the look before."""
        before, self._read = self._read, tuple(map(readings.get, self._keys))
        for place in compress(count(), map(is_not, self._read, before)):
            reading = self._read[place]
            self._made[place] = None if reading is None else self._state_of[place](reading)


class _StateOf:
    """Makes the messages of one term."""

    def __init__(self, uid: str, term: Term) -> None:
        described = ENTITY_CLASSES[term.quantity]
        self._topic = topics.state(uid, term.key)
        self._is_live = described is not None and described.live
        self._is_retained = not self._is_live
        self._pause_s = LINK_PAUSE_S if term in LINK_TERMS else 0.0
        self._is_prompt = not self._pause_s

    def __call__(self, reading: Reading) -> Publication:
        at = reading.at if self._is_live else None
        text = payload(reading.value)
        return Publication(self._topic, text, self._is_retained, at, self._pause_s, self._is_prompt)


def last_will(instance: str) -> Publication:
    """What the broker says when the process is gone, and the process itself before it leaves."""
    return _publication(topics.status(instance), is_online=False)


def _own_values(snapshot: Snapshot) -> _OwnValues:
    wrong = _wrong(snapshot)
    limited = snapshot.readings.get("transmit_limited")
    is_limited = limited is not None and limited.value is True
    return (
        snapshot.connection.value,
        wrong or _way(snapshot),
        wrong is not None,
        is_limited or snapshot.connection is Connection.ON_HOLD,
    )


def _wrong(snapshot: Snapshot) -> Message | None:
    return snapshot.problem or next(iter(snapshot.notices), None)


def _way(snapshot: Snapshot) -> Message:
    """How far we are when nothing is wrong. A hold is no fault, but nothing is read in it."""
    is_well = snapshot.is_reading and snapshot.connection is not Connection.ON_HOLD
    return _ALL_IS_WELL if is_well else snapshot.step


def announced_interval(announced_s: float, now_s: float) -> float:
    """The poll interval that discovery should tell of: a new one as soon as live values would run
    out before their four intervals are over, or once it halves."""
    outlives = 4 * now_s > expire_after(announced_s)
    return now_s if outlives or now_s <= announced_s / 2 else announced_s


def _is_fresh(at: datetime, now: datetime, lifetime: timedelta) -> bool:
    """A value from the future came under a clock that was wrong: its age is unknown."""
    return -_CLOCK_SLACK <= now - at < lifetime


def _discovery(device: str, config: str) -> Publication:
    return Publication(topics.config(device), config, pause_s=DISCOVERY_PAUSE_S)


def _publication(topic: str, *, is_online: bool) -> Publication:
    return Publication(topic, topics.ONLINE if is_online else topics.OFFLINE)
