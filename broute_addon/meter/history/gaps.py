"""What is missing in the ledger of one meter, and what becomes of it as values come in."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

from broute_addon.meter.half_hours import HALF_HOUR, Direction, HalfHour, Memory
from broute_addon.meter.history.abilities import Abilities
from broute_addon.meter.history.plan import Missing, Part, Way
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import HalfHoursRead, Update

_DAY = timedelta(days=1)
_DIRECTIONS = tuple(Direction)  # quick to go through, and in this order


class Gaps:
    """Half-hours of one meter with the directions that are missing.

    `abilities` is what the meter can be asked for. `empty_days` are the days, one after the
    other, that were asked for of late and had no reading at all. `again` is what an earlier
    session was to read whatever the ledger has, and didn't.
    """

    def __init__(
        self,
        memory: Memory,
        profile: MeterProfile,
        abilities: Abilities,
        emit: Callable[[Update], None],
        again: Missing = MappingProxyType({}),
    ) -> None:
        self.empty_days: set[date] = set()
        self._memory = memory
        self._profile = profile
        self._abilities = abilities
        self._emit = emit
        self._missing = dict(again)
        self._is_again = bool(again)
        self._until: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self._missing)

    def look(self, since: datetime, until: datetime, *, wants_all: bool) -> None:
        """Asks the ledger what is missing of this span; with `wants_all` it is everything."""
        self.empty_days.clear()
        again = self.again
        self._missing, self._until = {}, until
        self._is_again = wants_all or bool(again)
        for direction in self._profile.directions:
            holes: Iterable[datetime]
            if wants_all:
                count = (until - since) // HALF_HOUR + 1
                holes = (since + slot * HALF_HOUR for slot in range(count))
            else:
                holes = self._memory.holes(self._profile.uid, (direction,), since, until)
            for at in holes:
                self._missing[at] = self._missing.get(at, frozenset()) | {direction}
        for at, directions in again.items():
            if since <= at <= until:
                self._missing[at] = self._missing.get(at, frozenset()) | directions

    @property
    def again(self) -> Missing:
        """What is still to be read of what was wanted whatever the ledger has."""
        return self._missing if self._is_again else {}

    def wanted(self, now: float) -> Missing:
        """What to ask for at the loop's second `now`.

        While days can't be asked for at the moment, only the newest day is read in another way:
        the past can wait for the cheaper one.
        """
        if self._until is None:
            return {}
        recent = self._until - _DAY
        can = self._abilities
        return self._filtered(
            lambda at, each: (
                at > recent
                or can.serves(Way.DAY, at, each, now)
                or not can.could_serve(Way.DAY, at, each)
            )
        )

    def take(self, part: Part, values: list[HalfHour]) -> bool:
        """What a part brought: told to the ledger, and no longer missing.

        That a day has no reading of a half-hour is final, and told too. So is it of the other ways
        where no third one could bring it. True if the rest is to be planned anew.
        """
        known = [value for value in values if value.raw is not None]
        none = [
            value
            for value in values
            if value.raw is None and value.direction in self._missing.get(value.at, ())
        ]
        if known:
            self.empty_days.clear()
        else:
            self.empty_days.add(part.day)
        can, final, is_over = self._abilities, none, False
        if part.way is not Way.DAY:
            for value in none:
                can.lacks(part.way, value.at)
            final = [value for value in none if not can.could_be_served(value.at, value.direction)]
            has_days = all(can.could_serve(Way.DAY, part.newest, each) for each in part.directions)
            is_over = not known and (has_days or part.way is Way.MINUTE)
            if is_over:
                can.ends_at(part.way, part.newest)
        self._tell(known + final)
        return len(final) < len(none) or is_over

    def give_up_unreachable(self) -> None:
        """What no way can bring, not even later: the meter doesn't remember it."""
        can = self._abilities
        self._give_up(self._filtered(lambda at, each: not can.could_be_served(at, each)))

    def give_up_before(self, newest: datetime) -> None:
        """The meter remembers nothing of that time and before."""
        self._give_up(self._filtered(lambda at, _: at <= newest))

    def _filtered(self, is_meant: Callable[[datetime, Direction], bool]) -> Missing:
        found = {}
        for at, directions in self._missing.items():
            meant = [each for each in directions if is_meant(at, each)]
            if len(meant) == len(directions):
                found[at] = directions
            elif meant:
                found[at] = frozenset(meant)
        return found

    def _give_up(self, missing: Mapping[datetime, frozenset[Direction]]) -> None:
        self._tell(
            [
                HalfHour(at, direction, None, Way.DAY.value)
                for at, directions in missing.items()
                for direction in _DIRECTIONS
                if direction in directions
            ]
        )

    def _tell(self, values: list[HalfHour]) -> None:
        scale = self._profile.scale
        if values and scale is not None:
            self._emit(HalfHoursRead(self._profile.uid, scale, tuple(values)))
        for value in values:
            directions = self._missing.get(value.at, frozenset())
            if len(directions) > 1:
                self._missing[value.at] = directions - {value.direction}
            elif value.direction in directions:
                del self._missing[value.at]
