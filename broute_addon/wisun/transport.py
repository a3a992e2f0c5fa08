"""The serial port. The only file that knows pyserial and pyserial-asyncio.

Three traps of the latter are defused here. On close it calls `flush()`, which waits until the
stick has taken everything: a wedged stick would freeze the whole event loop, so the output is
thrown away first. A failed write is reported to the loop's exception handler with a traceback,
although a stick that was unplugged is an everyday event. And a read error while output is
waiting ends in two goodbyes, the second of which crashes.

Opening a serial port raises DTR, which reboots some boards. The kernel drops DTR at the last
close (HUPCL); with that switched off the line stays up, and the next opening changes nothing.
"""

import asyncio
import contextlib
import errno
import stat
import termios
from pathlib import Path

import serial
import serial_asyncio

from broute_addon.errors import TransportError
from broute_addon.messages import message
from broute_addon.wisun.ports import open_failed
from broute_addon.wisun.values import Receiver

_CLOSE_S = 1.0
_HUPCL_FIELD = 2  # c_cflag in what tcgetattr returns


async def connect_serial(path: str, baud: int, receiver: Receiver) -> "SerialTransport":
    """Opens a serial port: 8N1, no flow control, exclusively. A `Connect`.

    Raises:
        TransportError: the port is absent, forbidden, busy, no serial port, or has just gone.
    """
    port = _open(path, baud)
    transport = SerialTransport(path, receiver)
    try:
        _Port(asyncio.get_running_loop(), transport, port)
    except (OSError, termios.error) as err:  # it sets the port up once more
        port.close()
        raise TransportError(message("port_lost", port=path)) from err
    await transport.opened()
    return transport


class SerialTransport(asyncio.Protocol):
    """A `Transport` over one opened port."""

    def __init__(self, path: str, receiver: Receiver) -> None:
        self._path = path
        self._receiver = receiver
        self._port: asyncio.Transport | None = None
        self._made = asyncio.Event()
        self._gone = asyncio.Event()
        self._closing = False

    async def opened(self) -> None:
        """Waits until the port may be written to (the next turn of the loop)."""
        await self._made.wait()

    def write(self, data: bytes) -> None:
        if self._port is None or self._gone.is_set() or self._port.is_closing():
            raise TransportError(message("port_lost", port=self._path))
        self._port.write(data)

    async def close(self) -> None:
        self._closing = True
        if self._port is None or self._gone.is_set():
            return
        self._port.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the port."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._port = transport
        self._made.set()

    def data_received(self, data: bytes) -> None:
        """Called by the port."""
        if not self._closing:
            self._receiver.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the port, once."""
        self._gone.set()
        if not self._closing:
            self._receiver.lost(exc)


class _Port(serial_asyncio.SerialTransport):  # type: ignore[misc]
    """The package's transport without its traps; see the top of the file."""

    def _fatal_error(self, exc: Exception, message: str = "") -> None:  # noqa: ARG002
        self._abort(exc)

    def _close(self, exc: Exception | None = None) -> None:
        self._abort(exc)

    def _call_connection_lost(self, exc: Exception | None) -> None:
        if self._serial is None:
            return
        # A port that is gone can't be emptied any more.
        with contextlib.suppress(OSError, termios.error):
            self._serial.reset_output_buffer()
        super()._call_connection_lost(exc)


def _open(path: str, baud: int) -> serial.Serial:
    try:
        if not stat.S_ISCHR(Path(path).stat().st_mode):
            raise TransportError(message("port_not_serial", port=path))
        port = serial.Serial(path, baud, exclusive=True, timeout=0, write_timeout=0)
    except OSError as err:  # SerialException is one, sometimes without a number
        raise open_failed(path, err.errno if err.errno else errno.ENOTTY) from err
    except termios.error as err:  # the stick was pulled in the midst of it
        raise TransportError(message("port_lost", port=path)) from err
    _keep_dtr(port)
    return port


def _keep_dtr(port: serial.Serial) -> None:
    # Pseudo-terminals and some drivers have no modem lines to keep.
    with contextlib.suppress(OSError, termios.error):
        attributes = termios.tcgetattr(port.fileno())
        attributes[_HUPCL_FIELD] &= ~termios.HUPCL
        termios.tcsetattr(port.fileno(), termios.TCSANOW, attributes)
