"""The statistics in a real Home Assistant Core, row by row against the simulated meter's truth."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import pytest

from broute_addon.home_assistant.statistics_writer import StatisticsWriter
from broute_addon.home_assistant.websocket import (
    Connect,
    CoreCalls,
    core_websocket_url,
    open_core,
)
from broute_addon.ledger import Ledger
from broute_addon.messages import Language
from broute_addon.meter.half_hours import Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale
from broute_addon.redaction import Secret
from broute_addon.simulator import House, HouseConfig, MemoryPort
from broute_addon.store import Snapshot, Store
from tests.rigs.home_assistant.processes import until
from tests.rigs.home_assistant.rig import HomeAssistantRig

pytestmark = [pytest.mark.home_assistant_core, pytest.mark.asyncio(loop_scope="module")]

HOUR = timedelta(hours=1)
SCALE = EnergyScale(1, -1, 6)
KEYS = {
    Direction.BOUGHT: "half_hour_energy_bought",
    Direction.SOLD: "half_hour_energy_sold",
}

Truth = Mapping[Direction, Mapping[datetime, Decimal]]


def truth_of_a_house() -> Truth:
    """What the simulated meter remembers: each register at each half-hour, in kWh."""
    lines: list[dict[str, Any]] = []
    config = HouseConfig(truth=lambda line: lines.append(json.loads(line)))
    with contextlib.closing(House(config, MemoryPort())):
        pass
    return {
        direction: {
            datetime.fromisoformat(line["time"]).astimezone(UTC): Decimal(line["value"])
            for line in lines
            if line["kind"] == "half_hour" and line["key"] == key
        }
        for direction, key in KEYS.items()
    }


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

    def statistic_id(self, direction: Direction) -> str:
        return f"broute:{self.uid.removeprefix('broute_')}_energy_{direction.value}"

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


async def rows_in(rig: HomeAssistantRig, statistic_id: str) -> dict[datetime, tuple[float, float]]:
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
    before = site.store.snapshot.readings.get("last_import")

    async def imported() -> bool:
        return site.store.snapshot.readings.get("last_import") is not before

    await until(imported, limit_s, f"nothing was imported: {site.store.snapshot.import_problem}")


async def check_against(site: Site, truth: Truth) -> None:
    """Row by row: every finished hour of Core is the register's difference."""
    for direction, stands in truth.items():
        rows = await rows_in(site.rig, site.statistic_id(direction))
        ends = [at for at in stands if at.minute == 0]
        assert list(rows) == [end - HOUR for end in ends]
        assert rows[ends[0] - HOUR] == (float(stands[ends[0]]), 0.0)
        for before, end in pairwise(ends):
            state, total = rows[end - HOUR]
            assert state == float(stands[end])
            used = Decimal(str(total)) - Decimal(str(rows[before - HOUR][1]))
            assert used == stands[end] - stands[before]


async def test_the_whole_history_is_exact_and_the_energy_preferences_are_valid(
    home_assistant: HomeAssistantRig, tmp_path: Path
) -> None:
    truth = truth_of_a_house()
    site = Site(home_assistant, tmp_path, "broute_0123456789")
    site.keep(truth)
    async with site.writing():
        await until_imported(site)
    await check_against(site, truth)
    grid = {
        "type": "grid",
        "stat_energy_from": site.statistic_id(Direction.BOUGHT),
        "stat_energy_to": site.statistic_id(Direction.SOLD),
        "stat_cost": None,
        "stat_compensation": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    }
    await home_assistant.command("energy/save_prefs", energy_sources=[grid])
    problems = await home_assistant.command("energy/validate")
    assert problems["energy_sources"] == [[]]
    assert home_assistant.log_problems() == []


async def test_core_ends_in_the_middle_of_the_import_and_comes_back_without_its_database(
    home_assistant: HomeAssistantRig, tmp_path: Path
) -> None:
    truth = truth_of_a_house()
    site = Site(home_assistant, tmp_path, "broute_00000000aa")
    site.keep(truth)
    in_the_middle = asyncio.Event()

    def on_call(_: str) -> None:
        if site.calls.count("recorder/import_statistics") == 2:
            in_the_middle.set()

    site.on_call = on_call
    async with site.writing():
        async with asyncio.timeout(60):
            await in_the_middle.wait()
        await home_assistant.stop_core()
        for file in home_assistant.folder.glob("home-assistant_v2.db*"):
            file.rename(file.with_name(f"moved-{file.name}"))
        await home_assistant.start_core()
        await until_imported(site, 90)
    await check_against(site, truth)
    assert home_assistant.log_problems() == []
