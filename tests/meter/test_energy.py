"""Energy: exact scaling, rollover, and counts that must not be told."""

from decimal import Decimal

import pytest

from broute_addon.meter.energy import Count, CounterGuard
from broute_addon.meter.profile import EnergyScale

TENTHS = EnergyScale(coefficient=1, exponent=-1, digits=6)


def told(counts: list[tuple[float, int]], scale: EnergyScale = TENTHS) -> list[int]:
    """Which of (minutes, raw) are believed."""
    guard = CounterGuard()
    return [raw for minutes, raw in counts if guard.accepts(Count(raw, minutes * 60), scale)]


@pytest.mark.parametrize(
    ("raw", "coefficient", "exponent", "kwh"),
    [
        (123123, 1, -1, "12312.3"),
        (123123, 3, -1, "36936.9"),
        (65535, 1, -4, "6.5535"),
        (1, 1, 4, "10000"),
        (99_999_999, 999_999, 0, "99999899000001"),
        (0, 1, -2, "0.00"),
    ],
)
def test_counts_scale_exactly(raw: int, coefficient: int, exponent: int, kwh: str) -> None:
    assert EnergyScale(coefficient, exponent).kwh(raw) == Decimal(kwh)


def test_a_growing_counter_is_told() -> None:
    assert told([(0, 100), (1, 100), (2, 101)]) == [100, 100, 101]


def test_a_true_zero_is_told() -> None:
    assert told([(0, 0), (1, 0)]) == [0, 0]


def test_a_rollover_is_told() -> None:
    assert told([(0, 999_999), (1, 3)]) == [999_999, 3]


def test_one_wild_count_is_never_told() -> None:
    assert told([(0, 5000), (1, 900_000), (2, 5001)]) == [5000, 5001]
    assert told([(0, 5000), (1, 12), (2, 5001)]) == [5000, 5001]


def test_a_register_that_was_reset_is_told_once_it_is_confirmed() -> None:
    assert told([(0, 5000), (1, 12), (2, 12), (3, 13)]) == [5000, 12, 13]


def test_a_reset_is_not_confirmed_by_a_reading_of_the_same_moment() -> None:
    assert told([(0, 5000), (1, 12), (1.01, 12), (1.02, 12), (2, 12)]) == [5000, 12]


def test_a_late_count_never_lowers_a_newer_one() -> None:
    assert told([(10, 5010), (0, 5000), (11, 5011)]) == [5010, 5011]


def test_what_was_used_during_a_long_outage_is_told_at_once() -> None:
    assert told([(0, 5000), (72 * 60, 5000 + 72 * 30)]) == [5000, 7160]


def test_a_time_in_the_future_holds_nothing_back_for_ever() -> None:
    year = 365 * 24 * 60
    assert told([(0, 5000), (year, 5001), (30, 5002), (60, 5003), (90, 5004), (120, 5005)]) == [
        5000,
        5001,
        5004,
        5005,
    ]
