"""Carries out what `repair` plans, over an open way to Core (design 2.4, `history: repair`)."""

import asyncio

from broute_addon.clock import Clock, system_clock
from broute_addon.home_assistant.repair import RepairPlan
from broute_addon.home_assistant.repair_gaps import GapRecorder
from broute_addon.home_assistant.websocket import CoreCalls
from broute_addon.ledger import Ledger
from broute_addon.store import Store


class Repairer:
    """Mends the energy sensors' own statistics, and tells what it would do."""

    def __init__(
        self, ledger: Ledger, store: Store, gaps: GapRecorder, *, clock: Clock = system_clock
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._gaps = gaps
        self._clock = clock

    async def plan(self) -> tuple[RepairPlan, ...]:
        """What would be done now, one for each sensor; empty while Core isn't there."""
        return ()

    async def serve(self, core: CoreCalls) -> None:
        """Mends for as long as the way to Core is open. Raises CoreError."""
        await asyncio.Event().wait()
