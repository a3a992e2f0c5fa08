"""What a snapshot becomes at the broker."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice

import pytest

from broute_addon.clock import JST
from broute_addon.home_assistant.discovery import AddOn, expire_after
from broute_addon.home_assistant.entities import decimals, payload
from broute_addon.home_assistant.states import LINK_PAUSE_S, Announcer, announced_interval
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
    available = {each.topic: each.payload for each in ANNOUNCER.availability(house.snapshot)}
    assert available[f"broute/{UID}/availability"] == "online"
    told = states(house.snapshot, now)
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


REASON = "broute/0badcafe/reason"
FLAG = "broute/0badcafe/problem"
WRONG_OPTION = message("option_unknown", option="colour")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("connection", Connection)
def test_the_status_never_says_that_everything_works_while_nothing_is_read(
    connection: Connection, language: Language
) -> None:
    snapshot = store_of(*reading_house()[:1], ConnectionChanged(connection)).snapshot
    announcer = replace(ANNOUNCER, language=language)
    told = {each.topic: each.payload for each in announcer.states(snapshot, NOON)}
    is_well = connection in (Connection.READING, Connection.RENEWING)
    assert told[REASON] == (message("all_is_well") if is_well else snapshot.step).text(language)
    assert told[FLAG] == "OFF"


def test_what_is_wrong_beside_the_meter_is_a_problem_with_its_first_sentence() -> None:
    house = store_of(*reading_house())
    house.note([WRONG_OPTION, message("mqtt_no_broker")])
    told = states(house.snapshot)
    assert (told[FLAG], told[REASON]) == ("ON", str(WRONG_OPTION))
    house.apply(ConnectionChanged(Connection.RECOVERING, message("no_stick")))
    assert states(house.snapshot)[REASON] == str(message("no_stick"))
    house.apply(ConnectionChanged(Connection.READING))
    house.note([])
    told = states(house.snapshot)
    assert (told[FLAG], told[REASON]) == ("OFF", "Everything works.")


def test_only_what_the_link_tells_about_itself_is_unhurried() -> None:
    link: Mapping[str, Shown] = {
        "signal_strength": -70,
        "response_time": 0.5,
        "last_answer": NOON,
        "airtime": 1.0,
    }
    house = store_of(*reading_house(), readings(values=link))
    slow = {e.topic for e in ANNOUNCER.states(house.snapshot, NOON) if e.pause_s == LINK_PAUSE_S}
    assert slow == {f"broute/{UID}/{key}" for key in link}


@pytest.mark.parametrize(
    ("announced", "now", "told"),
    [
        (30, 30, 30),
        (30, 30.1, 30.1),
        (30, 60, 60),
        (240, 300, 300),  # where the lengthened interval meets its cap
        (60, 31, 60),
        (60, 30, 30),
        (7.6, 7.8, 7.8),
        (7.6, 7.65, 7.6),  # 30.6 s, announced are 31
        (5, 3600, 3600),
    ],
)
def test_the_interval_is_announced_again_when_it_outgrows_what_is_told_or_halves(
    announced: float, now: float, told: float
) -> None:
    assert announced_interval(announced, now) == told


@pytest.mark.parametrize("now_s", [5, 7.6, 29, 30, 31, 45, 59, 60, 240, 299, 300, 3600])
@pytest.mark.parametrize("told_s", [5, 7.6, 30, 60, 240, 300])
def test_live_values_always_last_four_intervals(told_s: float, now_s: float) -> None:
    assert expire_after(announced_interval(told_s, now_s)) >= 4 * now_s


def test_waits_grow_to_a_cap_and_never_hammer() -> None:
    first = list(islice(waits(1, 60), 20))
    assert all(0.67 <= wait <= 60 for wait in first)
    assert 0.67 * 60 <= first[-1] <= 60
