"""What a snapshot becomes at the broker."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice

import pytest

from broute_addon.clock import JST
from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.entities import decimals, payload
from broute_addon.home_assistant.mqtt import Publication
from broute_addon.home_assistant.states import Announcer, announced_interval, changes
from broute_addon.home_assistant.streak import waits
from broute_addon.messages import Language, message
from broute_addon.meter.readings import Connection, ConnectionChanged, Shown
from broute_addon.store import Snapshot
from tests.support.houses import NOON, PROFILE, reading_house, readings, store_of

ANNOUNCER = Announcer(AddOn("0badcafe", "0.1.0"), Language.EN, 30)
UID = PROFILE.uid


def states(snapshot: Snapshot, now: datetime = NOON) -> Mapping[str, str]:
    """The payloads by topic."""
    return {each.topic: each.payload for each in ANNOUNCER.states(snapshot, now)}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "ON"),
        (False, "OFF"),
        (-200, "-200"),
        (0, "0"),
        (Decimal("12312.3"), "12312.3"),
        (Decimal("0.0"), "0.0"),
        (Decimal(5).scaleb(4), "50000"),
        (Decimal("0.0001"), "0.0001"),
        ("text", "text"),
        ("x" * 300, "x" * 255),
        (datetime(2026, 5, 1, 12, 30, tzinfo=JST), "2026-05-01T12:30:00+09:00"),
    ],
)
def test_values_are_written_as_home_assistant_reads_them(value: Shown, text: str) -> None:
    assert payload(value) == text


@pytest.mark.parametrize(
    ("step", "count"), [("0.1", 1), ("1", 0), ("0.0001", 4), ("10", 0), ("1.0", 0), ("0.5", 1)]
)
def test_decimals_follow_the_step(step: str, count: int) -> None:
    assert decimals(Decimal(step)) == count


def test_no_value_is_unknown_and_never_zero() -> None:
    house = store_of(*reading_house(), readings(values={"power": None, "current_t": None}))
    told = states(house.snapshot)
    assert told[f"broute/{UID}/power"] == "None"
    assert told[f"broute/{UID}/current_t"] == "None"


def test_nothing_is_told_that_was_never_read() -> None:
    told = states(store_of(*reading_house()[:2]).snapshot)
    assert not [topic for topic in told if UID in topic]


def test_a_true_zero_in_one_direction_does_not_hold_back_the_other() -> None:
    told = states(store_of(*reading_house()).snapshot)
    assert told[f"broute/{UID}/energy_sold"] == "0.0"
    assert told[f"broute/{UID}/energy_bought"] == "12312.3"


def test_half_hour_values_stand_beside_the_counter_each_with_its_own_time() -> None:
    """One topic each: a late half-hour value can't pull the counter down."""
    at = datetime(2026, 5, 1, 2, 30, tzinfo=UTC)
    late = readings(
        values={"half_hour_energy_bought": Decimal("12311.9"), "half_hour_energy_bought_time": at}
    )
    told = states(store_of(*reading_house(), late).snapshot)
    assert told[f"broute/{UID}/energy_bought"] == "12312.3"
    assert told[f"broute/{UID}/half_hour_energy_bought"] == "12311.9"
    assert told[f"broute/{UID}/half_hour_energy_bought_time"] == at.isoformat()
    assert f"broute/{UID}/half_hour_energy_sold_time" not in told


def test_without_a_scale_no_energy_leaves_even_if_a_reading_is_there() -> None:
    profile = replace(PROFILE, scale=None)
    told = states(store_of(*reading_house(profile)).snapshot)
    assert f"broute/{UID}/energy_bought" not in told
    assert f"broute/{UID}/power" in told


@pytest.mark.parametrize(
    ("age_s", "is_told"), [(0, True), (119, True), (120, False), (86400, False), (-60, False)]
)
def test_a_live_value_is_only_told_while_it_is_fresh(age_s: float, is_told: bool) -> None:
    told = states(store_of(*reading_house()).snapshot, NOON + timedelta(seconds=age_s))
    assert (f"broute/{UID}/power" in told) is is_told
    assert f"broute/{UID}/energy_bought" in told


def test_during_a_transmission_hold_the_meter_stays_available_and_the_flag_is_on() -> None:
    house = store_of(*reading_house(), ConnectionChanged(Connection.ON_HOLD))
    now = NOON + timedelta(minutes=30)
    told = {each.topic: each.payload for each in ANNOUNCER.messages(house.snapshot, now)}
    assert told[f"broute/{UID}/availability"] == "online"
    assert told["broute/0badcafe/transmit_limited"] == "ON"
    assert f"broute/{UID}/power" not in told


def test_a_problem_is_a_flag_and_a_sentence() -> None:
    well = states(store_of(*reading_house()).snapshot)
    assert well["broute/0badcafe/problem"] == "OFF"
    assert well["broute/0badcafe/connection"] == "reading"
    ill = ConnectionChanged(Connection.LOOKING_FOR_STICK, message("no_stick"))
    told = states(store_of(ill).snapshot)
    assert told["broute/0badcafe/problem"] == "ON"
    assert told["broute/0badcafe/reason"] == str(message("no_stick"))
    assert told["broute/0badcafe/connection"] == "looking_for_stick"


def test_every_meter_but_the_one_that_is_read_is_offline() -> None:
    announcer = replace(ANNOUNCER, known_meters=("broute_0000000000", UID))
    told = announcer.availability(store_of(*reading_house()).snapshot)
    assert {each.topic: each.payload for each in told} == {
        "broute/broute_0000000000/availability": "offline",
        f"broute/{UID}/availability": "online",
        "broute/0badcafe/status": "online",
    }


def test_only_news_goes_out_and_a_new_live_value_is_always_news() -> None:
    retained = Publication("a", "1")
    live = Publication("b", "1", retain=False, at=NOON)
    known = {"a": retained, "b": live}
    later = replace(live, at=NOON + timedelta(seconds=30))
    assert list(changes(known, iter([retained, live]))) == []
    assert list(changes(known, iter([retained, later]))) == [later]
    assert list(changes(known, iter([replace(retained, payload="2")]))) == [
        Publication("a", "2"),
    ]


@pytest.mark.parametrize(
    ("announced", "now", "told"),
    [(30, 59, 30), (30, 60, 60), (60, 31, 60), (60, 30, 30), (30, 30, 30), (5, 3600, 3600)],
)
def test_the_interval_is_announced_again_when_it_doubles_or_halves(
    announced: float, now: float, told: float
) -> None:
    assert announced_interval(announced, now) == told


def test_waits_grow_to_a_cap_and_never_hammer() -> None:
    first = list(islice(waits(1, 60), 20))
    assert all(0.67 <= wait <= 60 for wait in first)
    assert 0.67 * 60 <= first[-1] <= 60
