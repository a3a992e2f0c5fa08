"""A snapshot -> the messages that Home Assistant should have, in the order they go out. Pure.

availability -> discovery (the add-on's before the meter's) -> states. Live values (power and
currents) carry the instant of their reading, so that an equal one is news again; all others are
retained and news only when they change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from broute_addon.home_assistant import topics
from broute_addon.home_assistant.discovery import (
    ADD_ON_TERMS,
    CONNECTION,
    PROBLEM,
    REASON,
    AddOn,
    add_on_config,
    expire_after,
    meter_config,
    meter_terms,
)
from broute_addon.home_assistant.entities import ENTITY_CLASSES, payload
from broute_addon.home_assistant.mqtt import Publication
from broute_addon.messages import Language, message
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.quantities import Quantity, Term
from broute_addon.meter.readings import Connection, Reading, Shown
from broute_addon.store import Snapshot

_CLOCK_SLACK = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
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

    def messages(self, snapshot: Snapshot, now: datetime) -> Iterator[Publication]:
        """All that should be known at the broker; a live value only while it is fresh."""
        yield from self.availability(snapshot)
        yield from self.discovery(snapshot)
        yield from self.states(snapshot, now)

    def availability(self, snapshot: Snapshot) -> Iterator[Publication]:
        """Each meter's, then ours: a meter left online by a killed process is never believed."""
        current = snapshot.meter.uid if snapshot.meter is not None else None
        for uid in sorted({*self.known_meters, *([current] if current else [])}):
            is_read = uid == current and snapshot.is_reading
            yield _publication(topics.availability(uid), is_online=is_read)
        yield _publication(topics.status(self.add_on.instance), is_online=True)

    def discovery(self, snapshot: Snapshot) -> Iterator[Publication]:
        """The devices known so far; the add-on is the meter's parent and comes first."""
        config = topics.config(topics.device_id(self.add_on.instance))
        yield Publication(config, add_on_config(self.add_on, self.language))
        if snapshot.meter is not None:
            meter = meter_config(self.add_on, snapshot.meter, self.language, self.interval_s)
            yield Publication(topics.config(snapshot.meter.uid), meter)

    def states(self, snapshot: Snapshot, now: datetime) -> Iterator[Publication]:
        """The values of both devices."""
        values = add_on_values(snapshot, self.language)
        for term in ADD_ON_TERMS:
            topic = topics.state(self.add_on.instance, term.key)
            yield Publication(topic, payload(values[term.key]))
        if snapshot.meter is not None:
            lifetime = timedelta(seconds=expire_after(self.interval_s))
            for term, reading in _readings(snapshot, snapshot.meter):
                publication = _state(snapshot.meter.uid, term, reading)
                if publication.at is None or _is_fresh(publication.at, now, lifetime):
                    yield publication


def last_will(instance: str) -> Publication:
    """What the broker says when the process is gone, and the process itself before it leaves."""
    return _publication(topics.status(instance), is_online=False)


def changes(
    known: Mapping[str, Publication], wanted: Iterator[Publication]
) -> Iterator[Publication]:
    """Those that the broker doesn't have yet."""
    return (each for each in wanted if known.get(each.topic) != each)


def add_on_values(snapshot: Snapshot, language: Language) -> Mapping[str, Shown]:
    """What the add-on tells about itself, by key."""
    problem = snapshot.problem
    limited = snapshot.readings.get("transmit_limited")
    on_hold = snapshot.connection is Connection.ON_HOLD
    return {
        CONNECTION.key: snapshot.connection.value,
        REASON.key: (problem or message("all_is_well")).text(language),
        PROBLEM.key: problem is not None,
        "transmit_limited": on_hold or (limited is not None and limited.value is True),
    }


def announced_interval(announced_s: float, now_s: float) -> float:
    """The poll interval that discovery should tell of: a new one once it doubles or halves."""
    return now_s if now_s >= 2 * announced_s or now_s <= announced_s / 2 else announced_s


def _readings(snapshot: Snapshot, profile: MeterProfile) -> Iterator[tuple[Term, Reading]]:
    for term in meter_terms(profile):
        reading = snapshot.readings.get(term.key)
        if reading is not None:
            yield term, reading


def _state(uid: str, term: Term, reading: Reading) -> Publication:
    described = ENTITY_CLASSES[term.quantity]
    is_live = described is not None and described.live
    return Publication(
        topics.state(uid, term.key),
        payload(_shown(term, reading.value)),
        retain=not is_live,
        at=reading.at if is_live else None,
    )


def _shown(term: Term, value: Shown) -> Shown:
    if term.quantity is Quantity.ENERGY_STEP and isinstance(value, int):
        return Decimal(1).scaleb(value)  # E1 is read as a power of ten
    return value


def _is_fresh(at: datetime, now: datetime, lifetime: timedelta) -> bool:
    """A value from the future came under a clock that was wrong: its age is unknown."""
    return -_CLOCK_SLACK <= now - at < lifetime


def _publication(topic: str, *, is_online: bool) -> Publication:
    return Publication(topic, topics.ONLINE if is_online else topics.OFFLINE)
