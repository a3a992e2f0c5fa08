"""The property table and a meter's profile -> retained discovery payloads. Pure.

Home Assistant's rules that shape this file (home-assistant-addon.md part 5):

- An unknown key at the top, in `device` or in `origin` rejects the whole payload; keys are written
  in full and nothing newer than Core 2025.11 stands there.
- A component left out is kept by Home Assistant, and one sent as a bare `{"platform": ...}` is
  forgotten together with the household's renaming of it. So a component appears when its value
  is first known to exist (a T current, an energy whose scale is confirmed) and is never taken
  away: nothing in a house makes a phase or a register vanish, only our knowledge of it can.
- A meter's serial number is personal and the payload is retained: it stays out.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from broute_addon.home_assistant import topics
from broute_addon.home_assistant.entities import (
    ENTITY_CLASSES,
    EntityClass,
    Platform,
    decimals,
)
from broute_addon.messages import Language
from broute_addon.meter.engine import Command
from broute_addon.meter.half_hours import HISTORY_TERMS, Direction
from broute_addon.meter.makers import maker_name
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.quantities import UNITS, Cadence, Quantity, Role, Term
from broute_addon.meter.readings import LINK_TERMS, Connection

_LIMITED = next(term for term in LINK_TERMS if term.quantity is Quantity.LIMITED)

_ENERGIES = frozenset({Quantity.ENERGY, Quantity.DAY_ENERGY, Quantity.PAST_ENERGY})
_SCALED = _ENERGIES | {Quantity.ENERGY_STEP}

CONNECTION = Term("connection", Quantity.TEXT, "Connection", "接続状態", Role.DIAGNOSTIC)
REASON = Term("reason", Quantity.TEXT, "Status", "状況", Role.DIAGNOSTIC)
PROBLEM = Term("problem", Quantity.FAULT, "Problem", "問題", Role.DIAGNOSTIC)

ADD_ON_TERMS = (CONNECTION, REASON, PROBLEM, _LIMITED)
"""What the add-on tells about itself."""


@dataclass(frozen=True, slots=True)
class Button:
    """A press sends `command`; `key` names the entity."""

    key: str
    command: Command
    en: str
    ja: str
    role: Role = Role.MAIN


ADD_ON_BUTTONS = (
    Button("reconnect", Command.RECONNECT, "Reconnect", "再接続", Role.DIAGNOSTIC),
    Button("rescan", Command.RESCAN, "Search for the meter", "メーターを再探索", Role.DIAGNOSTIC),
)
METER_BUTTONS = (
    Button("read_now", Command.READ_NOW, "Read now", "今すぐ検針"),
    Button(
        "read_history",
        Command.READ_HISTORY,
        "Read history again",
        "履歴を再取得",
        Role.DIAGNOSTIC,
    ),
)


@dataclass(frozen=True, slots=True)
class AddOn:
    """Who publishes. `instance` is random and kept in /data; `slug` is the full one that the
    Supervisor gave (`<repository>_broute`), None outside of it."""

    instance: str
    version: str
    slug: str | None = None


@lru_cache(maxsize=4)
def meter_terms(profile: MeterProfile) -> tuple[Term, ...]:
    """The values of a meter that have an entity, in the table's order."""
    return tuple(_terms(profile))


def _terms(profile: MeterProfile) -> Iterator[Term]:
    for row in PROPERTIES:
        if row.epc in profile.get_map and row.cadence is not Cadence.NEVER:
            yield from (field for field in row.fields if _is_shown(field, profile))
    yield from (term for term in HISTORY_TERMS if _is_shown(term, profile))
    yield from (term for term in LINK_TERMS if term is not _LIMITED)


def _is_shown(term: Term, profile: MeterProfile) -> bool:
    if term.role is Role.NONE or ENTITY_CLASSES[term.quantity] is None:
        return False
    if term.key.startswith("energy_sold_") and Direction.SOLD not in profile.directions:
        return False
    if term.quantity in _SCALED:
        return profile.scale is not None
    return term.key != "current_t" or profile.has_t_phase


def expire_after(interval_s: float) -> int:
    """Whole seconds after which a live value no longer counts: four readings missed."""
    return math.ceil(4 * interval_s)


@lru_cache(maxsize=4)  # asked for at every reading
def add_on_config(add_on: AddOn, language: Language) -> str:
    """The discovery payload of the add-on's own device."""
    owner, device = add_on.instance, topics.device_id(add_on.instance)
    components = {
        term.key: _entity(owner, device, term, language) for term in ADD_ON_TERMS
    } | _buttons(owner, device, ADD_ON_BUTTONS, language)
    # An enum: its values stay the same in every language, automations depend on them.
    components[CONNECTION.key] |= {
        "device_class": "enum",
        "options": [connection.value for connection in Connection],
    }
    described = {
        "identifiers": [device],
        "name": _in(language, "Smart Meter B Route", "スマートメーター B ルート"),
        "manufacturer": "broute-addon",
        "model": _in(language, "Route-B reader", "B ルート検針"),
        "sw_version": add_on.version,
    }
    if add_on.slug is not None:
        described["configuration_url"] = f"homeassistant://config/app/{add_on.slug}"
    return _config(add_on, described, components, [topics.status(add_on.instance)])


@lru_cache(maxsize=4)  # asked for at every reading
def meter_config(
    add_on: AddOn, profile: MeterProfile, language: Language, interval_s: float
) -> str:
    """The discovery payload of a meter; `interval_s` sets when its live values run out."""
    uid = profile.uid
    components = {}
    for term in meter_terms(profile):
        entity = components[term.key] = _entity(uid, uid, term, language)
        if _class_of(term).live:
            entity["expire_after"] = expire_after(interval_s)
        if term.quantity in _ENERGIES and profile.scale is not None:
            entity["suggested_display_precision"] = decimals(profile.scale.step)
    components |= _buttons(uid, uid, METER_BUTTONS, language)
    described = {
        "identifiers": [uid],
        "name": _in(language, "Smart meter", "スマートメーター"),
        "model": _in(language, "Smart electric energy meter", "低圧スマート電力量メーター"),
        "via_device": topics.device_id(add_on.instance),
    }
    if profile.maker_code is not None:
        described["manufacturer"] = maker_name(profile.maker_code)
    if profile.standard_version is not None:
        described["sw_version"] = profile.standard_version
    where = [topics.status(add_on.instance), topics.availability(uid)]
    return _config(add_on, described, components, where)


def _config(
    add_on: AddOn,
    device: Mapping[str, object],
    components: Mapping[str, object],
    availability: list[str],
) -> str:
    document = {
        "device": device,
        "origin": {"name": "broute-addon", "sw_version": add_on.version},
        "availability": [{"topic": topic} for topic in availability],
        "availability_mode": "all",
        "components": components,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _entity(owner: str, device: str, term: Term, language: Language) -> dict[str, Any]:
    described = _class_of(term)
    return {
        **_common(device, term, described.platform, language),
        "state_topic": topics.state(owner, term.key),
        **_given(
            device_class=described.device_class,
            state_class=described.state_class,
            unit_of_measurement=UNITS.get(term.quantity),
            suggested_display_precision=described.precision,
        ),
    }


def _class_of(term: Term) -> EntityClass:
    described = ENTITY_CLASSES[term.quantity]
    if described is None:
        raise ValueError(f"{term.key} has no entity")
    return described


def _buttons(
    owner: str, device: str, buttons: tuple[Button, ...], language: Language
) -> dict[str, dict[str, Any]]:
    return {
        button.key: {
            **_common(device, button, Platform.BUTTON, language),
            "command_topic": topics.command(owner),
            "payload_press": button.command.value,
        }
        for button in buttons
    }


def _common(
    device: str, named: Term | Button, platform: Platform, language: Language
) -> dict[str, Any]:
    unique_id = f"{device}_{named.key}"
    common: dict[str, Any] = {
        "platform": platform.value,
        "unique_id": unique_id,
        "default_entity_id": f"{platform.value}.{unique_id}",
        "name": _in(language, named.en, named.ja),
    }
    if named.role in (Role.DIAGNOSTIC, Role.EXPERT):
        common["entity_category"] = "diagnostic"
    if named.role is Role.EXPERT:
        common["enabled_by_default"] = False
    return common


def _in(language: Language, en: str, ja: str) -> str:
    return ja if language is Language.JA else en


def _given(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}
