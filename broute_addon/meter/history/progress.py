"""How far the reading of the meter's memory is, told neither too often nor too late."""

from collections.abc import Callable

from broute_addon.meter.half_hours import HistoryProgress
from broute_addon.meter.readings import HistoryProgressed, Update

PROGRESS_EVERY_S = 5.0


class Progress:
    """Tells it at the start, at the end, and every few seconds between. Seconds of the loop."""

    def __init__(self, emit: Callable[[Update], None]) -> None:
        self._emit = emit
        self._done = self._total = 0
        self._is_reading = False
        self._started_s = self._told_s = 0.0

    def plan(self, requests: int, now: float) -> None:
        """So many requests are still to come."""
        begins = requests > 0 and not self._is_reading
        if begins:
            self._done, self._started_s, self._is_reading = 0, now, True
        self._total = self._done + requests
        if begins:
            self._tell(now)

    def step(self, now: float) -> None:
        """A request was answered."""
        if self._is_reading:
            self._done += 1
            self._total = max(self._total, self._done)
            if now - self._told_s >= PROGRESS_EVERY_S:
                self._tell(now)

    def stop(self, now: float) -> None:
        """Ended, or given up for now."""
        if self._is_reading:
            self._is_reading = False
            self._tell(now)

    def _tell(self, now: float) -> None:
        self._told_s = now
        left_s = None
        if self._done and self._is_reading:
            left_s = round((now - self._started_s) / self._done * (self._total - self._done), 1)
        progress = HistoryProgress(self._is_reading, self._done, self._total, left_s)
        self._emit(HistoryProgressed(progress))
