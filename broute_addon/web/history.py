"""The ledger -> half-hours of a day, and how complete each day is. Pure but for the questions to
the ledger.

Days are the meter's (JST), and today is that of the newest half-hour, so that a wrong clock of the
host never shows a wrong day.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from broute_addon.clock import JST
from broute_addon.ledger.energy import energy_through
from broute_addon.ledger.reader import LedgerReader
from broute_addon.meter.half_hours import HALF_HOUR, MEMORY_DAYS, Direction
from broute_addon.store import Snapshot
from broute_addon.web.view import Json, shown

_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 2010, 2100


def meter_shown(snapshot: Snapshot, ledger: LedgerReader) -> str | None:
    """The meter being read, else the one that came last."""
    if snapshot.meter is not None:
        return snapshot.meter.uid
    return next(reversed(ledger.uids()), None)


def day_asked(text: str | None) -> date | None:
    """YYYY-MM-DD of a day that a meter can know of; None for anything else."""
    try:
        given = date.fromisoformat(text or "")
    except ValueError:
        return None
    return given if _FIRST_YEAR <= given.year < _LAST_YEAR else None


def day(ledger: LedgerReader | None, uid: str | None, asked: date | None, today: date) -> Json:
    """The half-hours of a day, by default of the newest one known; kWh, None where unknown."""
    newest = None if ledger is None or uid is None else ledger.newest(uid)
    if ledger is None or uid is None or newest is None:
        return _empty_day(asked or today)
    oldest = ledger.oldest(uid) or newest
    chosen = asked or _day_of(newest)
    midnight = _midnight(chosen)
    directions = ledger.directions(uid)
    columns = {each: ledger.half_hours(uid, each, midnight, midnight + _DAY) for each in directions}
    slots = [
        {
            "from": shown(start),
            "to": shown(start + HALF_HOUR),
            **{
                each.value: shown(columns[each][index].kwh) if each in columns else None
                for each in Direction
            },
        }
        for index, start in enumerate(midnight + n * HALF_HOUR for n in range(48))
    ]
    total = {
        each.value: shown(energy_through(ledger.series(uid, each, midnight, midnight + _DAY)))
        for each in Direction
    }
    first, last = _day_of(oldest).isoformat(), _day_of(newest).isoformat()
    return {
        "day": chosen.isoformat(),
        "slots": slots,
        "total": total,
        "first_day": first,
        "last_day": last,
    }


def coverage(ledger: LedgerReader | None, uid: str | None) -> Iterator[Json]:
    """How complete each day is, from the meter's memory's first to the newest half-hour; counted
    in half-hours, each direction by itself."""
    newest = None if ledger is None or uid is None else ledger.newest(uid)
    if ledger is None or uid is None or newest is None:
        return
    directions = ledger.directions(uid)
    oldest = ledger.oldest(uid) or newest
    midnight = _midnight(min(_day_of(oldest), _day_of(newest) - MEMORY_DAYS * _DAY))
    while midnight <= newest:
        until = min(midnight + _DAY - HALF_HOUR, newest)
        found = ledger.coverage(uid, directions, midnight, until)
        yield {
            "day": _day_of(midnight).isoformat(),
            "known": found.known,
            "expected": found.known + found.missing + found.gone,
            "gone": found.gone,
        }
        midnight += _DAY


def _empty_day(chosen: date) -> Json:
    total = {each.value: None for each in Direction}
    return {
        "day": chosen.isoformat(),
        "slots": [],
        "total": total,
        "first_day": None,
        "last_day": None,
    }


def _day_of(instant: datetime) -> date:
    return instant.astimezone(JST).date()


def _midnight(chosen: date) -> datetime:
    return datetime.combine(chosen, time(), JST)
