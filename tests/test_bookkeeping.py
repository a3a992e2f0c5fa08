"""What the ledger amounts to, as the store is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from broute_addon.bookkeeping import Bookkeeper
from broute_addon.clock import JST
from broute_addon.ledger import Ledger
from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale
from broute_addon.meter.readings import HalfHoursRead
from broute_addon.store import Store
from tests.support.houses import PROFILE, reading_house, store_of

MIDNIGHT = datetime(2026, 4, 5, tzinfo=JST)
SCALE = EnergyScale(1, -1, 6)


async def settled() -> None:
    """Lets every task that has something to do, do it."""
    for _ in range(10):
        await asyncio.sleep(0)


class Desk:
    """A bookkeeper at work."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self.ledger = ledger
        self.store = store
        self.bookkeeper = Bookkeeper(ledger, store, lambda: MIDNIGHT)

    async def take(self, values: Iterable[HalfHour]) -> None:
        self.bookkeeper.take(HalfHoursRead(PROFILE.uid, SCALE, tuple(values)))
        await settled()

    def shown(self, key: str) -> object:
        reading = self.store.snapshot.readings.get(key)
        return None if reading is None else reading.value


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    with contextlib.closing(Ledger(tmp_path)) as ledger:
        made = Desk(ledger, store_of(*reading_house()))
        task = asyncio.create_task(made.bookkeeper.run())
        await settled()
        yield made
        task.cancel()
        await asyncio.wait([task])


def bought(begin: datetime, count: int, *, first: int = 1000) -> list[HalfHour]:
    """One count more each half-hour."""
    return [
        HalfHour(
            (begin + n * HALF_HOUR).astimezone(UTC), Direction.BOUGHT, first + n, Source.HISTORY_1
        )
        for n in range(count)
    ]


async def test_today_and_yesterday_are_days_of_the_meter(desk: Desk) -> None:
    await desk.take(bought(MIDNIGHT - timedelta(days=1), 48 + 5))
    assert desk.shown("energy_bought_yesterday") == Decimal("4.8")
    assert desk.shown("energy_bought_today") == Decimal("0.4")


async def test_a_new_day_begins_at_nothing(desk: Desk) -> None:
    await desk.take(bought(MIDNIGHT - timedelta(days=1), 48 + 1))
    assert desk.shown("energy_bought_today") == Decimal(0)


async def test_a_day_whose_beginning_is_unknown_is_unknown(desk: Desk) -> None:
    await desk.take(bought(MIDNIGHT + HALF_HOUR, 4))
    assert desk.shown("energy_bought_today") is None
    assert desk.shown("energy_bought_yesterday") is None


async def test_what_the_meter_forgot_before_its_first_value_is_no_hole(desk: Desk) -> None:
    forgotten = [
        HalfHour(MIDNIGHT - n * HALF_HOUR, direction, None, Source.HISTORY_1)
        for n in range(1, 99 * 48 + 1)
        for direction in PROFILE.directions
    ]
    await desk.take(forgotten)
    await desk.take(bought(MIDNIGHT, 3))
    coverage = desk.store.snapshot.coverage
    assert coverage is not None
    assert coverage.gone == 0
    hole = HalfHour(MIDNIGHT + 3 * HALF_HOUR, Direction.BOUGHT, None, Source.HISTORY_1)
    await desk.take([hole, *bought(MIDNIGHT + 4 * HALF_HOUR, 1)])
    coverage = desk.store.snapshot.coverage
    assert coverage is not None
    assert coverage.gone == 1
    assert desk.shown("history_coverage") == coverage.percent
    assert desk.shown("history_newest") == MIDNIGHT + 4 * HALF_HOUR


async def test_a_register_told_after_the_other_one_is_known_meanwhile(desk: Desk) -> None:
    def sold(begin: datetime, count: int) -> list[HalfHour]:
        return [each._replace(direction=Direction.SOLD) for each in bought(begin, count)]

    await desk.take([*bought(MIDNIGHT, 5), *sold(MIDNIGHT, 4)])
    assert desk.shown("energy_bought_today") == Decimal("0.4")
    assert desk.shown("energy_sold_today") == Decimal("0.3")
    await desk.take(sold(MIDNIGHT, 5))
    assert desk.shown("energy_sold_today") == Decimal("0.4")
    await desk.take(bought(MIDNIGHT, 9))
    assert desk.shown("energy_sold_today") is None
