"""The second MQTT client: learns entities from discovery and prints each value that arrives."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broute_addon.errors import HomeAssistantError
from broute_addon.home_assistant import topics
from broute_addon.home_assistant.mqtt import AddressSource, MqttClient, Received

_LOGGER = logging.getLogger(__name__)

RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Entity:
    """What discovery told of an entity that has a state."""

    name: str
    unit: str


def entities(payload: str) -> Mapping[str, Entity]:
    """State topic → entity, of a device discovery payload; empty for anything else.

    Entities that are disabled by default are left out, as Home Assistant does.
    """
    try:
        components: Mapping[str, Mapping[str, Any]] = json.loads(payload)["components"]
    except (ValueError, KeyError, TypeError):
        return {}
    return {
        entity["state_topic"]: Entity(entity["name"], entity.get("unit_of_measurement", ""))
        for entity in components.values()
        if "state_topic" in entity and entity.get("enabled_by_default", True)
    }


def line(at: datetime, entity: Entity, value: str) -> str:
    """`12:00:05 Power 523 W`."""
    return " ".join(filter(None, (f"{at:%H:%M:%S}", entity.name, value, entity.unit)))


class Watcher:
    """Prints what Home Assistant would see of one installation.

    `devices` gives the ids that are this installation's at the moment: at a broker that others use
    too, theirs don't count. `has_power` once a power value has come.
    """

    def __init__(
        self,
        address: AddressSource,
        show: Callable[[str], None],
        devices: Callable[[], Iterable[str]],
        client_id: str,
    ) -> None:
        self.has_power = False
        self._mqtt = MqttClient(address, client_id=client_id, will=None)
        self._show = show
        self._devices = devices
        self._entities: dict[str, Entity] = {}

    async def run(self) -> None:
        """Watches until cancelled, through any failure of the broker."""
        while True:
            lost = asyncio.Event()
            try:
                async with self._mqtt.session(self._came, on_end=lost.set) as session:
                    await session.subscribe("homeassistant/device/+/config", "broute/#")
                    await lost.wait()
            except HomeAssistantError as error:
                _LOGGER.debug("watcher: %s", error)
                await asyncio.sleep(RETRY_S)

    def _came(self, message: Received) -> None:
        if message.topic in map(topics.config, self._devices()):
            self._entities |= entities(message.payload)
        elif (entity := self._entities.get(message.topic)) is not None:
            self.has_power |= entity.unit == "W" and message.payload.lstrip("-").isdecimal()
            self._show(line(datetime.now().astimezone(), entity, message.payload))
