"""From register readings to Home Assistant's hourly statistics (design 2.4). Pure.

A row stands for the hour that begins at its `start`: `state` is the reading at the end of that
hour, `sum` a running total there, and Home Assistant shows the difference of the sums of two rows
that follow each other. So hour H gets a row as soon as the reading of H+1:00 is known, by the
meter's clock; what is known of :30 only helps to see a reset.

- A *baseline* row ends at the first known reading; its sum is 0 (Home Assistant takes the sum
  before the first row for 0), or what Home Assistant has there already.
- An hour whose reading is missing gets no row. What was used in a hole is added at the first
  reading after it: Home Assistant shows it in the hour that ends there, whose own begin isn't
  known. So the total stays right, and each hour of which both ends are known is exact.
- A reset or an exchange adds nothing for the half-hour in which it came: what was used in it
  isn't known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise

from broute_addon.ledger import Stand, energy_between
from broute_addon.messages import Language, message
from broute_addon.meter.half_hours import Direction

SOURCE = "broute"
UNIT = "kWh"
UNIT_CLASS = "energy"
HOUR = timedelta(hours=1)

ROWS_PER_MESSAGE = 1000
"""Some 90 bytes a row: far below the 4 MiB that the Supervisor lets through."""

OLDEST_CORE = (2025, 11)
"""The first Core that takes `unit_class`."""

_NAMES = {
    Direction.BOUGHT: "statistic_energy_bought",
    Direction.SOLD: "statistic_energy_sold",
}


@dataclass(frozen=True, slots=True)
class Row:
    """An hour of a statistic, in kWh. `start` is UTC."""

    start: datetime
    state: Decimal
    sum: Decimal

    def sent(self, factor: Decimal = Decimal(1)) -> Mapping[str, object]:
        """As `recorder/import_statistics` takes it, in units of which `factor` are a kWh.

        A float has 15 good digits: more than any register, so nothing is lost.
        """
        return {
            "start": self.start.isoformat(),
            "state": float(self.state * factor),
            "sum": float(self.sum * factor),
        }


@dataclass(frozen=True, slots=True)
class Anchor:
    """The sum at a reading, from which the sums after it are counted."""

    stand: Stand
    sum: Decimal


def statistic_id(uid: str, direction: Direction) -> str:
    """`broute:<10 hex>_energy_bought`, or `_sold`."""
    return f"{SOURCE}:{uid.removeprefix(f'{SOURCE}_')}_energy_{direction.value}"


def metadata(uid: str, direction: Direction, language: Language) -> Mapping[str, object]:
    """The `metadata` of `recorder/import_statistics`."""
    return {
        "statistic_id": statistic_id(uid, direction),
        "source": SOURCE,
        "name": name(direction, language),
        "has_sum": True,
        "mean_type": 0,
        "unit_class": UNIT_CLASS,
        "unit_of_measurement": UNIT,
    }


def name(direction: Direction, language: Language) -> str:
    """What Home Assistant lists the statistic as."""
    return message(_NAMES[direction]).text(language)


def running_sums(stands: Iterable[Stand], anchor: Anchor) -> Iterator[Anchor]:
    """The sum at each reading after the anchor. `stands` ascend."""
    before, total = anchor.stand, anchor.sum
    for stand in stands:
        if stand.at > before.at:
            total += energy_between(before, stand) or 0
            before = stand
            yield Anchor(stand, total)


def row_ending_at(anchor: Anchor) -> Row:
    """The row of the hour that ends at a reading on the hour."""
    return Row(anchor.stand.at - HOUR, anchor.stand.kwh, anchor.sum)


def first_whole_hour(stands: Iterable[Stand]) -> Stand | None:
    """The first reading that ends an hour."""
    return next((stand for stand in stands if is_whole_hour(stand.at)), None)


def with_rows_of(stands: Sequence[Stand], found: Mapping[datetime, Row]) -> list[Stand]:
    """The readings, and those that only Home Assistant's rows still tell of.

    The ledger may have lost an hour that was imported once; its row must move with the others.
    Taken is only what is a count of the register and fits between its neighbors.
    """
    complete = list(stands)
    for earlier, later in pairwise(stands):
        at = earlier.at.replace(minute=0) + HOUR
        while at < later.at:
            row = found.get(at - HOUR)
            if row is not None and (stand := _between(earlier, later, row)) is not None:
                complete.append(stand)
            at += HOUR
    return sorted(complete, key=lambda stand: stand.at)


def _between(earlier: Stand, later: Stand, row: Row) -> Stand | None:
    raw = row.state / later.scale.step
    stand = Stand(row.start + HOUR, int(raw), later.scale)
    parts = energy_between(earlier, stand), energy_between(stand, later)
    if raw != stand.raw or None in parts:
        return None
    return stand if sum(filter(None, parts)) == energy_between(earlier, later) else None


def is_whole_hour(at: datetime) -> bool:
    """Whether an instant is on the hour, in UTC as in Japan."""
    return at.minute == 0


def differing(wanted: Iterable[Row], found: Mapping[datetime, Row]) -> list[Row]:
    """The rows that Home Assistant doesn't have, or has otherwise."""
    return [row for row in wanted if not _is_same(row, found.get(row.start))]


def _is_same(wanted: Row, found: Row | None) -> bool:
    """Floats and their way through a database leave less than a millionth of a kWh."""
    return found is not None and all(
        abs(one - other) < Decimal("0.000001")
        for one, other in ((wanted.state, found.state), (wanted.sum, found.sum))
    )


def batches(rows: Iterable[Row], size: int = ROWS_PER_MESSAGE) -> Iterator[list[Row]]:
    """The rows in pieces that a message may hold."""
    remaining = iter(rows)
    while piece := list(islice(remaining, size)):
        yield piece


def is_too_old(version: str) -> bool:
    """Whether a Core of this version (`2025.10.4`) lacks what we need. Unknown forms pass."""
    parts = version.split(".")
    if len(parts) < 2 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return False
    return (int(parts[0]), int(parts[1])) < OLDEST_CORE
