"""Keeps Home Assistant's long-term statistics at what the ledger knows (design 2.4).

One connection to Core after the other: each begins with waiting until Core has started and its
recorder keeps up, then every series of the ledger is brought up to date, and again after each
change of the ledger. In steady state that is one row per register and hour.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine

from broute_addon.clock import Clock, system_clock
from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.repair_gaps import GapRecorder
from broute_addon.home_assistant.repairer import Repairer
from broute_addon.home_assistant.statistics_calls import wait_until_ready
from broute_addon.home_assistant.statistics_series import Series
from broute_addon.home_assistant.streak import Streak
from broute_addon.home_assistant.websocket import Connect, CoreCalls
from broute_addon.ledger import Ledger
from broute_addon.messages import Language, Message, message
from broute_addon.meter.half_hours import Direction
from broute_addon.meter.readings import Reading, ReadingsArrived
from broute_addon.store import Store

_LOGGER = logging.getLogger(__name__)

SETTLE_S = 1.0
"""The values of both directions come one after the other: they go out together."""

PACE_S = 5.0
"""The same while the meter's memory is being read: each older day moves every sum."""

RETURNS_WITHIN_S = 15.0
"""A Core that is away is tried at least that often: it restarts within a minute, and is near."""


class StatisticsWriter:
    """Writes the statistics, and with `repair` lets those of the sensors be mended.

    Make it before the engine runs: what the ledger knows by then tells since when nobody was there.
    `repairer.plan()` is the dry run, for the page, also without `repair`.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        connect: Connect,
        *,
        language: Callable[[], Language],
        clock: Clock = system_clock,
        repair: bool = False,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._connect = connect
        self._language = language
        self._clock = clock
        self._gaps = GapRecorder(ledger, store, clock)
        self.repairer = Repairer(ledger, store, self._gaps, is_on=repair, clock=clock)
        self._streak = Streak(_LOGGER, message("statistics_back"))
        self._told: Message | None = None

    async def run(self) -> None:
        """Writes for ever; Core may come and go. Ends by cancellation."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._gaps.run(), name="gaps")
            tasks.create_task(self._reconnect(), name="core")

    async def _reconnect(self) -> None:
        while True:
            try:
                async with self._connect() as core:
                    await self._serve(core)
            except CoreError as error:
                self._gaps.note_core(is_up=False)
                self._store.note_import(error.message)
                wait_s = self._streak.failed(error)
                is_away = error.message.key in ("core_unreachable", "core_lost")
                await asyncio.sleep(min(wait_s, RETURNS_WITHIN_S) if is_away else wait_s)

    async def _serve(self, core: CoreCalls) -> None:
        """All that there is to do with an open way to Core. Raises CoreError when it ends."""
        # An error inside a group would hide a cancellation of this task (before Python 3.13).
        async with asyncio.TaskGroup() as tasks:
            closed = tasks.create_task(_error_of(core.until_closed()), name="core closed")
            work = tasks.create_task(_error_of(self._work(core)), name="statistics")
            done, going_on = await asyncio.wait((closed, work), return_when=asyncio.FIRST_COMPLETED)
            for task in going_on:
                task.cancel()
        for task in done:
            if (lost := task.result()) is not None:
                raise lost

    async def _work(self, core: CoreCalls) -> None:
        await wait_until_ready(core, self._tell)
        self._gaps.note_core(is_up=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_ledger(core), name="series")
            tasks.create_task(self.repairer.serve(core), name="repair")

    async def _follow_ledger(self, core: CoreCalls) -> None:
        series: dict[tuple[str, Direction], Series] = {}
        async for _ in self._ledger.changes():
            history = self._store.snapshot.history
            await asyncio.sleep(PACE_S if history and history.is_reading else SETTLE_S)
            has_written = False
            for uid in self._ledger.uids():
                for direction in self._ledger.directions(uid):
                    one = series.setdefault(
                        (uid, direction),
                        Series(core, self._ledger, uid, direction, self._language),
                    )
                    has_written = await one.bring_up() or has_written
            self._tell_success(has_written=has_written)

    # -- what is told --------------------------------------------------------------------------

    def _tell(self, reason: Message) -> None:
        """Why it is waited for Core: on the page, and once in the log."""
        self._store.note_import(reason)
        if reason != self._told:
            self._told = reason
            needs_a_person = reason.key in ("core_too_old", "recorder_absent")
            _LOGGER.log(logging.WARNING if needs_a_person else logging.INFO, "%s", reason)

    def _tell_success(self, *, has_written: bool) -> None:
        self._told = None
        self._streak.recovered()
        self._store.note_import(None)
        if has_written:
            now = self._clock()
            self._store.apply(ReadingsArrived((Reading("last_import", now, now),)))


async def _error_of(work: Coroutine[None, None, None]) -> CoreError | None:
    """How it ended, if by a fault of the way to Core."""
    lost: CoreError | None = None
    try:
        await work
    except* CoreError as group:
        lost = _first(group)
    return lost


def _first(group: BaseExceptionGroup[CoreError]) -> CoreError:
    """A fault out of a group of groups."""
    for error in group.exceptions:
        return error if isinstance(error, CoreError) else _first(error)
    raise AssertionError("a group holds something")
