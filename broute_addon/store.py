"""The latest state of everything, as immutable snapshots.

The engine applies updates; publishers wait for `snapshots()`, which always yields the newest
one: a slow broker or page skips, it never queues.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import assert_never

from broute_addon.clock import Clock, system_clock
from broute_addon.messages import Message, message
from broute_addon.meter.half_hours import Coverage, HistoryProgress
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    DongleIdentified,
    HalfHoursRead,
    HistoryProgressed,
    MeterIdentified,
    PanJoined,
    PollIntervalChanged,
    Reading,
    ReadingsArrived,
    Update,
)
from broute_addon.meter.survey import SurveyState
from broute_addon.wisun.values import DongleIdentity, Pan

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that publishers need to know. `since` is when `connection` was entered (UTC).

    `problem` is why the meter isn't being read, if so; `notices` are what else is wrong: faults
    in the options, a broker that can't be reached. `broker_is_up`: it has all our news.
    `coverage` is the ledger's for this meter; `import_problem` is why Home Assistant doesn't get
    its history. `survey` is how the search for the stick's best place stands, or last stood.
    """

    connection: Connection = Connection.LOOKING_FOR_STICK
    problem: Message | None = None
    notices: tuple[Message, ...] = ()
    since: datetime = EPOCH
    dongle: DongleIdentity | None = None
    pan: Pan | None = None
    meter: MeterProfile | None = None
    readings: MappingProxyType[str, Reading] = field(default_factory=lambda: MappingProxyType({}))
    poll_interval_s: float = 30.0
    broker_is_up: bool = False
    history: HistoryProgress | None = None
    coverage: Coverage | None = None
    import_problem: Message | None = None
    survey: SurveyState | None = None

    @property
    def is_reading(self) -> bool:
        """The meter is joined and known: its entities are available (also during a hold)."""
        return self.meter is not None and self.connection in (
            Connection.READING,
            Connection.RENEWING,
            Connection.ON_HOLD,
        )

    @property
    def step(self) -> Message:
        """What the way to the meter is at, in a household's words."""
        return message(f"step_{self.connection.value}")


def applied(  # noqa: PLR0911 - one per kind of update
    snapshot: Snapshot, update: Update, now: datetime
) -> Snapshot:
    """The snapshot after an update. Pure."""
    match update:
        case ConnectionChanged(connection, problem):
            since = snapshot.since if connection is snapshot.connection else now
            return replace(snapshot, connection=connection, problem=problem, since=since)
        case DongleIdentified(identity):
            return replace(snapshot, dongle=identity)
        case PanJoined(pan):
            return replace(snapshot, pan=pan)
        case MeterIdentified(profile):
            known = snapshot.readings if _same_meter(snapshot.meter, profile) else {}
            return replace(snapshot, meter=profile, readings=MappingProxyType(dict(known)))
        case ReadingsArrived(readings):
            merged = snapshot.readings | {reading.key: reading for reading in readings}
            return replace(snapshot, readings=MappingProxyType(merged))
        case PollIntervalChanged(interval_s):
            return replace(snapshot, poll_interval_s=interval_s)
        case HistoryProgressed(progress):
            return replace(snapshot, history=progress)
        case HalfHoursRead():
            return snapshot  # for the ledger
        case _:
            assert_never(update)


def _same_meter(before: MeterProfile | None, after: MeterProfile) -> bool:
    return before is None or before.uid == after.uid


class Store:
    """Owns the snapshot. Everything else only reads it."""

    def __init__(self, snapshot: Snapshot, clock: Clock = system_clock) -> None:
        self.snapshot = snapshot
        self._clock = clock
        self._waiting: dict[asyncio.Event, None] = {}

    def apply(self, update: Update) -> None:
        """Takes an update from the engine and wakes whoever waits for news."""
        self._set(applied(self.snapshot, update, self._clock()))

    def note(self, notices: Iterable[Message]) -> None:
        """What is wrong at present beside the meter."""
        self._set(replace(self.snapshot, notices=tuple(notices)))

    def note_coverage(self, coverage: Coverage | None) -> None:
        """How complete the ledger is for the meter that is read."""
        if coverage != self.snapshot.coverage:
            self._set(replace(self.snapshot, coverage=coverage))

    def note_import(self, problem: Message | None) -> None:
        """Why Home Assistant's statistics can't be written at present; None when they can."""
        if problem != self.snapshot.import_problem:
            self._set(replace(self.snapshot, import_problem=problem))

    def note_survey(self, survey: SurveyState) -> None:
        """How the search for the stick's best place stands."""
        self._set(replace(self.snapshot, survey=survey))

    def note_broker(self, *, is_up: bool) -> None:
        """Whether the way to the broker, and so to Home Assistant, is open."""
        if is_up is not self.snapshot.broker_is_up:
            self._set(replace(self.snapshot, broker_is_up=is_up))

    def _set(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        for event in self._waiting:
            event.set()

    @contextmanager
    def waking(self, event: asyncio.Event) -> Iterator[None]:
        """Sets `event` at each change, as long as it lasts."""
        self._waiting[event] = None
        try:
            yield
        finally:
            self._waiting.pop(event, None)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """The present snapshot, then the newest one after each change, for ever."""
        event = asyncio.Event()
        with self.waking(event):
            while True:
                event.clear()
                yield self.snapshot
                await event.wait()
