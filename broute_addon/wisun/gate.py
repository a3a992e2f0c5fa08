"""Whether a datagram may go out now: the session's state and the airtime limit.

The gate is shut while the stick renews an expired session (EVENT 29 until 25) and while the
airtime limit holds transmissions (EVENT 32 until 33). Neither means that the meter is lost, so
who wants to send waits instead of failing. Both have an end of their own: a renewal that takes
longer than a minute ends the session. A hold whose release was never heard goes on trial after
the hour that the budget counts, or after the minute that a stick names which tells no release:
then one request passes, and its transmission ends the hold or begins it anew. A lost session
opens the gate: waiting would not help, and who comes through is told.
"""

import asyncio
from collections.abc import Callable, Mapping

from broute_addon.errors import SessionLostError
from broute_addon.messages import Message, message
from broute_addon.wisun.events import (
    Event,
    JoinFailed,
    JoinSucceeded,
    LinkEvent,
    MeterLost,
    Restarted,
    SessionClosed,
    SessionEnded,
    SessionRenewed,
    SessionRenewing,
    TerminatedByMeter,
    TransmitBudgetExhausted,
    TransmitBudgetRestored,
    TransmitHeld,
    TransmitReleased,
    Transmitted,
)
from broute_addon.wisun.session import Move, State, Trigger, step

RENEWAL_S = 60.0
HOLD_S = 3660.0

_END_REASONS: Mapping[Trigger, Message] = {
    JoinFailed: message("session_renewal_failed"),
    TerminatedByMeter: message("session_terminated"),
    MeterLost: message("session_meter_lost"),
    Restarted: message("session_stick_restarted"),
    SessionClosed: message("session_closed"),
    Move.OVERDUE: message("session_renewal_overdue"),
    Move.UNSENDABLE: message("session_unsendable"),
    Move.UNDECIPHERABLE: message("session_undecipherable"),
}
_NOT_JOINED = message("not_joined")
_STANDING = (State.JOINED, State.RENEWING)


class Gate:
    """Owns the session's state; `emit` gets what the layer above must know."""

    def __init__(self, emit: Callable[[LinkEvent], None]) -> None:
        self.state = State.APART
        self.is_held = False
        self._is_on_trial = False
        self._emit = emit
        self._open = asyncio.Event()
        self._end = _NOT_JOINED
        self._renewal: asyncio.TimerHandle | None = None
        self._hold: asyncio.TimerHandle | None = None
        self._update()

    @property
    def is_joined(self) -> bool:
        """True while a session stands, also while it is being renewed."""
        return self.state in _STANDING

    async def wait(self) -> None:
        """Waits until a datagram may go out.

        Raises:
            SessionLostError: there is no session (any more).
        """
        await self._open.wait()
        if self.state is not State.JOINED:
            raise self.lost()

    def lost(self) -> SessionLostError:
        """The error that tells how the last session ended."""
        return SessionLostError(self._end)

    def heard(self, event: Event) -> None:
        """An event of the stick; most of them change nothing here."""
        match event:
            case TransmitBudgetExhausted(retry_s):
                self._hold_transmissions(HOLD_S if retry_s is None else retry_s)
            case Transmitted() if self._is_on_trial:
                self.release()
            case TransmitBudgetRestored():
                self.release()
            case JoinSucceeded() if self.is_joined:
                self.move(JoinSucceeded)
                self._emit(SessionRenewed())
            case _:
                self.move(type(event))

    def move(self, trigger: Trigger) -> None:
        """Moves the session; a session that ends without our doing is told."""
        before, self.state = self.state, step(self.state, trigger)
        if self.state is before:
            return
        if self.state is not State.RENEWING and self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        if self.state is State.JOINING:
            self._end = _NOT_JOINED
        ended = before in _STANDING and not self.is_joined
        reason = _END_REASONS.get(trigger) if ended else None
        if reason is not None:
            self._end = reason
        self._update()
        if reason is not None:
            self._emit(SessionEnded(reason))
        if self.state is State.RENEWING:
            self._renewal = asyncio.get_running_loop().call_later(
                RENEWAL_S, self.move, Move.OVERDUE
            )
            self._emit(SessionRenewing())

    def release(self) -> None:
        """The airtime limit is over, or a reset has made us forget it."""
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None
        self._is_on_trial = False
        if self.is_held:
            self.is_held = False
            self._update()
            self._emit(TransmitReleased())

    def close(self) -> None:
        """No session, no timer, nobody waits any more. For a port that is gone or given back."""
        for timer in (self._renewal, self._hold):
            if timer is not None:
                timer.cancel()
        self._renewal = self._hold = None
        self._is_on_trial = False
        self.state, self._end = State.APART, _NOT_JOINED
        self._update()

    def _hold_transmissions(self, seconds: float) -> None:
        if self._hold is not None:
            self._hold.cancel()
        self._hold = asyncio.get_running_loop().call_later(seconds, self._try)
        was_held, self.is_held, self._is_on_trial = self.is_held, True, False
        self._update()
        if not was_held:
            self._emit(TransmitHeld())

    def _try(self) -> None:
        self._hold = None
        self._is_on_trial = True
        self._update()

    def _update(self) -> None:
        is_held = self.is_held and not self._is_on_trial
        if self.state is State.RENEWING or (is_held and self.is_joined):
            self._open.clear()
        else:
            self._open.set()
