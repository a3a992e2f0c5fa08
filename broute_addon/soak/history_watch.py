"""What becomes of the half-hours while the product runs: looked at each minute."""

from collections.abc import Callable
from datetime import datetime, timedelta

from broute_addon.ledger import Ledger
from broute_addon.meter.half_hours import Direction
from broute_addon.soak.history_check import HistoryCheck, statistic_id
from broute_addon.soak.product import Product
from broute_addon.soak.world import World
from broute_addon.store import Snapshot

COMPARED_EACH_S = 12 * 3600.0
SEARCHED_EACH_S = 2 * 3600.0
IMPORTED_AFTER_S = 120.0
CORE_READY_S = 300.0
"""After its start Core has every row that was due before."""

_HOUR = timedelta(hours=1)


class HistoryWatch:
    """Watches a world's ledger and statistics; `broke` is told what is wrong."""

    def __init__(self, world: World, broke: Callable[[str, str], None]) -> None:
        self._world = world
        self._broke = broke
        self._compared_at = self._searched_at = self._due_since = world.now
        self.process_started()

    def process_started(self) -> None:
        """It may have another ledger."""
        self._known = ("", 0)
        self._newest: datetime | None = None
        self._hours: dict[str, datetime] = {}

    def look(self, now: float) -> None:
        """Nothing gets lost, nothing is called gone that isn't, a finished hour is soon told."""
        world, product = self._world, self._world.product
        if product is None or not product.is_alive:
            return
        snapshot, core = product.store.snapshot, world.core
        check = HistoryCheck(world.truth, product.ledger, core)
        if lost := self._lost(snapshot):
            self._broke("no half-hour is lost", lost)
        if now - self._compared_at >= COMPARED_EACH_S:
            self._compared_at = now
            if wrong := check.wrong():
                self._broke("no wrong half-hour", wrong)
        is_reading = snapshot.history is not None and snapshot.history.is_reading
        is_well = not world.timeline.is_excused(now) and not is_reading
        is_complete = snapshot.coverage is not None and snapshot.coverage.missing == 0
        if is_well and is_complete and now - self._searched_at >= SEARCHED_EACH_S:
            self._searched_at = now
            if given_up := check.given_up(world.truth.second(now)):
                self._broke("nothing is called gone too early", given_up)
        can_import = is_well and core.is_up and now - core.up_since > CORE_READY_S
        if late := self._late(product, now, can_import=can_import):
            self._broke("a finished hour is soon in the statistics", late)

    def _lost(self, snapshot: Snapshot) -> str:
        """What was known once in this life of the process and isn't any more, or nothing."""
        if snapshot.meter is None or snapshot.coverage is None:
            return ""
        uid, known = snapshot.meter.uid, snapshot.coverage.known
        before, self._known = self._known, (uid, known)
        if before[0] == uid and known < before[1]:
            return f"{before[1]} half-hours were known, now {known}"
        return ""

    def _late(self, product: Product, now: float, *, can_import: bool) -> str:
        """The newest finished hour, if it should be in the statistics by now and isn't."""
        uid = self._world.truth.uid
        newest = product.ledger.newest(uid)
        if newest is not None and newest != self._newest:
            self._newest = newest
            if (hours := _newest_hours(uid, product.ledger, newest)) != self._hours:
                self._hours, self._due_since = hours, now
        if not can_import:
            self._due_since = now
        if now - self._due_since <= IMPORTED_AFTER_S:
            return ""
        absent = (
            f"{statistic}: {at - _HOUR} isn't there"
            for statistic, at in self._hours.items()
            if at - _HOUR not in self._world.core.rows.get(statistic, {})
        )
        return next(absent, "")


def _newest_hours(uid: str, ledger: Ledger, newest: datetime) -> dict[str, datetime]:
    """The newest reading on the hour by the statistic that needs it."""
    return {
        statistic_id(uid, direction): stand.at
        for direction in Direction
        for stand in ledger.series(uid, direction, newest - _HOUR)
        if stand.at.minute == 0
    }
