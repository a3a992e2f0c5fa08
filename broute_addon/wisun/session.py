"""The life of a session, as a table that can be printed.

Rules of the file: everything that changes the state is here, and nothing here waits or writes.

Two kinds of trigger move it: events of the stick, and moves of our own (`Move`). What the table
doesn't list changes nothing; so a second 29, a late 24 or a 28 that arrives during the next join
do no harm. RENEWING is the time between EVENT 29 and its 25 or 24: nothing may be transmitted
then. A J11 module has no such event: the time is that of our own `Renew`. An automatic re-
authentication at 80 % of the lifetime announces itself only by another EVENT 25, which leaves a
joined session joined.
"""

from collections.abc import Mapping
from enum import Enum

from broute_addon.wisun.events import (
    Event,
    JoinFailed,
    JoinSucceeded,
    MeterLost,
    Restarted,
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

    JOIN = "login begun"
    GIVE_UP = "login abandoned"
    RENEW = "renewal asked for"
    LEAVE = "logout begun"
    LEFT = "logout done, refused or unanswered"
    RESET = "stick reset"
    OVERDUE = "renewal not done in time"
    UNSENDABLE = "datagram refused"
    UNDECIPHERABLE = "still undecipherable after a renewal"


Trigger = type[Event] | Move

TRANSITIONS: Mapping[State, Mapping[Trigger, State]] = {
    State.APART: {
        Move.JOIN: State.JOINING,
        Move.LEAVE: State.LEAVING,
    },
    State.JOINING: {
        JoinSucceeded: State.JOINED,
        JoinFailed: State.APART,
        MeterLost: State.APART,
        Restarted: State.APART,
        Move.GIVE_UP: State.APART,
        Move.LEAVE: State.LEAVING,
        Move.RESET: State.APART,
    },
    State.JOINED: {
        SessionExpired: State.RENEWING,
        JoinFailed: State.APART,
        TerminatedByMeter: State.APART,
        MeterLost: State.APART,
        Restarted: State.APART,
        SessionClosed: State.APART,
        Move.JOIN: State.JOINING,
        Move.LEAVE: State.LEAVING,
        Move.RESET: State.APART,
        Move.RENEW: State.RENEWING,
        Move.UNSENDABLE: State.APART,
        Move.UNDECIPHERABLE: State.APART,
    },
    State.RENEWING: {
        JoinSucceeded: State.JOINED,
        JoinFailed: State.APART,
        TerminatedByMeter: State.APART,
        MeterLost: State.APART,
        Restarted: State.APART,
        SessionClosed: State.APART,
        Move.OVERDUE: State.APART,
        Move.JOIN: State.JOINING,
        Move.LEAVE: State.LEAVING,
        Move.RESET: State.APART,
    },
    State.LEAVING: {
        SessionClosed: State.APART,
        TerminatedByMeter: State.APART,
        Restarted: State.APART,
        Move.LEFT: State.APART,
        Move.RESET: State.APART,
    },
}


def step(state: State, trigger: Trigger) -> State:
    """The state after a trigger."""
    return TRANSITIONS[state].get(trigger, state)
