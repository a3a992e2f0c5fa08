"""What is due now: pure arithmetic on what was read when.

Priority, highest first: half-hour follow-up, the user's "read now" (it makes live and energy due),
live poll, energy, interview leftovers. Nothing here waits; the engine sleeps until `next_due`.

The live poll keeps its phase: a late answer delays one poll, it doesn't shift all later ones.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

HALF_HOUR = timedelta(minutes=30)

NOTIFIED_WITHIN = timedelta(minutes=5, seconds=10)
"""AIF 3.2.1: the meter tells the fixed-time value within 5 minutes after :00 and :30."""

ASK_HALF_HOUR_EVERY = timedelta(minutes=1)
HALF_HOUR_TRIES = 5

ENERGY_EVERY_S = 60.0
"""Seconds between readings of E0 and E3, or the poll interval where that is longer."""

DAILY_EVERY_S = 6 * 3600.0
"""Seconds between readings of clock, status and fault; changes of the last two are pushed too."""


class Job(IntEnum):
    """What one request is for; the smaller goes first."""

    HALF_HOUR = 0
    LIVE = 1
    ENERGY = 2
    LEFTOVERS = 3
    DAILY = 4


@dataclass(slots=True)
class Schedule:
    """When each job is due, in seconds of the event loop's time.

    Owned by one session of the engine. A job absent from `due` is not wanted at present.
    """

    interval_s: float
    due: dict[Job, float] = field(default_factory=dict)

    def first(self) -> tuple[Job, float] | None:
        """The next job with its time: the most important of those overdue, else the earliest."""
        return min(self.due.items(), key=lambda item: (item[1], item[0]), default=None)

    def pick(self, now: float) -> Job | None:
        """The most important job that is due by now."""
        return min((job for job, at in self.due.items() if at <= now), default=None)

    def energy_comes_along(self, now: float) -> bool:
        """Whether energy will be due before the live poll after this one: then both are asked for
        in one request, which takes hardly more airtime than either."""
        at = self.due.get(Job.ENERGY)
        return at is not None and now < at < now + self.interval_s

    def done(self, job: Job, now: float) -> None:
        """Sets the job's next time after it succeeded."""
        match job:
            case Job.LIVE:
                self.due[job] = _in_phase(self.due.get(job, now), self.interval_s, now)
            case Job.ENERGY:
                self.due[job] = now + max(ENERGY_EVERY_S, self.interval_s)
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
