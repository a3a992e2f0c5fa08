"""Takes back what this installation left at the broker: before the app is uninstalled.

Only topics of our own ids are touched: below `broute/<instance>` and `broute/<uid>` of meters
read here, and the discovery of these devices. A meter whose retained discovery says that another
installation is its parent now belongs to that one: it keeps everything.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping

from broute_addon.home_assistant import topics
from broute_addon.home_assistant.mqtt import MqttClient, Publication, Received

QUIET_S = 0.5  # retained messages follow their subscription at once; this long without one = all


async def forget(mqtt: MqttClient, instance: str, meter_uids: Iterable[str]) -> int:
    """Clears our retained messages; gives their number. Raises HomeAssistantError.

    `mqtt` is made without a last will, and under a client id of its own.
    """
    collected = _Collected()
    async with mqtt.session(collected.take) as session:
        us = topics.device_id(instance)
        devices = {us: instance} | {uid: uid for uid in meter_uids}
        await session.subscribe(*map(topics.config, devices))
        await collected.until_quiet()
        ours = {
            device: owner
            for device, owner in devices.items()
            if _parent(collected.retained.get(topics.config(device))) in (None, us)
        }
        await session.subscribe(*(topics.state(owner, "#") for owner in ours.values()))
        await collected.until_quiet()
        mine = sorted((t for t in collected.retained if _is_of(t, ours)), key=_discovery_first)
        await session.publish(*(Publication(topic, "") for topic in mine))
        await session.goodbye()
    return len(mine)


class _Collected:
    """The retained messages that came."""

    def __init__(self) -> None:
        self.retained: dict[str, str] = {}
        self._came = asyncio.Event()

    def take(self, came: Received) -> None:
        if came.retained and came.payload:
            self.retained[came.topic] = came.payload
            self._came.set()

    async def until_quiet(self) -> None:
        while True:
            self._came.clear()
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._came.wait()
            except TimeoutError:
                return


def _parent(config: str | None) -> str | None:
    """The `via_device` in a discovery payload, if it can be told."""
    try:
        parent = json.loads(config or "{}")["device"]["via_device"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(parent)


def _is_of(topic: str, owners: Mapping[str, str]) -> bool:
    """Whether a topic belongs to one of these devices. Asked although only such topics were
    subscribed to: a broker was seen (amqtt 0.12) that sends others as well."""
    return any(
        topic == topics.config(device) or topic.startswith(topics.state(owner, ""))
        for device, owner in owners.items()
    )


def _discovery_first(topic: str) -> tuple[bool, str]:
    """Entities go as one, not by way of "unavailable"."""
    return not topic.endswith("/config"), topic
