"""A pseudo-terminal as a USB stick (test-rigs.md F).

The port keeps the slave open itself, so that a host may come and go; a pty doesn't pace bytes
and has no modem lines. Unplugging closes the master: the host's end reports it at once.
"""

import asyncio
import contextlib
import os
import termios
import tty
from pathlib import Path

from broute_addon.simulator.port import Delivery, Port

_READ_SIZE = 4096

_SPEEDS = {
    getattr(termios, f"B{baud}"): baud for baud in (2400, 4800, 9600, 19200, 38400, 57600, 115200)
}


class PtyPort(Port):
    """A pty, optionally under the name of a symbolic link that comes and goes with the stick."""

    def __init__(
        self, link: Path | None = None, delivery: Delivery = Delivery.WHOLE, seed: int = 0
    ) -> None:
        super().__init__(delivery, seed)
        self._link = link
        self._master = self._slave = -1
        self._device = ""
        self._mend()

    @property
    def path(self) -> str:
        """What a host opens."""
        return str(self._link) if self._link else self._device

    def host_baud(self) -> int | None:
        return _SPEEDS.get(termios.tcgetattr(self._master)[4]) if self.is_plugged else None

    def _write(self, data: bytes) -> None:
        """As a driver does, drop what a host that doesn't read has no room for."""
        if self.is_plugged:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _READ_SIZE)
        except OSError:  # the host closed in the middle of a write
            return
        if data:
            self.on_input(data)

    def _mend(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        _set_speed(self._slave)
        os.set_blocking(self._master, False)
        self._device = os.ttyname(self._slave)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        if self._link is not None:
            self._remove_link()
            self._link.symlink_to(self._device)

    def _break(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        self._remove_link()
        os.close(self._slave)
        os.close(self._master)

    def _remove_link(self) -> None:
        if self._link is not None and self._link.is_symlink():
            self._link.unlink()


def _set_speed(descriptor: int) -> None:
    """A host that sets no speed speaks at the factory's, not at a terminal's 38400."""
    attributes = termios.tcgetattr(descriptor)
    attributes[4] = attributes[5] = termios.B115200
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
