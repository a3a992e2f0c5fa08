"""Home Assistant Core itself takes a device discovery in the form that we send."""

import pytest

from tests.rigs.home_assistant.rig import HomeAssistantRig

pytestmark = [pytest.mark.home_assistant_core, pytest.mark.asyncio(loop_scope="module")]

AVAILABILITY = "broute/broute_0123456789/availability"
TOPIC = "homeassistant/device/broute_0123456789/config"
VALUE = "broute/broute_0123456789/power"
POWER = "sensor.broute_0123456789_power"
DISCOVERY = {
    "dev": {"ids": ["broute_0123456789"], "name": "Smart meter", "mf": "Example", "mdl": "0x0288"},
    "o": {"name": "broute_addon", "sw": "0.0.0"},
    "avty_t": AVAILABILITY,
    "cmps": {
        "power": {
            "p": "sensor",
            "unique_id": "broute_0123456789_power",
            "default_entity_id": "sensor.broute_0123456789_power",
            "name": "Power",
            "device_class": "power",
            "unit_of_measurement": "W",
            "state_class": "measurement",
            "stat_t": VALUE,
            "expire_after": 120,
        }
    },
}


async def test_core_shows_a_discovered_entity_without_a_complaint(
    home_assistant: HomeAssistantRig,
) -> None:
    await home_assistant.publish(TOPIC, DISCOVERY, retain=True)
    await home_assistant.wait_for_state(POWER, "unavailable")
    await home_assistant.publish(AVAILABILITY, "online", retain=True)
    await home_assistant.wait_for_subscription(VALUE)
    await home_assistant.publish(VALUE, "523")
    state = await home_assistant.wait_for_state(POWER, "523")
    assert state["attributes"]["unit_of_measurement"] == "W"
    assert home_assistant.log_problems() == []


async def test_core_knows_the_entity_after_a_restart_of_its_own(
    home_assistant: HomeAssistantRig,
) -> None:
    await home_assistant.set_language("ja")
    await home_assistant.restart_core()
    await home_assistant.wait_for_subscription(VALUE)
    await home_assistant.publish(VALUE, "-40")
    await home_assistant.wait_for_state(POWER, "-40")
    assert POWER in [entity["entity_id"] for entity in await home_assistant.entities()]
    assert [d["name"] for d in await home_assistant.devices() if d["manufacturer"] == "Example"]
    assert home_assistant.log_problems() == []
