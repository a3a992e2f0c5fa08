"""What is due now: pure arithmetic on what was read when.

Priority, highest first: half-hour follow-up, the user's "read now" (it makes live and energy due),
live poll, energy, one-minute values, interview leftovers, the daily ones, history. Nothing here
waits; the poller sleeps until the first is due.

The live poll keeps its phase: a late answer delays one poll, it doesn't shift all later ones.
What is due about then comes along in its request, which takes hardly more airtime than without.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from broute_addon.meter.half_hours import HALF_HOUR

NOTIFIED_WITHIN = timedelta(minutes=5, seconds=10)
"""AIF 3.2.1: the meter tells the fixed-time value within 5 minutes after :00 and :30."""

ASK_HALF_HOUR_EVERY = timedelta(minutes=1)
HALF_HOUR_TRIES = 5

ENERGY_EVERY_S = 60.0
"""Seconds between readings of E0 and E3, or the poll interval where that is longer."""

MINUTE_S = 60.0
WAITS_FOR_LIVE_S = 45.0
"""How long a one-minute value may wait for a live poll: a minute has room for it and a retry."""

DAILY_EVERY_S = 6 * 3600.0
"""Seconds between readings of clock, status and fault; changes of the last two are pushed too."""


class Job(IntEnum):
    """What one request is for; the smaller goes first."""

    HALF_HOUR = 0
    LIVE = 1
    ENERGY = 2
    ONE_MINUTE = 3
    LEFTOVERS = 4
    DAILY = 5
    HISTORY = 6


@dataclass(slots=True)
class Schedule:
    """When each job is due, in seconds of the event loop's time.

    Owned by one session of the engine. A job absent from `due` is not wanted at present.
    """

    interval_s: float
    due: dict[Job, float] = field(default_factory=dict)

    def next_due(self, *, after: float) -> float | None:
        """When the next job becomes due that isn't due yet."""
        return min((at for at in self.due.values() if at > after), default=None)

    def pick(self, now: float) -> Job | None:
        """The most important job that is due by now."""
        first: Job | None = None
        for job, at in self.due.items():
            if at <= now and (first is None or job < first) and not self._waits(job, at):
                first = job
        return first

    def along(self, now: float) -> tuple[Job, ...]:
        """What comes along with a live poll: energy that will be due before the next one, and a
        minute's value that is due."""
        energy, minute = self.due.get(Job.ENERGY, now), self.due.get(Job.ONE_MINUTE)
        jobs = (Job.ENERGY,) if now < energy < now + self.interval_s else ()
        return jobs if minute is None or minute > now else (*jobs, Job.ONE_MINUTE)

    def _waits(self, job: Job, at: float) -> bool:
        live = self.due.get(Job.LIVE)
        return job is Job.ONE_MINUTE and live is not None and live < at + WAITS_FOR_LIVE_S

    def done(self, job: Job, now: float) -> None:
        """Sets the job's next time after it succeeded."""
        match job:
            case Job.LIVE:
                self.due[job] = _in_phase(self.due.get(job, now), self.interval_s, now)
            case Job.ENERGY:
                self.due[job] = now + max(ENERGY_EVERY_S, self.interval_s)
            case Job.ONE_MINUTE:
                self.due[job] = now + MINUTE_S
            case Job.DAILY:
                self.due[job] = now + DAILY_EVERY_S
            case _:
                self.due.pop(job, None)

    def hurry(self, now: float) -> None:
        """The user's "read now": live and energy values are due at once."""
        for job in (Job.LIVE, Job.ENERGY):
            if job in self.due:
                self.due[job] = now


def _in_phase(due: float, interval_s: float, now: float) -> float:
    missed = max(0, int((now - due) // interval_s))
    return due + (missed + 1) * interval_s


def half_hour_before(instant: datetime) -> datetime:
    """The latest :00 or :30 at or before an instant."""
    return instant.replace(minute=instant.minute // 30 * 30, second=0, microsecond=0)


def half_hour_due(newest: datetime | None, tries: int, now: datetime) -> datetime:
    """When to ask for the fixed-time value, on the meter's clock.

    `newest` is the stamp of the newest one known, `tries` how often the present half hour was
    asked for in vain. Asked five minutes after the half hour if no notification came, then each
    minute, then no more until the next half hour.
    """
    current = half_hour_before(now)
    if newest is None and tries == 0:
        return now
    known = newest is not None and newest >= current
    if known or tries >= HALF_HOUR_TRIES:
        return current + HALF_HOUR + NOTIFIED_WITHIN
    return max(current + NOTIFIED_WITHIN + tries * ASK_HALF_HOUR_EVERY, current)


PHASE_KNOWN_S = 6.0
"""How closely the turn of the meter's minute is to be known."""


class MinutePhase:
    """When the meter's minute turns, narrowed down by the stamps of its one-minute values.

    The meter's clock tells no seconds. An answer with a minute's value came after that minute
    began, and was asked for before the next one did.
    """

    def __init__(self) -> None:
        self._after, self._before = float("-inf"), float("inf")

    def next_at(self, stamp: datetime, asked: float, answered: float) -> float:
        """Takes the stamp of an answer; the loop's second at which to ask for the next value."""
        began = stamp.timestamp()
        after, before = asked - MINUTE_S - began, answered - began
        self._after, self._before = max(self._after, after), min(self._before, before)
        if self._after >= self._before:  # the meter's clock was set
            self._after, self._before = after, before
        is_known = self._before - self._after <= PHASE_KNOWN_S
        turn = self._before if is_known else (self._before + self._after) / 2
        return began + MINUTE_S + turn
