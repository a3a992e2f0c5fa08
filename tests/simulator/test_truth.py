"""The truth file: complete, exact, never later than the meter."""

import asyncio
import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from broute_addon.simulator import House, HouseConfig, MemoryPort, MeterConfig, run_virtual
from broute_addon.simulator.household import STEP_S
from broute_addon.simulator.meter_clock import to_seconds
from tests.simulator.bench import START


def told(seconds: float, event: str | None = None, **config: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """The truth of a house that ran for some time, with a fault event half way."""
    lines: list[str] = []

    async def run() -> None:
        settings = HouseConfig(clock=START, seed=7, truth=lines.append, **config)
        async with House(settings, MemoryPort()) as house:
            await asyncio.sleep(seconds / 2)
            if event:
                house.faults.fire(event, "3600" if event == "clock-step" else None)
            await asyncio.sleep(seconds / 2)

    run_virtual(run())
    return [json.loads(line) for line in lines]


def of(entries: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry.get("key") == key]


def test_the_whole_memory_stands_at_the_beginning() -> None:
    entries = told(0)
    assert entries[0]["kind"] == "meter"
    half_hours = of(entries, "half_hour_energy_bought")
    assert half_hours[0]["time"] == "2025-12-27T00:00:00+09:00"
    assert half_hours[-1]["time"] == "2026-04-05T13:30:00+09:00"
    assert len(half_hours) == 99 * 48 + 28
    assert len(of(entries, "half_hour_energy_sold")) == len(half_hours)


def test_every_value_is_told_with_its_exact_decimal() -> None:
    entries = told(600)
    for entry in of(entries, "energy_bought") + of(entries, "half_hour_energy_sold"):
        assert Decimal(entry["value"]) == entry["raw"] * Decimal("0.1")
        assert entry["unit"] == "kWh"
    for entry in of(entries, "current_r"):
        assert Decimal(entry["value"]) == entry["raw"] * Decimal("0.1")


@pytest.mark.parametrize("rate", [1, 60])
def test_whatever_the_meter_shows_is_in_the_file_by_then(rate: int) -> None:
    history: dict[str, list[tuple[str, int]]] = {}

    def note(line: str) -> None:
        entry = json.loads(line)
        if entry["kind"] == "value":
            history.setdefault(entry["key"], []).append((entry["time"], entry["raw"]))

    def true_at(key: str, at: str) -> int:
        return next(raw for time, raw in reversed(history[key]) if time <= at)

    async def run() -> None:
        config = HouseConfig(
            clock=START,
            seed=7,
            rate=rate,
            truth=note,
            meter=MeterConfig(unit=0x04, digits=8, memory_days=0),
        )
        async with House(config, MemoryPort()) as house:
            for _ in range(300):
                await asyncio.sleep(3.7 / rate * 3)
                now = house.clock.now()
                at = (START + timedelta(seconds=now - to_seconds(START))).isoformat()
                counts = house.registers.counts(now)
                assert true_at("energy_bought", at) == counts.bought
                assert true_at("energy_sold", at) == counts.sold
                assert true_at("power", at) == house.registers.power(now)

    run_virtual(run())


def test_nothing_is_told_long_before_it_is_true() -> None:
    entries = told(120)
    latest = max(datetime.fromisoformat(entry["time"]) for entry in entries)
    assert latest <= START + timedelta(seconds=120 + 2 * STEP_S)


def test_half_hours_and_minutes_go_on() -> None:
    entries = told(3600, meter=MeterConfig(generation=2, memory_days=0))
    assert [entry["time"][11:16] for entry in of(entries, "half_hour_energy_bought")][-2:] == [
        "14:00",
        "14:30",
    ]
    minutes = of(entries, "one_minute_energy_bought")
    assert len({entry["raw"] for entry in minutes}) == len(minutes)


def test_an_exchanged_meter_begins_anew() -> None:
    entries = told(60, "exchange")
    meters = [entry for entry in entries if entry["kind"] == "meter"]
    assert [entry["serial"] for entry in meters] == ["AB12C345678", "NEW0000001"]
    assert of(entries, "energy_bought")[-1]["raw"] == 0


def test_a_stepped_clock_is_followed() -> None:
    entries = told(60, "clock-step")
    assert of(entries, "power")[-1]["time"] > "2026-04-05T14:34"
