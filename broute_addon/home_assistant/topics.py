"""The MQTT topics of design.md 2.3.

An owner of topics is the add-on, by its instance (8 hex digits), or a meter, by its uid.
"""

HOME_ASSISTANT_STATUS = "homeassistant/status"
"""Where Home Assistant announces its birth ("online") and its end."""

ONLINE = "online"
OFFLINE = "offline"


def device_id(instance: str) -> str:
    """The add-on's identifier as a device; a meter's is its uid."""
    return f"broute_{instance}"


def config(device: str) -> str:
    """Retained discovery of a device."""
    return f"homeassistant/device/{device}/config"


def is_config(topic: str) -> bool:
    """Whether it is one that `config` gives."""
    return topic.startswith("homeassistant/device/") and topic.endswith("/config")


def state(owner: str, key: str) -> str:
    """One value of an owner."""
    return f"broute/{owner}/{key}"


def status(instance: str) -> str:
    """The process: online, or offline by its last will."""
    return f"broute/{instance}/status"


def availability(uid: str) -> str:
    """Whether a meter is being read."""
    return f"broute/{uid}/availability"


def command(owner: str) -> str:
    """Where an owner's buttons send their command."""
    return f"broute/{owner}/command"
