"""Small durable facts in `state.json` under the data folder: written atomically, versioned.

Lost or damaged, it costs a scan and an interview, nothing else: a file that can't be read, or
that another version wrote, is set aside and begun anew. Writes happen only when a fact changes.
"""

import json
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broute_addon.messages import message
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.readings import DongleIdentified, MeterIdentified, PanJoined, Update
from broute_addon.wisun.values import DongleIdentity, MacAddress, Pan

_LOGGER = logging.getLogger(__name__)

VERSION = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What outlives the process.

    `instance` is this installation's random name (8 hex digits). `port` is the stick's last good
    path. `pan` belongs to `pairing` (a hash of the pairing ID, so that other credentials never
    use it). `profiles` are the meters known, by MAC.
    """

    instance: str
    port: str | None = None
    pan: Pan | None = None
    pairing: str | None = None
    profiles: Mapping[str, MeterProfile] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def meter_uids(self) -> tuple[str, ...]:
        """The uid of every meter ever read here."""
        return tuple(sorted({profile.uid for profile in self.profiles.values()}))

    def with_profile(self, profile: MeterProfile) -> "Facts":
        """The facts with a meter's newest profile."""
        known = {**self.profiles, str(profile.mac): profile}
        return replace(self, profiles=MappingProxyType(known))


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


class Storage:
    """Owns `state.json`. A folder that can't be written is one warning, never an end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.json"
        self._complained = False
        self.facts = self._read() or Facts(instance=secrets.token_hex(4))
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
        """Makes the facts durable, if they changed."""
        if facts != self.facts:
            self.facts = facts
            self._save()

    def _read(self) -> Facts | None:
        try:
            return facts_from_json(json.loads(self._path.read_text("utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = type(error).__name__
            _LOGGER.warning("%s", message("state_damaged", path=self._path, reason=reason))
            self._set_aside()
            return None

    def _set_aside(self) -> None:
        try:
            self._path.replace(self._path.with_suffix(".damaged"))
        except OSError:
            _LOGGER.debug("%s could not be set aside", self._path)

    def _save(self) -> None:
        temporary = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(facts_to_json(self.facts), file, indent=1, sort_keys=True)
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
    """The facts as JSON values."""
    return {
        "version": VERSION,
        "instance": facts.instance,
        "port": facts.port,
        "pan": None if facts.pan is None else _pan_to_json(facts.pan),
        "pairing": facts.pairing,
        "meters": {mac: _profile_to_json(profile) for mac, profile in facts.profiles.items()},
    }


def facts_from_json(raw: Mapping[str, Any]) -> Facts:
    """The facts out of JSON. Raises ValueError, KeyError, TypeError or AttributeError."""
    if raw["version"] != VERSION:
        raise ValueError("another version")
    instance = str(raw["instance"])
    if len(instance) != 8 or set(instance) - set("0123456789abcdef"):
        raise ValueError("not an instance name")
    profiles = {mac: _profile_from_json(mac, entry) for mac, entry in raw["meters"].items()}
    return Facts(
        instance=instance,
        port=raw["port"],
        pan=None if raw["pan"] is None else _pan_from_json(raw["pan"]),
        pairing=raw["pairing"],
        profiles=MappingProxyType(profiles),
    )


def _pan_to_json(pan: Pan) -> dict[str, Any]:
    return {"channel": pan.channel, "pan_id": pan.pan_id, "address": str(pan.address)}


def _pan_from_json(raw: Mapping[str, Any]) -> Pan:
    pan = Pan(int(raw["channel"]), int(raw["pan_id"]), MacAddress.parse(raw["address"]))
    if not (33 <= pan.channel <= 60 and 0 <= pan.pan_id <= 0xFFFF):
        raise ValueError("not a PAN")
    return pan


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
