"""The ladder: which rung after which error, how long before it, and what the log hears of it."""

import logging
import random

import pytest

from broute_addon.errors import (
    BRouteError,
    CommandFailedError,
    DongleTimeoutError,
    JoinRefusedError,
    JoinUnansweredError,
    MeterTimeoutError,
    PanNotFoundError,
    SessionLostError,
    TransmitFailedError,
    TransportError,
    UnknownDialectError,
)
from broute_addon.messages import message
from broute_addon.meter.recovery import LONGEST_PORT_WAIT_S, LONGEST_WAIT_S, Ladder, Rung

TEXT = message("session_absent")


def ladder() -> Ladder:
    return Ladder(random.Random(7))


@pytest.mark.parametrize(
    ("error", "rung"),
    [
        (MeterTimeoutError(TEXT), Rung.REJOIN),
        (TransmitFailedError(TEXT), Rung.REJOIN),
        (SessionLostError(TEXT), Rung.REJOIN),
        (JoinUnansweredError(TEXT), Rung.RESCAN),
        (JoinRefusedError(TEXT), Rung.RESCAN),
        (PanNotFoundError(TEXT), Rung.RESCAN),
        (DongleTimeoutError(TEXT), Rung.RESET),
        (CommandFailedError(TEXT, 10), Rung.RESET),
        (TransportError(TEXT), Rung.REOPEN),
        (UnknownDialectError(TEXT), Rung.REOPEN),
    ],
)
def test_an_errors_class_names_the_first_rung(error: BRouteError, rung: Rung) -> None:
    assert ladder().fell(error).rung is rung


def test_the_first_failure_is_mended_at_once() -> None:
    assert ladder().fell(SessionLostError(TEXT)).wait_s == 0


def test_repeated_failure_climbs_every_rung_and_never_gets_stuck_on_one() -> None:
    climbing = ladder()
    rungs = [climbing.fell(SessionLostError(TEXT)).rung for _ in range(40)]
    assert rungs[:2] == [Rung.REJOIN, Rung.REJOIN]
    assert set(rungs) == set(Rung)
    assert Rung.RESCAN in rungs[rungs.index(Rung.REOPEN) :]


def test_waits_grow_and_are_bounded() -> None:
    climbing = ladder()
    waits = [climbing.fell(PanNotFoundError(TEXT)).wait_s for _ in range(30)]
    assert waits[1] < waits[4] < waits[7]
    assert max(waits) <= LONGEST_WAIT_S * 1.2


def test_a_port_that_fails_is_looked_at_again_soon() -> None:
    climbing = ladder()
    waits = [climbing.fell(TransportError(TEXT)).wait_s for _ in range(30)]
    assert max(waits) <= LONGEST_PORT_WAIT_S * 1.2


def test_other_failures_between_refusals_clear_no_suspicion_of_the_credentials() -> None:
    climbing = ladder()
    for _ in range(2):
        climbing.fell(JoinRefusedError(TEXT))
        climbing.fell(PanNotFoundError(TEXT))
    assert climbing.fell(JoinRefusedError(TEXT)).wait_s >= 120 * 0.8
    assert climbing.suspects_credentials


def test_refusals_of_long_ago_say_nothing_of_the_credentials() -> None:
    climbing = ladder()
    for _ in range(3):
        climbing.fell(JoinRefusedError(TEXT))
    for _ in range(6):
        climbing.fell(PanNotFoundError(TEXT))
    assert not climbing.suspects_credentials


def test_relapses_wait_longer_each_time_until_a_session_lasts() -> None:
    climbing = ladder()
    waits = []
    for _ in range(9):
        climbing.recovered()
        waits.append(climbing.fell(SessionLostError(TEXT)).wait_s)
    assert waits[:3] == [0, 0, 0]
    assert 0 < waits[3] < waits[5]
    assert max(waits) <= 60 * 1.2
    for _ in range(3):
        climbing.recovered()
    assert climbing.fell(SessionLostError(TEXT)).wait_s == 0


def test_refusals_slow_down_and_make_the_credentials_suspect_at_the_third() -> None:
    climbing = ladder()
    waits, suspicions = [], []
    for _ in range(8):
        waits.append(climbing.fell(JoinRefusedError(TEXT)).wait_s)
        suspicions.append(climbing.suspects_credentials)
    assert suspicions[:3] == [False, False, True]
    assert waits[0] >= 20
    assert waits[-1] >= 600


def test_radio_silence_never_makes_the_credentials_suspect() -> None:
    climbing = ladder()
    for _ in range(10):
        climbing.fell(JoinUnansweredError(TEXT))
        assert not climbing.suspects_credentials


def test_a_good_reading_ends_the_streak() -> None:
    climbing = ladder()
    for _ in range(9):
        climbing.fell(SessionLostError(TEXT))
    assert climbing.recovered() == 9
    assert climbing.fell(SessionLostError(TEXT)).rung is Rung.REJOIN
    assert climbing.recovered() == 1
    assert climbing.recovered() == 0


def test_a_streak_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    climbing = ladder()
    with caplog.at_level(logging.INFO):
        for _ in range(50):
            climbing.fell(PanNotFoundError(TEXT))
    assert len(caplog.records) == 1
