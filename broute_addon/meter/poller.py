"""One joined session's work: know the meter, then read it on schedule until something breaks.

With a cached profile power and currents are read first and the profile is confirmed after; else
the interview comes first. Energy waits for a confirmed scale. The meter pushes the half-hour
values; only if one stays away is it asked for. Half-hours are counted on the meter's clock. What
time is left goes to the meter's memory.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from broute_addon.clock import Clock
from broute_addon.echonet.frame import METER, Frame
from broute_addon.errors import MeterTimeoutError, PropertyRefusedError
from broute_addon.messages import Message, message
from broute_addon.meter.client import Answer, MeterClient
from broute_addon.meter.decoding import Decoder, decode_edt, nonsense
from broute_addon.meter.energy import CounterGuard
from broute_addon.meter.fixed_times import CLOCK_SLACK, FixedTimes, believed
from broute_addon.meter.half_hours import HalfHour, Source
from broute_addon.meter.history import History
from broute_addon.meter.interview import POWER, Learned, confirm, interview
from broute_addon.meter.meter_clock import MeterClock
from broute_addon.meter.pacing import Pace
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.quantities import Cadence
from broute_addon.meter.readings import (
    HalfHoursRead,
    MeterIdentified,
    Reading,
    ReadingsArrived,
    Update,
)
from broute_addon.meter.refusals import Refusals
from broute_addon.meter.schedule import Job, MinutePhase, Schedule
from broute_addon.meter.silences import Silences
from broute_addon.wisun.values import MacAddress

_LOGGER = logging.getLogger(__name__)

_CADENCES: Mapping[Job, Cadence] = {
    Job.LIVE: Cadence.LIVE,
    Job.ENERGY: Cadence.ENERGY,
    Job.ONE_MINUTE: Cadence.MINUTELY,
    Job.HALF_HOUR: Cadence.HALF_HOURLY,
    Job.DAILY: Cadence.DAILY,
}

_EPCS: Mapping[Cadence, tuple[int, ...]] = {
    cadence: tuple(row.epc for row in PROPERTIES if row.cadence is cadence) for cadence in Cadence
}

LEFTOVERS_RETRY_S = 60.0
"""While the meter has not told how its counts scale."""

REFUSALS_TRUSTED = 3
"""Refusals of D3 in a row, while it was never told, that mean the meter has none."""

AFTER_MIDNIGHT_S = 1260.0
"""When the meter's clock is asked for again where it couldn't be believed around midnight."""

QUICK_READINGS = 2
"""Readings at once of a register whose count is doubted; after them its usual turn will do."""


class Poller:
    """Reads one meter over one PANA session.

    `on_good` is called after each answered live poll, with what is odd about it, if anything.
    `guards`, `history` and `silences` are kept over sessions; without `history` the meter's memory
    isn't read. `is_doubtful`: the meter was silent before this session and may be another one now;
    its identity is asked for before its values.
    """

    def __init__(
        self,
        client: MeterClient,
        mac: MacAddress,
        cached: MeterProfile | None,
        *,
        pace: Pace,
        emit: Callable[[Update], None],
        on_good: Callable[[Message | None], None],
        clock: Clock,
        guards: dict[str, CounterGuard],
        history: History | None = None,
        silences: Silences,
        is_doubtful: bool = False,
    ) -> None:
        self._client = client
        self._mac = mac
        self._profile = cached
        self._emit = emit
        self._on_good = on_good
        self._clock = clock
        self._guards = guards
        self._history = history
        self._silences = silences
        self._is_doubtful = is_doubtful
        self._is_answering = False  # live values, in this session
        self._decoder = Decoder(guards)
        self._pace = pace
        self._schedule = Schedule(pace.interval_s)
        self._meter_clock = MeterClock()
        self._minute_phase = MinutePhase()
        self._refusals = Refusals()
        self._coefficient_refusals = 0
        self._quick_readings = 0
        self._fixed_times = FixedTimes()

    async def run(self, pause: Callable[[float], Awaitable[None]]) -> None:
        """Reads for ever; `pause(seconds)` may return early. Raises what ends the session."""
        try:
            await self._run(pause)
        finally:
            if self._history is not None:
                self._history.end(asyncio.get_running_loop().time())

    async def _run(self, pause: Callable[[float], Awaitable[None]]) -> None:
        if self._profile is None:
            self._learned(await interview(self._client, self._mac, self._introduced))
        else:
            self._client.batch = self._profile.batch
            self._identified(self._profile)
            if self._is_doubtful and not self._silences.has_given_up(Job.LEFTOVERS):
                await self._do(Job.LEFTOVERS)
        self._plan()
        while True:
            now = asyncio.get_running_loop().time()
            job = self._schedule.pick(now)
            if job is Job.HISTORY:
                await pause(0.0)  # a command or fault may wait for its turn
                if await self._read_history():
                    continue
            elif job is not None:
                await self._do(job)
                continue
            at = self._schedule.next_due(after=now) or now + self._schedule.interval_s
            await pause(at - now)

    def hurry(self) -> None:
        """The user's "read now"."""
        self._schedule.hurry(asyncio.get_running_loop().time())

    def notified(self, frame: Frame) -> None:
        """Takes an INF or INFC of the meter."""
        if frame.seoj != METER:
            return
        values = {prop.epc: prop.edt for prop in frame.properties if prop.edt}
        self._tell(values, source=Source.NOTIFICATION)
        self._note_half_hour(values)

    def _identified(self, profile: MeterProfile) -> None:
        self._profile = profile
        self._emit(MeterIdentified(profile))

    def _introduced(self, learned: Learned) -> None:
        """An interview's first half: who it is, and the first value."""
        self._learned(learned)
        if POWER in learned.values:
            self._on_good(nonsense({POWER: learned.values[POWER]}))

    def _learned(self, learned: Learned) -> None:
        """An interview's or confirmation's outcome: identity first, then its values."""
        self._decoder.scale = learned.profile.scale
        self._identified(learned.profile)
        self._tell(learned.values)
        if self._decoder.scale is None:
            return
        for values, source in self._fixed_times.release():
            self._tell(values, source=source)
        if self._history is not None:
            now = asyncio.get_running_loop().time()
            self._history.begin(learned.profile, self._meter_clock, self._emit, now)
            self.plan_history()

    def _plan(self) -> None:
        now = asyncio.get_running_loop().time()
        for job, cadence in _CADENCES.items():
            if self._epcs(cadence):
                self._schedule.due[job] = now
        # Live goes first on a fresh session: a value must be out before anything else is asked.
        self._schedule.due.pop(Job.HALF_HOUR, None)
        if self._decoder.scale is None:
            self._schedule.due.pop(Job.ENERGY, None)
            self._schedule.due[Job.LEFTOVERS] = now

    def _epcs(self, cadence: Cadence) -> tuple[int, ...]:
        if self._profile is None:
            return ()
        epcs = _in_map(cadence, self._profile.get_map)
        return self._refusals.without(epcs, asyncio.get_running_loop().time())

    async def _do(self, job: Job) -> None:
        """One job. A silence ends the session, but where it is the answer to this job alone."""
        try:
            if job is Job.LEFTOVERS and self._profile is not None:
                await self._confirm(self._profile)
            else:
                await self._read(job)
        except MeterTimeoutError:
            if not self._puts_off(job):
                raise
        else:
            self._silences.answered(job)

    def _puts_off(self, job: Job) -> bool:
        """After a silence: whether the job is left alone for a while. A live poll at once shows
        whether the meter is there."""
        if job is Job.LIVE or not (self._is_answering or job is Job.LEFTOVERS):
            return False
        pause_s = self._silences.lost(job)
        if pause_s is None or not self._is_answering:
            return False
        _LOGGER.debug("no answer to %s: left alone for %.0f s", job.name, pause_s)
        now = asyncio.get_running_loop().time()
        self._schedule.due[job] = now + pause_s
        self._schedule.due[Job.LIVE] = now
        return True

    async def _read_history(self) -> bool:
        """One request to the meter's memory; False if there is none, or not now."""
        history, loop = self._history, asyncio.get_running_loop()
        begun = loop.time()
        request = None if history is None else history.request(begun)
        self.plan_history()
        if history is None or request is None:
            return False
        live_due = self._schedule.due.get(Job.LIVE, begun)
        turn = history.turns.turn(request.kind, begun, live_due, self._schedule.interval_s)
        if turn is None:
            return False
        try:
            reply = await self._client.try_once(request.epcs, request.edt, turn.deadline)
        except MeterTimeoutError:
            history.lost(request, turn, loop.time())
        else:
            history.answered(request, turn, reply, loop.time())
        self.plan_history()
        return True

    def plan_history(self) -> None:
        """Takes over when history wants its next turn."""
        at = None if self._history is None else self._history.due()
        if at is None:
            self._schedule.due.pop(Job.HISTORY, None)
        else:
            self._schedule.due[Job.HISTORY] = at

    async def _read(self, job: Job) -> None:
        epcs = self._epcs(_CADENCES[job])
        asked = asyncio.get_running_loop().time()
        along = self._along(len(epcs), asked) if job is Job.LIVE else {}
        answer = Answer({}, frozenset())
        if epcs:
            wanted = epcs + tuple(epc for more in along.values() for epc in more)
            answer = await self._client.get(wanted, tell=self._tell_answer)
        now = asyncio.get_running_loop().time()
        self._refusals.note(answer.refused, now)
        self._refusals.worked(answer.values)
        if job is Job.LIVE and not any(epc in answer.values for epc in epcs):
            refused = ", ".join(f"{epc:02X}" for epc in answer.refused or self._refusals.epcs)
            raise PropertyRefusedError(message("property_refused", epc=refused), answer.refused)
        self._schedule.interval_s = self._pace.interval_s
        for done in (job, *along):
            self._schedule.done(done, now)
            self._done(done, answer.values, asked)

    def _done(self, job: Job, values: Mapping[int, bytes], asked: float) -> None:
        """What a job that was begun at second `asked` and answered means for the next ones."""
        now = asyncio.get_running_loop().time()
        match job:
            case Job.LIVE:
                self._is_answering = True
                if self._history is not None:
                    self._history.turns.polled()
                live = self._epcs(Cadence.LIVE)
                self._on_good(nonsense({epc: values[epc] for epc in live if epc in values}))
                if self._fixed_times.is_unknown and Job.HALF_HOUR not in self._schedule.due:
                    self._await_half_hour()
            case Job.ENERGY:
                self._read_again_if_doubted(self._epcs(Cadence.ENERGY), now)
            case Job.ONE_MINUTE:
                stamp = decode_edt(0xD0, values.get(0xD0, b"")).get("one_minute_time")
                if isinstance(stamp, datetime):
                    self._schedule.due[job] = self._minute_phase.next_at(stamp, asked, now)
            case Job.DAILY:
                if not self._note_clock(values) and 0x97 in values:
                    self._schedule.due[job] = now + AFTER_MIDNIGHT_S
                if self._history is not None:
                    self._history.look(now)
                    self.plan_history()
            case Job.HALF_HOUR:
                if not self._note_half_hour(values):
                    self._fixed_times.asked_in_vain(self._meter_now())
                    self._await_half_hour()

    def _along(self, room_taken: int, now: float) -> dict[Job, tuple[int, ...]]:
        """What is asked for in the request of a live poll, as far as there is room in it."""
        room, found = self._client.batch - room_taken, dict[Job, tuple[int, ...]]()
        for job in self._schedule.along(now):
            epcs = self._epcs(_CADENCES[job])
            if 0 < len(epcs) <= room and not self._silences.suspects(job):
                room -= len(epcs)
                found[job] = epcs
        return found

    def _read_again_if_doubted(self, epcs: tuple[int, ...], now: float) -> None:
        if self._decoder.doubts(epcs) and self._quick_readings < QUICK_READINGS:
            self._quick_readings += 1
            self._schedule.due[Job.ENERGY] = now
        else:
            self._quick_readings = 0

    async def _confirm(self, before: MeterProfile) -> None:
        trusts_refusal = self._coefficient_refusals >= REFUSALS_TRUSTED
        learned = await confirm(self._client, before, trusts_refusal=trusts_refusal)
        if learned.profile.uid != before.uid:
            _LOGGER.info("%s", message("meter_exchanged"))
            self._guards.clear()
            self._fixed_times.forget()
            learned = await interview(self._client, self._mac, self._introduced)
        self._learned(learned)
        now = asyncio.get_running_loop().time()
        if learned.profile.scale is None:
            if self._coefficient_refusals == 0:
                _LOGGER.warning("%s", message("energy_unit_unknown"))
            self._coefficient_refusals += 1
            self._schedule.due[Job.LEFTOVERS] = now + LEFTOVERS_RETRY_S
            return
        self._schedule.done(Job.LEFTOVERS, now)
        if self._epcs(Cadence.ENERGY):
            self._schedule.due.setdefault(Job.ENERGY, now)

    def _tell_answer(self, values: Mapping[int, bytes]) -> None:
        """What a request brought, and how the link did."""
        self._tell(values, with_link=True)

    def _tell(
        self,
        values: Mapping[int, bytes],
        *,
        with_link: bool = False,
        source: Source = Source.POLL,
    ) -> None:
        arrived = self._clock()
        arrived_s = asyncio.get_running_loop().time()
        if self._decoder.scale is None:
            self._fixed_times.keep(values, source)
        readings = self._decoder.readings(values, arrived, arrived_s)
        if with_link:
            readings += (Reading("last_answer", arrived, arrived),)
            readings += (Reading("airtime", round(self._client.airtime_s, 1), arrived),)
            if self._client.response_s is not None:
                readings += (Reading("response_time", self._client.response_s, arrived),)
            if self._client.signal_dbm is not None:
                readings += (Reading("signal_strength", self._client.signal_dbm, arrived),)
        if readings:
            self._emit(ReadingsArrived(readings))
        self._note_t_phase(readings)
        self._tell_half_hours(believed(values, readings, source))

    def _tell_half_hours(self, told: tuple[HalfHour, ...]) -> None:
        """Fixed-time values for the ledger, but for those from the future."""
        profile, scale = self._profile, self._decoder.scale
        if not told or profile is None or scale is None:
            return
        now = asyncio.get_running_loop().time()
        meter_now = self._meter_clock.middle(now)
        if meter_now is not None and any(each.at > meter_now + CLOCK_SLACK for each in told):
            self._schedule.due[Job.DAILY] = now  # the stamp is wrong or our idea of the meter's now
        else:
            self._emit(HalfHoursRead(profile.uid, scale, told))

    def _note_t_phase(self, readings: tuple[Reading, ...]) -> None:
        profile = self._profile
        if profile is None or profile.has_t_phase:
            return
        if any(r.key == "current_t" and r.value is not None for r in readings):
            self._profile = replace(profile, has_t_phase=True)
            self._emit(MeterIdentified(self._profile))

    def _note_half_hour(self, values: Mapping[int, bytes]) -> bool:
        """Notes the newest stamp and plans the next; whether it was the one expected."""
        is_news = self._fixed_times.note(values, self._meter_now())
        if is_news:
            self._await_half_hour()
        return is_news

    def _await_half_hour(self) -> None:
        if not self._epcs(Cadence.HALF_HOURLY):
            return
        now, meter_now = asyncio.get_running_loop().time(), self._meter_now()
        wait_s = (self._fixed_times.due(meter_now) - meter_now).total_seconds()
        self._schedule.due[Job.HALF_HOUR] = now + max(0.0, wait_s)

    def _meter_now(self) -> datetime:
        return self._meter_clock.now(self._clock(), asyncio.get_running_loop().time())

    def _note_clock(self, values: Mapping[int, bytes]) -> bool:
        """Takes the meter's clock, if it is there, and tells how it differs from ours."""
        now, host = asyncio.get_running_loop().time(), self._clock()
        if not self._meter_clock.take(values, now, is_one_answer=False):
            return False
        ahead = self._meter_clock.now(host, now) - host
        seconds = round(ahead.total_seconds())
        self._emit(ReadingsArrived((Reading("clock_difference", seconds, host),)))
        self._fixed_times.ask_anew()
        self._await_half_hour()
        return True


@lru_cache(maxsize=32)
def _in_map(cadence: Cadence, get_map: frozenset[int]) -> tuple[int, ...]:
    return tuple(epc for epc in _EPCS[cadence] if epc in get_map)
