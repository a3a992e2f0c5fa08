"""Scanning: so many seconds on each channel (wisun-modules.md 2.7, 3.3)."""

import random
from collections.abc import Callable, Sequence

from broute_addon.simulator.air import FIRST_CHANNEL, LAST_CHANNEL, Beacon
from broute_addon.simulator.radio_events import Kind, RadioEvent
from broute_addon.simulator.timers import Timers


def dwell_s(duration: int) -> float:
    """Seconds on one channel: 0.0096 s x (2^D + 1)."""
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

    def listen(
        self, channels: Sequence[int], dwell: float, duration: int, pairing_id: str | None
    ) -> None:
        """Active scan, `dwell` seconds on each channel; each reports its beacons when it is done.

        `duration` decides who is heard. `pairing_id` None hears everybody, else only the meter
        that has it.
        """
        self.stop()
        self._next_channel(channels, dwell, duration, pairing_id, self._scan)

    def measure(self, channels: Sequence[int], dwell: float) -> None:
        """Energy detection; levels as raw register values."""
        self.stop()
        scan = self._scan
        levels = tuple((channel, self._rng.randint(2, 24)) for channel in channels)

        def finish() -> None:
            if scan == self._scan:
                self._emit(RadioEvent(Kind.ENERGY, levels=levels))

        self._timers.after(dwell * len(channels), finish)

    def heard(self, channel: int, duration: int, pairing_id: str | None) -> tuple[Beacon, ...]:
        """Who answers on a channel within a duration."""
        return tuple(
            beacon
            for beacon in self._beacons()
            if beacon.channel == channel
            and pairing_id in {None, beacon.pairing_id}
            and duration >= beacon.heard_at
        )

    def _next_channel(
        self,
        channels: Sequence[int],
        dwell: float,
        duration: int,
        pairing_id: str | None,
        scan: int,
    ) -> None:
        def finish() -> None:
            if scan != self._scan:
                return
            beacons = self.heard(channels[0], duration, pairing_id)
            self._emit(RadioEvent(Kind.CHANNEL, channel=channels[0], beacons=beacons))
            self._next_channel(channels[1:], dwell, duration, pairing_id, scan)

        if channels:
            self._timers.after(dwell, finish)
        else:
            self._emit(RadioEvent(Kind.SCANNED))
