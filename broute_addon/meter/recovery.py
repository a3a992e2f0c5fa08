"""The ladder of recovery: which way back an error asks for, and how long to wait before it.

ask again (the client does) → REJOIN → RESCAN → RESET → REOPEN → tell the household. An error's
class names the first rung; when a rung has failed its number of times in a row, the next one is
tried. Waits grow with each attempt and are jittered, so that nothing hammers. One good reading
ends the streak; but where the session breaks again and again soon after it, as it does where
another controller logs in to the same meter, these waits grow too.
"""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from broute_addon.errors import (
    BRouteError,
    CommandFailedError,
    DongleTimeoutError,
    JoinRefusedError,
    JoinUnansweredError,
    MeterError,
    PanNotFoundError,
    SessionLostError,
    TransportError,
    UnknownDialectError,
)

_LOGGER = logging.getLogger(__name__)


class Rung(IntEnum):
    """A way back, the cheapest first."""

    REJOIN = 1  # a new PANA session on the same PAN
    RESCAN = 2  # look for the meter again
    RESET = 3  # SKRESET, then as RESCAN
    REOPEN = 4  # close the port, look for the stick, probe


FIRST_RUNG: Mapping[type[BRouteError], Rung] = {
    MeterError: Rung.REJOIN,
    SessionLostError: Rung.REJOIN,
    JoinRefusedError: Rung.RESCAN,
    JoinUnansweredError: Rung.RESCAN,
    PanNotFoundError: Rung.RESCAN,
    CommandFailedError: Rung.RESET,
    DongleTimeoutError: Rung.RESET,
    UnknownDialectError: Rung.REOPEN,
    TransportError: Rung.REOPEN,
}

TRIES: Mapping[Rung, int] = {Rung.REJOIN: 2, Rung.RESCAN: 3, Rung.RESET: 2, Rung.REOPEN: 2}
"""Failures in a row on a rung before the next one is tried; after REOPEN it is RESCAN again."""

LONGEST_WAIT_S = 300.0
LONGEST_PORT_WAIT_S = 30.0
"""While it is the port that fails: asking costs no airtime, and a stick may be back any moment."""

REFUSED_WAITS_S = (30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
"""After a refused join: wrong credentials don't become right by repeating them."""

SUSPECT_CREDENTIALS_AFTER = 3
"""Refusals without a good reading before the household is asked to check ID and password."""

REFUSALS_COUNT_FOR = 6
"""So many other failures in a row, and earlier refusals say nothing any more."""

STEADY_READINGS = 3
"""A streak that begins after fewer good live polls is a relapse."""

RELAPSES_FREE = 2
LONGEST_RELAPSE_WAIT_S = 60.0
"""So many relapses in a row are mended at once; later ones wait, up to so long."""


def first_rung(error: BRouteError) -> Rung:
    """The cheapest way back from an error."""
    for kind in type(error).__mro__:
        if kind in FIRST_RUNG:
            return FIRST_RUNG[kind]
    return Rung.REOPEN


@dataclass(frozen=True, slots=True)
class Attempt:
    """What to do next, and after how many seconds. `number` counts from 1 within the streak."""

    rung: Rung
    wait_s: float
    number: int


class Ladder:
    """Remembers a streak of failures; one warning at its start, one relief at its end."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._failures = 0
        self._refusals = 0
        self._since_refusal = 0
        self._refusal_is_told = False
        self._readings = STEADY_READINGS
        self._relapses = 0
        self._rung = Rung.REJOIN
        self._tries_left = TRIES[Rung.REJOIN]

    @property
    def suspects_credentials(self) -> bool:
        """The meter has refused so often that ID or password are probably wrong."""
        return self._refusals >= SUSPECT_CREDENTIALS_AFTER

    def fell(self, error: BRouteError) -> Attempt:
        """Takes an error and says what to try next."""
        self._failures += 1
        if self._failures == 1:
            self._relapses = self._relapses + 1 if self._readings < STEADY_READINGS else 0
            self._readings = 0
        is_refusal = isinstance(error, JoinRefusedError)
        self._since_refusal = 0 if is_refusal else self._since_refusal + 1
        if is_refusal:
            self._refusals += 1
        elif self._since_refusal >= REFUSALS_COUNT_FOR:
            self._refusals = 0
        is_news = self._failures == 1 or (is_refusal and not self._refusal_is_told)
        self._refusal_is_told |= is_refusal
        _LOGGER.log(logging.WARNING if is_news else logging.DEBUG, "%s", error.message)
        self._climb(first_rung(error))
        return Attempt(self._rung, self._wait_s(error), self._failures)

    def recovered(self) -> int:
        """A good reading came: the streak is over. Gives the number of failures it had."""
        self._readings += 1
        failures, self._failures, self._refusals = self._failures, 0, 0
        self._refusal_is_told = False
        self._rung, self._tries_left = Rung.REJOIN, TRIES[Rung.REJOIN]
        return failures

    def _climb(self, wanted: Rung) -> None:
        if wanted > self._rung:
            self._rung, self._tries_left = wanted, TRIES[wanted]
        elif self._tries_left <= 0:
            top = self._rung is Rung.REOPEN
            self._rung = Rung.RESCAN if top else Rung(self._rung + 1)
            self._rung = max(self._rung, wanted)
            self._tries_left = TRIES[self._rung]
        self._tries_left -= 1

    def _wait_s(self, error: BRouteError) -> float:
        if isinstance(error, JoinRefusedError):
            waits = REFUSED_WAITS_S
            wait = waits[min(self._refusals, len(waits)) - 1]
        elif self._failures == 1:
            later = self._relapses - RELAPSES_FREE
            wait = min(2.0 ** min(later, 10), LONGEST_RELAPSE_WAIT_S) if later > 0 else 0.0
        else:
            is_port = first_rung(error) is Rung.REOPEN
            longest = LONGEST_PORT_WAIT_S if is_port else LONGEST_WAIT_S
            wait = min(2.0 ** min(self._failures, 10), longest)
        return wait * self._rng.uniform(0.8, 1.2)
