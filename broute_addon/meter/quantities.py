"""What kinds of value there are, how often they are read, and how much they matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Quantity(Enum):
    """The kind of a value. Home Assistant's classes are chosen from it, one line each."""

    POWER = "power"  # W, signed: positive is bought
    CURRENT = "current"  # A, signed
    ENERGY = "energy"  # kWh (raw counts at the codec), a register that only grows
    DAY_ENERGY = "day energy"  # kWh of a day that goes on: starts anew each midnight
    PAST_ENERGY = "past energy"  # kWh of a day that is over
    ENERGY_STEP = "energy step"  # kWh for one count
    TIME = "time"  # aware datetime
    FAULT = "fault"  # bool, True is bad
    RUNNING = "running"  # bool
    LIMITED = "limited"  # bool: transmission is on hold
    SIGNAL_STRENGTH = "signal strength"  # dBm
    DURATION = "duration"  # seconds
    COUNT = "count"  # plain number
    SHARE = "share"  # percent
    TEXT = "text"  # free text
    IDENTITY = "identity"  # belongs to the device, not to an entity
    INTERNAL = "internal"  # never shown: maps, selectors, history


UNITS: Mapping[Quantity, str] = MappingProxyType(
    {
        Quantity.POWER: "W",
        Quantity.CURRENT: "A",
        Quantity.ENERGY: "kWh",
        Quantity.DAY_ENERGY: "kWh",
        Quantity.PAST_ENERGY: "kWh",
        Quantity.ENERGY_STEP: "kWh",
        Quantity.SIGNAL_STRENGTH: "dBm",
        Quantity.DURATION: "s",
        Quantity.SHARE: "%",
    }
)
"""The unit a value is shown in; the others have none."""


class Cadence(Enum):
    """When a property is read."""

    LIVE = "live"  # at every poll
    ENERGY = "energy"  # every minute
    MINUTELY = "minutely"  # soon after each of the meter's minutes
    HALF_HOURLY = "half-hourly"  # pushed by the meter after :00 and :30, else asked for
    DAILY = "daily"  # every six hours
    ONCE = "once"  # at the interview
    NEVER = "never"  # only on purpose: selectors, history


class Role(Enum):
    """Who needs the value."""

    MAIN = "main"  # everybody
    DIAGNOSTIC = "diagnostic"  # who looks after the installation
    EXPERT = "expert"  # as diagnostic, but hidden until asked for
    NONE = "none"  # no entity


@dataclass(frozen=True, slots=True)
class Term:
    """A value's name everywhere: its key in topics and snapshots, and its labels."""

    key: str
    quantity: Quantity
    en: str
    ja: str
    role: Role = Role.MAIN
