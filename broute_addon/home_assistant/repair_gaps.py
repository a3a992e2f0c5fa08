"""When Home Assistant wasn't told the energy: the recorded gaps, without which nothing is mended.

Home Assistant is *fed* when a new energy value arrives from the meter while the broker and Core
are up. A gap is what lies between two feedings that are too far apart, however that came: the
stick, this process, the broker or Core was away. It is kept in the meter's own time, as the half-
hours at whose instant nobody told Home Assistant anything: those after the newest half-hour known
at the last feeding, up to the first that came after the next feeding. The last of them may have
been told after all; then its hour, in which the gap ended, has nothing to mend.

While this process doesn't run nothing is fed, so a gap is open from its start on: since the newest
half-hour that the ledger knew. Kept among the ledger's facts; written when a gap opens and ends.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from broute_addon.clock import Clock
from broute_addon.ledger import Ledger
from broute_addon.meter.half_hours import HALF_HOUR
from broute_addon.meter.readings import Reading
from broute_addon.meter.schedule import ENERGY_EVERY_S
from broute_addon.store import Snapshot, Store

FEEDINGS_PER_GAP = 3
"""A gap is where more feedings than two are missing: one may be late or lost."""

KEPT = timedelta(days=100)
"""An older gap isn't mended any more: the meter has forgotten it."""

_HOUR = timedelta(hours=1)
_ENERGIES = ("energy_bought", "energy_sold")
_HALF_HOURS = ("half_hour_energy_bought", "half_hour_energy_sold")


@dataclass(frozen=True, slots=True)
class Gap:
    """The half-hours after `after` up to and with `until` (UTC, the meter's) weren't told."""

    after: datetime
    until: datetime

    def hours(self) -> list[datetime]:
        """The begins of the hours whose end it covers."""
        end = self.after.replace(minute=0) + _HOUR
        ends = []
        while end <= self.until:
            ends.append(end - _HOUR)
            end += _HOUR
        return ends


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of one meter: those that ended, and since when one is open."""

    ended: tuple[Gap, ...] = ()
    open_after: datetime | None = None

    def opened(self, after: datetime) -> "Gaps":
        """One begins; an open one goes on."""
        return self if self.open_after is not None else replace(self, open_after=after)

    def closed(self, until: datetime) -> "Gaps":
        """The open one ends; it is kept if it covers the end of an hour."""
        if self.open_after is None:
            return self
        return replace(self.with_gap(Gap(self.open_after, until)), open_after=None)

    def with_gap(self, gap: Gap) -> "Gaps":
        """One more that has ended."""
        recent = tuple(each for each in self.ended if each.until >= gap.until - KEPT)
        return replace(self, ended=(*recent, gap)) if gap.hours() else self

    def without(self, settled: Iterable[Gap]) -> "Gaps":
        """Without those that nothing is left to do about."""
        gone = set(settled)
        return replace(self, ended=tuple(gap for gap in self.ended if gap not in gone))


_NO_GAPS = Gaps()


def to_text(gaps: Gaps) -> str:
    """For the ledger's facts."""
    return json.dumps(
        {
            "open": None if gaps.open_after is None else gaps.open_after.isoformat(),
            "ended": [[gap.after.isoformat(), gap.until.isoformat()] for gap in gaps.ended],
        }
    )


def from_text(text: str | None) -> Gaps:
    """What `to_text` wrote; none at all where it can't be read."""
    try:
        kept = json.loads(text or "{}")
        opened = kept.get("open")
        return Gaps(
            tuple(
                Gap(datetime.fromisoformat(after), datetime.fromisoformat(until))
                for after, until in kept.get("ended", ())
            ),
            None if opened is None else datetime.fromisoformat(opened),
        )
    except (ValueError, TypeError, AttributeError):
        return Gaps()


@dataclass(frozen=True, slots=True)
class _Feeding:
    """When an energy value went out, by the host's clock and the loop's, and the newest half-hour
    that the meter had told by then."""

    wall: datetime
    loop_s: float
    half_hour: datetime


class GapRecorder:
    """Records the gaps of every meter. Make it before the engine runs."""

    def __init__(self, ledger: Ledger, store: Store, clock: Clock) -> None:
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._core_is_up = False
        self._gaps: dict[str, Gaps] = {}
        self._fed: dict[str, _Feeding] = {}
        self._energy: Reading | None = None
        self._half_hour: Reading | None = None
        self._half_hour_is_fresh = False
        for uid in ledger.uids():
            self._gaps[uid] = from_text(ledger.noted(_key(uid)))
            if (newest := ledger.newest(uid)) is not None:
                self._set(uid, self._gaps[uid].opened(newest))

    def ended(self, uid: str) -> Sequence[Gap]:
        """The gaps that have ended and aren't settled, oldest first."""
        return self._gaps.get(uid, _NO_GAPS).ended

    def open_after(self, uid: str) -> datetime | None:
        """Since which half-hour a gap is open; None: Home Assistant is being fed."""
        return self._gaps.get(uid, _NO_GAPS).open_after

    def settle(self, uid: str, gaps: Iterable[Gap]) -> None:
        """Nothing is left to do about these."""
        self._set(uid, self._gaps.get(uid, _NO_GAPS).without(gaps))

    def note_core(self, *, is_up: bool) -> None:
        """Whether Core is there and has started."""
        self._core_is_up = is_up

    async def run(self) -> None:
        """Follows the store for ever."""
        async for snapshot in self._store.snapshots():
            self.look(snapshot)

    def look(self, snapshot: Snapshot) -> None:
        """Takes note of what a snapshot tells."""
        if snapshot.meter is None:
            return
        uid = snapshot.meter.uid
        self._look_for_silence(uid, snapshot.poll_interval_s)
        self._look_at_half_hour(snapshot)
        energy = _newest(snapshot, _ENERGIES)
        is_new, self._energy = energy not in (None, self._energy), energy
        is_on_its_way = snapshot.is_reading and snapshot.broker_is_up and self._core_is_up
        if is_new and is_on_its_way and self._half_hour is not None:
            self._feed(uid, self._half_hour.at)

    def _look_at_half_hour(self, snapshot: Snapshot) -> None:
        """After the meter was away its newest half-hour isn't the newest any more."""
        half_hour = _newest(snapshot, _HALF_HOURS)
        if half_hour != self._half_hour:
            self._half_hour, self._half_hour_is_fresh = half_hour, True
        elif not snapshot.is_reading:
            self._half_hour_is_fresh = False

    def _look_for_silence(self, uid: str, interval_s: float) -> None:
        fed = self._fed.get(uid)
        if fed is None:
            return
        limit_s = FEEDINGS_PER_GAP * max(ENERGY_EVERY_S, interval_s)
        silent_s = max(
            asyncio.get_running_loop().time() - fed.loop_s,
            (self._clock() - fed.wall).total_seconds(),  # goes on while the host sleeps
        )
        if silent_s > limit_s:
            self._set(uid, self._gaps.get(uid, _NO_GAPS).opened(fed.half_hour))

    def _feed(self, uid: str, half_hour: datetime) -> None:
        gaps, fed = self._gaps.get(uid, _NO_GAPS), self._fed.get(uid)
        if fed is not None and half_hour - fed.half_hour > HALF_HOUR:
            gaps = gaps.opened(fed.half_hour).closed(half_hour)
        elif self._half_hour_is_fresh:
            gaps = gaps.closed(half_hour)
        self._set(uid, gaps)
        now_s = asyncio.get_running_loop().time()
        self._fed[uid] = _Feeding(self._clock(), now_s, half_hour)

    def _set(self, uid: str, gaps: Gaps) -> None:
        if gaps != self._gaps.get(uid, _NO_GAPS):
            self._gaps[uid] = gaps
            self._ledger.note(_key(uid), to_text(gaps))


def _key(uid: str) -> str:
    return f"gaps:{uid}"


def _newest(snapshot: Snapshot, keys: Iterable[str]) -> Reading | None:
    """The reading of the latest instant that has a value."""
    found = [snapshot.readings[key] for key in keys if key in snapshot.readings]
    known = [reading for reading in found if reading.value is not None]
    return max(known, key=lambda reading: reading.at, default=None)
