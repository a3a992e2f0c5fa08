"""A second MQTT client, as Home Assistant is one: what was really sent, and what is retained."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.broker import MOSQUITTO, Broker

_MARK = "mark/of/an/observer"


@dataclass(frozen=True)
class Seen:
    """A message; `retained` if it lay at the broker already."""

    topic: str
    payload: str
    retained: bool


class Observer:
    """Subscribed to everything."""

    def __init__(self, broker: Broker) -> None:
        self.seen: list[Seen] = []
        self.marks = 0
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        if broker.login is not None:
            self._client.username_pw_set(broker.login.username, broker.login.password)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._soon(self._subscribed.set)
        self._client.on_message = self._message_came

    async def __aenter__(self) -> "Observer":
        self._client.connect("127.0.0.1", self._broker.port)
        self._client.loop_start()
        async with asyncio.timeout(10):
            await self._subscribed.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Says something itself, for instance Home Assistant's birth message."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def payloads(self, topic: str) -> list[str]:
        """All that came under a topic, in order."""
        return [seen.payload for seen in self.seen if seen.topic == topic]

    async def until(self, is_so: Callable[[], bool], seconds: float = 10) -> None:
        """Waits for messages until a claim holds. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    def _message_came(self, _client: paho.Client, _data: object, came: paho.MQTTMessage) -> None:
        self._soon(self._take, Seen(came.topic, came.payload.decode(), came.retain))

    def _take(self, seen: Seen) -> None:
        if seen.topic == _MARK:
            self.marks += 1
        else:
            self.seen.append(seen)
        self._news.set()

    def _soon(self, call: Callable[..., object], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)


async def retained(broker: Broker) -> dict[str, str]:
    """What a client that comes now finds at the broker."""
    async with Observer(broker) as observer:
        if not MOSQUITTO:  # amqtt sends them one by one, long after its SUBACK
            count = -1
            while len(observer.seen) > count:
                count = len(observer.seen)
                await asyncio.sleep(1.0)
        # What is retained is sent with the subscription: before anything that is said after it.
        observer.publish(_MARK, "")
        await observer.until(lambda: observer.marks > 0)
        return {seen.topic: seen.payload for seen in observer.seen if seen.retained}
