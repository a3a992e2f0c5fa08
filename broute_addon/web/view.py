"""A snapshot -> JSON for the page and for a report. Pure.

Numbers keep their decimals as text ("12312.3"), as they stand at the broker; times are ISO 8601.
The meter's serial number and the addresses that a radio shows are personal: masked in all of it.
"""

import platform
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from broute_addon import __version__
from broute_addon.messages import Language, Message, message
from broute_addon.messages.options import SENTENCES as OPTION_FAULTS
from broute_addon.meter.makers import maker_name
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.quantities import UNITS, Role, Term
from broute_addon.meter.readings import LINK_TERMS, Connection, Reading, Shown
from broute_addon.store import Snapshot

Json = dict[str, Any]

_TERMS: Mapping[str, Term] = MappingProxyType(
    {field.key: field for row in PROPERTIES for field in row.fields if field.role is not Role.NONE}
    | {term.key: term for term in LINK_TERMS}
)
_MASK = "****"


def state(snapshot: Snapshot, language: Language) -> Json:
    """What `/api/state` and each event tell."""
    return {
        "language": language.value,
        "connection": snapshot.connection.value,
        "step": snapshot.step.text(language),
        "since": _value(snapshot.since),
        "is_reading": snapshot.is_reading,
        "problem": _sentence(snapshot.problem, language),
        "notices": [notice.text(language) for notice in snapshot.notices],
        "stick": _stick(snapshot),
        "radio": _radio(snapshot),
        "meter": _meter(snapshot.meter),
        "poll_interval_s": snapshot.poll_interval_s,
        "values": list(_values(snapshot.readings, language)),
    }


def health(snapshot: Snapshot) -> Json:
    """Which layers are up: the process answers, so it lives."""
    is_waiting = snapshot.connection is Connection.WAITING_FOR_OPTIONS
    is_wrong = any(notice.key in OPTION_FAULTS for notice in snapshot.notices)
    return {
        "status": "ok",
        "layers": {
            "options": not is_waiting and not is_wrong,
            "stick": snapshot.dongle is not None,
            "meter": snapshot.is_reading,
            "broker": snapshot.broker_is_up,
        },
    }


def diagnostics(snapshot: Snapshot, language: Language) -> Json:
    """The bundle to attach to an issue."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "state": state(snapshot, language),
        "profile": _profile(snapshot.meter),
    }


def masked(text: str | None) -> str | None:
    """A personal number: only its last two characters."""
    return None if text is None else _MASK + text[-2:]


def _values(readings: Mapping[str, Reading], language: Language) -> Iterator[Json]:
    for key, term in _TERMS.items():
        reading = readings.get(key)
        if reading is not None:
            yield {
                "key": key,
                "name": term.ja if language is Language.JA else term.en,
                "value": _value(reading.value),
                "unit": UNITS.get(term.quantity, ""),
                "at": _value(reading.at),
                "is_main": term.role is Role.MAIN,
            }


def _value(value: Shown) -> str | float | None:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(timespec="seconds")
        case _:
            return value


def _sentence(told: Message | None, language: Language) -> str | None:
    return None if told is None else told.text(language)


def _stick(snapshot: Snapshot) -> Json | None:
    stick = snapshot.dongle
    if stick is None:
        return None
    return {"dialect": stick.dialect, "firmware": stick.firmware, "port": stick.port}


def _radio(snapshot: Snapshot) -> Json | None:
    pan = snapshot.pan
    return None if pan is None else {"channel": pan.channel, "rssi_dbm": pan.rssi_dbm}


def _meter(profile: MeterProfile | None) -> Json | None:
    if profile is None:
        return None
    return {
        "uid": profile.uid,
        "maker": maker_name(profile.maker_code) if profile.maker_code else None,
        "serial_number": masked(profile.serial_number),
        "standard_version": profile.standard_version,
    }


def _profile(profile: MeterProfile | None) -> Json | None:
    if profile is None:
        return None
    scale = profile.scale
    return {
        "get_map": [f"{epc:02X}" for epc in sorted(profile.get_map)],
        "set_map": [f"{epc:02X}" for epc in sorted(profile.set_map)],
        "inf_map": [f"{epc:02X}" for epc in sorted(profile.inf_map)],
        "maker_code": profile.maker_code,
        "coefficient": scale and scale.coefficient,
        "exponent": scale and scale.exponent,
        "digits": scale and scale.digits,
        "batch": profile.batch,
        "has_t_phase": profile.has_t_phase,
    }


def labels(language: Language) -> Mapping[str, str]:
    """The page's fixed words."""
    return {
        key: message(f"page_{key}").text(language)
        for key in ("title", "connection", "stick", "meter", "values", "read_now", "offline")
    }
