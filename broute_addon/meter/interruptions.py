"""What breaks into the engine's waiting: a person's command, or a fault from below."""

import asyncio
from enum import Enum

from broute_addon.errors import BRouteError


class Command(Enum):
    """What a person can ask of the engine."""

    READ_NOW = "read-now"
    RECONNECT = "reconnect"
    RESCAN = "rescan"
    REOPEN = "reopen"
    READ_HISTORY = "read-history"


class Interruptions:
    """The commands and the newest fault that nobody has dealt with yet."""

    def __init__(self) -> None:
        self.fault: BRouteError | None = None
        self._commands: list[Command] = []
        self._wake = asyncio.Event()

    def submit(self, command: Command) -> None:
        """A person's command; the same one twice is one."""
        if command not in self._commands:
            self._commands.append(command)
        self._wake.set()

    def broke(self, fault: BRouteError) -> None:
        """Something below broke."""
        self.fault = fault
        self._wake.set()

    def take_command(self) -> Command | None:
        """The oldest command, which is dealt with now."""
        return self._commands.pop(0) if self._commands else None

    def has_been_done(self, *commands: Command) -> None:
        """These need nothing more."""
        self._commands = [each for each in self._commands if each not in commands]

    async def wait(self, seconds: float) -> None:
        """Waits until the time is over or something new happens."""
        self._wake.clear()
        loop, wake = asyncio.get_running_loop(), self._wake.set
        alarm = loop.call_later(seconds, wake) if seconds > 0 else loop.call_soon(wake)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    async def pause(self, seconds: float) -> Command | None:
        """Waits until the time is over or there is a command, which it gives, or a fault, which
        it raises."""
        if self.fault is None and not self._commands:
            await self.wait(seconds)
        if self.fault is not None:
            raise self.fault
        return self.take_command()
