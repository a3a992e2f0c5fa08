"""The transmit-time limit of ARIB STD-T108: 360 s of transmission in any hour."""

from collections import deque
from collections.abc import Callable

from broute_addon.simulator.radio_events import Kind, RadioEvent
from broute_addon.simulator.timers import Timers

_LIMIT_MS = 360_000
_WINDOW_S = 3600
_FRAME_OVERHEAD = 80  # bytes of radio, IPv6 and security headers around a payload
_BITS_PER_MS = 100


class Airtime:
    """Counts what was sent; above the limit everything is cancelled until the hour allows it."""

    def __init__(self, timers: Timers, emit: Callable[[RadioEvent], None]) -> None:
        self._timers, self._emit = timers, emit
        self._sent: deque[tuple[float, float]] = deque()
        self._window_ms = 0.0
        self.total_ms = 0
        self.is_held = False

    def count(self, payload: int) -> None:
        """A datagram with so many bytes of payload goes out."""
        spent = (payload + _FRAME_OVERHEAD) * 8 / _BITS_PER_MS
        now = self._timers.radio_time()
        self._sent.append((now, spent))
        self._window_ms += spent
        self.total_ms += round(spent)
        while self._sent[0][0] < now - _WINDOW_S:
            self._window_ms -= self._sent.popleft()[1]
        if self._window_ms > _LIMIT_MS:
            self.hold(self._sent[0][0] + _WINDOW_S - now)

    def hold(self, seconds: float) -> None:
        """The limit is reached; released after `seconds`."""
        if not self.is_held:
            self.is_held = True
            self._emit(RadioEvent(Kind.LIMITED))
            self._timers.lasting(seconds, self._release)

    def _release(self) -> None:
        self.is_held = False
        self._emit(RadioEvent(Kind.UNLIMITED))
