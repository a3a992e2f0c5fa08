"""What one meter's memory can be asked for: by its maps at first, then by what it refused.

A refusal may be for a moment. So a property that was refused is left alone for a while, longer
each time, and counts as absent only after several refusals in a row. Where a way's selector takes
recent times but not those further back, the memory ends there.
"""

from collections import Counter
from datetime import datetime

from broute_addon.meter.half_hours import Direction
from broute_addon.meter.history.plan import WAYS, Way
from broute_addon.meter.history.requests import SELECTORS, history_epc
from broute_addon.meter.profile import MeterProfile

REFUSED_FOR_S = 600.0
"""After the first refusal of a property; four times as long after each further one."""

REFUSALS_TRUSTED = 4
"""So many refusals in a row, over three and a half hours: the meter hasn't it."""


class Abilities:
    """Owned by one meter's history. Times are seconds of the event loop."""

    def __init__(self, profile: MeterProfile) -> None:
        self.renew(profile)
        self.forget()

    def renew(self, profile: MeterProfile) -> None:
        """The same meter's profile, read again."""
        self._profile = profile
        self._found: dict[tuple[Way, Direction], bool] = {}

    def forget(self) -> None:
        """All that was refused or absent may be asked for again."""
        self._refusals: Counter[int] = Counter()
        self._found.clear()
        self._paused: dict[int, float] = {}
        self._ends: dict[Way, datetime] = {}
        self._lacks: dict[Way, set[datetime]] = {way: set() for way in WAYS}

    def serves(self, way: Way, at: datetime, direction: Direction, now: float) -> bool:
        """Whether it is worth asking now."""
        return self.could_serve(way, at, direction) and not (
            self._paused
            and any(
                self._paused.get(epc, now) > now
                for epc in (SELECTORS[way], history_epc(way, direction))
            )
        )

    def could_serve(self, way: Way, at: datetime, direction: Direction) -> bool:
        """As `serves`, but that a property may be left alone for a while."""
        return (
            self._has(way, direction)
            and at not in self._lacks[way]
            and (way not in self._ends or at > self._ends[way])
        )

    def could_be_served(self, at: datetime, direction: Direction) -> bool:
        """Whether any way could bring it, if not now."""
        return any(self.could_serve(way, at, direction) for way in WAYS)

    def _has(self, way: Way, direction: Direction) -> bool:
        key = (way, direction)
        if key not in self._found:
            self._found[key] = self._finds(way, direction)
        return self._found[key]

    def _finds(self, way: Way, direction: Direction) -> bool:
        selector, history = SELECTORS[way], history_epc(way, direction)
        get_map, set_map = self._profile.get_map, self._profile.set_map
        is_there = history in get_map and selector in (set_map or get_map)
        return is_there and not any(
            self._refusals[epc] >= REFUSALS_TRUSTED for epc in (selector, history)
        )

    def worked(self, epc: int) -> None:
        """A property was set, or told something."""
        if self._refusals.pop(epc, None):
            self._found.clear()
        self._paused.pop(epc, None)

    def refused(self, epc: int, now: float) -> None:
        """A property was refused although it should be there."""
        self._paused[epc] = now + REFUSED_FOR_S * 4.0 ** self._refusals[epc]
        self._refusals[epc] += 1
        self._found.clear()

    def ends_at(self, way: Way, at: datetime) -> None:
        """The way brings nothing of `at` and before."""
        self._ends[way] = max(at, self._ends.get(way, at))

    def lacks(self, way: Way, at: datetime) -> None:
        """The way has told that it has no reading of `at`."""
        self._lacks[way].add(at)

    def resumes_at(self, now: float) -> float | None:
        """When the next property that is left alone may be asked for again."""
        return min((at for at in self._paused.values() if at > now), default=None)
