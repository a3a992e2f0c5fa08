"""A ledger that knows a simulated meter's truth, and the writer between it and a real Core."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import aiohttp

from broute_addon.home_assistant.statistics_writer import StatisticsWriter
from broute_addon.home_assistant.websocket import Connect, CoreCalls, core_websocket_url, open_core
from broute_addon.ledger import Ledger
from broute_addon.messages import Language
from broute_addon.meter.half_hours import HALF_HOUR, Coverage, Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    MeterIdentified,
    Reading,
    ReadingsArrived,
)
from broute_addon.redaction import Secret
from broute_addon.simulator import House, HouseConfig, MemoryPort
from broute_addon.store import Snapshot, Store
from tests.rigs.home_assistant.processes import RigError, until
from tests.rigs.home_assistant.rig import HomeAssistantRig

HOUR = timedelta(hours=1)
SCALE = EnergyScale(1, -1, 6)
KEYS = {
    Direction.BOUGHT: "half_hour_energy_bought",
    Direction.SOLD: "half_hour_energy_sold",
}

Truth = Mapping[Direction, Mapping[datetime, Decimal]]
Rows = Mapping[datetime, tuple[float, float]]
"""(state, sum) by the hour's begin."""


def statistic_id(uid: str, direction: Direction) -> str:
    """Ours, as design 2.4 names it."""
    return f"broute:{uid.removeprefix('broute_')}_energy_{direction.value}"


def truth_of_a_house() -> Truth:
    """What the simulated meter remembers."""
    lines: list[Mapping[str, object]] = []
    config = HouseConfig(truth=lambda line: lines.append(json.loads(line)))
    with contextlib.closing(House(config, MemoryPort())):
        pass
    return truth_in(lines)


def truth_in(lines: Iterable[Mapping[str, object]]) -> Truth:
    """Each register at each half-hour in kWh, from the lines of a truth file."""
    return {
        direction: {
            datetime.fromisoformat(str(line["time"])).astimezone(UTC): Decimal(str(line["value"]))
            for line in lines
            if line["kind"] == "half_hour" and line["key"] == key
        }
        for direction, key in KEYS.items()
    }


def steady_stands(days: int) -> Mapping[datetime, Decimal]:
    """A register that uses something in every half-hour, up to now."""
    now = datetime.now(UTC)
    newest = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    count, stands = 20_000, {}
    for number in range(days * 48, -1, -1):
        count += 2 + number % 5
        stands[newest - number * HALF_HOUR] = SCALE.kwh(count)
    return stands


def whole(stands: Mapping[datetime, Decimal]) -> Coverage:
    """Nothing is missing."""
    first, last = min(stands), max(stands)
    return Coverage(first, last, first, last, known=len(stands), missing=0, gone=0)


class Site:
    """A ledger that knows the truth, and the writer at a real Core."""

    def __init__(self, rig: HomeAssistantRig, folder: Path, uid: str) -> None:
        self.rig = rig
        self.uid = uid
        self.ledger = Ledger(folder)
        self.store = Store(Snapshot())
        self.calls: list[str] = []
        self.on_call: Callable[[str], None] = lambda _: None

    def keep(self, truth: Truth) -> None:
        values = [
            HalfHour(at, direction, int(kwh / SCALE.step), Source.HISTORY_1)
            for direction, stands in truth.items()
            for at, kwh in stands.items()
        ]
        self.ledger.keep(self.uid, SCALE, values)

    def feed(self, profile: MeterProfile, half_hour: datetime, coverage: Coverage) -> None:
        """An energy value goes out, after the meter told this half-hour."""
        now = datetime.now(UTC)
        self.store.apply(MeterIdentified(profile))
        self.store.apply(ConnectionChanged(Connection.READING))
        self.store.note_broker(is_up=True)
        self.store.note_coverage(coverage)
        self.store.apply(
            ReadingsArrived(
                (
                    Reading("energy_bought", Decimal(1), now),
                    Reading("half_hour_energy_bought", Decimal(1), half_hour),
                )
            )
        )

    def statistic_id(self, direction: Direction) -> str:
        return statistic_id(self.uid, direction)

    @contextlib.asynccontextmanager
    async def writing(self, *, repair: bool = False) -> AsyncIterator[StatisticsWriter]:
        """The writer runs until the block ends."""
        async with aiohttp.ClientSession() as session:
            writer = StatisticsWriter(
                self.ledger,
                self.store,
                self._connect(session),
                language=lambda: Language.EN,
                repair=repair,
            )
            task = asyncio.create_task(writer.run())
            try:
                yield writer
            finally:
                task.cancel()
                await asyncio.wait([task])
                self.ledger.close()
                if not task.cancelled():
                    await task

    def _connect(self, session: aiohttp.ClientSession) -> Connect:
        url = core_websocket_url(core_url=self.rig.url)

        @contextlib.asynccontextmanager
        async def connect() -> AsyncIterator[CoreCalls]:
            async with open_core(session, url, Secret(self.rig.token)) as core:
                yield _Watched(core, self)

        return connect


class _Watched:
    """A way to Core on which the site sees each command before it goes out."""

    def __init__(self, core: CoreCalls, site: Site) -> None:
        self._core, self._site = core, site

    @property
    def version(self) -> str:
        return self._core.version

    async def call(self, command: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
        self._site.calls.append(command)
        self._site.on_call(command)
        return await self._core.call(command, **fields)

    async def until_closed(self) -> NoReturn:
        await self._core.until_closed()


async def rows_in(rig: HomeAssistantRig, statistic_id: str) -> Rows:
    """(state, sum) of each hour, as Core tells."""
    found = await rig.command(
        "recorder/statistics_during_period",
        start_time="2020-01-01T00:00:00+00:00",
        statistic_ids=[statistic_id],
        period="hour",
        types=["state", "sum"],
    )
    return {
        datetime.fromtimestamp(row["start"] / 1000, UTC): (row["state"], row["sum"])
        for row in found.get(statistic_id, [])
    }


async def until_imported(site: Site, limit_s: float = 60) -> None:
    """Until the writer has finished for the first time."""

    async def imported() -> bool:
        return "last_import" in site.store.snapshot.readings

    try:
        await until(imported, limit_s, "nothing was imported")
    except RigError as error:
        error.add_note(f"{site.store.snapshot.import_problem}; last calls: {site.calls[-8:]}")
        raise


async def check_against(
    rig: HomeAssistantRig, each: str, stands: Mapping[datetime, Decimal]
) -> None:
    """Row by row: every finished hour of Core is the register's difference."""
    rows = await rows_in(rig, each)
    ends = [at for at in stands if at.minute == 0]
    assert list(rows) == [end - HOUR for end in ends]
    assert rows[ends[0] - HOUR] == (float(stands[ends[0]]), 0.0)
    for before, end in pairwise(ends):
        state, total = rows[end - HOUR]
        assert state == float(stands[end])
        used = Decimal(str(total)) - Decimal(str(rows[before - HOUR][1]))
        assert used == stands[end] - stands[before]
