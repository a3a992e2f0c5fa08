"""The bundle to attach to a report: all that a maintainer asks for, nothing personal. Pure."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from importlib import metadata

from broute_addon import __version__
from broute_addon.journal import Event
from broute_addon.meter.profile import MeterProfile
from broute_addon.options import Options
from broute_addon.redaction import Secret
from broute_addon.web.view import Json, shown
from broute_addon.wisun.ports import SerialPort

_PARTS = ("aiohttp", "jsonschema", "paho-mqtt", "prometheus-client", "pyserial", "pyserial-asyncio")
_PERSONAL = frozenset({"mqtt_username"})


def diagnostics(
    state: Mapping[str, object],
    *,
    profile: MeterProfile | None,
    options: Options,
    ports: Sequence[SerialPort],
    journal: Iterable[Event],
) -> Json:
    """The whole report; its sentences are English, whoever reads it."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "libraries": {name: _release(name) for name in _PARTS},
        "state": dict(state),
        "options": shown_options(options),
        "profile": _profile(profile),
        "ports": [{"path": port.path, "is_candidate": port.is_candidate} for port in ports],
        "journal": [
            {
                "at": shown(event.at),
                "kind": event.kind.value,
                "key": event.told.key,
                "text": str(event.told),
            }
            for event in journal
        ],
    }


def shown_options(options: Options) -> Json:
    """The options; of what is secret or a login only whether it is there."""
    return {
        field.name: _shown_option(getattr(options, field.name), field.name)
        for field in fields(options)
    }


def _shown_option(value: object, name: str) -> object:
    if isinstance(value, Secret) or (name in _PERSONAL and value is not None):
        return "****"
    return value


def _release(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


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
