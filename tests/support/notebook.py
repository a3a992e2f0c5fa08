"""A ledger in memory: what the engine told of each half-hour, and what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour
from broute_addon.meter.readings import HalfHoursRead

Slot = tuple[str, Direction, datetime]


@dataclass
class Notebook:
    """Keeps as the ledger does: a value beats "none", "none" never overwrites a value."""

    kept: dict[Slot, HalfHour] = field(default_factory=dict)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def take(self, read: HalfHoursRead) -> None:
        """What the engine told."""
        for value in read.values:
            slot = (read.uid, value.direction, value.at)
            if value.raw is not None or slot not in self.kept:
                self.kept[slot] = value

    def holes(
        self, uid: str, directions: Iterable[Direction], since: datetime, until: datetime
    ) -> Sequence[datetime]:
        """As the ledger tells them."""
        self.asked.append((since, until))
        wanted = tuple(directions)
        count = (until - since) // HALF_HOUR + 1
        return [
            at
            for at in (since + slot * HALF_HOUR for slot in range(count))
            if any((uid, each, at) not in self.kept for each in wanted)
        ]

    def values(self, direction: Direction) -> dict[datetime, int | None]:
        """Raw counts by instant, of whatever meter."""
        return {at: each.raw for (_, way, at), each in self.kept.items() if way is direction}
