"""A pseudo-terminal as a USB stick (test-rigs.md F).

A pty doesn't pace bytes and has no modem lines. Unplugging closes the master: the host's end
reports it at once. As with a real serial device, what the stick prints while no host has the
port open is lost: the master then reads EIO, and the port looks now and then whether somebody
opened it again.
"""

import asyncio
import contextlib
import os
import select
import termios
import tty
from pathlib import Path

from broute_addon.simulator.port import Delivery, Port

_READ_SIZE = 4096
_LOOK_S = 0.02

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
        self._loop = asyncio.get_running_loop()
        self._master = -1
        self._device = ""
        self._has_host = False
        self._look_again: asyncio.TimerHandle | None = None
        self._mend()

    @property
    def path(self) -> str:
        """What a host opens."""
        return str(self._link) if self._link else self._device

    def host_baud(self) -> int | None:
        return _SPEEDS.get(termios.tcgetattr(self._master)[4]) if self.is_plugged else None

    def _write(self, data: bytes) -> None:
        """As a driver does, drop what a host that doesn't read has no room for."""
        if self.is_plugged and self._has_host:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _READ_SIZE)
        except OSError:  # EIO: the last host closed the port
            self._host_left()
        else:
            self.on_input(data)

    def _host_left(self) -> None:
        self._loop.remove_reader(self._master)
        self._has_host = False
        _forget_unread(self._device)
        self._look()

    def _look(self) -> None:
        """A pty tells of a host's coming by no longer reporting a hang-up."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        if any(state & select.POLLHUP for _, state in poll.poll(0)):
            self._look_again = self._loop.call_later(_LOOK_S, self._look)
        else:
            self._has_host = True
            self._loop.add_reader(self._master, self._readable)

    def _mend(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        _set_speed(slave)
        os.set_blocking(self._master, False)
        self._device = os.ttyname(slave)
        os.close(slave)
        self._look()
        if self._link is not None:
            self._remove_link()
            self._link.symlink_to(self._device)

    def _break(self) -> None:
        if self._has_host:
            self._loop.remove_reader(self._master)
            self._has_host = False
        elif self._look_again is not None:
            self._look_again.cancel()
        self._remove_link()
        os.close(self._master)

    def _remove_link(self) -> None:
        if self._link is not None and self._link.is_symlink():
            self._link.unlink()


def _set_speed(descriptor: int) -> None:
    """A host that sets no speed speaks at the factory's, not at a terminal's 38400."""
    attributes = termios.tcgetattr(descriptor)
    attributes[4] = attributes[5] = termios.B115200
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


def _forget_unread(device: str) -> None:
    """Drop what the host that closed the port had not read."""
    slave = os.open(device, os.O_RDWR | os.O_NOCTTY)
    termios.tcflush(slave, termios.TCIFLUSH)
    os.close(slave)
