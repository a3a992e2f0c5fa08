"""The manifest, the options and the translations agree, and the Supervisor would take them."""

import re
from pathlib import PurePosixPath
from typing import Any, get_type_hints

import jsonschema
import pytest
import yaml

import broute_addon
from broute_addon.options import OPTIONS_SCHEMA, Options
from broute_addon.redaction import Secret
from tests.support.repository import ROOT, tracked_files

LANGUAGES = ("en", "ja")


def load(name: str) -> dict[str, Any]:
    """A YAML file of the repository, which must be a mapping."""
    content = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


MANIFEST = load("config.yaml")
SCHEMA: dict[str, str] = MANIFEST["schema"]
OPTIONAL = {key for key, element in SCHEMA.items() if element.endswith("?")}

_BOUNDS = r"\((\d*),(\d*)\)"
ELEMENT = (
    rf"^(bool|email|url|port|(str|password)({_BOUNDS})?|(int|float)({_BOUNDS})?"
    r"|match\(.*\)|list\(.+\)|device(\(subsystem=[a-z]+\))?)\??$"
)

# What the Supervisor demands of a manifest, and what we allow ourselves: a key that is not here
# would either be dropped in silence or cost a point of the security rating.
SUPERVISOR_RULES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "version", "slug", "description", "arch"],
    "properties": {
        "name": {"const": "Smart Meter B Route"},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "slug": {"const": "broute"},
        "description": {"type": "string", "minLength": 1, "maxLength": 100},
        "arch": {"const": ["aarch64", "amd64"]},
        "init": {"const": False},
        "startup": {"const": "application"},
        "boot": {"enum": ["auto", "manual"]},
        "stage": {"enum": ["stable", "experimental"]},
        "homeassistant": {"const": "2025.11.0"},
        "homeassistant_api": {"const": True},
        "services": {"const": ["mqtt:want"]},
        "uart": {"const": True},
        "ingress": {"const": True},
        "ingress_port": {"const": 8099},
        "panel_icon": {"const": "mdi:meter-electric"},
        "panel_title": {"type": "string", "maxLength": 20},
        "watchdog": {"const": "http://[HOST]:[PORT:8099]/health"},
        "ports": {"const": {"9099/tcp": None}},
        "ports_description": {"type": "object", "additionalProperties": {"type": "string"}},
        "map": {"const": ["ssl:ro"]},
        "tmpfs": {"const": True},
        "timeout": {"const": 30},
        "backup": {"const": "hot"},
        "backup_exclude": {"type": "array", "items": {"type": "string", "pattern": "^[^/]"}},
        "options": {"type": "object"},
        "schema": {
            "type": "object",
            "additionalProperties": {"type": "string", "pattern": ELEMENT},
        },
    },
}

TRANSLATION_RULES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["configuration", "network"],
    "properties": {
        "configuration": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "description"],
                "properties": {
                    "name": {"type": "string", "minLength": 2},
                    "description": {"type": "string", "minLength": 10},
                },
            },
        },
        "network": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def rule_for(element: str) -> dict[str, Any]:
    """The JSON schema that means the same as an element of the Supervisor's option schema."""
    element = element.rstrip("?")
    if choices := re.fullmatch(r"list\((.+)\)", element):
        return {"enum": choices[1].split("|")}
    if bounds := re.fullmatch(rf"int{_BOUNDS}", element):
        return {"type": "integer", "minimum": int(bounds[1]), "maximum": int(bounds[2])}
    if element == "port":
        return {"type": "integer", "minimum": 1, "maximum": 65535}
    return {"type": "boolean" if element == "bool" else "string"}


def test_the_supervisor_accepts_the_manifest() -> None:
    jsonschema.validate(MANIFEST, SUPERVISOR_RULES)


def test_the_repository_can_be_installed() -> None:
    assert load("repository.yaml")["name"] == MANIFEST["name"]


def test_the_program_knows_the_version_it_is_sold_as() -> None:
    assert broute_addon.__version__ == MANIFEST["version"]


def test_panel_schema_and_program_have_the_same_options_in_the_same_order() -> None:
    assert list(OPTIONS_SCHEMA["properties"]) == list(SCHEMA)
    assert list(get_type_hints(Options)) == list(SCHEMA)


@pytest.mark.parametrize("key", SCHEMA)
def test_panel_and_program_accept_the_same_values(key: str) -> None:
    expected = rule_for(SCHEMA[key])
    ours = OPTIONS_SCHEMA["properties"][key]
    assert {word: ours.get(word) for word in expected} == expected


def test_an_option_has_a_default_exactly_when_it_must_have_a_value() -> None:
    assert set(MANIFEST["options"]) == set(SCHEMA) - OPTIONAL


@pytest.mark.parametrize("key", SCHEMA)
def test_panel_and_program_have_the_same_default(key: str) -> None:
    """Nothing and "no" are the program's defaults for what the panel may leave out."""
    default = getattr(Options(), key)
    if key in OPTIONAL:
        assert default in (None, False)
    else:
        assert default == MANIFEST["options"][key]


def test_what_the_panel_hides_the_program_wraps() -> None:
    hidden = {key for key, element in SCHEMA.items() if element.startswith("password")}
    wrapped = {key for key, hint in get_type_hints(Options).items() if hint == Secret | None}
    assert wrapped == hidden | {"route_b_id"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_and_port_is_explained(language: str) -> None:
    translation = load(f"translations/{language}.yaml")
    jsonschema.validate(translation, TRANSLATION_RULES)
    assert list(translation["configuration"]) == list(SCHEMA)
    assert set(translation["network"]) == set(MANIFEST["ports"])


def test_japanese_text_is_japanese_and_english_text_is_english() -> None:
    english, japanese = (load(f"translations/{language}.yaml") for language in LANGUAGES)
    kana = re.compile(r"[\u3040-\u30ff]")
    for key in SCHEMA:
        assert kana.search(japanese["configuration"][key]["description"]), key
        assert english["configuration"][key]["description"].isascii(), key


def supervisor_finds(stem: str, *, hidden_too: bool) -> list[str]:
    """The files that the Supervisor reads as `stem`.{yaml,yml,json}, wherever they lie."""
    paths = (PurePosixPath(path) for path in tracked_files())
    return [
        str(path)
        for path in paths
        if path.stem == stem and path.suffix in (".yaml", ".yml", ".json")
        if "rootfs" not in path.parts
        if hidden_too or not any(part.startswith(".") for part in path.parts)
    ]


def test_no_other_file_looks_like_an_add_on() -> None:
    assert supervisor_finds("config", hidden_too=False) == ["config.yaml"]


def test_no_other_file_changes_the_local_build() -> None:
    assert supervisor_finds("build", hidden_too=True) == ["build.yaml"]
