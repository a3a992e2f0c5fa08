"""Where a stick is plugged in: what every port has in common, and the port in memory.

A port carries bytes both ways, can be unplugged and plugged in again, and can be mean: hand over
one byte at a time, or cut the stream anywhere. `MemoryPort.connect` is what a test gives to the
product in place of its serial transport.
"""

import asyncio
import errno
import random
from collections.abc import Callable
from enum import Enum
from typing import Protocol


class Delivery(Enum):
    """How the stick's output reaches the host."""

    WHOLE = "whole"
    BYTES = "bytes"
    RANDOM = "random"


class Receiver(Protocol):
    """The host's side of an open port."""

    def received(self, data: bytes) -> None: ...
    def lost(self, error: Exception | None) -> None: ...


class Port:
    """Base of all ports.

    The stick sets `on_input`, and `on_power` to learn of being plugged in. `delivery` may be
    changed at any time.
    """

    def __init__(self, delivery: Delivery = Delivery.WHOLE, seed: int = 0) -> None:
        self.delivery = delivery
        self.on_input: Callable[[bytes], None] = lambda _: None
        self.on_power: Callable[[], None] = lambda: None
        self._rng = random.Random(f"port {seed}")  # noqa: S311 - a simulation
        self.is_plugged = True

    def send(self, data: bytes) -> None:
        """Bytes from the stick; dropped when nobody can take them."""
        for chunk in self._cut(data):
            self._write(chunk)

    def unplug(self) -> None:
        """Pull the stick: the host's side breaks at once."""
        if self.is_plugged:
            self.is_plugged = False
            self._break()

    def replug(self) -> None:
        """Plug the stick in again, under the same name."""
        if not self.is_plugged:
            self.is_plugged = True
            self._mend()
            self.on_power()

    def close(self) -> None:
        """End of the simulation."""
        self.unplug()

    def host_baud(self) -> int | None:
        """The speed the host opened the port with, where that can be known."""
        return None

    def _cut(self, data: bytes) -> list[bytes]:
        if self.delivery is Delivery.BYTES:
            return [data[i : i + 1] for i in range(len(data))]
        if self.delivery is Delivery.WHOLE:
            return [data]
        pieces, at = [], 0
        while at < len(data):
            size = self._rng.choice((1, 2, 3, 7, 16, 61, 64, 255))
            pieces.append(data[at : at + size])
            at += size
        return pieces

    def _write(self, data: bytes) -> None:
        raise NotImplementedError

    def _break(self) -> None:
        raise NotImplementedError

    def _mend(self) -> None:
        raise NotImplementedError


class MemoryTransport:
    """The host's open end of a `MemoryPort`."""

    def __init__(self, port: "MemoryPort", receiver: Receiver) -> None:
        self._port = port
        self.receiver = receiver

    def write(self, data: bytes) -> None:
        """Bytes to the stick. Writing to a port that is gone does nothing, as with a real one."""
        self._port.from_host(self, data)

    async def close(self) -> None:
        self._port.released(self)


class MemoryPort(Port):
    """A port without an operating system."""

    def __init__(self, delivery: Delivery = Delivery.WHOLE, seed: int = 0) -> None:
        super().__init__(delivery, seed)
        self._open: MemoryTransport | None = None
        self._baud: int | None = None
        self.opened = 0

    async def connect(self, port: str, baud: int, receiver: Receiver) -> MemoryTransport:
        """Open the port as a host does.

        Raises:
            OSError: ENOENT while unplugged, EBUSY while somebody else has it open.
        """
        if not self.is_plugged:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", port)
        if self._open is not None:
            raise OSError(errno.EBUSY, "Device or resource busy", port)
        self._baud, self.opened = baud, self.opened + 1
        self._open = MemoryTransport(self, receiver)
        return self._open

    def host_baud(self) -> int | None:
        return self._baud

    def from_host(self, transport: MemoryTransport, data: bytes) -> None:
        if self._open is transport:
            asyncio.get_running_loop().call_soon(self._arrive, data)

    def released(self, transport: MemoryTransport) -> None:
        if self._open is transport:
            self._open = None

    def _arrive(self, data: bytes) -> None:
        if self.is_plugged:
            self.on_input(data)

    def _write(self, data: bytes) -> None:
        transport = self._open
        if transport is not None:
            asyncio.get_running_loop().call_soon(self._hand_over, transport, data)

    def _hand_over(self, transport: MemoryTransport, data: bytes) -> None:
        if self._open is transport:
            transport.receiver.received(data)

    def _break(self) -> None:
        transport, self._open = self._open, None
        if transport is not None:
            gone = OSError(errno.EIO, "Input/output error")
            asyncio.get_running_loop().call_soon(transport.receiver.lost, gone)

    def _mend(self) -> None:
        """Nothing to make: `connect` works again."""
