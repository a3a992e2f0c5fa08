"""A broker and Home Assistant behind it, as far as the product can tell.

The broker stands in at the seam `home_assistant.mqtt.Broker`. It keeps retained messages, sends
last wills, takes over sessions of the same client, can be down, fall silent, cut a connection and
forget what it kept. Home Assistant subscribes, follows discovery, lets values run out, and says
its birth.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from broute_addon.errors import MqttError
from broute_addon.home_assistant.mqtt import Publication, Received
from broute_addon.messages import message

HOST, PORT = "broker", 1883
ANSWER_TIMEOUT_S = 10.0
CONNECT_S = 0.05
BIRTH_TOPIC = "homeassistant/status"
_RECONNECT_S = 2.0
_BIRTH_AFTER_S = 1.0

Hook = Callable[[str, str, bool], None]
"""Topic, payload, retained."""


class BrokerStandIn:
    """The broker in the house. `hooks` see every message that it takes, in order; `up_since` is
    when it came up."""

    def __init__(self, latency_s: float) -> None:
        self.retained: dict[str, str] = {}
        self.hooks: list[Hook] = []
        self.is_up = True
        self.up_since = 0.0
        self.is_mute = False
        self.latency_s = latency_s
        self.connected_at = 0.0
        self._session: _Session | None = None

    def client(self, will: Publication) -> "BrokerClient":
        """A client of the product, with its last will."""
        return BrokerClient(self, will)

    def take(self, topic: str, payload: str, *, retain: bool) -> None:
        """A message arrives, from whomever."""
        if retain:
            self.retained[topic] = payload
        for hook in self.hooks:
            hook(topic, payload, retain)

    def down(self) -> None:
        """The broker stops: its connections break, wills stay unsaid."""
        self.is_up = False
        self.drop(with_will=False)

    def up(self) -> None:
        if not self.is_up:
            self.is_up = True
            self.up_since = asyncio.get_running_loop().time()

    def drop(self, *, with_will: bool = True) -> None:
        """The product's connection breaks."""
        session, self._session = self._session, None
        if session is not None:
            session.end()
            if with_will:
                self.take(session.will.topic, session.will.payload, retain=session.will.retain)

    def send(self, topic: str, payload: str) -> None:
        """Something that the product subscribes to."""
        if self._session is not None and self.is_up:
            self._session.on_message(Received(topic, payload, retained=False))

    def open(self, session: "_Session") -> None:
        self.drop()  # the same client id
        self._session = session
        self.connected_at = asyncio.get_running_loop().time()

    def forget(self, session: "_Session", *, politely: bool) -> None:
        if self._session is session:
            if politely:
                self._session = None
            else:
                self.drop()


class BrokerClient:
    """What the product is given in place of `MqttClient`."""

    def __init__(self, broker: BrokerStandIn, will: Publication) -> None:
        self._broker = broker
        self._will = will

    @asynccontextmanager
    async def session(
        self,
        on_message: Callable[[Received], None],
        *,
        on_end: Callable[[], None] = lambda: None,
    ) -> AsyncIterator["_Session"]:
        """One connection. Raises MqttError where there is none to be had."""
        await asyncio.sleep(CONNECT_S)
        if not self._broker.is_up:
            raise _error("mqtt_unreachable", reason="Connection refused")
        if self._broker.is_mute:
            await asyncio.sleep(ANSWER_TIMEOUT_S)
            raise _error("mqtt_silent")
        session = _Session(self._broker, self._will, on_message, on_end)
        self._broker.open(session)
        try:
            yield session
        finally:
            self._broker.forget(session, politely=session.said_goodbye)
            session.end()


class _Session:
    def __init__(
        self,
        broker: BrokerStandIn,
        will: Publication,
        on_message: Callable[[Received], None],
        on_end: Callable[[], None],
    ) -> None:
        self.will = will
        self.on_message = on_message
        self.said_goodbye = False
        self._broker = broker
        self._on_end = on_end
        self._is_over = False

    async def publish(self, *publications: Publication) -> None:
        if not publications:
            return
        self.check()
        if self._broker.is_mute:
            await asyncio.sleep(ANSWER_TIMEOUT_S)
            raise _error("mqtt_silent")
        for each in publications:
            self._broker.take(each.topic, each.payload, retain=each.retain)
        if self._broker.latency_s:
            await asyncio.sleep(self._broker.latency_s)
            self.check()

    async def subscribe(self, *wanted: str) -> None:  # noqa: ARG002 - all is sent
        self.check()
        await asyncio.sleep(self._broker.latency_s)

    def check(self) -> None:
        if self._is_over:
            raise _error("mqtt_lost", reason="connection reset")

    async def goodbye(self, publications: Sequence[Publication] = ()) -> None:
        await self.publish(*publications)
        self.said_goodbye = True

    def end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_end()


def _error(key: str, **fields: object) -> MqttError:
    return MqttError(message(key, host=HOST, port=PORT, **fields))


@dataclass(slots=True)
class Entity:
    """What discovery told of one value."""

    unique_id: str
    expire_after: float | None
    availability: tuple[str, ...]


@dataclass(slots=True)
class HomeAssistantStandIn:
    """What Home Assistant would show. `on_value` learns of each value that an entity takes."""

    broker: BrokerStandIn
    on_value: Callable[[str, str, float], None] = lambda *_: None
    is_up: bool = True
    entities: dict[str, Entity] = field(default_factory=dict)
    values: dict[str, tuple[str, float]] = field(default_factory=dict)
    born_at: float = 0.0
    lifetimes: dict[str, float] = field(default_factory=dict)
    _configs: dict[str, str] = field(default_factory=dict)
    _watched: set[str] = field(default_factory=set)

    def heard(self, topic: str, payload: str, _retain: bool = False) -> None:
        """A message that the broker took."""
        if not self.is_up:
            return
        if topic in self._watched:
            now = asyncio.get_running_loop().time()
            self.values[topic] = (payload, now)
            self.on_value(topic, payload, now)
        elif topic.startswith("homeassistant/device/"):
            self._discovered(topic, payload)

    def shown(self, topic: str, now: float) -> str | None:
        """An entity's state as the household sees it; None: unavailable or nothing known."""
        entity, value = self.entities.get(topic), self.values.get(topic)
        if entity is None or value is None or not self.is_available(topic):
            return None
        if entity.expire_after is not None and now - value[1] > entity.expire_after:
            return None
        return value[0]

    def is_available(self, topic: str) -> bool:
        """Availability in mode `all`, and nothing without a broker."""
        entity = self.entities.get(topic)
        if entity is None or not (self.is_up and self.broker.is_up):
            return False
        return all(self.values.get(each, ("", 0.0))[0] == "online" for each in entity.availability)

    def stop(self) -> None:
        """Home Assistant shuts down; it forgets states, not the broker's retained messages."""
        self.is_up = False
        self.values.clear()
        self.entities.clear()
        self._configs.clear()
        self._watched.clear()

    def start(self) -> None:
        """It comes up, reads what is retained and says that it was born."""
        self.is_up = True
        for topic, payload in list(self.broker.retained.items()):
            if topic.startswith("homeassistant/device/"):
                self._discovered(topic, payload)
        asyncio.get_running_loop().call_later(_BIRTH_AFTER_S, self._say_birth)

    def broker_is_back(self) -> None:
        """After an outage of the broker Home Assistant connects and says its birth again."""
        asyncio.get_running_loop().call_later(_RECONNECT_S, self._reconnect)

    def _reconnect(self) -> None:
        if self.broker.is_up:  # else the power is gone again
            self.start()

    def _say_birth(self) -> None:
        if self.is_up and self.broker.is_up and not self.broker.is_mute:
            self.born_at = asyncio.get_running_loop().time()
            self.broker.send(BIRTH_TOPIC, "online")

    def _discovered(self, topic: str, payload: str) -> None:
        if self._configs.get(topic) == payload or not payload:
            return
        self._configs[topic] = payload
        document = json.loads(payload)
        availability = tuple(each["topic"] for each in document["availability"])
        for component in document["components"].values():
            self._add(component, availability)

    def _add(self, component: dict[str, Any], availability: tuple[str, ...]) -> None:
        topic = component.get("state_topic")
        if topic is None:
            return
        self.entities[topic] = Entity(
            component["unique_id"], component.get("expire_after"), availability
        )
        if component.get("expire_after"):
            self.lifetimes[topic] = component["expire_after"]
        now = asyncio.get_running_loop().time()
        for each in (topic, *availability):
            if each not in self._watched:
                self._watched.add(each)
                if each in self.broker.retained:
                    self.values[each] = (self.broker.retained[each], now)
