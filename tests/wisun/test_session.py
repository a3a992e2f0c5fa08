"""The session's table, and the gate that obeys it."""

import asyncio

import pytest

from broute_addon.errors import SessionLostError
from broute_addon.simulator import run_virtual
from broute_addon.wisun.events import (
    Event,
    JoinFailed,
    JoinSucceeded,
    LinkEvent,
    SessionClosed,
    SessionEnded,
    SessionExpired,
    SessionRenewed,
    SessionRenewing,
    TerminatedByMeter,
    TransmitBudgetExhausted,
    TransmitBudgetRestored,
    TransmitHeld,
    TransmitReleased,
)
from broute_addon.wisun.gate import HOLD_S, RENEWAL_S, Gate
from broute_addon.wisun.session import TRANSITIONS, Move, State, Trigger, step


@pytest.mark.parametrize("state", State)
def test_every_state_can_be_left_and_reset_brings_it_back(state: State) -> None:
    assert set(TRANSITIONS) == set(State)
    assert step(state, Move.RESET) is State.APART


@pytest.mark.parametrize("state", State)
def test_from_every_state_there_is_a_way_to_joined(state: State) -> None:
    reached, frontier = {state}, [state]
    while frontier:
        for following in TRANSITIONS[frontier.pop()].values():
            if following not in reached:
                reached.add(following)
                frontier.append(following)
    assert State.JOINED in reached


@pytest.mark.parametrize(
    ("state", "trigger"),
    [
        (State.APART, JoinSucceeded),  # of a join that was given up
        (State.APART, JoinFailed),
        (State.APART, SessionExpired),
        (State.JOINING, SessionClosed),  # a late 28 of the SKTERM before
        (State.JOINING, SessionExpired),
        (State.RENEWING, SessionExpired),
        (State.JOINED, JoinSucceeded),
    ],
)
def test_late_and_double_events_change_nothing(state: State, trigger: Trigger) -> None:
    assert step(state, trigger) is state


HOLD, RELEASE = TransmitBudgetExhausted(), TransmitBudgetRestored()


class Witness:
    """A joined gate and what it told."""

    def __init__(self) -> None:
        self.told: list[LinkEvent] = []
        self.gate = Gate(self.told.append)
        self.gate.move(Move.JOIN)
        self.gate.heard(JoinSucceeded())

    @property
    def kinds(self) -> list[type[LinkEvent]]:
        return [type(event) for event in self.told]


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        ([TerminatedByMeter()], [SessionEnded]),
        ([SessionClosed(confirmed=True)], [SessionEnded]),
        ([SessionClosed(confirmed=False)], [SessionEnded]),
        ([JoinFailed()], [SessionEnded]),
        ([SessionExpired(), JoinSucceeded()], [SessionRenewing, SessionRenewed]),
        ([SessionExpired(), SessionExpired(), JoinSucceeded()], [SessionRenewing, SessionRenewed]),
        ([SessionExpired(), JoinFailed()], [SessionRenewing, SessionEnded]),
        ([JoinSucceeded()], [SessionRenewed]),
        ([HOLD, HOLD, RELEASE], [TransmitHeld, TransmitReleased]),
        ([RELEASE], []),
    ],
)  # fmt: skip
def test_what_the_stick_says_is_told_once(events: list[Event], kinds: list[type]) -> None:
    async def scenario() -> None:
        witness = Witness()
        for event in events:
            witness.gate.heard(event)
        assert witness.kinds == kinds
        witness.gate.close()

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("shut", "open_again"),
    [
        (SessionExpired(), JoinSucceeded()),
        (TransmitBudgetExhausted(), TransmitBudgetRestored()),
    ],
)
def test_a_request_waits_while_the_gate_is_shut(shut: Event, open_again: Event) -> None:
    async def scenario() -> None:
        witness = Witness()
        witness.gate.heard(shut)
        waiting = asyncio.create_task(witness.gate.wait())
        await asyncio.sleep(20)
        assert not waiting.done()
        witness.gate.heard(open_again)
        await waiting
        witness.gate.close()

    run_virtual(scenario())


def test_a_renewal_that_takes_too_long_ends_the_session() -> None:
    async def scenario() -> None:
        witness = Witness()
        witness.gate.heard(SessionExpired())
        with pytest.raises(SessionLostError, match="too long"):
            await witness.gate.wait()
        assert asyncio.get_running_loop().time() == RENEWAL_S
        assert witness.kinds == [SessionRenewing, SessionEnded]

    run_virtual(scenario())


def test_a_release_that_was_never_heard_comes_after_the_hour() -> None:
    async def scenario() -> None:
        witness = Witness()
        witness.gate.heard(TransmitBudgetExhausted())
        await witness.gate.wait()
        assert asyncio.get_running_loop().time() == HOLD_S

    run_virtual(scenario())


@pytest.mark.parametrize("shut", [SessionExpired(), TransmitBudgetExhausted()])
def test_a_session_that_is_lost_frees_who_waits(shut: Event) -> None:
    async def scenario() -> None:
        witness = Witness()
        witness.gate.heard(shut)
        waiting = asyncio.create_task(witness.gate.wait())
        await asyncio.sleep(0)
        witness.gate.heard(TerminatedByMeter())
        with pytest.raises(SessionLostError, match="ended the session"):
            await waiting
        witness.gate.close()

    run_virtual(scenario())


@pytest.mark.parametrize("move", [Move.LEAVE, Move.RESET, Move.JOIN])
def test_an_end_of_our_own_doing_is_not_told(move: Move) -> None:
    async def scenario() -> None:
        witness = Witness()
        witness.gate.move(move)
        assert witness.told == []

    run_virtual(scenario())


def test_without_a_session_nobody_waits() -> None:
    async def scenario() -> None:
        with pytest.raises(SessionLostError):
            await Gate(lambda _: None).wait()

    run_virtual(scenario())
