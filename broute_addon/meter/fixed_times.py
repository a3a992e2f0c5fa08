"""The meter's fixed-time values of :00 and :30 (EA, EB) in one session.

The meter pushes them within five minutes; only one that stays away is asked for. Each comes once,
so it is kept while the scale isn't known. The ledger gets those whose count was believed and
whose stamp can be true.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from broute_addon.meter.decoding import decode_edt
from broute_addon.meter.half_hours import Direction, HalfHour, Source
from broute_addon.meter.readings import Reading
from broute_addon.meter.schedule import half_hour_before, half_hour_due

_DIRECTIONS = {0xEA: Direction.BOUGHT, 0xEB: Direction.SOLD}

CLOCK_SLACK = timedelta(minutes=5)
"""A value may be stamped so much later than the meter's clock as we carry it on."""


class FixedTimes:
    """What came and what is awaited. `meter_now` is the meter's time."""

    def __init__(self) -> None:
        self._newest: datetime | None = None
        self._tries = 0
        self._tried: datetime | None = None  # the half hour that they were for
        self._kept: dict[int, tuple[bytes, Source]] = {}

    def forget(self) -> None:
        """It is another meter."""
        self._newest = None
        self._kept.clear()

    def keep(self, values: Mapping[int, bytes], source: Source) -> None:
        """Keeps what can't be told yet."""
        self._kept |= {epc: (edt, source) for epc, edt in values.items() if epc in _DIRECTIONS}

    def release(self) -> list[tuple[Mapping[int, bytes], Source]]:
        """What was kept, once."""
        kept, self._kept = self._kept, {}
        return [({epc: edt}, source) for epc, (edt, source) in kept.items()]

    def note(self, values: Mapping[int, bytes], meter_now: datetime) -> bool:
        """Notes the newest stamp; whether it is that of the present half hour."""
        stamps = [
            value
            for epc in _DIRECTIONS
            for value in decode_edt(epc, values.get(epc, b"")).values()
            if isinstance(value, datetime) and value <= meter_now + CLOCK_SLACK
        ]
        if not stamps:
            return False
        self._newest = max(stamps) if self._newest is None else max(*stamps, self._newest)
        is_news = max(stamps) >= half_hour_before(meter_now)
        if is_news:
            self._tries = 0
        return is_news

    def asked_in_vain(self, meter_now: datetime) -> None:
        """The meter had nothing new when it was asked."""
        current = half_hour_before(meter_now)
        self._tries = self._tries + 1 if self._tried == current else 1
        self._tried = current

    def ask_anew(self) -> None:
        """The meter's clock was read: whatever was tried counts no more."""
        self._tries = 0

    @property
    def is_unknown(self) -> bool:
        """No value has come in this session."""
        return self._newest is None

    def due(self, meter_now: datetime) -> datetime:
        """When to ask for the next, on the meter's clock."""
        if self._newest is not None and self._newest > meter_now + CLOCK_SLACK:
            self._newest = None  # the meter's clock was set back
        return half_hour_due(self._newest, self._tries, meter_now)


def believed(
    values: Mapping[int, bytes], readings: tuple[Reading, ...], source: Source
) -> tuple[HalfHour, ...]:
    """The half-hours in an answer or notification whose counts were believed: told as readings."""
    if _DIRECTIONS.keys().isdisjoint(values):
        return ()
    told = {each.key: each.at for each in readings if isinstance(each.value, Decimal)}
    return tuple(
        HalfHour(told[key], direction, raw, source)
        for epc, direction in _DIRECTIONS.items()
        if epc in values
        for key, raw in decode_edt(epc, values[epc]).items()
        if key in told and isinstance(raw, int) and told[key] == half_hour_before(told[key])
    )
