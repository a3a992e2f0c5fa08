"""An open port as the rest of this layer sees it: bytes go out, bytes come to one listener.

The listener changes (first the probe, then the dongle); bytes that nobody listens to are kept,
within bounds, for the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from broute_addon.errors import TransportError
from broute_addon.messages import message
from broute_addon.wisun.ports import open_failed
from broute_addon.wisun.values import Connect, Transport

_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Listener:
    """Both are called from the event loop and return at once."""

    received: Callable[[bytes], None]
    lost: Callable[[], None]


class Line:
    """One opening of a port; a `Receiver` for its transport. `error` tells once it is gone."""

    def __init__(self, port: str, baud: int) -> None:
        self.port = port
        self.baud = baud
        self.error: TransportError | None = None
        self._transport: Transport | None = None
        self._listener: Listener | None = None
        self._kept = bytearray()

    @classmethod
    async def open(cls, connect: Connect, port: str, baud: int) -> "Line":
        """Raises TransportError."""
        line = cls(port, baud)
        try:
            line._transport = await connect(port, baud, line)
        except OSError as err:
            raise open_failed(port, err.errno) from err
        return line

    def listen(self, listener: Listener) -> None:
        """Gives what comes to `listener` from now on, beginning with what was kept."""
        self._listener = listener
        kept, self._kept = bytes(self._kept), bytearray()
        if kept:
            listener.received(kept)
        if self.error:
            listener.lost()

    def write(self, data: bytes) -> None:
        """Raises TransportError once the port is gone."""
        self.check()
        if self._transport is not None:
            self._transport.write(data)

    def check(self) -> None:
        """Raises TransportError once the port is gone."""
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        """Gives the port back; nothing is heard any more. May be called twice."""
        transport, self._transport = self._transport, None
        self._listener = None
        if self.error is None:
            self.error = TransportError(message("port_closed", port=self.port))
        if transport is not None:
            await transport.close()

    def received(self, data: bytes) -> None:
        """Called by the transport."""
        if self._listener is not None:
            self._listener.received(data)
        else:
            self._kept += data[-_KEPT:]
            del self._kept[:-_KEPT]

    def lost(self, error: Exception | None) -> None:
        """Called by the transport. The first cause stays."""
        if self.error is None:
            self.error = TransportError(message("port_lost", port=self.port))
            self.error.__cause__ = error
            if self._listener is not None:
                self._listener.lost()
