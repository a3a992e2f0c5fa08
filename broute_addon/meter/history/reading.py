"""How what is missing is read: a generator of requests, resumed with their replies.

The hard part is the day selector E5, which counts days back from the meter's today (4.3). What it
brings is dated by the meter's date, which is read before and after a run of a few days; only when
both agree is anything of the run told, else it is thrown away and read again. Nothing is read
that way within ten minutes of the meter's midnight. ED and EF name absolute times and have no
such race.

"No data" for a half-hour is an answer too: the ledger is told that the meter remembers none, so
that it isn't asked for again. After a few empty days the days further back are only sampled.
"""

import logging
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from broute_addon.meter.half_hours import HALF_HOUR, MEMORY_DAYS, Direction, HalfHour
from broute_addon.meter.history import requests
from broute_addon.meter.history.abilities import Abilities
from broute_addon.meter.history.gaps import Gaps
from broute_addon.meter.history.plan import Part, Way, plan
from broute_addon.meter.history.progress import Progress
from broute_addon.meter.history.requests import Reply, Request, Steps
from broute_addon.meter.meter_clock import MINUTE, MeterClock
from broute_addon.meter.schedule import half_hour_before

_LOGGER = logging.getLogger(__name__)

SETTLED_AFTER = timedelta(minutes=10)
"""A half-hour younger than this may not be in the meter's memory yet: it isn't missed."""

RUN_DAYS = 5
"""Days read between two looks at the meter's date."""

CLOCK_FOR_RUN_S, CLOCK_FOR_LOOK_S = 600.0, 7 * 3600.0
"""How old the meter's clock may be to begin a run of days, and to tell what should be there."""

CLOCK_RETRY_S = 600.0

_DAY_BEGINS, _DAY_ENDS = bytes([0, 10]), bytes([23, 50])  # EDT of 97: hour, minute

EMPTY_DAYS = 3
"""So many days without any reading, one after the other: perhaps the memory ends here."""

SAMPLED_DAYS = frozenset({*range(1, MEMORY_DAYS, 7), 45, 70, MEMORY_DAYS})
"""Days back that are asked for before it is believed that it does."""


class Reading:
    """One session's reading of one meter's memory.

    `now` (the loop's second) is kept up to date by whoever drives `steps`.
    """

    def __init__(  # noqa: PLR0917 - its parts, each once
        self,
        get_map: frozenset[int],
        gaps: Gaps,
        abilities: Abilities,
        clock: MeterClock,
        progress: Progress,
        now: float,
    ) -> None:
        self.now = now
        self._get_map = get_map
        self._gaps = gaps
        self._abilities = abilities
        self._clock = clock
        self._progress = progress
        self._wants_all = False
        self._looked_until: datetime | None = None  # None: the next look is at all of it
        self._newest: datetime | None = None  # that should be there
        self._is_outdated = False  # the date changed: look anew what is missing
        self._is_stale = False  # the meter turned out to be able to do less: plan anew

    def look_at_all(self, *, wants_all: bool = False) -> None:
        """The next look is at the whole memory; with `wants_all` at once, and all is read."""
        self._looked_until = None
        if wants_all:
            self._wants_all = self._is_outdated = True

    def steps(self) -> Steps:
        """For ever: look what is missing, read it, wait for the next half-hour."""
        while True:
            yield from self._know_the_time(CLOCK_FOR_LOOK_S)
            self._look()
            yield from self._fill()
            if not self._is_outdated:
                self._progress.stop(self.now)
                yield self._next_look()

    def _look(self) -> None:
        meter_now = self._meter_now()
        since = requests.midnight(meter_now.date() - timedelta(days=MEMORY_DAYS))
        if self._looked_until is not None:
            since = self._looked_until
        until = half_hour_before(meter_now - SETTLED_AFTER).astimezone(UTC)
        self._gaps.look(since, until, wants_all=self._wants_all)
        self._looked_until = self._newest = until
        self._wants_all = self._is_outdated = False

    def _next_look(self) -> float:
        """When the next half-hour should have been told, or a refusal is over."""
        meter_now = self._meter_now()
        upcoming = half_hour_before(meter_now - SETTLED_AFTER) + HALF_HOUR + SETTLED_AFTER
        at = self.now + (upcoming + MINUTE - meter_now).total_seconds()
        if not self._gaps:
            return at
        self._looked_until = None
        resumes_at = self._abilities.resumes_at(self.now)
        return at if resumes_at is None else min(at, resumes_at)

    # -- what to read --------------------------------------------------------------------------

    def _fill(self) -> Steps:
        """Reads what is missing, but for what the meter refuses to tell at present."""
        while not self._is_outdated:
            self._gaps.give_up_unreachable()
            parts = deque(plan(self._gaps.wanted(self.now), self._serves))
            self._progress.plan(_cost(parts), self.now)
            if not parts:
                return
            self._is_stale = False
            while parts and self._goes_on:
                yield from self._read_first(parts)
                if len(self._gaps.empty_days) >= EMPTY_DAYS and parts and self._goes_on:
                    yield from self._sample(parts)

    @property
    def _goes_on(self) -> bool:
        return not self._is_stale and not self._is_outdated

    def _serves(self, way: Way, at: datetime, direction: Direction) -> bool:
        return self._abilities.serves(way, at, direction, self.now)

    def _read_first(self, parts: deque[Part]) -> Steps:
        """Reads the first part, or the first few where they are days."""
        run = [parts.popleft()]
        if run[0].way is not Way.DAY:
            yield from self._read_instants(run[0])
            return
        while parts and parts[0].way is Way.DAY and len(run) < RUN_DAYS:
            run.append(parts.popleft())
        yield from self._read_days(run)

    def _sample(self, parts: deque[Part]) -> Steps:
        """Asks for a few of what is left; if all are empty the meter remembers none of it."""
        for sample in _samples(parts, self._meter_now().date()):
            parts.remove(sample)
            yield from self._read_first(deque([sample]))
            if not self._goes_on or not self._gaps.empty_days:
                return
        if parts:
            self._gaps.give_up_before(parts[0].newest)
            parts.clear()

    # -- reading it ----------------------------------------------------------------------------

    def _read_days(self, run: list[Part]) -> Steps:
        """A run of days, told only if the meter's date is the same before and after."""
        quiet_s = self._clock.until_quiet_ends(self.now)
        if quiet_s > 0:
            self._is_stale = True
            yield self.now + quiet_s
            return
        yield from self._know_the_time(CLOCK_FOR_RUN_S)
        today = self._meter_now().date()
        told: list[tuple[Part, list[HalfHour]]] = []
        for part in run:
            if self._clock.until_quiet_ends(self.now) > 0:
                self._is_stale = True
            if not self._goes_on:
                break
            values: list[HalfHour] = []
            yield from self._read_day(part, (today - part.day).days, values)
            if values:
                told.append((part, values))
        yield from self._know_the_time(0.0)
        if self._meter_now().date() != today:
            _LOGGER.debug("the meter's date changed: %d days are read again", len(told))
            self._start_over()
            return
        for part, values in told:
            self._gaps.take(part, values)

    def _read_day(self, part: Part, days_back: int, values: list[HalfHour]) -> Steps:
        if not 0 <= days_back <= MEMORY_DAYS:  # the meter's date is another than it was
            self._start_over()
            return
        if not (yield from self._select(part, bytes([days_back]), bytes([0]))):
            return
        for direction in (each for each in Direction if each in part.directions):
            reply = yield requests.get(Way.DAY, direction)
            told = requests.day_values(part.day, days_back, direction, reply)
            if not self._is_answer(told, Way.DAY, direction):
                return
            values += told or ()

    def _read_instants(self, part: Part) -> Steps:
        edt = requests.instant_edt(part.newest, part.count)
        recent = requests.instant_edt(self._newest or part.newest, 1)
        if not (yield from self._select(part, edt, recent)):
            return
        reply = yield requests.get(part.way, Direction.BOUGHT)
        told = requests.instant_values(part, edt, reply)
        if self._is_answer(told, part.way, Direction.BOUGHT) and told is not None:
            self._is_stale |= self._gaps.take(part, told)

    def _select(self, part: Part, edt: bytes, recent: bytes) -> Generator[Request, Reply, bool]:
        """Sets the part's selector; whether the meter took it.

        If it refuses it twice and takes a `recent` one in between, its memory ends there; else it
        just refuses.
        """
        epc = requests.SELECTORS[part.way]
        if epc in (yield requests.select(part.way, edt)):
            self._abilities.worked(epc)
            return True
        takes_recent = edt != recent and epc in (yield requests.select(part.way, recent))
        if takes_recent and epc in (yield requests.select(part.way, edt)):
            return True
        if takes_recent:
            self._abilities.ends_at(part.way, part.newest)
        else:
            self._abilities.refused(epc, self.now)
        self._is_stale = True
        return False

    def _is_answer(self, told: list[HalfHour] | None, way: Way, direction: Direction) -> bool:
        epc = requests.history_epc(way, direction)
        if told is not None:
            self._abilities.worked(epc)
            return True
        _LOGGER.debug("the meter refuses EPC %02X of its memory", epc)
        self._abilities.refused(epc, self.now)
        self._is_stale = True
        return False

    # -- the meter's clock ---------------------------------------------------------------------

    def _know_the_time(self, fresh_s: float) -> Steps:
        """Asks for the meter's clock unless it was told within the last `fresh_s` seconds."""
        while True:
            age_s = self._clock.age_s(self.now)
            if age_s is not None and age_s < fresh_s:
                return
            told = yield from self._ask_the_time()
            if self._clock.take(told, self.now):
                return
            yield self.now + CLOCK_RETRY_S

    def _ask_the_time(self) -> Generator[Request, Reply, Reply]:
        """What the meter tells of its clock.

        What it leaves out of the answer is asked for by itself: some meters take one property at
        a time. Near midnight date and time may then be of two days, and nothing is told.
        """
        asked = requests.clock(self._get_map)
        told = yield asked
        left_out = [epc for epc in asked.epcs if epc not in told]
        if not left_out or not told:
            return told
        for epc in left_out:
            told = {**told, **(yield replace(asked, epcs=(epc,)))}
        is_day = _DAY_BEGINS <= told.get(requests.TIME_EPC, b"") < _DAY_ENDS
        return told if is_day else {}

    def _meter_now(self) -> datetime:
        now = self._clock.earliest(self.now)
        if now is None:
            raise AssertionError("the meter's clock was not asked for")
        return now

    def _start_over(self) -> None:
        self._looked_until = None
        self._is_outdated = True


def _samples(parts: Iterable[Part], today: date) -> list[Part]:
    """Of parts in descending order those at the days to be sampled, and the last one."""
    parts = list(parts)
    samples = []
    for days_back in sorted(SAMPLED_DAYS):
        day = today - timedelta(days=days_back)
        found = next((part for part in parts if part.day <= day), None)
        if day <= parts[0].day and found is not None and found not in samples:
            samples.append(found)
    return samples if parts[-1] in samples else [*samples, parts[-1]]


def _cost(parts: Iterable[Part]) -> int:
    """Requests that the parts take, with the looks at the meter's date."""
    parts = list(parts)
    days = sum(part.way is Way.DAY for part in parts)
    return sum(part.requests for part in parts) + -(-days // RUN_DAYS)
