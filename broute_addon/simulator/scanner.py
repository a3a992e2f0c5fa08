"""Scanning: 0.0096 s x (2^D + 1) on each channel of the mask (wisun-modules.md 2.7)."""

import random
from collections.abc import Callable

from broute_addon.simulator.air import FIRST_CHANNEL, LAST_CHANNEL, Beacon
from broute_addon.simulator.radio_events import Kind, RadioEvent
from broute_addon.simulator.timers import Timers


def dwell_s(duration: int) -> float:
    """Seconds on one channel."""
    return float(0.0096 * (2**duration + 1))


def channels_of(mask: int) -> list[int]:
    """Bit 0 is channel 33."""
    every = range(FIRST_CHANNEL, LAST_CHANNEL + 1)
    return [channel for channel in every if mask >> (channel - FIRST_CHANNEL) & 1]


class Scanner:
    """One scan at a time; a new one replaces the old."""

    def __init__(
        self,
        beacons: Callable[[], list[Beacon]],
        timers: Timers,
        rng: random.Random,
        emit: Callable[[RadioEvent], None],
    ) -> None:
        self._beacons, self._timers, self._rng, self._emit = beacons, timers, rng, emit
        self._scan = 0

    def stop(self) -> None:
        """Whatever is under way reports nothing more."""
        self._scan += 1

    def listen(self, mask: int, duration: int, pairing_id: str | None) -> None:
        """Active scan. `pairing_id` None hears everybody, else only the meter that has it."""
        self.stop()
        self._next_channel(channels_of(mask), duration, pairing_id, self._scan)

    def measure(self, mask: int, duration: int) -> None:
        """Energy detection; levels as raw register values."""
        self.stop()
        scan, channels = self._scan, channels_of(mask)
        levels = tuple((channel, self._rng.randint(2, 24)) for channel in channels)

        def finish() -> None:
            if scan == self._scan:
                self._emit(RadioEvent(Kind.ENERGY, levels=levels))

        self._timers.after(dwell_s(duration) * len(channels), finish)

    def _next_channel(
        self, channels: list[int], duration: int, pairing_id: str | None, scan: int
    ) -> None:
        def finish() -> None:
            if scan != self._scan:
                return
            for beacon in self._beacons():
                is_wanted = pairing_id in {None, beacon.pairing_id}
                if beacon.channel == channels[0] and is_wanted and duration >= beacon.heard_at:
                    self._emit(RadioEvent(Kind.BEACON, beacon=beacon))
            self._next_channel(channels[1:], duration, pairing_id, scan)

        if channels:
            self._timers.after(dwell_s(duration), finish)
        else:
            self._emit(RadioEvent(Kind.SCANNED))
