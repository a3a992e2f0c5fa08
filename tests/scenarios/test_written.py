"""What the whole product writes to its data folder in a day: in virtual time, to real files."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from broute_addon.app import App, Settings, meter_side, run
from broute_addon.clock import JST
from broute_addon.logs import HouseholdLog
from broute_addon.options import load_options
from broute_addon.redaction import Redactor
from broute_addon.simulator import House, HouseConfig, MemoryPort, run_virtual
from tests.support.process import Place

SETTLED_S, DAY_S = 2 * 3600, 86_400
BUDGET_BYTES = 300_000


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.getLogger("broute_addon").setLevel(logging.NOTSET)


def test_a_day_writes_far_less_than_its_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day with a checkpoint of the ledger, which comes every few days, writes half as much again
    as one without."""
    assert 20_000 < run_virtual(_written_in_a_day(tmp_path, monkeypatch)) < BUDGET_BYTES * 2 / 3


async def _written_in_a_day(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bytes, once the meter's memory is read; at the default poll interval."""
    config = HouseConfig(clock=datetime(2026, 5, 1, 9, 41, tzinfo=JST))
    port = MemoryPort()
    async with House(config, port) as house:
        monkeypatch.setattr(meter_side, "connect_serial", port.connect)
        monkeypatch.setattr(meter_side, "system_clock", house.clock.present_wall)
        monkeypatch.setattr(run, "system_clock", house.clock.present_wall)
        task = asyncio.create_task(_product(folder).run(), name="product")
        await asyncio.sleep(SETTLED_S)
        before = _written()
        await asyncio.sleep(DAY_S)
        written = _written() - before
        assert not task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return written


def _product(folder: Path) -> App:
    place = Place(folder)
    place.write_options(poll_interval=30, device="/dev/simulated")
    settings = Settings(place.options, place.folder / "data", web=("127.0.0.1", 0))
    redactor = Redactor(())
    return App(settings, load_options(place.options), redactor, HouseholdLog(redactor))


def _written() -> int:
    """What this process has handed to the system to write."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])
