"""Failures in a row: how they are told, and how long to wait before the next attempt."""

import logging
import random
from collections.abc import Iterator

from broute_addon.errors import BRouteError
from broute_addon.messages import Message


class Streak:
    """One warning for each kind of failure, then silence, then one relief."""

    def __init__(self, logger: logging.Logger, relief: Message) -> None:
        self._logger = logger
        self._relief = relief
        self._told: set[str] = set()
        self._waits = waits()

    def failed(self, error: BRouteError) -> float:
        """Takes note of a failure; gives the seconds to wait before the next attempt."""
        key = error.message.key
        level = logging.DEBUG if key in self._told else logging.WARNING
        self._logger.log(level, "%s", error.message)
        self._told.add(key)
        return next(self._waits)

    def recovered(self) -> None:
        """It works (again)."""
        if self._told:
            self._logger.info("%s", self._relief)
        self._told.clear()
        self._waits = waits()


def waits(first_s: float = 1.0, longest_s: float = 60.0) -> Iterator[float]:
    """Seconds between attempts: doubling, capped, each shortened by up to a third at random so
    that several clients don't come back in step."""
    wait = first_s
    while True:
        yield wait * random.uniform(0.67, 1.0)  # noqa: S311 - not for cryptography
        wait = min(2 * wait, longest_s)
