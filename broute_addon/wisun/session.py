"""The life of a session, as a table that can be printed.

Rules of the file: everything that changes the state is here, and nothing here waits or writes.

Two kinds of trigger move it: events of the stick, and moves of our own (`Move`). What the table
doesn't list changes nothing; so a second 29, a late 24 or a 28 that arrives during the next join
do no harm. RENEWING is the time between EVENT 29 and its 25 or 24: nothing may be transmitted
then. An automatic re-authentication at 80 % of the lifetime announces itself only by another
EVENT 25, which leaves a joined session joined.
"""

from collections.abc import Mapping
from enum import Enum

from broute_addon.wisun.events import (
    Event,
    JoinFailed,
    JoinSucceeded,
    SessionClosed,
    SessionExpired,
    TerminatedByMeter,
)


class State(Enum):
    """Where the session stands."""

    APART = "apart"
    JOINING = "joining"
    JOINED = "joined"
    RENEWING = "renewing"
    LEAVING = "leaving"


class Move(Enum):
    """What we do, or what becomes clear without an event."""

    JOIN = "SKJOIN sent"
    GIVE_UP = "join abandoned"
    LEAVE = "SKTERM sent"
    LEFT = "SKTERM done, refused or unanswered"
    RESET = "SKRESET done"
    OVERDUE = "renewal not done in time"
    UNSENDABLE = "SKSENDTO refused"


Trigger = type[Event] | Move

TRANSITIONS: Mapping[State, Mapping[Trigger, State]] = {
    State.APART: {
        Move.JOIN: State.JOINING,
        Move.LEAVE: State.LEAVING,
    },
    State.JOINING: {
        JoinSucceeded: State.JOINED,
        JoinFailed: State.APART,
        Move.GIVE_UP: State.APART,
        Move.LEAVE: State.LEAVING,
        Move.RESET: State.APART,
    },
    State.JOINED: {
        SessionExpired: State.RENEWING,
        JoinFailed: State.APART,
        TerminatedByMeter: State.APART,
        SessionClosed: State.APART,
        Move.JOIN: State.JOINING,
        Move.LEAVE: State.LEAVING,
        Move.RESET: State.APART,
        Move.UNSENDABLE: State.APART,
    },
    State.RENEWING: {
        JoinSucceeded: State.JOINED,
        JoinFailed: State.APART,
        TerminatedByMeter: State.APART,
        SessionClosed: State.APART,
        Move.OVERDUE: State.APART,
        Move.JOIN: State.JOINING,
        Move.LEAVE: State.LEAVING,
        Move.RESET: State.APART,
    },
    State.LEAVING: {
        SessionClosed: State.APART,
        TerminatedByMeter: State.APART,
        Move.LEFT: State.APART,
        Move.RESET: State.APART,
    },
}


def step(state: State, trigger: Trigger) -> State:
    """The state after a trigger."""
    return TRANSITIONS[state].get(trigger, state)
