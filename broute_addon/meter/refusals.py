"""Which properties the meter refused in one session, and for how long they aren't asked for."""

from collections import Counter
from collections.abc import Collection

REFUSED_FOR_S = 600.0
"""A property of the Get map that was refused is not asked for so long, four times as long at each
further refusal in a row: a meter may refuse for a moment, or have a map that claims too much."""

LONGEST_S = 3600.0
"""The longest pause: a session may last for months."""


class Refusals:
    """EPCs that were refused. Times are seconds of the event loop."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}
        self._times: Counter[int] = Counter()

    @property
    def epcs(self) -> Collection[int]:
        """All that are refused at present."""
        return self._until.keys()

    def note(self, epcs: Collection[int], now: float) -> None:
        """The meter refused these."""
        for epc in epcs:
            self._until[epc] = now + min(REFUSED_FOR_S * 4.0 ** self._times[epc], LONGEST_S)
            self._times[epc] += 1

    def worked(self, epcs: Collection[int]) -> None:
        """The meter told these: what it refused before was for a moment."""
        if self._until:
            for epc in epcs:
                self._until.pop(epc, None)
                self._times.pop(epc, None)

    def without(self, epcs: tuple[int, ...], now: float) -> tuple[int, ...]:
        """Those of `epcs` that may be asked for."""
        if not self._until:
            return epcs
        return tuple(epc for epc in epcs if self._until.get(epc, now) <= now)
