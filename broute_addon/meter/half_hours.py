"""What the meter's registers stood at, each half hour: the shared words of its memory.

A value is a register reading at an instant, never a consumption (echonet-lite-meter 4.1). The
instant is the meter's own: no value's time depends on the host's clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple, Protocol

from broute_addon.meter.quantities import Quantity, Role, Term

HALF_HOUR = timedelta(minutes=30)

MEMORY_DAYS = 99
"""How far back the day selector E5 reaches; most meters keep less."""


class Direction(Enum):
    """Whose register: normal (bought) or reverse (sold)."""

    BOUGHT = "bought"
    SOLD = "sold"

    __hash__ = object.__hash__  # enum's own is slow, and these stand in large tables


class Source(Enum):
    """How a half-hour value came to be known."""

    NOTIFICATION = "notification"
    POLL = "poll"
    HISTORY_1 = "history 1"
    HISTORY_2 = "history 2"
    HISTORY_3 = "history 3"


class HalfHour(NamedTuple):
    """A register's raw count at `at` (UTC, :00 or :30). `raw` None: the meter remembers none."""

    at: datetime
    direction: Direction
    raw: int | None
    source: Source


@dataclass(frozen=True, slots=True)
class Coverage:
    """How complete one meter's half-hours are, from `since` to `until` (UTC, both included).

    Counted in half-hours, each direction by itself: `known` have a value, `gone` are those that
    the meter doesn't remember, `missing` are still to be read. `oldest` and `newest` have values.
    """

    since: datetime
    until: datetime
    oldest: datetime | None
    newest: datetime | None
    known: int
    missing: int
    gone: int

    @property
    def percent(self) -> float:
        """Known half-hours in percent of those expected, 0 to 100, one decimal, rounded down."""
        expected = self.known + self.missing + self.gone
        return self.known * 1000 // expected / 10 if expected else 0.0


@dataclass(frozen=True, slots=True)
class HistoryProgress:
    """How far the reading of the meter's memory is, in requests. `left_s` is an estimate."""

    is_reading: bool
    done: int
    total: int
    left_s: float | None = None


class Memory(Protocol):
    """What the engine asks the ledger before it reads the meter's memory."""

    def holes(
        self, uid: str, directions: Iterable[Direction], since: datetime, until: datetime
    ) -> Sequence[datetime]:
        """The half-hours from `since` to `until`, both included, of which at least one of the
        directions has neither a value nor the mark that the meter has none; ascending, UTC."""


HISTORY_TERMS = (
    Term("energy_bought_today", Quantity.DAY_ENERGY, "Energy bought today", "今日の買電量"),
    Term("energy_sold_today", Quantity.DAY_ENERGY, "Energy sold today", "今日の売電量"),
    Term(
        "energy_bought_yesterday", Quantity.PAST_ENERGY, "Energy bought yesterday", "昨日の買電量"
    ),
    Term("energy_sold_yesterday", Quantity.PAST_ENERGY, "Energy sold yesterday", "昨日の売電量"),
    Term("history_coverage", Quantity.SHARE, "History coverage", "履歴の充足率", Role.DIAGNOSTIC),
    Term(
        "history_missing", Quantity.COUNT, "Missing half-hours", "未取得の30分値", Role.DIAGNOSTIC
    ),
    Term("history_oldest", Quantity.TIME, "Oldest half-hour", "最も古い30分値", Role.DIAGNOSTIC),
    Term("history_newest", Quantity.TIME, "Newest half-hour", "最も新しい30分値", Role.DIAGNOSTIC),
    Term("last_import", Quantity.TIME, "Last import", "最終インポート", Role.DIAGNOSTIC),
)
"""Readings that come from the ledger; they go up as any other reading."""
