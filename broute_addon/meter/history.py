"""Reads the meter's memory: what the ledger lacks, one request at a time, at the lowest priority.

A `History` belongs to one meter and outlives its sessions; in each it starts anew from what the
ledger still lacks, so it needs no state of its own to go on after a restart. It does no I/O: the
poller asks it for its `request`, and tells it the reply or that none came.

The hard part is the day selector E5, which counts days back from the meter's today (4.3). What it
brings is dated by the meter's date, which is read before and after a run of a few days; only when
both agree is anything of the run told, else it is thrown away and read again. Nothing is read that
way within ten minutes of the meter's midnight. ED and EF name absolute times and have no such race.

"No data" for a half-hour is an answer too: the ledger is told that the meter remembers none, so
that it isn't asked for again. After a few empty days the days further back are only sampled.
"""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import TypeAlias

from broute_addon.clock import JST
from broute_addon.echonet.codecs import DateTime
from broute_addon.meter.decoding import decode_all, decode_edt
from broute_addon.meter.half_hours import (
    HALF_HOUR,
    MEMORY_DAYS,
    Direction,
    HalfHour,
    HistoryProgress,
    Memory,
)
from broute_addon.meter.history_abilities import SELECTORS, Abilities, history_epc
from broute_addon.meter.history_plan import Part, Way, plan
from broute_addon.meter.meter_clock import MINUTE, MeterClock
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import HalfHoursRead, HistoryProgressed, Update
from broute_addon.meter.schedule import half_hour_before
from broute_addon.meter.turns import Turns

_LOGGER = logging.getLogger(__name__)

SETTLED_AFTER = timedelta(minutes=10)
"""A half-hour younger than this may not be in the meter's memory yet: it isn't missed."""

RUN_DAYS = 5
"""Days read between two looks at the meter's date."""

CLOCK_FRESH_S = 600.0
"""So long the meter's clock needs no new look before a run."""

CLOCK_RETRY_S = 600.0

EMPTY_DAYS = 3
"""So many days without any reading, one after the other: perhaps the memory ends here."""

SAMPLED_DAYS = frozenset({*range(1, MEMORY_DAYS, 7), 45, 70, MEMORY_DAYS})
"""Days back that are asked for before it is believed that it does."""

LOST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 3600.0

PROGRESS_EVERY_S = 5.0

_CLOCK_EPCS = (0x98, 0x97)
_FIXED_TIME_EPC = 0xEA
_FIXED_TIME_SPAN = timedelta(minutes=36)  # until the next stamp, which may be told 5 minutes late


class Kind(Enum):
    """Kinds of request that differ in how long the meter takes to answer."""

    CLOCK = "clock"
    SELECT = "select"
    DAY = "day"
    SPAN = "span"


@dataclass(frozen=True, slots=True)
class Request:
    """A Get of `epcs`, or with `edt` a SetC of the only one."""

    kind: Kind
    epcs: tuple[int, ...]
    edt: bytes | None = None


Reply: TypeAlias = Mapping[int, bytes]
"""EDT by EPC of what was answered; an EPC that was refused is absent. A Set that was accepted
has its EPC with nothing in it."""

_Steps: TypeAlias = Generator[Request | float, Reply, None]
"""Yields a request, to be resumed with its reply, or the loop's second to go on at."""


_GUESSES_S = {Kind.CLOCK: 1.5, Kind.SELECT: 1.5, Kind.DAY: 4.0, Kind.SPAN: 3.0}


class History:
    """One meter's memory against the ledger's. `now` are always seconds of the event loop.

    `turns` are the answer times of its requests, for whoever decides when one may go.
    """

    def __init__(self, memory: Memory) -> None:
        self.turns = Turns(_GUESSES_S)
        self._memory = memory
        self._uid: str | None = None
        self._abilities: Abilities | None = None
        self._wants_all = False
        self._end()

    def _end(self) -> None:
        self._steps: _Steps | None = None
        self._next: Request | float | None = None
        self._not_before = 0.0
        self._losses = 0

    # -- for the poller ------------------------------------------------------------------------

    def begin(
        self,
        profile: MeterProfile,
        clock: MeterClock,
        emit: Callable[[Update], None],
        now: float,
    ) -> None:
        """A session has begun and the meter's scale is known: look for what is missing."""
        if profile.uid != self._uid or self._abilities is None:
            self._uid, self._abilities = profile.uid, Abilities(profile)
        self._abilities.renew(profile)
        self._profile, self._clock, self._emit, self._now = profile, clock, emit, now
        self._settled_until: datetime | None = None
        self._progress = _Progress(emit)
        self._end()
        self._steps = self._live()
        self._next = next(self._steps)

    def end(self, now: float) -> None:
        """The session is over; what was read but not checked is dropped."""
        if self._steps is not None:
            self._steps.close()
            self._progress.stop(now)
        self._end()

    def read_all(self, now: float) -> None:
        """A person's "read history again": everything, whatever the ledger has."""
        self._wants_all = self._is_outdated = True
        if self._abilities is not None:
            self._abilities = Abilities(self._profile)
        self.look(now)

    def look(self, now: float) -> None:
        """Something may be missing: look at the whole memory at the next opportunity."""
        self._settled_until = None
        if self._steps is not None and isinstance(self._next, float):
            self._next = now

    def due(self) -> float | None:
        """When it wants a turn; None if it never does."""
        if self._next is None:
            return None
        return max(self._next if isinstance(self._next, float) else 0.0, self._not_before)

    def request(self, now: float) -> Request | None:
        """What is to be asked now; None when there is nothing to ask at present."""
        if now < self._not_before:
            return None
        while isinstance(self._next, float) and self._next <= now:
            self._go_on({}, now)
        return self._next if isinstance(self._next, Request) else None

    def answered(self, reply: Reply, now: float) -> None:
        """The reply to `request`."""
        self._losses = 0
        self._progress.step(now)
        self._go_on(reply, now)

    def lost(self, now: float) -> None:
        """No reply came: its turn comes again, the later the more are lost in a row."""
        self._losses += 1
        if self._losses > 1:
            pause_s = LOST_PAUSE_S * 2.0 ** (self._losses - 2)
            self._not_before = now + min(pause_s, LONGEST_PAUSE_S)

    def _go_on(self, reply: Reply, now: float) -> None:
        if self._steps is not None:
            self._now = now
            self._next = self._steps.send(reply)

    # -- what is missing -----------------------------------------------------------------------

    def _live(self) -> _Steps:
        while True:
            yield from self._know_the_time(CLOCK_FRESH_S)
            self._look_for_holes()
            yield from self._fill()
            if not self._is_outdated:
                self._progress.stop(self._now)
                yield self._next_look()

    def _look_for_holes(self) -> None:
        meter_now = self._meter_now()
        since = _midnight(meter_now.date() - timedelta(days=MEMORY_DAYS))
        if self._settled_until is not None:
            since = max(since, self._settled_until)
        until = self._until = half_hour_before(meter_now - SETTLED_AFTER).astimezone(UTC)
        self._settled_until = until
        missing: dict[datetime, frozenset[Direction]] = {}
        for direction in self._profile.directions:
            for at in self._holes(direction, since, until):
                missing[at] = missing.get(at, frozenset()) | {direction}
        self._wants_all = self._is_outdated = False
        self._missing = missing
        self._empty_days: set[date] = set()

    def _holes(self, direction: Direction, since: datetime, until: datetime) -> Iterable[datetime]:
        if self._wants_all:
            count = (until - since) // HALF_HOUR + 1
            return (since + slot * HALF_HOUR for slot in range(count))
        return self._memory.holes(self._profile.uid, (direction,), since, until)

    def _next_look(self) -> float:
        """When the next half-hour should have been told, or a refusal is over."""
        meter_now = self._meter_now()
        upcoming = half_hour_before(meter_now - SETTLED_AFTER) + HALF_HOUR + SETTLED_AFTER
        at = self._now + (upcoming + MINUTE - meter_now).total_seconds()
        resumes_at = self._known.resumes_at(self._now) if self._missing else None
        if self._missing:
            self._settled_until = None
        return at if resumes_at is None else max(resumes_at, self._now + 1)

    # -- reading it ----------------------------------------------------------------------------

    def _fill(self) -> _Steps:
        """Reads what is missing and can be read; leaves in `_missing` what can't be at present."""
        while not self._is_outdated:
            self._give_up(self._unreachable())
            parts = deque(plan(self._wanted(), self._serves))
            self._progress.plan(_requests(parts), self._now)
            if not parts:
                return
            self._is_stale = False
            while parts and not self._is_stale and not self._is_outdated:
                yield from self._read(parts)
                if len(self._empty_days) >= EMPTY_DAYS and parts and not self._is_stale:
                    yield from self._sample(parts)

    def _read(self, parts: deque[Part]) -> _Steps:
        """Reads the first part, or the first few days."""
        run = [parts.popleft()]
        if run[0].way is not Way.DAY:
            yield from self._read_span(run[0])
            return
        while parts and parts[0].way is Way.DAY and len(run) < RUN_DAYS:
            run.append(parts.popleft())
        yield from self._read_days(run)

    def _sample(self, parts: deque[Part]) -> _Steps:
        """Asks for a few of what is left; if all are empty the meter remembers none of it."""
        today = self._meter_now().date()
        samples = [parts[-1]]
        for days_back in sorted(SAMPLED_DAYS):
            day = today - timedelta(days=days_back)
            sample = next((part for part in parts if part.day <= day), None)
            if sample is not None and day <= parts[0].day and sample not in samples:
                samples.append(sample)
        for sample in samples:
            parts.remove(sample)
            yield from self._read(deque([sample]))
            if self._is_stale or not self._empty_days:
                return
        if parts:
            newest = parts[0].newest
            self._give_up({at: each for at, each in self._missing.items() if at <= newest})
            parts.clear()

    def _read_days(self, run: list[Part]) -> _Steps:
        """A run of days, told only if the meter's date is the same before and after."""
        quiet_s = self._clock.until_quiet_ends(self._now)
        if quiet_s > 0:
            yield self._now + quiet_s
            self._is_stale = True
            return
        yield from self._know_the_time(CLOCK_FRESH_S)
        today = self._meter_now().date()
        told: list[tuple[Part, list[HalfHour]]] = []
        for part in run:
            if self._clock.until_quiet_ends(self._now) > 0:
                self._is_stale = True
                break
            values: list[HalfHour] = []
            yield from self._read_day(part, (today - part.day).days, values)
            told.append((part, values))
            if self._is_stale:
                break
        yield from self._know_the_time(0.0)
        if self._meter_now().date() != today:
            _LOGGER.debug("the meter's date changed: %d days are read again", len(told))
            self._is_outdated = True
            self._settled_until = None
            return
        for part, values in told:
            self._take(part, values)

    def _read_day(self, part: Part, days_back: int, values: list[HalfHour]) -> _Steps:
        if not 0 <= days_back <= MEMORY_DAYS:  # the meter's date is another than it was
            self._is_outdated = self._is_stale = True
            self._settled_until = None
            return
        edt = bytes([days_back])
        if not (yield from self._select(part, edt, bytes([0]))):
            return
        for direction in sorted(part.directions, key=lambda each: each.value):
            epc = history_epc(Way.DAY, direction)
            fields = decode_edt(epc, (yield Request(Kind.DAY, (epc,))).get(epc, b""))
            slots = next((value for value in fields.values() if isinstance(value, tuple)), None)
            if slots is None or fields.get("history_1_day") != days_back:
                self._refused(epc)
                return
            self._known.worked(epc)
            begin = _midnight(part.day)
            for slot, raw in enumerate(slots):
                at = begin + slot * HALF_HOUR
                values.append(_half_hour(at, direction, raw, Way.DAY))

    def _read_span(self, part: Part) -> _Steps:
        edt = DateTime(6).encode(part.newest) + bytes([part.count])
        newest = DateTime(6).encode(self._until) + bytes([1])
        if not (yield from self._select(part, edt, newest)):
            return
        epc = history_epc(part.way, Direction.BOUGHT)
        told = (yield Request(Kind.SPAN, (epc,))).get(epc, b"")
        pairs = next((v for v in decode_edt(epc, told).values() if isinstance(v, tuple)), None)
        if pairs is None or told[:7] != edt:
            self._refused(epc)
            return
        self._known.worked(epc)
        step = HALF_HOUR if part.way is Way.SPAN else MINUTE
        values = [
            _half_hour(part.newest - number * step, direction, raw, part.way)
            for number, pair in enumerate(pairs)
            if isinstance(pair, tuple)
            for direction, raw in zip(Direction, pair, strict=True)
        ]
        self._take(part, values)

    def _select(self, part: Part, edt: bytes, recent: bytes) -> Generator[Request, Reply, bool]:
        """Sets the part's selector; whether the meter took it.

        If it takes a `recent` one instead, its memory ends there; else it just refuses.
        """
        epc = SELECTORS[part.way]
        if epc in (yield Request(Kind.SELECT, (epc,), edt)):
            self._known.worked(epc)
            return True
        self._is_stale = True
        if edt != recent and epc in (yield Request(Kind.SELECT, (epc,), recent)):
            self._known.ends_at(part.way, part.newest)
        else:
            self._refused(epc)
        return False

    def _refused(self, epc: int) -> None:
        _LOGGER.debug("the meter refuses EPC %02X of its memory", epc)
        self._known.refused(epc, self._now)
        self._is_stale = True

    def _know_the_time(self, fresh_s: float) -> _Steps:
        """Asks for the meter's clock unless it was told `fresh_s` ago or later."""
        while True:
            age_s = self._clock.age_s(self._now)
            if age_s is not None and fresh_s > 0 and age_s <= fresh_s:
                return
            epcs = tuple(epc for epc in _CLOCK_EPCS if epc in self._profile.get_map)
            is_whole = len(epcs) == len(_CLOCK_EPCS)
            reply = yield Request(Kind.CLOCK, epcs if is_whole else (_FIXED_TIME_EPC,))
            if self._note_clock(reply):
                return
            yield self._now + CLOCK_RETRY_S

    def _note_clock(self, reply: Reply) -> bool:
        told = clock_told(reply)
        span = MINUTE
        if told is None:
            stamp = decode_all(reply).get("half_hour_energy_bought_time")
            told, span = (stamp if isinstance(stamp, datetime) else None), _FIXED_TIME_SPAN
        if told is None:
            return False
        self._clock.note(told, self._now, span)
        return True

    # -- what came -----------------------------------------------------------------------------

    def _take(self, part: Part, values: list[HalfHour]) -> None:
        """Tells what a part brought, and strikes it off what is missing."""
        known = {(value.at, value.direction) for value in values if value.raw is not None}
        self._note_empty(part, has_any=bool(known))
        for value in values:
            missing = self._missing.get(value.at, frozenset())
            if value.raw is None and part.way is not Way.DAY and value.direction in missing:
                self._known.lacks(part.way, value.at)
                self._is_stale = True
        has_days = self._known.could_serve(Way.DAY, part.newest, Direction.BOUGHT)
        if not known and (part.way is Way.MINUTE or (part.way is Way.SPAN and has_days)):
            self._known.ends_at(part.way, part.newest)
        is_final = part.way is Way.DAY
        told = [
            value
            for value in values
            if value.raw is not None
            or (is_final and value.direction in self._missing.get(value.at, frozenset()))
        ]
        self._tell(told)

    def _note_empty(self, part: Part, *, has_any: bool) -> None:
        if has_any:
            self._empty_days.clear()
        else:
            self._empty_days.add(part.day)

    def _tell(self, values: list[HalfHour]) -> None:
        scale = self._profile.scale
        if values and scale is not None:
            self._emit(HalfHoursRead(self._profile.uid, scale, tuple(values)))
        for value in values:
            left = self._missing.get(value.at, frozenset()) - {value.direction}
            if left:
                self._missing[value.at] = left
            else:
                self._missing.pop(value.at, None)

    def _give_up(self, missing: Mapping[datetime, frozenset[Direction]]) -> None:
        """The meter doesn't remember these."""
        self._tell(
            [
                HalfHour(at, direction, None, Way.DAY.value)
                for at, directions in missing.items()
                for direction in directions
            ]
        )

    def _unreachable(self) -> dict[datetime, frozenset[Direction]]:
        """What no way can bring, not even later."""
        found = {}
        for at, directions in self._missing.items():
            lost = frozenset(
                each
                for each in directions
                if not any(self._known.could_serve(way, at, each) for way in Way)
            )
            if lost:
                found[at] = lost
        return found

    def _wanted(self) -> Mapping[datetime, frozenset[Direction]]:
        """What to ask for now. While days are refused for a moment, the past waits for them."""
        recent = self._until - timedelta(days=1)
        wanted = {}
        for at, directions in self._missing.items():
            kept = frozenset(
                each
                for each in directions
                if at > recent
                or self._serves(Way.DAY, at, each)
                or not self._known.could_serve(Way.DAY, at, each)
            )
            if kept:
                wanted[at] = kept
        return wanted

    def _serves(self, way: Way, at: datetime, direction: Direction) -> bool:
        return self._known.serves(way, at, direction, self._now)

    @property
    def _known(self) -> Abilities:
        if self._abilities is None:
            raise AssertionError("no session has begun")
        return self._abilities

    def _meter_now(self) -> datetime:
        now = self._clock.earliest(self._now)
        if now is None:
            raise AssertionError("the meter's clock was not asked for")
        return now


class _Progress:
    """Tells how far it is: at the start, at the end, and every few seconds between."""

    def __init__(self, emit: Callable[[Update], None]) -> None:
        self._emit = emit
        self._done = self._total = 0
        self._is_reading = False
        self._started_s = self._told_s = 0.0

    def plan(self, requests: int, now: float) -> None:
        """So many requests are still to come."""
        if not self._is_reading and requests:
            self._done, self._started_s, self._is_reading = 0, now, True
            self._total = requests
            self._tell(now)
        self._total = self._done + requests

    def step(self, now: float) -> None:
        """A request was answered."""
        if self._is_reading:
            self._done += 1
            self._total = max(self._total, self._done)
            if now - self._told_s >= PROGRESS_EVERY_S:
                self._tell(now)

    def stop(self, now: float) -> None:
        """Ended, or given up for now."""
        if self._is_reading:
            self._is_reading = False
            self._tell(now)

    def _tell(self, now: float) -> None:
        self._told_s = now
        left_s = None
        if self._done and self._is_reading:
            left_s = round((now - self._started_s) / self._done * (self._total - self._done))
        progress = HistoryProgress(self._is_reading, self._done, self._total, left_s)
        self._emit(HistoryProgressed(progress))


def clock_told(values: Mapping[int, bytes]) -> datetime | None:
    """The meter's time in an answer with 98 and 97, a whole minute."""
    fields = decode_all(values)
    day, minute = fields.get("current_date"), fields.get("current_time")
    if not isinstance(day, date) or not isinstance(minute, time):
        return None
    return datetime.combine(day, minute)


def _requests(parts: Iterable[Part]) -> int:
    """Requests that the parts take, with the looks at the meter's date."""
    days = sum(part.way is Way.DAY for part in parts)
    return sum(part.requests for part in parts) + -(-days // RUN_DAYS)


def _half_hour(at: datetime, direction: Direction, raw: object, way: Way) -> HalfHour:
    return HalfHour(at, direction, raw if isinstance(raw, int) else None, way.value)


def _midnight(day: date) -> datetime:
    """The beginning of a meter day (UTC)."""
    return datetime.combine(day, time(), JST).astimezone(UTC)
