"""The meter's own clock, as it was last told and as the event loop carries it on.

The host's clock may be wrong and may jump; the event loop's can't. The meter tells whole minutes
(98 and 97), or only the newest half hour (the stamp of EA), so its time is known to lie in a span.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from broute_addon.clock import JST
from broute_addon.meter.decoding import decode_all

QUIET = timedelta(minutes=10)
"""Around the meter's midnight, when nothing is read by "days ago" (echonet-lite-meter 4.3)."""

MINUTE = timedelta(minutes=1)

_DAY_BEGINS, _DAY_ENDS = time(0, 10), time(23, 50)

_AGREE = timedelta(seconds=31)
"""Less apart, two clocks agree as far as whole minutes can tell."""

_UNTIL_NEXT_STAMP = timedelta(minutes=36)  # the next half hour's may come 5 minutes late


class MeterClock:
    """What the meter's clock shows. `loop_s` are seconds of the event loop."""

    def __init__(self) -> None:
        self._told: datetime | None = None
        self._told_s = 0.0
        self._span = MINUTE

    def take(
        self, values: Mapping[int, bytes], loop_s: float, *, is_one_answer: bool = True
    ) -> bool:
        """Takes an answer; whether it told the time. Around midnight date and time must be of one
        answer, else they may be of two days."""
        fields = decode_all(values)
        day, minute = fields.get("current_date"), fields.get("current_time")
        stamp = fields.get("half_hour_energy_bought_time")
        if isinstance(day, date) and isinstance(minute, time):
            if not is_one_answer and not _DAY_BEGINS <= minute.replace(tzinfo=None) < _DAY_ENDS:
                return False
            self._told, self._span = datetime.combine(day, minute), MINUTE
        elif isinstance(stamp, datetime):
            self._told, self._span = stamp, _UNTIL_NEXT_STAMP
        else:
            return False
        self._told_s = loop_s
        return True

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

    def now(self, host: datetime, loop_s: float) -> datetime:
        """The meter's time (JST). `host` is the host's now: its clock is finer, so it serves as
        long as the two agree or the meter's was never told."""
        told = self.middle(loop_s)
        return host.astimezone(JST) if told is None or abs(told - host) < _AGREE else told

    def until_quiet_ends(self, loop_s: float) -> float:
        """Seconds until it is surely past the quiet time around midnight; 0 when it is not now."""
        earliest = self.earliest(loop_s)
        if earliest is None:
            return 0.0
        midnight = datetime.combine(earliest + self._span + QUIET, time(), earliest.tzinfo)
        return max(0.0, (midnight + QUIET - earliest).total_seconds())
