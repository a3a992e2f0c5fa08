"""What the product's log tells, and that no secret of the house is in it or anywhere else."""

import asyncio
import logging
import re
from collections.abc import Callable

from broute_addon.messages import Message
from broute_addon.simulator import PASSWORD, ROUTE_B_ID

_SECRET = re.compile(
    "|".join((ROUTE_B_ID, PASSWORD, ROUTE_B_ID.encode().hex(), PASSWORD.encode().hex()))
)


def has_secret(text: str) -> bool:
    """Whether one of the house's credentials is in it, plainly or in hex."""
    return _SECRET.search(text) is not None


class LogWatch(logging.Handler):
    """Reads the product's log: no secret, one warning for a streak, one relief."""

    _ALL_FOR_S = 600.0
    _RECOVERY = "broute_addon.meter.recovery"

    def __init__(self, broke: Callable[[str, str], None]) -> None:
        super().__init__()
        self._broke = broke
        self._told: set[str] = set()
        self._logger = logging.getLogger("broute_addon")
        self._before = (self._logger.level, self._logger.propagate)
        self._logger.addHandler(self)
        self._logger.propagate = False
        self._quiet: asyncio.TimerHandle | None = None

    @property
    def is_streak_open(self) -> bool:
        return bool(self._told)

    def process_started(self) -> None:
        """For a while everything is read; then only what a household sees."""
        self._told.clear()
        self._logger.setLevel(logging.DEBUG)
        if self._quiet is not None:
            self._quiet.cancel()
        loop = asyncio.get_running_loop()
        self._quiet = loop.call_later(self._ALL_FOR_S, self._logger.setLevel, logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if has_secret(text):
            self._broke("no secret gets out", f"in the log of {record.name}")
        told = record.args[0] if isinstance(record.args, tuple) and record.args else None
        if not isinstance(told, Message):
            return
        if record.name == self._RECOVERY and record.levelno >= logging.WARNING:
            if told.key in self._told:
                self._broke("one warning, one relief", f"twice: {text}")
            self._told.add(told.key)
        elif told.key == "recovered":
            self._told.clear()

    def close(self) -> None:
        level, self._logger.propagate = self._before
        self._logger.setLevel(level)
        self._logger.removeHandler(self)
        if self._quiet is not None:
            self._quiet.cancel()
        super().close()
