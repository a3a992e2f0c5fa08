"""When Home Assistant wasn't told the energy: what opens a gap, and what ends it. Virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from broute_addon.home_assistant.repair_gaps import (
    KEPT,
    Gap,
    GapRecorder,
    Gaps,
    from_text,
    to_text,
)
from broute_addon.ledger import Ledger
from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    MeterIdentified,
    Reading,
    ReadingsArrived,
)
from broute_addon.simulator.virtual_time import run_virtual
from broute_addon.store import Snapshot, Store
from broute_addon.wisun.values import MacAddress

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
PROFILE = MeterProfile(MacAddress.parse("001D129012345678"), frozenset({0xE0, 0xEA}))
UID = PROFILE.uid
SCALE = EnergyScale()


def at(hour: int, minute: int = 0) -> datetime:
    """A time of the day in Japan."""
    return NOON + timedelta(hours=hour - 12, minutes=minute)


@dataclass
class Day:
    """A house on 24 November from 12:00 on: energy each minute, a half-hour when it is over."""

    folder: Path
    ahead: timedelta = timedelta(0)
    """The meter's clock against the host's."""
    host_ahead: timedelta = timedelta(0)
    is_broker_up: bool = True
    is_core_up: bool = True
    is_stick_in: bool = True
    half_hour: datetime | None = None
    store: Store = field(init=False)
    ledger: Ledger = field(init=False)
    recorder: GapRecorder = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """The process starts."""
        self.store = Store(Snapshot(), self.host)
        self.ledger = Ledger(self.folder)
        self.recorder = GapRecorder(self.ledger, self.store, self.host)
        self.half_hour = None

    def end(self) -> None:
        """The process ends, by whatever."""
        self.ledger.close()

    def host(self) -> datetime:
        return NOON + self.host_ahead + timedelta(seconds=asyncio.get_running_loop().time())

    def meter(self) -> datetime:
        return NOON + self.ahead + timedelta(seconds=asyncio.get_running_loop().time())

    async def until(self, hour: int, minute: int = 0, *, is_off: bool = False) -> None:
        """Lets the meter's time go on; `is_off`: the process doesn't run."""
        while self.meter() < at(hour, minute):
            if not is_off:
                self._minute()
            await asyncio.sleep(60)

    def _minute(self) -> None:
        self.recorder.note_core(is_up=self.is_core_up)
        self.store.note_broker(is_up=self.is_broker_up)
        step = Connection.READING if self.is_stick_in else Connection.LOOKING_FOR_STICK
        self.store.apply(ConnectionChanged(step))
        if self.is_stick_in:
            self.store.apply(MeterIdentified(PROFILE))
            self._energy()
        self.recorder.look(self.store.snapshot)
        if self.is_stick_in:
            self._half_hour()
        self.recorder.look(self.store.snapshot)

    def _energy(self) -> None:
        energy = Reading("energy_bought", Decimal(1), self.host())
        self.store.apply(ReadingsArrived((energy,)))

    def _half_hour(self) -> None:
        now = self.meter()
        newest = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
        if newest != self.half_hour:
            self.half_hour = newest
            value = HalfHour(newest, Direction.BOUGHT, 5, Source.POLL)
            self.ledger.keep(UID, SCALE, [value])
            reading = Reading("half_hour_energy_bought", Decimal(1), newest)
            self.store.apply(ReadingsArrived((reading,)))

    @property
    def spoiled(self) -> list[datetime]:
        """The begins of the hours that may be wrong in Home Assistant."""
        return [hour for gap in self.recorder.ended(UID) for hour in gap.hours()]


def on_a_day(folder: Path, story: Callable[[Day], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        day = Day(folder)
        try:
            await story(day)
        finally:
            day.end()

    run_virtual(main())


def test_a_day_without_an_outage_has_no_gap_and_writes_nothing(tmp_path: Path) -> None:
    async def story(day: Day) -> None:
        await day.until(23)
        assert day.spoiled == []
        assert day.recorder.open_after(UID) is None
        assert day.ledger.noted(f"gaps:{UID}") is None

    on_a_day(tmp_path, story)


PARTS = ["is_broker_up", "is_core_up", "is_stick_in"]


@pytest.mark.parametrize("part", PARTS)
def test_whoever_is_away_the_hours_that_ended_meanwhile_are_recorded(
    tmp_path: Path, part: str
) -> None:
    async def story(day: Day) -> None:
        await day.until(14, 15)
        setattr(day, part, False)
        await day.until(18, 20)
        setattr(day, part, True)
        await day.until(20)
        assert day.spoiled == [at(14), at(15), at(16), at(17)]
        assert day.recorder.open_after(UID) is None

    on_a_day(tmp_path, story)


@pytest.mark.parametrize("part", PARTS)
def test_an_outage_over_an_hours_end_is_recorded_and_one_within_an_hour_is_not(
    tmp_path: Path, part: str
) -> None:
    async def story(day: Day) -> None:
        await day.until(13, 5)
        setattr(day, part, False)
        await day.until(13, 25)
        setattr(day, part, True)
        await day.until(14, 50)
        assert day.spoiled == []
        setattr(day, part, False)
        await day.until(15, 10)
        setattr(day, part, True)
        await day.until(17)
        assert day.spoiled == [at(14)]

    on_a_day(tmp_path, story)


@pytest.mark.parametrize("part", PARTS)
def test_a_short_absence_is_no_gap(tmp_path: Path, part: str) -> None:
    async def story(day: Day) -> None:
        await day.until(13, 59)
        setattr(day, part, False)
        await day.until(14, 1)
        setattr(day, part, True)
        await day.until(16)
        assert day.spoiled == []

    on_a_day(tmp_path, story)


def test_while_the_process_is_off_nothing_is_told(tmp_path: Path) -> None:
    async def story(day: Day) -> None:
        await day.until(14, 15)
        day.end()
        await day.until(18, 20, is_off=True)
        day.begin()
        assert day.recorder.open_after(UID) == at(14)
        await day.until(20)
        assert day.spoiled == [at(14), at(15), at(16), at(17)]

    on_a_day(tmp_path, story)


@pytest.mark.parametrize("part", PARTS)
def test_an_end_of_the_process_while_somebody_is_away_loses_no_hour(
    tmp_path: Path, part: str
) -> None:
    async def story(day: Day) -> None:
        await day.until(14, 15)
        setattr(day, part, False)
        await day.until(16, 20)
        day.end()
        day.begin()
        await day.until(18, 20)
        setattr(day, part, True)
        await day.until(20)
        assert set(day.spoiled) == {at(14), at(15), at(16), at(17)}

    on_a_day(tmp_path, story)


def test_what_is_recorded_outlives_the_process_until_it_is_settled(tmp_path: Path) -> None:
    async def story(day: Day) -> None:
        await day.until(14, 15)
        day.is_core_up = False
        await day.until(15, 20)
        day.is_core_up = True
        await day.until(17, 10)
        day.end()
        day.begin()
        assert day.spoiled == [at(14)]
        day.recorder.settle(UID, day.recorder.ended(UID))
        assert day.spoiled == []
        day.end()
        day.begin()
        assert day.spoiled == []

    on_a_day(tmp_path, story)


def test_a_leap_of_the_meters_time_is_a_gap_though_the_host_saw_a_minute(tmp_path: Path) -> None:
    async def story(day: Day) -> None:
        await day.until(14, 15)
        day.ahead = timedelta(hours=7)
        await day.until(23)
        assert day.spoiled == [at(hour) for hour in range(14, 21)]

    on_a_day(tmp_path, story)


def test_the_hosts_clock_alone_makes_no_hour_wrong(tmp_path: Path) -> None:
    async def story(day: Day) -> None:
        await day.until(14, 15)
        day.host_ahead = timedelta(days=400)
        await day.until(16, 15)
        day.host_ahead = -timedelta(days=400)
        await day.until(18)
        assert day.spoiled == []

    on_a_day(tmp_path, story)


def test_old_gaps_are_forgotten() -> None:
    old = Gap(NOON, NOON + 2 * HALF_HOUR)
    new = Gap(NOON + KEPT, NOON + KEPT + 3 * HALF_HOUR)
    assert Gaps().with_gap(old).with_gap(new).ended == (new,)


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"ended": [["x", "y"]]}', '{"open": 5}'])
def test_what_cant_be_read_is_no_gap(text: str | None) -> None:
    assert from_text(text) == Gaps()


def test_what_is_kept_is_read_back_as_it_was() -> None:
    gaps = Gaps((Gap(NOON, NOON + 2 * HALF_HOUR),), NOON + 5 * HALF_HOUR)
    assert from_text(to_text(gaps)) == gaps
