"""The steps on the way: each state, each failure at its step."""

import pytest

from broute_addon.messages import Language, message
from broute_addon.meter.half_hours import Coverage, HistoryProgress
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    DongleIdentified,
    HistoryProgressed,
    MeterIdentified,
    PanJoined,
    Update,
)
from broute_addon.store import Store
from broute_addon.web.remedies import REMEDIES, Step
from broute_addon.web.steps import Progress, State, steps
from broute_addon.wisun.values import Pan
from tests.support.houses import NOON, PROFILE, readings, store_of
from tests.support.pages import STICK

DONE, ACTIVE, FAILED, WAITING = State.DONE, State.ACTIVE, State.FAILED, State.WAITING
PAN = Pan(45, 0x8888, PROFILE.mac, dbm=-71.0)


def way(store: Store) -> list[State]:
    return [each.state for each in steps(store.snapshot)]


def at(store: Store, step: Step) -> Progress:
    return next(each for each in steps(store.snapshot) if each.step is step)


STORY: tuple[tuple[Update, list[State]], ...] = (
    (ConnectionChanged(Connection.LOOKING_FOR_STICK), [ACTIVE, *[WAITING] * 6]),
    (ConnectionChanged(Connection.IDENTIFYING_STICK), [DONE, ACTIVE, *[WAITING] * 5]),
    (DongleIdentified(STICK), [DONE, ACTIVE, *[WAITING] * 5]),
    (ConnectionChanged(Connection.SCANNING), [DONE, DONE, ACTIVE, *[WAITING] * 4]),
    (ConnectionChanged(Connection.JOINING), [DONE, DONE, DONE, ACTIVE, *[WAITING] * 3]),
    (PanJoined(PAN), [DONE, DONE, DONE, ACTIVE, *[WAITING] * 3]),
    (ConnectionChanged(Connection.INTERVIEWING), [*[DONE] * 4, ACTIVE, WAITING, WAITING]),
    (MeterIdentified(PROFILE), [*[DONE] * 4, ACTIVE, WAITING, WAITING]),
    (ConnectionChanged(Connection.READING), [*[DONE] * 5, ACTIVE, WAITING]),
    (readings(NOON), [*[DONE] * 6, WAITING]),
    (HistoryProgressed(HistoryProgress(True, 3, 10)), [*[DONE] * 6, ACTIVE]),
    (ConnectionChanged(Connection.RENEWING), [*[DONE] * 6, ACTIVE]),
)


def test_each_step_is_reached_in_its_turn_and_says_so_in_both_languages() -> None:
    store = store_of()
    for update, expected in STORY:
        store.apply(update)
        assert way(store) == expected, update
        for each in steps(store.snapshot):
            assert each.text is None or each.state is not WAITING
            for language in Language:
                assert each.text is None or each.text.text(language)
    assert all(each.text for each in steps(store.snapshot))


@pytest.mark.parametrize("key", sorted(key for key, row in REMEDIES.items() if row.step))
def test_a_fault_fails_its_step_with_a_remedy_and_those_before_stay_done(key: str) -> None:
    step = REMEDIES[key].step
    assert step is not None
    store = store_of(*(update for update, _ in STORY))
    store.apply(ConnectionChanged(Connection.RECOVERING, message(key)))
    index = list(Step).index(step)
    expected = [*[DONE] * index, FAILED, *[WAITING] * (5 - index)]
    assert way(store)[:6] == expected
    assert at(store, step).text == message(key)
    assert at(store, step).remedy is not None


def test_on_the_way_back_the_failed_step_stays_marked_until_it_is_passed() -> None:
    refused = message("credentials_refused")
    store = store_of(*(update for update, _ in STORY))
    store.apply(ConnectionChanged(Connection.SCANNING, refused))
    assert way(store) == [DONE, DONE, ACTIVE, FAILED, WAITING, WAITING, WAITING]
    store.apply(ConnectionChanged(Connection.JOINING, refused))
    assert way(store) == [DONE, DONE, DONE, FAILED, WAITING, WAITING, WAITING]
    store.apply(ConnectionChanged(Connection.INTERVIEWING, refused))
    assert way(store)[3:5] == [DONE, ACTIVE]


def test_a_meter_that_refuses_has_been_heard_and_how_well() -> None:
    store = store_of(
        readings(NOON, {"signal_strength": -84.3}),
        ConnectionChanged(Connection.RECOVERING, message("join_unanswered")),
    )
    assert at(store, Step.METER_FOUND).text == message("step_meter_found_signal", dbm="-84")
    store.apply(PanJoined(PAN))
    told = message("step_meter_found_strength", channel=45, dbm="-84")
    assert at(store, Step.METER_FOUND).text == told


def test_without_credentials_the_login_waits_for_a_person() -> None:
    missing = message("option_missing_credentials", option="route_b_id")
    store = store_of(ConnectionChanged(Connection.WAITING_FOR_OPTIONS, missing))
    assert way(store) == [WAITING, WAITING, WAITING, FAILED, WAITING, WAITING, WAITING]


def test_a_hold_is_no_failure() -> None:
    store = store_of(*(update for update, _ in STORY))
    store.apply(ConnectionChanged(Connection.ON_HOLD))
    assert at(store, Step.READING).state is DONE
    assert at(store, Step.READING).text == message("step_reading_hold")


def test_the_history_step_tells_off_complete_partly_and_why_not() -> None:
    store = store_of(*(update for update, _ in STORY))
    store.apply(HistoryProgressed(HistoryProgress(False, 10, 10)))
    off = steps(store.snapshot, history_is_on=False)[-1]
    assert (off.state, off.text) == (DONE, message("step_history_off"))
    store.note_coverage(Coverage(NOON, NOON, NOON, NOON, known=3, missing=1, gone=0))
    assert at(store, Step.HISTORY).text == message("step_history_partly", percent=75.0)
    store.note_coverage(Coverage(NOON, NOON, NOON, NOON, known=3, missing=0, gone=1))
    assert at(store, Step.HISTORY).state is DONE
    store.note_import(message("core_unreachable", reason="no answer"))
    assert at(store, Step.HISTORY).state is ACTIVE
    assert at(store, Step.HISTORY).remedy is not None
    store.note_import(message("core_too_old", version="2025.1"))
    assert at(store, Step.HISTORY).state is FAILED
