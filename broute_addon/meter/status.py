"""What the engine says of itself: where it is, what is wrong, how often it asks. Nothing twice."""

import logging
from collections.abc import Callable

from broute_addon.messages import Message
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    PollIntervalChanged,
    Update,
)

_LOGGER = logging.getLogger(__name__)

_TASKS = frozenset({"credentials_refused", "meter_not_found", "meter_too_far"})
"""Problems that only the household can mend: an error in the log, once."""

_INTERRUPTIONS = (Connection.RENEWING, Connection.ON_HOLD)
_READ = (Connection.READING, Connection.RENEWING)


class Status:
    """Owned by the engine; what it tells goes up by `emit`."""

    def __init__(self, emit: Callable[[Update], None]) -> None:
        self._emit = emit
        self._connection = Connection.LOOKING_FOR_STICK
        self._problem: Message | None = None
        self._told: ConnectionChanged | None = None
        self._told_interval_s: float | None = None

    def go(self, connection: Connection) -> None:
        """The engine is at this now, with the problem of before."""
        self._connection = connection
        now = ConnectionChanged(connection, self._problem)
        if now != self._told:
            self._told = now
            self._emit(now)

    def renewing(self) -> None:
        """The session is being renewed: an interruption of reading, no end of anything else that
        goes on meanwhile, least of all of a recovery."""
        if self._connection is Connection.READING:
            self.go(Connection.RENEWING)

    def on_hold(self) -> None:
        """Nothing may be sent for a while: no loss of a meter that is being read. One that isn't
        doesn't become available by it."""
        if self._connection in _READ:
            self.go(Connection.ON_HOLD)

    def back_from(self, interruption: Connection) -> None:
        """This is over, unless something else came meanwhile."""
        if self._connection is interruption:
            self.go(Connection.READING)

    def fell(self, problem: Message) -> None:
        """This is wrong now, and the engine recovers."""
        if problem.key in _TASKS and (self._problem is None or self._problem.key != problem.key):
            _LOGGER.error("%s", problem)
        self._problem = problem
        self.go(Connection.RECOVERING)

    def good(self, oddity: Message | None) -> None:
        """The meter is being read, and nothing is wrong but an oddity of its answers."""
        if oddity is not None and oddity != self._problem:
            _LOGGER.warning("%s", oddity)
        self._problem = oddity
        if self._connection not in _INTERRUPTIONS:
            self.go(Connection.READING)

    def interval(self, seconds: float) -> None:
        """How often the meter is asked at present."""
        if seconds != self._told_interval_s:
            self._told_interval_s = seconds
            self._emit(PollIntervalChanged(seconds))
