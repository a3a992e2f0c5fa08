"""How a Supervisor checks an app's options: home-assistant-addon.md 1.3 and 1.5.

Checked against the schema in our own `config.yaml`; only the element types that stand there.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text("utf-8"))
_ELEMENT = re.compile(r"(?P<kind>[a-z]+)(?:\((?P<bounds>.*)\))?(?P<optional>\?)?")
_QUOTED = 500


class OptionsRefused(Exception):  # noqa: N818 - as the Supervisor says it
    """The sentence that comes as the answer's `message`."""


def validated(
    given: Mapping[str, Any], *, devices: tuple[str, ...], secrets: Mapping[str, str]
) -> dict[str, Any]:
    """What `/data/options.json` will hold: unknown keys gone, secrets resolved.

    Raises OptionsRefused, whose text ends in a repr of everything given, credentials included.
    """
    merged = dict(CONFIG["options"]) | dict(given)
    found: dict[str, Any] = {}
    for key, value in merged.items():
        if key in CONFIG["schema"]:
            found[key] = _checked(key, _resolved(value, secrets, given), given, devices)
    for key, element in CONFIG["schema"].items():
        if key not in found and not element.endswith("?"):
            raise _refused(f"Missing option '{key}' in root in Smart Meter B Route", given)
    return found


def _resolved(value: object, secrets: Mapping[str, str], given: Mapping[str, Any]) -> object:
    if isinstance(value, str) and value.startswith("!secret "):
        name = value.partition(" ")[2]
        if name not in secrets:
            raise _refused(f"Unknown secret '{name}'", given)
        return secrets[name]
    return value


def _checked(key: str, value: object, given: Mapping[str, Any], devices: tuple[str, ...]) -> object:
    match = _ELEMENT.fullmatch(CONFIG["schema"][key])
    assert match
    bounds = match["bounds"] or ""
    if value is None:
        raise _refused(f"Missing required option '{key}'", given)
    match match["kind"]:
        case "str" | "password":
            good = isinstance(value, str)
        case "device":
            if value not in devices:
                raise _refused(f"Device '{value}' does not exist in Smart Meter B Route", given)
            good = True
        case "int":
            low, high = map(int, bounds.split(","))
            good = isinstance(value, int) and low <= value <= high
        case "port":
            good = isinstance(value, int) and 0 < value < 65536
        case "bool":
            good = isinstance(value, bool)
        case "list":
            good = value in bounds.split("|")
        case kind:
            raise AssertionError(kind)
    if not good:
        raise _refused(f"invalid value for '{key}'", given)
    return value


def _refused(text: str, given: Mapping[str, Any]) -> OptionsRefused:
    return OptionsRefused(
        f"App a0b1c2d3_broute has invalid options: {text}. Got {str(dict(given))[:_QUOTED]}"
    )
