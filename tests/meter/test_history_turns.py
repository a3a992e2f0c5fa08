"""When a request to the meter's memory may go between two live polls."""

import random

import pytest

from broute_addon.meter.history.turns import PATIENCE_S, Turns

INTERVAL_S = 10.0


def turns(*answers_s: float) -> Turns[str]:
    """One kind of request, first guessed at 2 s, with these answers so far."""
    found = Turns({"day": 2.0})
    for answer_s in answers_s:
        turn = found.turn("day", 0.0, 1000.0, INTERVAL_S)
        assert turn is not None
        found.answered("day", turn, answer_s)
    return found


def goes(found: Turns[str], room_s: float) -> bool:
    return found.turn("day", 100.0, 100.0 + room_s, INTERVAL_S) is not None


def test_before_anything_was_measured_a_guess_decides() -> None:
    assert goes(turns(), 2.1)
    assert not goes(turns(), 1.9)


def test_measured_times_decide_and_one_in_twenty_may_be_slower() -> None:
    found = turns(*[1.0] * 59, 9.0)
    assert found.usual_s("day") == 1.0
    assert goes(found, 1.1)
    assert turns(*[1.0] * 50, *[3.0] * 10).usual_s("day") == 3.0


def test_an_answer_is_not_waited_for_beyond_the_next_live_poll() -> None:
    turn = turns(3.0).turn("day", 100.0, 105.0, INTERVAL_S)
    assert turn is not None
    assert 105.0 <= turn.deadline <= 105.0 + INTERVAL_S / 10


def test_a_lost_answer_is_given_up_long_before_a_live_poll_that_is_far() -> None:
    turn = turns(2.0).turn("day", 100.0, 400.0, 300.0)
    assert turn is not None
    assert turn.deadline < 110.0


def test_a_lost_answer_that_a_live_poll_waits_for_is_given_up_sooner() -> None:
    found = turns(*[6.0] * 20)
    for _ in range(100):
        found.polled()
    turn = found.turn("day", 100.0, 105.0, 5.0)
    assert turn is not None
    assert 106.0 < turn.deadline <= 110.0


def test_a_kind_that_stayed_away_twice_is_waited_for_longer() -> None:
    found = turns(2.0)
    for _ in range(2):
        turn = found.turn("day", 100.0, 400.0, 300.0)
        assert turn is not None
        found.lost("day", turn, turn.deadline)
    turn = found.turn("day", 100.0, 400.0, 300.0)
    assert turn is not None
    assert turn.deadline == 100.0 + PATIENCE_S
    assert found.turn("day", 100.0, 109.9, INTERVAL_S) is None


@pytest.mark.parametrize("slow_s", [(9.5, 14.0), (12.0, 12.0), (3.0, 10.0)])
def test_what_never_surely_fits_neither_starves_nor_makes_many_polls_late(
    slow_s: tuple[float, float],
) -> None:
    rng = random.Random(1)
    found = turns(*(rng.uniform(*slow_s) for _ in range(60)))
    now, late, answered, polls = 0.0, 0, 0, 1000
    for number in range(polls):
        due = number * INTERVAL_S
        late += now > due + INTERVAL_S / 10
        now = max(now, due) + 0.7
        found.polled()
        turn = found.turn("day", now, due + INTERVAL_S, INTERVAL_S)
        if turn is not None:
            now += rng.uniform(*slow_s)
            answered += 1
            found.answered("day", turn, now)
    assert late <= polls / 40
    assert answered >= 20
