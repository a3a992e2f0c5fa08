"""What is due when."""

from datetime import datetime, timedelta

import pytest

from broute_addon.clock import JST
from broute_addon.meter.schedule import ENERGY_EVERY_S, Job, MinutePhase, Schedule, half_hour_due


def test_the_live_poll_keeps_its_phase_and_skips_what_it_missed() -> None:
    schedule = Schedule(30.0, {Job.LIVE: 100.0})
    schedule.done(Job.LIVE, 101.5)
    assert schedule.due[Job.LIVE] == 130.0
    schedule.done(Job.LIVE, 205.0)
    assert schedule.due[Job.LIVE] == 220.0


def test_what_matters_more_goes_first_when_several_are_due() -> None:
    schedule = Schedule(30.0, {Job.ENERGY: 10.0, Job.LIVE: 12.0, Job.HALF_HOUR: 50.0})
    assert schedule.pick(9.0) is None
    assert schedule.pick(11.0) is Job.ENERGY
    assert schedule.pick(13.0) is Job.LIVE
    assert schedule.pick(60.0) is Job.HALF_HOUR


@pytest.mark.parametrize(("interval", "next_due"), [(5.0, ENERGY_EVERY_S), (600.0, 600.0)])
def test_energy_is_read_each_minute_but_not_more_often_than_power(
    interval: float, next_due: float
) -> None:
    schedule = Schedule(interval, {Job.ENERGY: 0.0})
    schedule.done(Job.ENERGY, 0.0)
    assert schedule.due[Job.ENERGY] == next_due


def test_energy_comes_along_with_the_live_poll_before_it_would_be_due() -> None:
    schedule = Schedule(30.0, {Job.LIVE: 60.0, Job.ENERGY: 61.2})
    assert schedule.along(30.0) == ()
    assert schedule.along(60.0) == (Job.ENERGY,)
    # What is overdue has its own turn: a fresh session's first power value doesn't wait for it.
    assert schedule.along(62.0) == ()


def test_a_minutes_value_waits_for_a_live_poll_that_comes_soon_but_never_into_the_next() -> None:
    schedule = Schedule(60.0, {Job.LIVE: 100.0, Job.ONE_MINUTE: 60.0})
    assert schedule.pick(60.0) is None
    assert schedule.pick(100.0) is Job.LIVE
    assert schedule.along(100.0) == (Job.ONE_MINUTE,)
    schedule.due[Job.LIVE] = 106.0
    assert schedule.pick(60.0) is Job.ONE_MINUTE
    schedule.due[Job.ONE_MINUTE] = 120.0
    assert schedule.along(106.0) == ()


def test_read_now_hurries_only_what_is_wanted() -> None:
    schedule = Schedule(30.0, {Job.LIVE: 100.0})
    schedule.hurry(5.0)
    assert schedule.due == {Job.LIVE: 5.0}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-04-05T{text}").replace(tzinfo=JST)


@pytest.mark.parametrize(
    ("newest", "tries", "now", "due"),
    [
        pytest.param(None, 0, "10:07:00", "10:07:00", id="nothing known: at once"),
        pytest.param("10:00:00", 0, "10:07:00", "10:35:10", id="known: five minutes after 10:30"),
        pytest.param("09:30:00", 0, "10:01:00", "10:05:10", id="the notification has its time"),
        pytest.param("09:30:00", 0, "10:20:00", "10:05:10", id="it stayed away: overdue"),
        pytest.param("09:30:00", 2, "10:06:30", "10:07:10", id="again each minute"),
        pytest.param("09:30:00", 5, "10:11:00", "10:35:10", id="given up until the next one"),
        pytest.param(None, 5, "10:11:00", "10:35:10", id="also when none was ever seen"),
    ],
)
def test_the_half_hour_value_is_asked_for_only_when_it_stays_away(
    newest: str | None, tries: int, now: str, due: str
) -> None:
    assert half_hour_due(newest and at(newest), tries, at(now)) == at(due)  # type: ignore[arg-type]


def test_the_wait_covers_a_value_told_at_the_last_moment() -> None:
    """30 minutes and up to 5 more: asking after 30 would be too early."""
    waited = half_hour_due(at("10:00:00"), 0, at("10:00:01")) - at("10:00:00")
    assert waited > timedelta(minutes=35)


@pytest.mark.parametrize("second", [0, 1, 17, 30, 44, 59])
def test_the_turn_of_the_meters_minute_is_found_by_its_stamps(second: int) -> None:
    """The first second that is asked at lies anywhere in the meter's minute."""
    phase, loop_s, late = MinutePhase(), 0.0, list[float]()
    begun = at("10:00:00") + timedelta(seconds=second)
    seen = set[datetime]()
    for _ in range(30):
        answered = loop_s + 0.6
        meter = begun + timedelta(seconds=answered)
        stamp = meter.replace(second=0, microsecond=0)
        if stamp not in seen:
            late.append((meter - stamp).total_seconds())
        seen.add(stamp)
        loop_s = max(phase.next_at(stamp, loop_s, answered), answered)
    assert max(late[-15:]) <= 8
    assert len(seen) > 20
