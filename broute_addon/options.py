"""The add-on's options: `options.json` → JSON schema → frozen `Options`, and what is wrong in it.

Only a file that can't be read or isn't JSON is an error of the file (`OptionsFileError`, exit 78).
A wrong or missing value is a fault told in one sentence each: the value falls back to its default,
the program stays up, and without usable credentials the meter side waits.
"""

import difflib
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema

from broute_addon.errors import BRouteError, OptionsError
from broute_addon.messages import message
from broute_addon.redaction import Secret

OPTIONS_SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "route_b_id": {"type": "string"},
            "route_b_password": {"type": "string"},
            "device": {"type": "string", "minLength": 1},
            "poll_interval": {"type": "integer", "minimum": 5, "maximum": 3600},
            "history": {"enum": ["off", "statistics", "repair"]},
            "mqtt_host": {"type": "string"},
            "mqtt_port": {"type": "integer", "minimum": 1, "maximum": 65535},
            "mqtt_username": {"type": "string"},
            "mqtt_password": {"type": "string"},
            "mqtt_tls": {"type": "boolean"},
            "mqtt_ca": {"type": "string"},
            "language": {"enum": ["auto", "en", "ja"]},
            "log_level": {"enum": ["debug", "info", "warning", "error"]},
        },
    }
)
"""What the panel may save; `config.yaml` says the same in the Supervisor's words."""


class OptionsFileError(BRouteError):
    """The options file can't be read or isn't JSON: the program ends with 78."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options in force. Text that is empty in the panel is None here."""

    route_b_id: Secret | None = None
    route_b_password: Secret | None = None
    device: str | None = None
    poll_interval: int = 30
    history: str = "statistics"
    mqtt_host: str | None = None
    mqtt_port: int | None = None
    mqtt_username: str | None = None
    mqtt_password: Secret | None = None
    mqtt_tls: bool = False
    mqtt_ca: str | None = None
    language: str = "auto"
    log_level: str = "info"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every secret among the options, for the redactor."""
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(value for value in values if isinstance(value, Secret))


@dataclass(frozen=True, slots=True)
class LoadedOptions:
    """Options and the faults found in their file; a faulty value has its default."""

    options: Options
    faults: tuple[OptionsError, ...] = ()

    @property
    def has_credentials(self) -> bool:
        """Both credentials are there and well formed: the meter side can start."""
        return None not in (self.options.route_b_id, self.options.route_b_password)


def load_options(path: Path) -> LoadedOptions:
    """Reads an options file. Raises OptionsFileError only for the file as a whole."""
    try:
        # utf-8-sig: an editor on Windows may have left a byte-order mark.
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise OptionsFileError(message("options_unreadable", path=path, reason=reason)) from None
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        # `from None`: the original quotes the text around the fault, passwords included.
        raise OptionsFileError(message("options_not_json", path=path, line=line)) from None
    return parse_options(raw)


def parse_options(raw: object) -> LoadedOptions:
    """Options from what JSON gave; never raises. Credentials are folded and checked."""
    if not isinstance(raw, dict):
        return LoadedOptions(Options(), (_wrong("options.json", "an object", "オブジェクト"),))
    given = {key: value for key, value in raw.items() if value not in (None, "")}
    faults = list(_schema_faults(given))
    known = {key: value for key, value in given.items() if key not in {key for key, _ in faults}}
    told = [fault for _, fault in faults]
    values = {key: _folded(key, value, told) for key, value in known.items()}
    credentials = ("route_b_id", "route_b_password")
    missing = (key for key in credentials if key not in given)
    told.extend(_fault("option_missing_credentials", option=key) for key in missing)
    options = Options(**{key: value for key, value in values.items() if value is not None})
    return LoadedOptions(options, tuple(told))


def _schema_faults(given: Mapping[str, object]) -> Iterable[tuple[str, OptionsError]]:
    for key in given.keys() - OPTIONS_SCHEMA["properties"].keys():
        yield key, _fault("option_unknown", option=_printable(key))
    validator = jsonschema.Draft202012Validator(dict(OPTIONS_SCHEMA))
    seen: set[str] = set()
    # Of a container only its kind matters: its depth may be more than the validator can stand.
    shallow = {k: type(v)() if isinstance(v, dict | list) else v for k, v in given.items()}
    for error in validator.iter_errors(shallow):
        key = str(error.absolute_path[0]) if error.absolute_path else ""
        if key and key not in seen:
            seen.add(key)
            yield key, _wrong(key, *_expected(key))


def _expected(key: str) -> tuple[str, str]:
    rule = OPTIONS_SCHEMA["properties"][key]
    if "enum" in rule:
        choices = ", ".join(rule["enum"])
        return f"one of {choices}", f" {choices} のいずれか"
    if rule["type"] == "integer":
        low, high = rule["minimum"], rule["maximum"]
        return f"a whole number from {low} to {high}", f" {low} から {high} までの整数"
    if rule["type"] == "boolean":
        return "true or false", " true か false "
    return "text in quotation marks", "引用符で囲んだ文字列"


def _wrong(option: str, expected: str, expected_ja: str) -> OptionsError:
    return _fault("option_wrong", option=option, expected=expected, expected_ja=expected_ja)


def _fault(key: str, **values: object) -> OptionsError:
    return OptionsError(message(key, **values))


def _printable(key: str) -> str:
    """A foreign key; cut short unless it is one of ours misspelled: somebody may have pasted a
    credential as a key."""
    if key.isidentifier() and difflib.get_close_matches(key, OPTIONS_SCHEMA["properties"]):
        return key
    return "".join(c if c.isprintable() else "?" for c in key[:3]) + "…"


def _folded(key: str, value: Any, told: list[OptionsError]) -> Any:  # noqa: ANN401 - JSON's edge
    """The value as `Options` holds it, or None after adding a fault to `told`."""
    try:
        if isinstance(value, str) and key not in _FORGIVING and not _is_usable(value):
            raise _fault("option_characters", option=key)
        check = _CHECKS.get(key)
        return value if check is None else check(value)
    except OptionsError as fault:
        told.append(fault)
        return None


def fold_route_b_id(text: str) -> Secret:
    """32 hex digits out of what was typed: full-width digits, spaces and hyphens are forgiven.

    Raises OptionsError with the number of characters found, never with the text.
    """
    folded = _fold(text).upper()
    if len(folded) != 32:
        raise _fault("route_b_id_length", count=len(folded))
    if set(folded) - set("0123456789ABCDEF"):
        raise _fault("route_b_id_characters")
    return Secret(folded)


def fold_route_b_password(text: str) -> Secret:
    """12 letters and digits out of what was typed; case is kept. Raises OptionsError."""
    folded = _fold(text)
    if len(folded) != 12:
        raise _fault("route_b_password_length", count=len(folded))
    if not (folded.isascii() and folded.isalnum()):
        raise _fault("route_b_password_characters")
    return Secret(folded)


def _is_usable(text: str) -> bool:
    """No control characters and no half of a surrogate pair, which UTF-8 can't tell."""
    return all(unicodedata.category(c) not in ("Cc", "Cs") for c in text)


_HYPHENS = "-‐‑‒–—―−ー"


def _fold(text: str) -> str:
    """NFKC without white space and without anything that looks like a hyphen."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if not c.isspace() and c not in _HYPHENS)


def _ca_name(text: str) -> str:
    if Path(text).name != text:
        raise _fault("mqtt_ca_name")
    return text


_FORGIVING = ("route_b_id", "route_b_password")
"""Their checks drop white space of any kind and tell what else is wrong."""

_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "poll_interval": int,  # 30.0 is a whole number to the schema
    "mqtt_port": int,
    "route_b_id": fold_route_b_id,
    "route_b_password": fold_route_b_password,
    "mqtt_password": Secret,
    "mqtt_ca": _ca_name,
}
