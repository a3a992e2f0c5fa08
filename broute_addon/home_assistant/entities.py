"""What Home Assistant calls each kind of value, and how a value is written for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

from broute_addon.meter.quantities import Quantity
from broute_addon.meter.readings import Shown

UNKNOWN = "None"
"""The payload that Home Assistant's MQTT sensors and binary sensors show as "unknown"."""


class Platform(Enum):
    """Home Assistant's entity platforms in use here; the value is also the entity id's domain."""

    SENSOR = "sensor"
    BINARY_SENSOR = "binary_sensor"
    BUTTON = "button"


@dataclass(frozen=True, slots=True)
class EntityClass:
    """How Home Assistant shows a quantity; its unit is that of `quantities.UNITS`.

    `precision` is the number of decimals shown; None leaves it to Home Assistant. A `live` value
    is published at every reading, not retained, and runs out by `expire_after`.
    """

    platform: Platform
    device_class: str | None = None
    state_class: str | None = None
    precision: int | None = None
    live: bool = False


_SENSOR = Platform.SENSOR
_BINARY = Platform.BINARY_SENSOR

ENTITY_CLASSES: Mapping[Quantity, EntityClass | None] = MappingProxyType(
    {
        Quantity.POWER: EntityClass(_SENSOR, "power", "measurement", 0, live=True),
        Quantity.CURRENT: EntityClass(_SENSOR, "current", "measurement", 1, live=True),
        Quantity.ENERGY: EntityClass(_SENSOR, "energy", "total_increasing"),
        Quantity.DAY_ENERGY: EntityClass(_SENSOR, "energy", "total_increasing"),
        Quantity.PAST_ENERGY: EntityClass(_SENSOR, "energy"),
        # No device class: "energy" would offer the size of a count to the Energy dashboard.
        Quantity.ENERGY_STEP: EntityClass(_SENSOR),
        Quantity.TIME: EntityClass(_SENSOR, "timestamp"),
        Quantity.FAULT: EntityClass(_BINARY, "problem"),
        Quantity.RUNNING: EntityClass(_BINARY, "running"),
        Quantity.LIMITED: EntityClass(_BINARY),
        Quantity.SIGNAL_STRENGTH: EntityClass(
            _SENSOR, "signal_strength", "measurement", precision=0
        ),
        Quantity.DURATION: EntityClass(_SENSOR, "duration", "measurement", precision=2),
        Quantity.COUNT: EntityClass(_SENSOR),
        Quantity.SHARE: EntityClass(_SENSOR, state_class="measurement", precision=1),
        Quantity.TEXT: EntityClass(_SENSOR),
        Quantity.IDENTITY: None,
        Quantity.INTERNAL: None,
    }
)
"""Every quantity; None where there is no entity."""

_STATE_LENGTH = 255  # the longest state that Home Assistant takes


def payload(value: Shown) -> str:
    """A value as Home Assistant reads it: no exponent, ON/OFF, ISO 8601 with offset."""
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "ON" if value else "OFF"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(timespec="seconds")
        case _:
            return str(value)[:_STATE_LENGTH]


def decimals(step: Decimal) -> int:
    """Decimals needed to show multiples of `step`: 1 for 0.1, 0 for 10."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
