"""Finding the best place for the stick: the meter's beacon, asked for again and again.

Live reading pauses meanwhile: a stick that scans hears nothing else. It ends by itself, so that a
page left open doesn't keep the meter from being read.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from broute_addon.clock import Clock
from broute_addon.wisun.link import Link
from broute_addon.wisun.values import Credentials, Pan

LIMIT_S = 300.0
PAUSE_S = 0.3
"""Between two scans, for the stick to breathe and for a person to be heard."""

DURATION = 6
"""0.6 s on a channel: the longest that any meter has needed to answer."""

KEPT = 120


@dataclass(frozen=True, slots=True)
class Heard:
    """One scan: the beacon's strength in dBm, None where none was heard."""

    at: datetime
    dbm: float | None


@dataclass(frozen=True, slots=True)
class SurveyState:
    """How a survey stands. `progress` is the share of its time that is over, 0 to 1; `samples` are
    the newest, oldest first; `best` of all of them."""

    is_running: bool
    progress: float = 0.0
    best: Heard | None = None
    samples: tuple[Heard, ...] = ()

    def with_sample(self, heard: Heard, progress: float) -> "SurveyState":
        """The state after one more scan."""
        best = self.best
        if heard.dbm is not None and (best is None or best.dbm is None or heard.dbm >= best.dbm):
            best = heard
        samples = (*self.samples, heard)[-KEPT:]
        return replace(self, progress=progress, best=best, samples=samples)


class Survey:
    """Runs when asked for; `tell` gets each state."""

    def __init__(self, tell: Callable[[SurveyState], None], clock: Clock) -> None:
        self._tell = tell
        self._clock = clock
        self._until: float | None = None  # in the loop's time

    @property
    def is_wanted(self) -> bool:
        """Somebody has asked for it, and not too long ago."""
        return self._until is not None and asyncio.get_running_loop().time() < self._until

    def ask(self, *, is_wanted: bool) -> None:
        """Begins or ends it; the time that it may take counts from here."""
        self._until = asyncio.get_running_loop().time() + LIMIT_S if is_wanted else None

    async def run(self, link: Link, credentials: Credentials, pan: Pan | None) -> Pan:
        """Listens until nobody wants it any more or its time is over; gives the PAN as last heard.

        Raises PanNotFoundError where the meter isn't known and can't be found, and the stick's own
        faults.
        """
        state = SurveyState(is_running=True)
        self._tell(state)
        try:
            await link.terminate()
            if pan is None:
                pan = await link.scan(credentials)
            while self.is_wanted:
                found = await link.listen(credentials, pan.channel, DURATION)
                heard = Heard(self._clock(), None if found is None else found.rssi_dbm)
                state = state.with_sample(heard, self._progress())
                self._tell(state)
                pan = found or pan
                await asyncio.sleep(PAUSE_S)
        finally:
            self._until = None
            self._tell(replace(state, is_running=False))
        return pan

    def _progress(self) -> float:
        left = 0.0 if self._until is None else self._until - asyncio.get_running_loop().time()
        return min(max(1 - left / LIMIT_S, 0.0), 1.0)
