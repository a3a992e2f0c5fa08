"""The meter's own clock, as it was last told and as the event loop carries it on.

The host's clock may be wrong and may jump; the event loop's can't. The meter tells whole minutes
(97), or only the newest half hour (the stamp of EA), so its time is known to lie in a span.
"""

from datetime import datetime, time, timedelta

QUIET = timedelta(minutes=10)
"""Around the meter's midnight, when nothing is read by "days ago" (echonet-lite-meter 4.3)."""

MINUTE = timedelta(minutes=1)


class MeterClock:
    """What the meter's clock shows. `loop_s` are seconds of the event loop."""

    def __init__(self) -> None:
        self._told: datetime | None = None
        self._told_s = 0.0
        self._span = MINUTE

    def note(self, told: datetime, loop_s: float, span: timedelta = MINUTE) -> None:
        """The meter's time lay within `span` from `told` on."""
        self._told, self._told_s, self._span = told, loop_s, span

    def age_s(self, loop_s: float) -> float | None:
        """Seconds since it was told; None if it never was."""
        return None if self._told is None else loop_s - self._told_s

    def earliest(self, loop_s: float) -> datetime | None:
        """The meter's time, at least (JST)."""
        if self._told is None:
            return None
        return self._told + timedelta(seconds=loop_s - self._told_s)

    def middle(self, loop_s: float) -> datetime | None:
        """The meter's time, most likely (JST)."""
        earliest = self.earliest(loop_s)
        return earliest and earliest + self._span / 2

    def until_quiet_ends(self, loop_s: float) -> float:
        """Seconds until it is surely past the quiet time around midnight; 0 when it is not now."""
        earliest = self.earliest(loop_s)
        if earliest is None:
            return 0.0
        latest = earliest + self._span
        midnight = datetime.combine(latest + QUIET, time(), earliest.tzinfo)
        if earliest >= midnight + QUIET:
            return 0.0
        return (midnight + QUIET - earliest).total_seconds()
