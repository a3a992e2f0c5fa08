"""Statistics in a real Home Assistant Core: imported and mended exactly, all else untouched."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from broute_addon.meter.half_hours import Direction
from broute_addon.meter.profile import MeterProfile
from broute_addon.wisun.values import MacAddress
from tests.home_assistant_core.at_rig import product_at, until_so
from tests.home_assistant_core.core_database import Database
from tests.home_assistant_core.site import (
    HOUR,
    Rows,
    Site,
    check_against,
    rows_in,
    statistic_id,
    steady_stands,
    truth_in,
    truth_of_a_house,
    until_imported,
    whole,
)
from tests.rigs.home_assistant.processes import until
from tests.rigs.home_assistant.rig import HomeAssistantRig

pytestmark = [pytest.mark.home_assistant_core, pytest.mark.asyncio(loop_scope="module")]


async def test_a_fresh_install_has_the_meters_whole_memory_and_valid_energy_preferences(
    home_assistant: HomeAssistantRig, tmp_path: Path
) -> None:
    rig = home_assistant
    async with product_at(rig, tmp_path) as product:
        store = product.app.store

        def is_whole() -> bool:
            coverage, history = store.snapshot.coverage, store.snapshot.history
            is_read = history is not None and not history.is_reading
            return is_read and coverage is not None and coverage.missing == 0

        await until_so(is_whole, "the meter's memory wasn't read", 90)
        await asyncio.sleep(10)
        truth = truth_in(product.truth)
        assert {len(stands) for stands in truth.values()} <= {4752 + n for n in range(1, 50)}
        for direction in Direction:
            await check_against(rig, statistic_id(product.uid, direction), truth[direction])
        ids = [statistic_id(product.uid, direction) for direction in Direction]
    grid = {
        "type": "grid",
        "stat_energy_from": ids[0],
        "stat_energy_to": ids[1],
        "stat_cost": None,
        "stat_compensation": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    }
    await rig.command("energy/save_prefs", energy_sources=[grid])
    assert (await rig.command("energy/validate"))["energy_sources"] == [[]]
    assert rig.log_problems() == []


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
        await until_imported(site, 120)
    for direction in Direction:
        await check_against(home_assistant, site.statistic_id(direction), truth[direction])
    assert home_assistant.log_problems() == []


# -- repair ------------------------------------------------------------------------------------


async def add_sensor(rig: HomeAssistantRig, unique_id: str, topic: str) -> str:
    """An energy sensor by MQTT discovery; its entity id."""
    component = {
        "p": "sensor",
        "unique_id": unique_id,
        "default_entity_id": f"sensor.{unique_id}",
        "device_class": "energy",
        "state_class": "total_increasing",
        "unit_of_measurement": "kWh",
        "state_topic": topic,
    }
    await rig.publish(
        f"homeassistant/device/{unique_id}/config",
        {
            "dev": {"ids": [unique_id], "name": unique_id},
            "o": {"name": "test"},
            "cmps": {"energy": component},
        },
        retain=True,
    )
    return f"sensor.{unique_id}"


@dataclass(frozen=True)
class Outage:
    """What an energy sensor's register stood at, and when Core knew nothing of it."""

    stands: Mapping[datetime, Decimal]
    gone_at: datetime
    back_at: datetime

    def spoiled(self) -> list[datetime]:
        """The ends of the hours that Core has wrong, or not at all."""
        hours = [self.gone_at.replace(minute=0) + number * HOUR for number in range(1, 9)]
        return [end for end in hours if self.gone_at < end <= self.back_at]


async def compiled_through(rig: HomeAssistantRig, outage: Outage, unique_id: str) -> str:
    """A sensor that was told the register when the outage began and when it ended, and never
    between; its entity id. Core's database is changed while it is down: what it then compiles for
    the ten hours that it missed is its own doing."""
    database = Database(rig.folder)
    sensor = await add_sensor(rig, unique_id, "test/energy")
    other = await add_sensor(rig, "another_meter", "test/other")
    told = str(outage.stands[outage.gone_at])
    await rig.publish("test/energy", told, retain=True)
    await rig.publish("test/other", "17.5", retain=True)
    await rig.wait_for_state(sensor, told)
    await rig.wait_for_state(other, "17.5")
    await rig.stop_core()
    database.age(timedelta(hours=10))
    database.tell(sensor, outage.back_at, str(outage.stands[outage.back_at]))
    await rig.publish("test/energy", str(outage.stands[max(outage.stands)]), retain=True)
    await rig.start_core()

    async def compiled() -> bool:
        return len(await rows_in(rig, sensor)) >= 9

    await until(compiled, 30, "Core didn't compile what it missed")
    database.drop_hour(sensor, outage.spoiled()[2] - HOUR)
    return sensor


def check_mended(outage: Outage, before: Rows, after: Rows) -> None:
    """Each hour up to the outage's end is the register's difference; later ones are as before."""
    stands = outage.stands
    ends = [at for at in stands if at.minute == 0]
    assert after[ends[0] - HOUR][1] == pytest.approx(0)
    shift = float(stands[outage.gone_at] - stands[ends[0]])
    for earlier, end in pairwise(end for end in ends if end - HOUR in after):
        state, total = after[end - HOUR]
        if end <= outage.back_at:
            assert state == float(stands[end])
            used = total - after[earlier - HOUR][1]
            assert used == pytest.approx(float(stands[end] - stands[earlier]))
        else:
            assert state == before[end - HOUR][0]
            assert total == pytest.approx(before[end - HOUR][1] + shift)
    assert set(before) <= set(after)


async def test_flat_cut_and_absent_hours_and_the_past_are_mended_and_nothing_else_is_touched(
    home_assistant: HomeAssistantRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broute_addon.home_assistant.repairer.LOOK_EVERY_S", 1.0)
    rig, database = home_assistant, Database(home_assistant.folder)
    profile = MeterProfile(MacAddress.parse("001D129012345678"), frozenset({0xE0, 0xEA}))
    stands = steady_stands(days=3)
    now = max(stands)
    outage = Outage(stands, now - timedelta(hours=10), now - timedelta(hours=3))
    sensor = await compiled_through(rig, outage, f"{profile.uid}_energy_bought")
    before = await rows_in(rig, sensor)
    others = database.rows_but_of(sensor)
    assert any(row[1] == "sensor.another_meter" for row in others)

    site = Site(rig, tmp_path, profile.uid)
    site.keep({Direction.BOUGHT: {at: kwh for at, kwh in stands.items() if at <= outage.gone_at}})
    async with site.writing(repair=True) as writer:
        site.keep({Direction.BOUGHT: stands})
        await until_imported(site)
        site.feed(profile, half_hour=outage.back_at, coverage=whole(stands))

        async def done() -> bool:
            return any(entry.kind == "past done" for entry in site.ledger.journal())

        await until(done, 30, "nothing was mended")
        assert [(plan.changes, plan.past) for plan in await writer.repairer.plan()] == [((), ())]
        kinds = Counter(entry.kind for entry in site.ledger.journal())
    mended = {"cut": 1, "absent": 1, "flat": len(outage.spoiled()) - 2}
    assert kinds == {**mended, "past": 1, "past shift": 1, "past done": 1}
    after = await rows_in(rig, sensor)
    check_mended(outage, before, after)
    state, total = database.newest(sensor)
    assert total - state == pytest.approx(after[max(after)][1] - after[max(after)][0]), "a leap"
    assert set(others) <= set(database.rows_but_of(sensor)), "another sensor lost something"
    assert rig.log_problems() == []
