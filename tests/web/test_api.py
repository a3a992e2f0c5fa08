"""What the page asks for, over HTTP."""

import csv
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from broute_addon.clock import JST
from broute_addon.journal import Event, Kind
from broute_addon.ledger import Ledger
from broute_addon.messages import Language, message
from broute_addon.meter.half_hours import HALF_HOUR, Coverage, Direction, HalfHour, Source
from broute_addon.meter.profile import EnergyScale
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    DongleIdentified,
    ReadingsArrived,
)
from broute_addon.meter.survey import Heard, SurveyState
from broute_addon.options import parse_options
from broute_addon.ring import Sample
from broute_addon.store import Store
from tests.support.houses import NOON, PROFILE, reading_house, readings, store_of
from tests.support.pages import OPTIONS, STICK, Page, sentence, served

TODAY = datetime(2026, 5, 1, tzinfo=JST)
BOUGHT, SOLD = Direction.BOUGHT, Direction.SOLD


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    store = store_of(DongleIdentified(STICK), *reading_house())
    async with served(store, tmp_path) as shown:
        yield shown


async def test_the_state_tells_step_problem_and_values_in_both_languages(page: Page) -> None:
    state = await page.json("/api/state")
    assert (state["connection"], state["step"], state["problem"]) == ("reading", "Reading", None)
    values = {value["key"]: value for value in state["values"]}
    assert (values["power"]["value"], values["power"]["unit"]) == (523, "W")
    assert values["energy_bought"]["value"] == "12312.3"
    page.language = Language.JA
    page.store.apply(ConnectionChanged(Connection.SCANNING, message("meter_not_found")))
    state = await page.json("/api/state")
    assert state["problem"] == sentence("meter_not_found", Language.JA)
    assert state["remedy"] == sentence("remedy_not_found", Language.JA)
    assert next(value for value in state["values"] if value["key"] == "power")["name"] == "瞬時電力"


async def test_the_state_has_steps_with_times_and_remedies(page: Page) -> None:
    await page.json("/api/state")
    page.clock.advance(60)
    page.store.apply(ConnectionChanged(Connection.RECOVERING, message("port_lost", port="x")))
    state = await page.json("/api/state")
    stick, *later = state["steps"]
    assert [step["key"] for step in state["steps"]] == [
        "stick",
        "language",
        "meter_found",
        "logged_in",
        "interviewed",
        "reading",
        "history",
    ]
    assert (stick["title"], stick["state"]) == ("Stick", "failed")
    assert stick["at"] == page.clock().isoformat(timespec="seconds")
    assert stick["text"] == sentence("port_lost", port="x")
    assert stick["remedy"] == sentence("remedy_plug_in")
    assert {step["state"] for step in later} == {"waiting"}


async def test_the_state_tells_history_coverage_import_airtime_and_survey(page: Page) -> None:
    state = await page.json("/api/state")
    assert (state["coverage"], state["history"], state["survey"]) == (None, None, None)
    assert state["import"] == {"mode": "statistics", "last": None, "problem": None}
    assert (state["log_level"], state["mode"], state["may_command"]) == ("info", "add-on", True)
    page.store.note_coverage(Coverage(NOON, NOON, NOON, NOON, 9, 1, 0))
    page.store.note_import(message("core_unreachable", reason="no answer"))
    page.store.apply(readings(NOON, {"airtime": 12.5, "last_import": NOON}))
    heard = Heard(NOON, -71.0)
    page.store.note_survey(SurveyState(True).with_sample(heard, 0.25))
    state = await page.json("/api/state")
    assert state["coverage"]["percent"] == 90.0
    assert state["import"]["last"] == NOON.isoformat()
    assert state["import"]["problem"] == sentence("core_unreachable", reason="no answer")
    assert state["airtime"] == {"used_s": 12.5, "budget_s": 360}
    assert state["survey"]["is_running"] is True
    assert (state["survey"]["now_dbm"], state["survey"]["best_dbm"]) == (-71.0, -71.0)
    assert state["survey"]["samples"] == [{"at": NOON.isoformat(), "dbm": -71.0}]


@pytest.mark.parametrize(
    ("options", "problem", "is_needed"),
    [
        (OPTIONS, None, False),
        ({}, "option_missing_credentials", True),
        ({**OPTIONS, "route_b_id": "too short"}, "route_b_id_length", True),
        (OPTIONS, "no_stick", True),
        (OPTIONS, "dongle_silent", True),
        (OPTIONS, "pan_not_found", False),
    ],
)
async def test_the_guide_is_offered_while_credentials_or_stick_lack(
    tmp_path: Path, options: dict[str, object], problem: str | None, is_needed: bool
) -> None:
    told = None if problem is None else message(problem, option="x", count=3, port="x")
    store = store_of(ConnectionChanged(Connection.RECOVERING, told))
    loaded = parse_options(dict(options))
    async with served(store, tmp_path, options=lambda: loaded) as page:
        assert (await page.json("/api/state"))["setup_needed"] is is_needed


async def test_a_house_that_was_read_once_needs_no_guide_for_a_stick_that_is_gone(
    tmp_path: Path,
) -> None:
    store = store_of(ConnectionChanged(Connection.RECOVERING, message("no_stick")))
    async with served(store, tmp_path, has_known_meter=lambda: True) as page:
        state = await page.json("/api/state")
    assert state["setup_needed"] is False
    assert state["steps"][0]["state"] == "failed"


async def test_notices_come_with_their_remedies(page: Page) -> None:
    page.store.note([message("mqtt_service_absent")])
    state = await page.json("/api/state")
    assert state["notices"] == [sentence("mqtt_service_absent")]
    assert state["faults"] == [
        {
            "key": "mqtt_service_absent",
            "text": sentence("mqtt_service_absent"),
            "remedy": sentence("remedy_mqtt_install"),
        }
    ]


async def test_live_values_and_radio_come_as_columns_of_the_hours_asked_for(page: Page) -> None:
    now = int(NOON.timestamp())
    for age, power in ((7200, 100), (60, -40), (-3600, 999)):
        page.ring.add(Sample(now - age, power, 5.2, None, -71.0, 0.57))
    live = await page.json("/api/live?hours=1")
    assert live == {"at": [now - 60], "power": [-40], "current_r": [5.2], "current_t": [None]}
    assert (await page.json("/api/live"))["power"] == [100, -40]
    radio = await page.json("/api/radio?hours=3")
    assert radio["rssi_dbm"] == [-71.0, -71.0]
    assert radio["response_s"] == [0.57, 0.57]
    for nonsense in ("x", "", "-5", "nan", "inf", "1e9"):
        assert "at" in await page.json(f"/api/live?hours={nonsense}")


async def test_the_journal_is_told_newest_first_in_the_readers_language(page: Page) -> None:
    for minute in range(3):
        at = NOON + timedelta(minutes=minute)
        page.journal.add(Event(at, Kind.WARNING, message("meter_silent", tries=minute)))
    page.language = Language.JA
    events = (await page.json("/api/journal?limit=2"))["events"]
    assert [event["text"] for event in events] == [
        sentence("meter_silent", Language.JA, tries=tries) for tries in (2, 1)
    ]
    assert events[0]["kind"] == "warning"
    for nonsense in ("x", "-1", "99999999999", "²"):
        assert "events" in await page.json(f"/api/journal?limit={nonsense}")


async def test_every_port_says_whether_it_is_asked_or_why_not(page: Page) -> None:
    candidate, zigbee, bare = (await page.json("/api/ports"))["ports"]
    assert (candidate["is_candidate"], candidate["reason"]) == (True, None)
    assert (zigbee["name"], zigbee["reason"]) == ("usb-Zigbee_stick", sentence("port_other_radio"))
    assert bare["reason"] == sentence("port_name_unknown")


async def test_the_guide_learns_what_is_set_but_no_secret(page: Page) -> None:
    told = await page.json("/api/setup")
    assert (told["route_b_id_set"], told["password_set"], told["can_save"]) == (True, True, True)
    assert told["place"] is None
    assert told["options"]["poll_interval"] == 30
    assert not {"route_b_id", "route_b_password", "mqtt_password"} & told["options"].keys()


async def test_stand_alone_the_guide_says_where_the_options_are(tmp_path: Path) -> None:
    alone: dict[str, Any] = {"save_options": None, "options_place": "/etc/broute.json"}
    async with served(store_of(), tmp_path, **alone) as page:
        told = await page.json("/api/setup")
        assert told["can_save"] is False
        assert "/etc/broute.json" in told["place"]


async def test_the_dry_run_of_repair_is_passed_on(tmp_path: Path) -> None:
    async def plan() -> dict[str, object]:
        return {"problem": None, "hours": [{"kind": "flat"}]}

    async with served(store_of(), tmp_path, repair=plan) as page:
        told = await page.json("/api/repair")
    assert told == {"mode": "statistics", "problem": None, "hours": [{"kind": "flat"}], "done": []}


# -- the ledger ------------------------------------------------------------------------------------


def bought_until(count: int, *, without: tuple[int, ...] = ()) -> list[HalfHour]:
    """A register that grows by one count each half-hour from yesterday's midnight on."""
    yesterday = TODAY - timedelta(days=1)
    return [
        HalfHour(yesterday + index * HALF_HOUR, BOUGHT, 1000 + index, Source.HISTORY_1)
        for index in range(count)
        if index not in without
    ]


@pytest.fixture
async def with_history(tmp_path: Path) -> AsyncIterator[Page]:
    ledger = Ledger(tmp_path / "data")
    ledger.keep(PROFILE.uid, EnergyScale(1, -1, 8), bought_until(48 + 21, without=(10, 60)))
    gone = HalfHour(TODAY - timedelta(hours=19), BOUGHT, None, Source.HISTORY_1)
    ledger.keep(PROFILE.uid, EnergyScale(1, -1, 8), [gone])
    store: Store = store_of(*reading_house())
    async with served(store, tmp_path, ledger=ledger) as page:
        yield page
    ledger.close()


async def test_a_day_has_48_half_hours_of_the_meters_time(with_history: Page) -> None:
    told = await with_history.json("/api/history?day=2026-04-30")
    assert (told["day"], len(told["slots"])) == ("2026-04-30", 48)
    assert told["slots"][0] == {
        "from": "2026-04-30T00:00:00+09:00",
        "to": "2026-04-30T00:30:00+09:00",
        "bought": "0.1",
        "sold": None,
    }
    unknown = [index for index, slot in enumerate(told["slots"]) if slot["bought"] is None]
    assert unknown == [9, 10]
    assert told["total"] == {"bought": "4.8", "sold": None}
    assert (told["first_day"], told["last_day"]) == ("2026-04-30", "2026-05-01")


async def test_today_is_the_day_of_the_newest_half_hour(with_history: Page) -> None:
    with_history.clock.advance(30 * 24 * 3600)
    told = await with_history.json("/api/history")
    assert told["day"] == "2026-05-01"
    known = [slot["bought"] for slot in told["slots"] if slot["bought"] is not None]
    assert (len(known), told["total"]["bought"]) == (18, "2.0")
    for nonsense in ("yesterday", "2026-13-01", "20260101x", ""):
        assert (await with_history.json(f"/api/history?day={nonsense}"))["day"] == "2026-05-01"
    empty = await with_history.json("/api/history?day=2020-02-29")
    assert {slot["bought"] for slot in empty["slots"]} == {None}


async def test_the_first_and_the_last_day_there_can_be_are_no_error(with_history: Page) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        assert (await with_history.json(f"/api/history?day={day}"))["day"] == "2026-05-01"


async def test_coverage_counts_each_day(with_history: Page) -> None:
    days = (await with_history.json("/api/coverage"))["days"]
    assert len(days) == 100
    assert days[-1] == {"day": "2026-05-01", "known": 20, "expected": 21, "gone": 0}
    assert days[-2] == {"day": "2026-04-30", "known": 47, "expected": 48, "gone": 1}
    assert days[0]["known"] == 0


async def test_the_whole_ledger_can_be_downloaded(with_history: Page) -> None:
    answer = await with_history.get("/api/history.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    head, *rows = csv.reader((await answer.text()).splitlines())
    assert head == ["time", "meter", "direction", "raw", "kwh", "source"]
    assert rows[0] == [
        "2026-04-30T00:00:00+09:00",
        PROFILE.uid,
        "bought",
        "1000",
        "100.0",
        "history 1",
    ]
    assert len(rows) == 67
    assert sum(Decimal(row[4]) for row in rows) > 0


async def test_the_history_of_an_unread_meter_is_still_shown(
    with_history: Page, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "data")
    async with served(store_of(), tmp_path, ledger=ledger) as page:
        assert (await page.json("/api/history"))["last_day"] == "2026-05-01"
    ledger.close()


async def test_the_report_says_what_a_maintainer_needs(page: Page) -> None:
    page.journal.add(Event(NOON, Kind.ERROR, message("no_stick")))
    page.language = Language.JA
    answer = await page.get("/api/diagnostics")
    assert "attachment" in answer.headers["Content-Disposition"]
    report = json.loads(await answer.text())
    assert report["version"]
    assert report["libraries"]["aiohttp"]
    assert "E7" in report["profile"]["get_map"]
    assert report["state"]["stick"]["dialect"] == "SKSTACK dual"
    assert len(report["state"]["steps"]) == 7
    assert report["options"]["route_b_id"] == "****"
    assert report["options"]["history"] == "statistics"
    assert {"path": "/dev/ttyUSB7", "is_candidate": False} in report["ports"]
    assert report["journal"][-1]["text"] == str(message("no_stick"))


async def test_a_value_that_is_absent_is_told_as_absent(page: Page) -> None:
    page.store.apply(ReadingsArrived(readings(NOON, {"power": None}).readings))
    values = {value["key"]: value for value in (await page.json("/api/state"))["values"]}
    assert values["power"]["value"] is None


@pytest.mark.parametrize(
    ("history", "mode"), [("off", "off"), ("statistics", "nowhere"), ("repair", "nowhere")]
)
async def test_without_a_home_assistant_no_history_is_said_to_be_written(
    history: str, mode: str, tmp_path: Path
) -> None:
    loaded = parse_options({**OPTIONS, "history": history})
    async with served(store_of(), tmp_path, has_core=False, options=lambda: loaded) as page:
        assert (await page.json("/api/state"))["import"]["mode"] == mode
