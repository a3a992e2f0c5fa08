"""From what a register stood at to what was used."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from broute_addon.ledger import Stand, energy_between
from broute_addon.ledger.energy import days, energy_through
from broute_addon.meter.half_hours import HALF_HOUR
from broute_addon.meter.profile import EnergyScale
from tests.ledger.values import DAY, MIDNIGHT, SCALE

COARSE = EnergyScale(1, 2, 6)


def stand(number: int, raw: int, scale: EnergyScale = SCALE) -> Stand:
    return Stand(MIDNIGHT + number * HALF_HOUR, raw, scale)


@pytest.mark.parametrize(
    ("earlier", "later", "kwh"),
    [
        pytest.param(stand(0, 100), stand(1, 122), "2.2", id="a difference"),
        pytest.param(stand(0, 100), stand(1, 100), "0.0", id="nothing"),
        pytest.param(stand(0, 999_990), stand(1, 12), "2.2", id="rollover"),
        pytest.param(stand(0, 0), stand(1, 300), "30.0", id="as much as there can be"),
        pytest.param(stand(0, 0), stand(1, 301), None, id="more than there can be"),
        pytest.param(stand(0, 0), stand(48, 14_400), "1440.0", id="the same in a day"),
        pytest.param(stand(0, 5_000), stand(1, 0), None, id="reset"),
        pytest.param(stand(0, 5), stand(1, 6, EnergyScale(1, -2, 6)), None, id="another scale"),
        pytest.param(stand(1, 5), stand(0, 6), None, id="the wrong way round"),
        pytest.param(stand(0, 5, COARSE), stand(1, 6, COARSE), "100", id="one coarse count"),
        pytest.param(
            stand(0, 1, EnergyScale(3, -1, 6)), stand(1, 3, EnergyScale(3, -1, 6)), "0.6", id="D3"
        ),
    ],
)
def test_energy_between_two_stands(earlier: Stand, later: Stand, kwh: str | None) -> None:
    assert energy_between(earlier, later) == (None if kwh is None else Decimal(kwh))


def test_a_reset_in_between_is_seen_though_the_ends_look_plausible() -> None:
    stands = [stand(0, 30), stand(1, 0), stand(2, 40)]
    assert energy_between(stands[0], stands[-1]) == Decimal("1.0")
    assert energy_through(stands) is None


def test_days_are_the_meters_and_whole_only_from_midnight_to_midnight() -> None:
    stands = [stand(number, 2 * number) for number in range(-3, 100) if number not in (20, 21)]
    before, whole, second, today = days(stands)
    assert (before.date, before.known, before.kwh) == (date(2026, 4, 5), 3, Decimal("0.6"))
    assert not before.is_whole
    assert (whole.date, whole.known, whole.kwh) == (date(2026, 4, 6), 46, Decimal("9.6"))
    assert whole.is_whole
    assert second.is_whole
    assert (today.date, today.known, today.kwh) == (date(2026, 4, 8), 4, Decimal("0.6"))
    assert not today.is_whole


def test_a_day_whose_next_midnight_is_unknown_is_not_whole() -> None:
    stands = [Stand(MIDNIGHT, 0, SCALE), Stand(MIDNIGHT + DAY + timedelta(hours=1), 90, SCALE)]
    first, second = days(stands)
    assert (first.kwh, first.is_whole) == (None, False)
    assert (second.known, second.kwh) == (1, None)
