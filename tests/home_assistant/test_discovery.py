"""Discovery payloads against the rules of Home Assistant's MQTT integration."""

import json
from dataclasses import replace
from typing import Any

import pytest

from broute_addon.home_assistant.discovery import AddOn, add_on_config, meter_config, meter_terms
from broute_addon.home_assistant.entities import ENTITY_CLASSES
from broute_addon.messages import Language
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.quantities import Quantity
from broute_addon.meter.readings import Connection
from tests.support.houses import PROFILE, SERIAL_NUMBER

Document = dict[str, Any]

ADD_ON = AddOn("0badcafe", "0.1.0", "a0b1c2d3_broute")
EVERYTHING = replace(PROFILE, get_map=frozenset(range(0x80, 0x100)))


def of_meter(
    profile: MeterProfile = PROFILE, language: Language = Language.EN, interval_s: float = 30
) -> Document:
    return dict(json.loads(meter_config(ADD_ON, profile, language, interval_s)))


def of_add_on(add_on: AddOn = ADD_ON, language: Language = Language.EN) -> Document:
    return dict(json.loads(add_on_config(add_on, language)))


def both() -> list[Document]:
    return [of_add_on(), of_meter(EVERYTHING)]


def test_every_quantity_has_an_entity_class_or_says_that_it_has_none() -> None:
    assert ENTITY_CLASSES.keys() == set(Quantity)


@pytest.mark.parametrize("config", both())
def test_nothing_stands_where_an_unknown_key_rejects_the_whole_payload(config: Document) -> None:
    assert config.keys() == {
        "device",
        "origin",
        "availability",
        "availability_mode",
        "components",
    }
    assert config["origin"].keys() <= {"name", "sw_version", "support_url"}
    assert config["device"].keys() <= {
        "identifiers",
        "name",
        "manufacturer",
        "model",
        "sw_version",
        "via_device",
        "configuration_url",
    }


@pytest.mark.parametrize("config", both())
def test_every_component_can_be_registered(config: Document) -> None:
    device = config["device"]["identifiers"][0]
    for key, entity in config["components"].items():
        assert entity["unique_id"] == f"{device}_{key}"
        assert entity["default_entity_id"] == f"{entity['platform']}.{device}_{key}"
        assert entity["name"]
        # Sensors refuse "config".
        assert entity.get("entity_category", "diagnostic") == "diagnostic"
        topic = entity.get("state_topic") or entity["command_topic"]
        assert topic.startswith("broute/")


@pytest.mark.parametrize("profile", [PROFILE, EVERYTHING])
def test_ids_are_the_same_in_every_language_and_only_names_differ(profile: MeterProfile) -> None:
    english = of_meter(profile)["components"]
    japanese = of_meter(profile, Language.JA)["components"]
    assert english.keys() == japanese.keys()
    for key, entity in english.items():
        assert {**entity, "name": ""} == {**japanese[key], "name": ""}
    assert japanese["energy_bought"]["name"] != english["energy_bought"]["name"]


def test_names_do_not_repeat_within_a_device() -> None:
    for language in Language:
        for config in (of_add_on(language=language), of_meter(EVERYTHING, language)):
            names = [entity["name"] for entity in config["components"].values()]
            assert len(names) == len(set(names))


def test_the_meters_parent_is_the_add_on_and_both_govern_its_availability() -> None:
    config = of_meter()
    assert config["device"]["via_device"] == of_add_on()["device"]["identifiers"][0]
    assert config["availability_mode"] == "all"
    assert [each["topic"] for each in config["availability"]] == [
        "broute/0badcafe/status",
        f"broute/{PROFILE.uid}/availability",
    ]
    assert [each["topic"] for each in of_add_on()["availability"]] == ["broute/0badcafe/status"]


def test_energy_is_what_the_energy_dashboard_takes() -> None:
    for key in ("energy_bought", "energy_sold"):
        entity = of_meter()["components"][key]
        assert entity["device_class"] == "energy"
        assert entity["state_class"] == "total_increasing"
        assert entity["unit_of_measurement"] == "kWh"
        assert "expire_after" not in entity


def test_power_is_power_and_not_apparent_power() -> None:
    entity = of_meter()["components"]["power"]
    assert (entity["device_class"], entity["unit_of_measurement"]) == ("power", "W")


@pytest.mark.parametrize(("interval_s", "expire_after"), [(5, 20), (30, 120), (7.6, 31)])
def test_live_values_run_out_after_four_intervals_and_nothing_else_does(
    interval_s: float, expire_after: int
) -> None:
    components = of_meter(interval_s=interval_s)["components"]
    running_out = {key: e["expire_after"] for key, e in components.items() if "expire_after" in e}
    assert running_out == dict.fromkeys(("power", "current_r", "current_t"), expire_after)


@pytest.mark.parametrize(
    ("scale", "decimals"),
    [
        (EnergyScale(1, -1), 1),
        (EnergyScale(1, 0), 0),
        (EnergyScale(1, -4), 4),
        (EnergyScale(10, -1), 0),
        (EnergyScale(5, -1), 1),
        (EnergyScale(1, 4), 0),
    ],
)
def test_energy_is_shown_with_the_registers_own_decimals(scale: EnergyScale, decimals: int) -> None:
    entity = of_meter(replace(PROFILE, scale=scale))["components"]["energy_bought"]
    assert entity["suggested_display_precision"] == decimals


def test_no_energy_is_announced_before_its_scale_is_known() -> None:
    components = of_meter(replace(PROFILE, scale=None))["components"]
    assert not [key for key in components if "energy" in key and "time" not in key]
    assert "power" in components


def test_a_house_without_t_phase_has_no_entity_for_it() -> None:
    components = of_meter(replace(PROFILE, has_t_phase=False))["components"]
    assert "current_r" in components
    assert "current_t" not in components


def test_only_what_the_get_map_has_becomes_an_entity() -> None:
    components = of_meter(replace(PROFILE, get_map=frozenset({0xE7})))["components"]
    assert {"current_r", "energy_bought", "fault"}.isdisjoint(components)
    assert {"power", "signal_strength", "response_time", "last_answer"} <= components.keys()


def test_the_connection_lists_every_value_that_it_can_have() -> None:
    entity = of_add_on()["components"]["connection"]
    assert entity["options"] == [connection.value for connection in Connection]
    assert "unit_of_measurement" not in entity
    assert "state_class" not in entity


def test_the_add_on_has_its_problem_flags_and_buttons() -> None:
    components = of_add_on()["components"]
    assert {"connection", "reason", "problem", "transmit_limited", "reconnect", "rescan"} == set(
        components
    )
    assert components["rescan"]["payload_press"] == "rescan"
    assert of_meter()["components"]["read_now"]["payload_press"] == "read-now"


def test_the_add_ons_page_is_linked_where_its_slug_is_known() -> None:
    url = of_add_on()["device"]["configuration_url"]
    assert url == "homeassistant://config/app/a0b1c2d3_broute"
    assert "configuration_url" not in of_add_on(AddOn("0badcafe", "0.1.0"))["device"]


def test_nothing_personal_is_in_a_retained_payload() -> None:
    text = meter_config(ADD_ON, EVERYTHING, Language.EN, 30)
    assert SERIAL_NUMBER not in text
    assert str(PROFILE.mac) not in text
    assert of_meter()["device"]["manufacturer"] == "Toshiba"


def test_every_term_of_a_meter_has_a_key_of_its_own() -> None:
    keys = [term.key for term in meter_terms(EVERYTHING)]
    assert len(keys) == len(set(keys))
