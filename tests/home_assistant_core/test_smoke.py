"""What the product publishes, as a real Home Assistant Core shows it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.home_assistant_core.at_rig import POLL_INTERVAL_S, is_value, product_at, until_state
from tests.rigs.home_assistant.rig import HomeAssistantRig

pytestmark = [pytest.mark.home_assistant_core, pytest.mark.asyncio(loop_scope="module")]

SHOWN = {
    "power": ("W", "power", "measurement", "Power", "瞬時電力"),
    "current_r": ("A", "current", "measurement", "Current R", "R相電流"),
    "current_t": ("A", "current", "measurement", "Current T", "T相電流"),
    "energy_bought": (
        "kWh",
        "energy",
        "total_increasing",
        "Energy bought",
        "積算電力量（買電）",
    ),
    "energy_sold": ("kWh", "energy", "total_increasing", "Energy sold", "積算電力量（売電）"),
}
"""Unit, device class, state class and names of what every household looks at."""


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def without_complaint(home_assistant: HomeAssistantRig) -> AsyncIterator[None]:
    """Core must not log a warning about anything of ours in any of these stories."""
    yield
    assert home_assistant.log_problems() == []


async def test_entities_are_there_with_units_classes_and_names(
    home_assistant: HomeAssistantRig, tmp_path: Path
) -> None:
    async with product_at(home_assistant, tmp_path, language="en") as product:
        for key, (unit, device_class, state_class, name, _) in SHOWN.items():
            state = await until_state(home_assistant, f"sensor.{product.uid}_{key}", is_value)
            shown = state["attributes"]
            assert shown["unit_of_measurement"] == unit
            assert shown["device_class"] == device_class
            assert shown["state_class"] == state_class
            assert shown["friendly_name"] == f"Smart meter {name}"
        registry = {entry["unique_id"]: entry for entry in await home_assistant.entities()}
        assert registry[f"{product.uid}_fault"]["entity_category"] == "diagnostic"
        assert registry[f"{product.uid}_coefficient"]["disabled_by"] == "integration"
        devices = {device["name"]: device for device in await home_assistant.devices()}
        meter, add_on = devices["Smart meter"], devices["Smart Meter B Route"]
        assert meter["via_device_id"] == add_on["id"]
        assert meter["manufacturer"] == "Toshiba"


async def test_availability_follows_the_stick_and_the_process(
    home_assistant: HomeAssistantRig, tmp_path: Path
) -> None:
    async with product_at(home_assistant, tmp_path) as product:
        power = f"sensor.{product.uid}_power"
        energy = f"sensor.{product.uid}_energy_bought"
        await until_state(home_assistant, power, is_value)
        product.port.unplug()
        await home_assistant.wait_for_state(energy, "unavailable", 30)
        product.port.replug()
        await until_state(home_assistant, energy, is_value)
        await until_state(home_assistant, power, is_value)
    await home_assistant.wait_for_state(energy, "unavailable", 30)


async def test_live_values_expire_during_a_hold_and_counters_stay(
    home_assistant: HomeAssistantRig, tmp_path: Path
) -> None:
    async with product_at(home_assistant, tmp_path) as product:
        power = f"sensor.{product.uid}_power"
        energy = f"sensor.{product.uid}_energy_bought"
        await until_state(home_assistant, power, is_value)
        await until_state(home_assistant, energy, is_value)
        product.house.faults.fire("budget", for_s=3600)
        await home_assistant.wait_for_state(power, "unavailable", 4 * POLL_INTERVAL_S + 15)
        assert is_value((await home_assistant.states())[energy]["state"])


async def test_values_are_back_after_a_restart_of_core_and_names_follow_its_language(
    home_assistant: HomeAssistantRig, tmp_path: Path
) -> None:
    await home_assistant.set_language("ja")
    async with product_at(home_assistant, tmp_path) as product:
        await until_state(home_assistant, f"sensor.{product.uid}_power", is_value)
        await home_assistant.restart_core()
        for key, (*_, japanese) in SHOWN.items():
            state = await until_state(home_assistant, f"sensor.{product.uid}_{key}", is_value)
            assert state["attributes"]["friendly_name"] == f"スマートメーター {japanese}"
