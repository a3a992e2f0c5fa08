"""Rows from readings: exact hours, holes, rollover, resets; what a message holds."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broute_addon.home_assistant.statistics import (
    HOUR,
    ROWS_PER_MESSAGE,
    Anchor,
    Row,
    batches,
    differing,
    first_whole_hour,
    is_too_old,
    is_whole_hour,
    metadata,
    row_ending_at,
    running_sums,
    statistic_id,
    with_rows_of,
)
from broute_addon.ledger import Stand
from broute_addon.messages import Language
from broute_addon.meter.half_hours import HALF_HOUR, Direction
from broute_addon.meter.profile import EnergyScale

SCALE = EnergyScale(1, -1, 8)
NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""12:00 in Japan."""


def stand(hours: float, raw: int, scale: EnergyScale = SCALE) -> Stand:
    """A reading so many hours after NOON."""
    return Stand(NOON + timedelta(hours=hours), raw, scale)


def rows_of(stands: Iterable[Stand]) -> list[Row]:
    """All rows of a series that nobody knew before."""
    known = list(stands)
    first = first_whole_hour(known)
    if first is None:
        return []
    anchor = Anchor(first, Decimal(0))
    sums = [each for each in running_sums(known, anchor) if is_whole_hour(each.stand.at)]
    return [row_ending_at(anchor), *map(row_ending_at, sums)]


def shown(rows: Iterable[Row]) -> dict[int, Decimal]:
    """What Home Assistant shows for each hour (counted from NOON): the difference of sums."""
    return {
        (row.start - NOON) // HOUR: row.sum - before.sum
        for before, row in pairwise([Row(NOON, Decimal(0), Decimal(0)), *rows])
    }


def test_ids_are_external_and_of_the_meters_own_digits() -> None:
    assert statistic_id("broute_0123456789", Direction.BOUGHT) == "broute:0123456789_energy_bought"
    assert statistic_id("broute_0123456789", Direction.SOLD) == "broute:0123456789_energy_sold"


def test_metadata_are_what_core_asks_for_in_the_language_in_force() -> None:
    english = metadata("broute_0123456789", Direction.SOLD, Language.EN)
    assert english == {
        "statistic_id": "broute:0123456789_energy_sold",
        "source": "broute",
        "name": "Smart meter: energy sold",
        "has_sum": True,
        "mean_type": 0,
        "unit_class": "energy",
        "unit_of_measurement": "kWh",
    }
    japanese = metadata("broute_0123456789", Direction.SOLD, Language.JA)
    assert japanese["name"] == "スマートメーター：売電量"


def test_a_baseline_of_0_then_each_hours_register_difference() -> None:
    rows = rows_of([stand(0, 1000), stand(0.5, 1003), stand(1, 1007), stand(2, 1020)])
    assert rows == [
        Row(NOON - HOUR, Decimal("100.0"), Decimal(0)),
        Row(NOON, Decimal("100.7"), Decimal("0.7")),
        Row(NOON + HOUR, Decimal("102.0"), Decimal("2.0")),
    ]


def test_an_hour_that_isnt_over_has_no_row() -> None:
    assert [row.start for row in rows_of([stand(0, 1), stand(1, 2), stand(1.5, 9)])] == [
        NOON - HOUR,
        NOON,
    ]
    assert rows_of([stand(0.5, 1)]) == []


def test_what_is_known_before_the_first_hour_doesnt_count() -> None:
    rows = rows_of([stand(-0.5, 990), stand(0, 1000), stand(1, 1010)])
    assert rows[0] == Row(NOON - HOUR, Decimal("100.0"), Decimal(0))
    assert shown(rows) == {-1: 0, 0: 1}


def test_the_energy_of_a_hole_comes_at_its_end_and_hours_known_at_both_ends_stay_exact() -> None:
    # 14:00 and 15:00 are missing; so is 14:30.
    rows = rows_of([stand(0, 0), stand(1, 10), stand(4, 70), stand(5, 75)])
    assert [(row.start - NOON) // HOUR for row in rows] == [-1, 0, 3, 4]
    assert shown(rows) == {-1: 0, 0: 1, 3: 6, 4: Decimal("0.5")}


def test_the_half_hour_between_alone_makes_no_row() -> None:
    rows = rows_of([stand(0, 0), stand(0.5, 4), stand(2, 20)])
    assert shown(rows) == {-1: 0, 1: 2}


def test_a_rollover_is_no_step_back() -> None:
    scale = EnergyScale(1, -1, 6)
    rows = rows_of([stand(0, 999_990, scale), stand(1, 5, scale)])
    assert rows[1] == Row(NOON, Decimal("0.5"), Decimal("1.5"))


@pytest.mark.parametrize("other", [SCALE, EnergyScale(1, -2, 8)])
def test_after_a_reset_the_count_goes_on_and_what_isnt_known_isnt_guessed(
    other: EnergyScale,
) -> None:
    rows = rows_of(
        [
            stand(0, 90_000_000),
            stand(1, 90_000_010),
            stand(1.5, 3, other),
            stand(2, 5, other),
            stand(3, 9, other),
        ]
    )
    step = other.step
    assert shown(rows) == {-1: 0, 0: 1, 1: 2 * step, 2: 4 * step}


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.booleans()),
        min_size=2,
        max_size=200,
    ),
    st.integers(0, 999_999),
)
def test_whatever_is_missing_the_total_and_each_known_hour_are_exact(
    halves: list[tuple[int, bool]], begin: int
) -> None:
    scale = EnergyScale(1, -1, 6)
    totals = [0]
    for used, _ in halves:
        totals.append(totals[-1] + used)
    known = {
        number: Stand(NOON + number * HALF_HOUR, (begin + total) % scale.modulus, scale)
        for number, (total, (_, is_known)) in enumerate(
            zip(totals, [(0, True), *halves], strict=True)
        )
        if is_known
    }
    rows = rows_of(known.values())
    told = shown(rows)
    for number in range(2, len(totals), 2):
        if number in known and number - 2 in known:
            assert told[number // 2 - 1] == scale.kwh(totals[number] - totals[number - 2])
    last = max(number for number in known if number % 2 == 0)
    assert rows[-1].sum == scale.kwh(totals[last])
    assert all(later.sum >= earlier.sum for earlier, later in pairwise(rows))


def test_what_is_sent_is_the_registers_step_and_nothing_finer() -> None:
    row = Row(NOON, Decimal("123456.7"), Decimal("0.3"))
    assert row.sent() == {"start": "2026-11-24T03:00:00+00:00", "state": 123456.7, "sum": 0.3}
    assert row.sent(Decimal(1000))["state"] == 123456700.0


def test_only_rows_that_core_lacks_or_has_otherwise_differ() -> None:
    rows = rows_of(stand(hour, hour * 10) for hour in range(4))
    found = {row.start: row for row in rows}
    assert differing(rows, found) == []
    noisy = Row(rows[1].start, rows[1].state, rows[1].sum + Decimal("0.0000000001"))
    assert differing(rows, found | {noisy.start: noisy}) == []
    wrong = Row(rows[2].start, rows[2].state, rows[2].sum + Decimal("0.1"))
    del found[rows[3].start]
    assert differing(rows, found | {wrong.start: wrong}) == rows[2:]


def test_an_hour_that_only_core_still_knows_moves_with_the_others() -> None:
    stands = [stand(0, 100), stand(1, 110), stand(3, 130)]
    # Core has the hour that ends at 2, in the sums of an earlier baseline.
    lost = Row(NOON + HOUR, Decimal("12.0"), Decimal(700))
    complete = with_rows_of(stands, {lost.start: lost})
    assert rows_of(complete)[2] == Row(lost.start, Decimal("12.0"), Decimal("2.0"))


@pytest.mark.parametrize("state", ["12.05", "10.5", "99.0", "-1"])
def test_what_isnt_a_count_between_its_neighbors_isnt_believed(state: str) -> None:
    stands = [stand(0, 100), stand(1, 110), stand(3, 130)]
    odd = Row(NOON + HOUR, Decimal(state), Decimal(0))
    assert with_rows_of(stands, {odd.start: odd}) == stands


def test_a_message_holds_no_more_than_some_rows() -> None:
    rows = rows_of(stand(hour, hour) for hour in range(2500))
    sizes = [len(piece) for piece in batches(rows)]
    assert sizes == [ROWS_PER_MESSAGE, ROWS_PER_MESSAGE, 500]
    assert [row for piece in batches(rows) for row in piece] == rows


@pytest.mark.parametrize(
    ("version", "is_old"),
    [
        ("2025.10.4", True),
        ("2024.12.0", True),
        ("2025.11.0", False),
        ("2025.11.0b3", False),
        ("2026.11.0.dev202610010200", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_a_core_before_2025_11_is_too_old(version: str, *, is_old: bool) -> None:
    assert is_too_old(version) is is_old
