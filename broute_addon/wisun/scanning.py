"""In which order to listen for the meter, and which beacon is ours.

A scan costs 9.6 ms x (2^duration + 1) a channel. Every meter seen sits on the 400 kHz grid, half
of the channels, the only ones a J11 module can use at all; that halves the longer scans. The
other half still gets its turn where the stick can, so that no meter can hide there.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from broute_addon.wisun.commands import ALL_CHANNELS, GRID_CHANNELS, channel_bit, scan_time_s
from broute_addon.wisun.values import Pan

_TICK_S = 0.5
_NEAR_DURATION = 6  # at which every meter seen is heard


@dataclass(frozen=True, slots=True)
class Sweep:
    """One SKSCAN."""

    duration: int
    mask: int

    @property
    def seconds(self) -> float:
        return scan_time_s(self.mask, self.duration)


def sweeps(
    durations: Sequence[int], channels: int = ALL_CHANNELS, near: int | None = None
) -> tuple[Sweep, ...]:
    """The first duration on all channels; the next ones first on the grid, then beside it; the
    last, the dearest, at the end. In all, each duration covers each of the `channels` once.

    Before all that comes the channel on which the meter was last (`near`): a meter that was only
    away for a while is there, and to listen to one channel costs half a second.
    """
    first, between, last = durations[:1], durations[1:-1], durations[1:][-1:]
    plan = []
    if near is not None and durations:
        plan.append(Sweep(min(max(durations), _NEAR_DURATION), channel_bit(near)))
    plan += [Sweep(duration, channels) for duration in first]
    for group in (between, last):
        for mask in (GRID_CHANNELS & channels, ~GRID_CHANNELS & channels):
            plan += [Sweep(duration, mask) for duration in group if mask]
    return tuple(plan)


def best(pans: Iterable[Pan], pairing_id: str) -> Pan | None:
    """Our meter's PAN: the pairing ID decides, signal strength only breaks ties.

    A beacon that names no pairing ID answered a request that carried ours, and is taken when no
    better one is there; one that names another is never taken.
    """
    candidates = [pan for pan in pans if pan.pairing_id in {pairing_id, None}]
    return max(
        candidates,
        key=lambda pan: (pan.pairing_id == pairing_id, strength(pan)),
        default=None,
    )


def strength(pan: Pan) -> float:
    """What to sort by; a beacon without a signal stands behind all others."""
    return -math.inf if pan.rssi_dbm is None else pan.rssi_dbm


class Progress:
    """Reports the share of a plan's time that has passed, twice a second, until left."""

    def __init__(self, plan: Sequence[Sweep], report: Callable[[float], None] | None) -> None:
        self._total = sum(sweep.seconds for sweep in plan)
        self._report = report
        self._done = 0.0
        self._sweep: Sweep | None = None
        self._began = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if error is None and self._report is not None:
            self._report(1.0)

    def begin(self, sweep: Sweep) -> None:
        """Call when a sweep begins; the one before is over then."""
        if self._sweep is not None:
            self._done += self._sweep.seconds
        self._sweep = sweep
        self._began = asyncio.get_running_loop().time()
        if self._timer is None and self._report is not None:
            self._tick()

    def _tick(self) -> None:
        if self._sweep is None or self._report is None:
            return
        loop = asyncio.get_running_loop()
        passed = min(loop.time() - self._began, self._sweep.seconds)
        self._report(min(1.0, (self._done + passed) / self._total))
        self._timer = loop.call_later(_TICK_S, self._tick)
