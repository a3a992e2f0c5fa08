"""The meter's own clock: JST, started at a chosen instant, running at a chosen rate.

Times are JST seconds (see `household`): whole days are meter days.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from broute_addon.clock import JST

_EPOCH = datetime(1970, 1, 1, tzinfo=JST)
_SECOND = timedelta(seconds=1)


def to_seconds(at: datetime) -> int:
    """Aware datetime to JST seconds."""
    return (at - _EPOCH) // _SECOND


def to_datetime(seconds: int) -> datetime:
    """JST seconds to an aware datetime in JST."""
    return _EPOCH + timedelta(seconds=seconds)


class MeterClock:
    """Meter time as a function of loop time.

    `rate` is meter seconds per second of the loop.
    """

    def __init__(self, start: datetime, rate: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._origin = self._loop.time()
        self._start = to_seconds(start)
        self.rate = rate

    def exact(self) -> float:
        """JST seconds now, with their fraction."""
        return self._start + (self._loop.time() - self._origin) * self.rate

    def now(self) -> int:
        """JST seconds now, whole. Rounded by a microsecond, so that a timer set for the turn of
        a second finds that second begun."""
        return int(self.exact() + 1e-6)

    def step(self, seconds: int) -> None:
        """Move the meter's clock (a utility correcting it, or a fault)."""
        self._start += seconds

    def call_at(self, at: int, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call when the meter's clock reaches `at`."""
        delay = max(0.0, at - self.exact()) / self.rate
        return self._loop.call_later(delay, call)

    def present_wall(self) -> datetime:
        """Meter time as an aware UTC instant: the wall clock of a simulated house."""
        return to_datetime(0).astimezone(UTC) + timedelta(seconds=self.exact())
