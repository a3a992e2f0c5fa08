"""What the Supervisor accepts in the files of an add-on, as JSON schemas in our own words.

Stricter than it in one way: it drops a key that it doesn't know in silence, and advises users
against an add-on with a deprecated one; here both are errors. Source: home-assistant-addon.md 1.1
(repository), 1.2 (manifest), 1.3 (options), 1.8 (translations).
"""

from typing import Any

TEXT = {"type": "string", "minLength": 1}
BOOLEAN = {"type": "boolean"}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
PATH = {"type": "string", "pattern": "^/"}

_BOUNDS = r"\(-?\d*\.?\d*,-?\d*\.?\d*\)"
_ELEMENT = (
    r"^(bool|email|url|port"
    rf"|(str|password|int)({_BOUNDS})?|float({_BOUNDS})?"
    r"|match\(.+\)|list\([^|()]+(\|[^|()]+)*\)|device(\(subsystem=[a-z]+\))?)\??$"
)
ELEMENT = {"type": "string", "pattern": _ELEMENT}
"""One value of the panel; a question mark makes it optional."""

_GROUP = {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/option"}}
_OPTION_DEFINITIONS = {
    "option": {
        "anyOf": [
            ELEMENT,
            {"$ref": "#/$defs/group"},
            {  # a list of one kind; never directly a list of lists
                "type": "array",
                "minItems": 1,
                "maxItems": 1,
                "items": {"anyOf": [ELEMENT, {"$ref": "#/$defs/group"}]},
            },
        ]
    },
    "group": _GROUP,
}

_FOLDERS = "data|homeassistant_config|app_config|all_app_configs|ssl|share|media|backup|local_apps"
_MAPPING = {
    "anyOf": [
        {"type": "string", "pattern": rf"^({_FOLDERS})(:r[ow])?$"},
        {
            "type": "object",
            "required": ["type"],
            "additionalProperties": False,
            "properties": {
                "type": {"enum": _FOLDERS.split("|")},
                "read_only": BOOLEAN,
                "path": PATH,
            },
        },
    ]
}

_PRIVILEGES = [
    *("BPF", "CHECKPOINT_RESTORE", "DAC_READ_SEARCH", "IPC_LOCK", "NET_ADMIN", "NET_RAW"),
    *("PERFMON", "SYS_ADMIN", "SYS_MODULE", "SYS_NICE", "SYS_PTRACE", "SYS_RAWIO"),
    *("SYS_RESOURCE", "SYS_TIME"),
]
_SWITCHES = (
    *("apparmor", "audio", "auth_api", "devicetree", "docker_api", "full_access", "gpio"),
    *("hassio_api", "homeassistant_api", "host_dbus", "host_ipc", "host_network", "host_pid"),
    *("host_uts", "ingress", "ingress_stream", "init", "journald", "kernel_modules"),
    *("panel_admin", "realtime", "stdin", "tmpfs", "uart", "udev", "usb", "video"),
)
_PORT_NAME = r"^\d{1,5}/(tcp|udp)$"
_ADDRESS = r"\[HOST\]:(\[PORT:\d+\]|\d+)"

MANIFEST: dict[str, Any] = {
    "$defs": _OPTION_DEFINITIONS,
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "version", "slug", "description", "arch"],
    "properties": {
        **dict.fromkeys(_SWITCHES, BOOLEAN),
        "name": TEXT,
        "version": TEXT,
        "slug": {"type": "string", "pattern": "^[-_.A-Za-z0-9]+$"},
        "description": TEXT,
        "url": {"type": "string", "pattern": "^https?://"},
        "arch": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"enum": ["aarch64", "amd64"]},
        },
        "machine": {"type": "array", "items": {"type": "string", "pattern": "^!?[a-z0-9-]+$"}},
        "startup": {"enum": ["initialize", "system", "services", "application", "once"]},
        "boot": {"enum": ["auto", "manual", "manual_only"]},
        "stage": {"enum": ["stable", "experimental"]},
        "homeassistant": {"type": "string", "pattern": r"^\d{4}\.\d{1,2}\.\d+$"},
        "ports": {
            "type": "object",
            "propertyNames": {"pattern": _PORT_NAME},
            "additionalProperties": {"anyOf": [PORT, {"type": "null"}]},
        },
        "ports_description": {
            "type": "object",
            "propertyNames": {"pattern": _PORT_NAME},
            "additionalProperties": TEXT,
        },
        "watchdog": {
            "type": "string",
            "pattern": rf"^(https?|tcp|\[PROTO:\w+\])://{_ADDRESS}(/.*)?$",
        },
        "webui": {
            "type": "string",
            "pattern": r"^(https?|\[PROTO:\w+\])://\[HOST\]:\[PORT:\d+\](/.*)?$",
        },
        "ingress_port": {"anyOf": [PORT, {"const": 0}]},
        "ingress_entry": {"type": "string"},
        "panel_icon": {"type": "string", "pattern": "^mdi:[a-z0-9-]+$"},
        "panel_title": TEXT,
        "devices": {"type": "array", "items": PATH},
        "map": {"type": "array", "items": _MAPPING},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "privileged": {"type": "array", "items": {"enum": _PRIVILEGES}},
        "hassio_role": {"enum": ["default", "homeassistant", "backup", "manager", "admin"]},
        "services": {
            "type": "array",
            "items": {"type": "string", "pattern": "^(mqtt|mysql):(provide|want|need)$"},
        },
        "discovery": {"type": "array", "items": TEXT},
        "backup": {"enum": ["hot", "cold"]},
        "backup_pre": TEXT,
        "backup_post": TEXT,
        "backup_exclude": {"type": "array", "items": {"type": "string", "pattern": "^[^/]"}},
        "options": {"type": "object"},
        "schema": {"anyOf": [{"$ref": "#/$defs/group"}, {"const": False}]},
        "image": {"type": "string", "pattern": "^[a-z0-9./_{}-]+$"},
        "timeout": {"type": "integer", "minimum": 10, "maximum": 300},
        "ulimits": {"type": "object"},
        "breaking_versions": {"type": "array", "items": TEXT},
    },
    # With `cold` the commands around a backup would be passed over.
    "if": {"properties": {"backup": {"const": "cold"}}, "required": ["backup"]},
    "then": {"not": {"anyOf": [{"required": ["backup_pre"]}, {"required": ["backup_post"]}]}},
}

REPOSITORY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": TEXT,
        "url": {"type": "string", "pattern": "^https?://"},
        "maintainer": TEXT,
    },
}

_TRANSLATED = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": TEXT,
            "description": TEXT,
            "fields": {"$ref": "#/$defs/translated"},
        },
    },
}
TRANSLATION: dict[str, Any] = {
    "$defs": {"translated": _TRANSLATED},
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "configuration": {"$ref": "#/$defs/translated"},
        "network": {
            "type": "object",
            "propertyNames": {"pattern": _PORT_NAME},
            "additionalProperties": TEXT,
        },
    },
}

_COSTS_A_POINT = {
    *("BPF", "CHECKPOINT_RESTORE", "DAC_READ_SEARCH", "NET_ADMIN", "NET_RAW", "PERFMON"),
    *("SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO"),
}
_ROLES = {"manager": -1, "admin": -2}


def security_rating(manifest: dict[str, Any], *, own_profile: bool) -> int:
    """The stars that the Supervisor gives an installed add-on, 1 to 8 (1.6)."""
    if manifest.get("docker_api") or manifest.get("full_access"):
        return 1
    privileges = set(manifest.get("privileged", ()))
    rating = 5
    if not manifest.get("apparmor", True):
        rating -= 1
    elif own_profile:
        rating += 1
    if manifest.get("ingress"):
        rating += 2
    elif manifest.get("auth_api"):
        rating += 1
    if privileges & _COSTS_A_POINT or manifest.get("kernel_modules"):
        rating -= 1
    rating += _ROLES.get(manifest.get("hassio_role", "default"), 0)
    if manifest.get("host_network"):
        rating -= 1
    if manifest.get("host_pid"):
        rating -= 2
    if manifest.get("host_uts") and "SYS_ADMIN" in privileges:
        rating -= 1
    return max(1, min(8, rating))
