"""Small durable facts in `state.json` under the data folder: written atomically, versioned.

A file that is damaged, or that another version wrote, costs a scan and an interview, nothing
else: a copy is set aside, and the names that it still tells are kept, since Home Assistant knows
the devices by them. A file that can't be read at the moment is left as it is. Writes happen only
when a fact changes.
"""

import contextlib
import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broute_addon.errors import BRouteError
from broute_addon.messages import Message, message
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.readings import DongleIdentified, MeterIdentified, PanJoined, Update
from broute_addon.wisun.values import DongleIdentity, MacAddress, Pan

_LOGGER = logging.getLogger(__name__)

VERSION = 1
STATE_FILE = "state.json"

_INSTANCE_NAME = "[0-9a-f]{8}"
_INSTANCE = re.compile(rf'"instance"\s*:\s*"({_INSTANCE_NAME})"')
_UID = r"\bbroute_[0-9a-f]{10}\b"


@dataclass(frozen=True, slots=True)
class Facts:
    """What outlives the process.

    `instance` is this installation's random name (8 hex digits). `uids` are all meters ever read
    here, also those whose profile is lost. `port` is the stick's last good path. `pan` belongs to
    `pairing` (a hash of the pairing ID, so that other credentials never use it). `profiles` are
    the meters known, by MAC.
    """

    instance: str
    uids: frozenset[str] = frozenset()
    port: str | None = None
    pan: Pan | None = None
    pairing: str | None = None
    profiles: Mapping[str, MeterProfile] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def meter_uids(self) -> tuple[str, ...]:
        """The uid of every meter ever read here."""
        return tuple(sorted(self.uids))

    def with_profile(self, profile: MeterProfile) -> "Facts":
        """The facts with a meter's newest profile."""
        known = {**self.profiles, str(profile.mac): profile}
        return replace(self, uids=self.uids | {profile.uid}, profiles=MappingProxyType(known))


def learned(facts: Facts, update: Update, pairing: str) -> Facts:
    """What is worth keeping of an update of the engine. Pure."""
    match update:
        case DongleIdentified(DongleIdentity() as found):
            return replace(facts, port=found.port)
        case PanJoined(pan):
            return replace(facts, pan=pan, pairing=pairing)
        case MeterIdentified(profile):
            return facts.with_profile(profile)
        case _:
            return facts


class StateDamagedError(BRouteError):
    """`state.json` can't be used. `instance` and `uids` are what it tells all the same."""

    def __init__(self, message: Message, instance: str | None, uids: frozenset[str]) -> None:
        super().__init__(message)
        self.instance = instance
        self.uids = uids


def stored_facts(folder: Path) -> Facts | None:
    """The facts as they lie in a data folder; None without a file. Nothing is written.

    Raises OSError while the file can't be read, StateDamagedError when it can't be used.
    """
    path = folder / STATE_FILE
    try:
        octets = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return facts_from_json(json.loads(octets))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        told = message("state_damaged", path=path, reason=type(error).__name__)
        text = octets.decode("utf-8", errors="replace")
        named = _INSTANCE.search(text)
        raise StateDamagedError(told, named and named[1], _rescued_uids(text)) from None


class Storage:
    """Owns `state.json`. A folder that can't be written is one warning, never an end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STATE_FILE
        self._complained = False
        self._is_ours = True
        self.facts = self._read()
        self._save()

    @property
    def instance(self) -> str:
        """This installation's name, as it stands in topics."""
        return self.facts.instance

    @property
    def meter_uids(self) -> tuple[str, ...]:
        """The uid of every meter ever read here."""
        return self.facts.meter_uids

    def keep(self, facts: Facts) -> None:
        """Makes the facts durable, if they changed or are not in the file yet."""
        if facts != self.facts or self._complained:
            self.facts = facts
            self._save()

    def _read(self) -> Facts:
        fresh = secrets.token_hex(4)
        try:
            return stored_facts(self._path.parent) or Facts(fresh)
        except OSError as error:
            self._is_ours = False  # it may be whole: not to be written over
            reason = error.strerror
            _LOGGER.warning("%s", message("state_unreadable", path=self._path, reason=reason))
            return Facts(fresh)
        except StateDamagedError as damaged:
            _LOGGER.warning("%s", damaged.message)
            self._set_aside()
            return Facts(damaged.instance or fresh, damaged.uids)

    def _set_aside(self) -> None:
        # A copy: should the new file not come about, the names are still in the old one.
        with contextlib.suppress(OSError):
            shutil.copyfile(self._path, self._path.with_suffix(".damaged"))

    def _save(self) -> None:
        if not self._is_ours:
            return
        temporary = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(facts_to_json(self.facts), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
            self._complained = False
        except OSError as error:
            if not self._complained:
                reason = error.strerror
                _LOGGER.warning("%s", message("state_unwritable", path=self._path, reason=reason))
            self._complained = True


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """The facts as JSON values; names first, where a cut file still has them."""
    return {
        "version": VERSION,
        "instance": facts.instance,
        "uids": sorted(facts.uids),
        "port": facts.port,
        "pan": None if facts.pan is None else _pan_to_json(facts.pan),
        "pairing": facts.pairing,
        "meters": {mac: _profile_to_json(profile) for mac, profile in facts.profiles.items()},
    }


def facts_from_json(raw: Mapping[str, Any]) -> Facts:
    """The facts out of JSON. Raises ValueError, LookupError, TypeError or AttributeError."""
    if raw["version"] != VERSION:
        raise ValueError("another version")
    instance = str(raw["instance"])
    if not re.fullmatch(_INSTANCE_NAME, instance):
        raise ValueError("not an instance name")
    profiles = {mac: _profile_from_json(mac, entry) for mac, entry in raw["meters"].items()}
    return Facts(
        instance=instance,
        uids=frozenset(re.findall(_UID, str(raw.get("uids"))))
        | {profile.uid for profile in profiles.values()},
        port=raw["port"],
        pan=None if raw["pan"] is None else _pan_from_json(raw["pan"]),
        pairing=raw["pairing"],
        profiles=MappingProxyType(profiles),
    )


def _rescued_uids(text: str) -> frozenset[str]:
    """What is written as an id, and the ids of what can be read as a profile."""
    found = set(re.findall(_UID, text))
    try:
        meters = list(json.loads(text)["meters"].items())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        meters = []
    for mac, entry in meters:
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
            found.add(_profile_from_json(mac, entry).uid)
    return frozenset(found)


def _pan_to_json(pan: Pan) -> dict[str, Any]:
    return {"channel": pan.channel, "pan_id": pan.pan_id, "address": str(pan.address)}


def _pan_from_json(raw: Mapping[str, Any]) -> Pan:
    return Pan(int(raw["channel"]), int(raw["pan_id"]), MacAddress.parse(raw["address"]))


def _profile_to_json(profile: MeterProfile) -> dict[str, Any]:
    scale = profile.scale
    return {
        "get_map": sorted(profile.get_map),
        "set_map": sorted(profile.set_map),
        "inf_map": sorted(profile.inf_map),
        "scale": scale and [scale.coefficient, scale.exponent, scale.digits],
        "maker_code": profile.maker_code,
        "serial_number": profile.serial_number,
        "standard_version": profile.standard_version,
        "batch": profile.batch,
        "has_t_phase": profile.has_t_phase,
    }


def _profile_from_json(mac: str, raw: Mapping[str, Any]) -> MeterProfile:
    return MeterProfile(
        mac=MacAddress.parse(mac),
        get_map=frozenset(map(int, raw["get_map"])),
        set_map=frozenset(map(int, raw["set_map"])),
        inf_map=frozenset(map(int, raw["inf_map"])),
        scale=None if raw["scale"] is None else EnergyScale(*map(int, raw["scale"])),
        maker_code=raw["maker_code"],
        serial_number=raw["serial_number"],
        standard_version=raw["standard_version"],
        batch=int(raw["batch"]),
        has_t_phase=bool(raw["has_t_phase"]),
    )
