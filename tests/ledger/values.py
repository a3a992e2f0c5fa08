"""Half-hours for the ledger's tests: a house that takes 3 counts and gives 1 each half-hour."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broute_addon.ledger import Ledger
from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale

UID = "broute_0123456789"
SCALE = EnergyScale(1, -1, 6)
MIDNIGHT = datetime(2026, 4, 5, 15, 0, tzinfo=UTC)
"""00:00 of 6 April by the meter."""

HOST_TIME = datetime(2026, 4, 6, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self, now: datetime = HOST_TIME) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def raw_at(number: int, direction: Direction) -> int:
    """What a register stands at, `number` half-hours after MIDNIGHT."""
    return 1000 + 3 * number if direction is Direction.BOUGHT else 500 + number


def half_hour(
    number: int,
    direction: Direction = Direction.BOUGHT,
    source: Source = Source.POLL,
) -> HalfHour:
    """The true value, `number` half-hours after MIDNIGHT."""
    return HalfHour(MIDNIGHT + number * HALF_HOUR, direction, raw_at(number, direction), source)


def both(number: int) -> list[HalfHour]:
    """The true values of both registers."""
    return [half_hour(number, direction, Source.NOTIFICATION) for direction in Direction]


@contextmanager
def ledger_in(folder: Path, clock: HandClock | None = None) -> Iterator[Ledger]:
    """A ledger that is closed at the end."""
    ledger = Ledger(folder, clock=clock or HandClock())
    try:
        yield ledger
    finally:
        ledger.close()


def known_numbers(ledger: Ledger) -> set[int]:
    """Which half-hours have the true values of both registers. A wrong value fails the test."""
    found = []
    for direction in Direction:
        stands = {
            (stand.at - MIDNIGHT) // HALF_HOUR: stand.raw for stand in ledger.series(UID, direction)
        }
        assert stands == {number: raw_at(number, direction) for number in stands}
        found.append(set(stands))
    return found[0] & found[1]
