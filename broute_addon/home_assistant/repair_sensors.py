"""The energy sensors whose statistics are mended, as Core has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.statistics_calls import Metadata, metadata_of
from broute_addon.home_assistant.websocket import CoreCalls
from broute_addon.messages import message
from broute_addon.meter.half_hours import Direction

_FACTORS: Mapping[str, Decimal] = {
    "kWh": Decimal(1),
    "mWh": Decimal(1000000),
    "Wh": Decimal(1000),
    "MWh": Decimal("0.001"),
    "GWh": Decimal("0.000001"),
    "kJ": Decimal(3600),
    "MJ": Decimal("3.6"),
    "GJ": Decimal("0.0036"),
}


@dataclass(frozen=True, slots=True)
class Sensor:
    """An energy sensor's statistic: of which register, and as Core keeps it."""

    uid: str
    direction: Direction
    entity_id: str
    metadata: Metadata

    @property
    def is_mendable(self) -> bool:
        """Its statistic is a sum that Core compiles, in a unit that we know."""
        kept = self.metadata
        return kept.source == "recorder" and kept.has_sum and kept.unit in _FACTORS

    @property
    def factor(self) -> Decimal:
        """How many of its unit are in a kWh. Only of one that is mendable."""
        return _FACTORS[self.metadata.unit or ""]

    def sent(self) -> Mapping[str, object]:
        """The metadata for an import: as Core has them."""
        return {
            "statistic_id": self.entity_id,
            "source": self.metadata.source,
            "name": self.metadata.name,
            "has_sum": self.metadata.has_sum,
            "mean_type": 0,
            "unit_class": self.metadata.unit_class,
            "unit_of_measurement": self.metadata.unit,
        }


async def sensors_of(core: CoreCalls, uid: str) -> list[Sensor]:
    """The meter's energy sensors that have statistics. Raises CoreError."""
    wanted = {f"{uid}_energy_{direction.value}": direction for direction in Direction}
    found: list[Sensor] = []
    try:
        for entry in await core.call("config/entity_registry/list"):
            direction = wanted.get(str(entry["unique_id"]))
            if direction is None or entry["platform"] != "mqtt":
                continue
            entity_id = str(entry["entity_id"])
            if (kept := await metadata_of(core, entity_id)) is not None:
                found.append(Sensor(uid, direction, entity_id, kept))
    except (KeyError, TypeError):
        raise CoreError(message("core_junk", status="websocket")) from None
    return found
