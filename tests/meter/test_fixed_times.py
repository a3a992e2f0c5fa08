"""When the meter's fixed-time values are asked for."""

from datetime import datetime, timedelta

from broute_addon.clock import JST
from broute_addon.meter.fixed_times import FixedTimes
from broute_addon.meter.schedule import HALF_HOUR_TRIES

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=JST)


def test_each_half_hour_has_all_its_tries() -> None:
    times = FixedTimes()
    at = NOON + timedelta(minutes=6)
    for _ in range(HALF_HOUR_TRIES):
        times.asked_in_vain(at)
    assert times.due(at) > NOON + timedelta(minutes=30)
    later = NOON + timedelta(minutes=36)
    times.asked_in_vain(later)
    assert times.due(later) < NOON + timedelta(minutes=40)
