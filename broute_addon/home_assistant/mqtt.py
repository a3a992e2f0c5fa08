"""The MQTT broker, spoken to through paho-mqtt on our own event loop.

paho is made for a thread of its own. Here the loop watches the socket for it (`add_reader`,
`add_writer`, a timer for the keep-alive), and it gets a socket that is already connected,
TLS included, because its own way of connecting would block the loop. One paho client lives for
one session: what was queued for a broken connection is forgotten with it, and the publisher says
everything anew.

MQTT 3.1.1, clean session, a fixed client id. A retained message goes out with QoS 1, any other
with QoS 0. `publish` returns when the broker has acknowledged: a slow broker holds its publisher
back, nothing piles up.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from broute_addon.errors import MqttError
from broute_addon.home_assistant.broker_socket import open_socket
from broute_addon.messages import message
from broute_addon.redaction import Secret

_LOGGER = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 10.0  # CONNACK, PUBACK, SUBACK
KEEPALIVE_S = 30
_MISC_INTERVAL_S = 1.0
_QUEUE_LIMIT = 1000  # paho's own; `publish` waits, so it stays far below
_REFUSED_CREDENTIALS = (134, 135)  # CONNACK 4 and 5 as paho translates them


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and how to be let in. `ca_file` replaces the system's authorities."""

    host: str
    port: int = 1883
    username: str | None = None
    password: Secret | None = None
    tls: bool = False
    ca_file: Path | None = None


AddressSource = Callable[[], Awaitable[BrokerAddress]]
"""Asked before each connection, so that credentials are read anew after a refusal.

Raises HomeAssistantError while no broker is known."""


class Publication(NamedTuple):
    """A message that goes out. `at` is the instant of a live value: it makes an equal one news.

    `pause_s` is how long it has to stay behind the last one under its topic; unless it is `prompt`
    it then waits as long again for other news to go out with. A tuple, because each reading makes
    several.
    """

    topic: str
    payload: str
    retain: bool = True
    at: datetime | None = None
    pause_s: float = 0.0
    prompt: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """A message that came in; `retained` if it lay at the broker before we subscribed."""

    topic: str
    payload: str
    retained: bool


class BrokerSession(Protocol):
    """One connection to a broker, as the publisher sees it; `Session` is the real one."""

    async def publish(self, *publications: Publication) -> None: ...
    async def subscribe(self, *wanted: str) -> None: ...
    def check(self) -> None: ...
    async def goodbye(self, publications: Sequence[Publication] = ()) -> None: ...


class Broker(Protocol):
    """Where sessions are had from; `MqttClient` is the real one."""

    def session(
        self, on_message: Callable[[Received], None], *, on_end: Callable[[], None]
    ) -> AbstractAsyncContextManager[BrokerSession]: ...


class MqttClient:
    """Opens sessions at the broker, each under the same client id and with the same last will."""

    def __init__(self, address: AddressSource, *, client_id: str, will: Publication | None) -> None:
        self._address = address
        self._client_id = client_id
        self._will = will

    @asynccontextmanager
    async def session(
        self,
        on_message: Callable[[Received], None],
        *,
        on_end: Callable[[], None] = lambda: None,
    ) -> AsyncIterator["Session"]:
        """One connection. Raises HomeAssistantError when there is none to be had. `on_end` is
        called when it is gone; whatever is awaited from the session then raises MqttError.

        Leaving it drops the connection at once, so that the broker sends the last will, unless
        `goodbye` was said before.
        """
        address = await self._address()
        sock = await open_socket(
            address.host, address.port, tls=address.tls, ca_file=address.ca_file
        )
        session = Session(address, sock, self._new_client(sock, address), on_message, on_end)
        try:
            await session.connected()
            _LOGGER.debug("connected to %s:%s", address.host, address.port)
            yield session
        finally:
            session.drop()

    def _new_client(self, sock: socket.socket, address: BrokerAddress) -> "_Client":
        client = _Client(sock, self._client_id)
        client.max_queued_messages_set(_QUEUE_LIMIT)
        if address.username:
            password = address.password.reveal() if address.password else None
            client.username_pw_set(address.username, password)
        if self._will is not None:
            will = self._will
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        return client


class Session:
    """One connection to the broker; made by `MqttClient.session`."""

    def __init__(
        self,
        address: BrokerAddress,
        sock: socket.socket,
        client: "_Client",
        on_message: Callable[[Received], None],
        on_end: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._sock = sock
        self._client = client
        self._on_message = on_message
        self._on_end = on_end
        self._welcome: asyncio.Future[None] = self._loop.create_future()
        self._end: asyncio.Future[MqttError] = self._loop.create_future()
        self._acknowledged: dict[int, asyncio.Future[None]] = {}
        self._misc = self._loop.call_later(_MISC_INTERVAL_S, self._look_after)
        client.on_socket_register_write = self._want_write
        client.on_socket_unregister_write = self._no_write
        client.on_socket_close = self._unwatch
        client.on_connect = self._connect_answered
        client.on_disconnect = self._disconnected
        client.on_publish = self._published
        client.on_subscribe = self._subscribed
        client.on_message = self._message_came

    async def connected(self) -> None:
        """Sends CONNECT and waits to be let in. Raises MqttError."""
        self._loop.add_reader(self._sock, self._readable)
        self._client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        await self._answer(self._welcome)

    async def publish(self, *publications: Publication) -> None:
        """Sends in order, then waits until the broker has them. Raises MqttError."""
        waits = []
        for each in publications:
            qos = 1 if each.retain else 0
            sent = self._client.publish(each.topic, each.payload, qos=qos, retain=each.retain)
            if sent.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise self._lost(sent.rc)
            waits.append(self._wait_for(sent.mid))
        for wait in waits:
            await self._answer(wait)

    async def subscribe(self, *wanted: str) -> None:
        """Subscribes with QoS 1. Raises MqttError when the broker doesn't answer."""
        code, mid = self._client.subscribe([(topic, 1) for topic in wanted])
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise self._lost(code)
        await self._answer(self._wait_for(mid))

    def check(self) -> None:
        """Raises MqttError once the connection is gone."""
        if self._end.done():
            raise self._end.result()

    async def goodbye(self, publications: Sequence[Publication] = ()) -> None:
        """Says the last words and DISCONNECT: no last will is sent. Raises MqttError."""
        await self.publish(*publications)
        self._client.disconnect()
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await asyncio.shield(self._end)

    def drop(self) -> None:
        """Closes the socket as it is. Whoever still waits gets an MqttError."""
        self._misc.cancel()
        self._unwatch()
        self._client.forget()
        self._sock.close()
        self._finish("closed")

    async def _answer(self, expected: asyncio.Future[None]) -> None:
        either: set[asyncio.Future[Any]] = {expected, self._end}
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise self._error("mqtt_silent") from None
        if not expected.done():
            self.check()
        expected.result()

    def _wait_for(self, mid: int) -> asyncio.Future[None]:
        # In time: paho writes and reads only when the loop calls it, never within `publish`.
        wait = self._acknowledged[mid] = self._loop.create_future()
        return wait

    def _acknowledge(self, mid: int) -> None:
        wait = self._acknowledged.pop(mid, None)
        if wait is not None and not wait.done():
            wait.set_result(None)

    def _look_after(self) -> None:
        """Lets paho send its PINGREQ and miss its PINGRESP."""
        self._client.loop_misc()
        self._misc = self._loop.call_later(_MISC_INTERVAL_S, self._look_after)

    def _readable(self) -> None:
        """One read, and more while TLS holds bytes that no `select` will ever tell of."""
        while self._client.loop_read() is MQTTErrorCode.MQTT_ERR_SUCCESS:
            if not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
                return

    def _want_write(self, *_: object) -> None:
        self._loop.add_writer(self._sock, self._client.loop_write)

    def _no_write(self, *_: object) -> None:
        if self._sock.fileno() >= 0:
            self._loop.remove_writer(self._sock)

    def _unwatch(self, *_: object) -> None:
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)

    def _connect_answered(
        self,
        _client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if self._welcome.done():
            return
        if not reason.is_failure:
            self._welcome.set_result(None)
        elif reason.value in _REFUSED_CREDENTIALS:
            self._welcome.set_exception(self._error("mqtt_refused_credentials"))
        else:
            self._welcome.set_exception(self._error("mqtt_refused", reason=reason))

    def _disconnected(
        self,
        _client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._finish(str(reason))

    def _published(
        self, _client: paho.Client, _data: object, mid: int, _reason: object, _properties: object
    ) -> None:
        self._acknowledge(mid)

    def _subscribed(
        self, _client: paho.Client, _data: object, mid: int, _reasons: object, _properties: object
    ) -> None:
        self._acknowledge(mid)

    def _message_came(self, _client: paho.Client, _data: object, came: paho.MQTTMessage) -> None:
        text = came.payload.decode("utf-8", errors="replace")
        self._on_message(Received(came.topic, text, came.retain))

    def _finish(self, reason: str) -> None:
        if not self._end.done():
            self._end.set_result(self._error("mqtt_lost", reason=reason))
            self._on_end()

    def _lost(self, code: MQTTErrorCode) -> MqttError:
        if self._end.done():
            return self._end.result()
        return self._error("mqtt_lost", reason=paho.error_string(code))

    def _error(self, key: str, **fields: object) -> MqttError:
        return MqttError(message(key, host=self._address.host, port=self._address.port, **fields))


class _Client(paho.Client):
    """paho over a socket that is connected already."""

    def __init__(self, sock: socket.socket, client_id: str) -> None:
        self._connected_socket = sock
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )

    def _create_socket(self) -> socket.socket:
        return self._connected_socket

    def forget(self) -> None:
        """Ends all callbacks: the session they belong to is over."""
        self.on_socket_register_write = self.on_socket_unregister_write = None
        self.on_socket_close = self.on_disconnect = self.on_message = None
