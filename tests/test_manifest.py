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
from tests.support import supervisor_rules
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

# What we chose among all that the Supervisor would take (design.md 2.2, 2.8).
CHOSEN: dict[str, Any] = {
    "name": "Smart Meter B Route",
    "slug": "broute",
    "arch": ["aarch64", "amd64"],
    "init": False,
    "startup": "application",
    "homeassistant": "2025.11.0",
    "homeassistant_api": True,
    "services": ["mqtt:want"],
    "uart": True,
    "ingress": True,
    "ingress_port": 8099,
    "watchdog": "http://[HOST]:[PORT:8099]/health",
    "ports": {"9099/tcp": None},
    "map": ["ssl:ro"],
    "tmpfs": True,
    "timeout": 30,
    "backup": "hot",
}
LEFT_OUT = {"url", "image", "hassio_api", "privileged", "host_network", "devices", "full_access"}


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
    jsonschema.validate(MANIFEST, supervisor_rules.MANIFEST)


@pytest.mark.parametrize("key", CHOSEN)
def test_the_manifest_says_what_was_decided(key: str) -> None:
    assert MANIFEST[key] == CHOSEN[key]


def test_the_manifest_asks_for_nothing_more() -> None:
    assert not LEFT_OUT & set(MANIFEST)
    assert len(MANIFEST["description"]) <= 100
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])


@pytest.mark.parametrize(
    "change",
    [
        {"advanced": True},
        {"codenotary": "somebody"},
        {"arch": ["aarch64", "armv7"]},
        {"map": ["addon_config:rw"]},
        {"map": ["config:rw"]},
        {"map": [{"type": "ssl", "write": True}]},
        {"apparmor": "broute"},
        {"tmpfs": "size=10M"},
        {"startup": "before"},
        {"stage": "deprecated"},
        {"timeout": 5},
        {"ports": {"9099": None}},
        {"ports": {"9099/tcp": 0}},
        {"watchdog": "http://localhost:8099/health"},
        {"devices": ["/dev/ttyUSB0:/dev/ttyUSB0:rwm", "ttyUSB0"]},
        {"services": ["mqtt"]},
        {"homeassistant": "2025.11"},
        {"backup_exclude": ["/data/history.db"]},
        {"backup": "cold", "backup_pre": "sync"},
        {"environment": {"DEBUG": 1}},
        {"schema": {"x": "list()"}},
        {"schema": {"x": "integer"}},
        {"schema": {"x": [["str"]]}},
        {"schema": {"x": "device(subsystem=TTY)"}},
        {"slug": "smart meter"},
    ],
    ids=str,
)
def test_the_rules_refuse_what_the_supervisor_would(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(MANIFEST | change, supervisor_rules.MANIFEST)


def test_a_manifest_without_its_needed_keys_is_refused() -> None:
    for key in supervisor_rules.MANIFEST["required"]:
        less = {name: value for name, value in MANIFEST.items() if name != key}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(less, supervisor_rules.MANIFEST)


def test_the_security_rating_is_the_best_there_is() -> None:
    own_profile = (ROOT / "apparmor.txt").exists()
    assert supervisor_rules.security_rating(MANIFEST, own_profile=own_profile) == 8


@pytest.mark.parametrize(
    ("change", "rating"),
    [
        ({"ingress": False}, 6),
        ({"ingress": False, "auth_api": True}, 7),
        ({"apparmor": False}, 6),
        ({"host_network": True}, 7),
        ({"privileged": ["SYS_ADMIN"]}, 7),
        ({"privileged": ["SYS_NICE"]}, 8),
        ({"hassio_role": "admin"}, 6),
        ({"host_pid": True}, 6),
        ({"docker_api": True}, 1),
    ],
    ids=str,
)
def test_each_liberty_would_cost_what_it_costs(change: dict[str, Any], rating: int) -> None:
    assert supervisor_rules.security_rating(MANIFEST | change, own_profile=True) == rating


def test_the_repository_can_be_installed() -> None:
    repository = load("repository.yaml")
    jsonschema.validate(repository, supervisor_rules.REPOSITORY)
    assert repository["name"] == MANIFEST["name"]


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
    jsonschema.validate(translation, supervisor_rules.TRANSLATION)
    for option in translation["configuration"].values():
        assert len(option["name"]) >= 2
        assert len(option["description"]) >= 10
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
