"""What is written down of the past: once, at its time, and no more than a person wants to read."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from broute_addon.journal import Journal, Kind
from broute_addon.messages import message
from broute_addon.meter.half_hours import Coverage, HistoryProgress
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    DongleIdentified,
    HistoryProgressed,
    MeterIdentified,
    PanJoined,
)
from broute_addon.redaction import Redactor
from broute_addon.ring import RING_FILE, Ring
from broute_addon.store import Store
from broute_addon.web.recorder import Recorder
from broute_addon.web.remedies import Step
from broute_addon.wisun.values import Pan
from tests.support.houses import NOON, PROFILE, HandClock, readings, store_of
from tests.support.pages import STICK


class Chronicle:
    """A recorder, its store and its clock."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.store: Store = store_of()
        self.journal = Journal(folder, Redactor())
        self.ring = Ring(folder)
        self.recorder = Recorder(self.store, self.journal, self.ring, clock=self.clock)

    def sees(self, *connections: tuple[Connection, str | None]) -> None:
        for connection, problem in connections:
            self.clock.advance(10)
            told = None if problem is None else message(problem, tries=3, port="x", reason="y")
            self.store.apply(ConnectionChanged(connection, told))
            self.recorder.steps()

    def keys(self) -> list[str]:
        return [event.told.key for event in self.journal.newest()][::-1]

    def kinds(self) -> Iterator[Kind]:
        for event in self.journal.newest():
            yield event.kind


@pytest.fixture
def chronicle(tmp_path: Path) -> Chronicle:
    return Chronicle(tmp_path)


def start(chronicle: Chronicle) -> None:
    chronicle.recorder.steps()
    for update in (
        DongleIdentified(STICK),
        PanJoined(Pan(45, 0x8888, PROFILE.mac)),
        MeterIdentified(PROFILE),
        ConnectionChanged(Connection.READING),
        readings(NOON),
    ):
        chronicle.clock.advance(1)
        chronicle.store.apply(update)
        chronicle.recorder.steps()


def test_a_start_is_told_from_the_stick_to_the_first_reading(chronicle: Chronicle) -> None:
    start(chronicle)
    assert chronicle.keys() == [
        "journal_stick",
        "journal_pan",
        "meter_identified",
        "journal_reading",
    ]


def test_an_outage_is_told_once_with_its_end_however_the_faults_take_turns(
    chronicle: Chronicle,
) -> None:
    start(chronicle)
    chronicle.sees(
        (Connection.RECOVERING, "meter_silent"),
        (Connection.JOINING, "meter_silent"),
        (Connection.RECOVERING, "join_unanswered"),
        (Connection.SCANNING, "join_unanswered"),
        (Connection.RECOVERING, "meter_silent"),
        (Connection.RECOVERING, "credentials_refused"),
        (Connection.READING, None),
        (Connection.READING, None),
    )
    assert chronicle.keys()[4:] == [
        "meter_silent",
        "join_unanswered",
        "credentials_refused",
        "journal_back_soon",
    ]
    kinds = list(chronicle.kinds())[:4]
    assert kinds == [Kind.GOOD, Kind.ERROR, Kind.WARNING, Kind.WARNING]
    chronicle.sees((Connection.RECOVERING, "meter_silent"))
    chronicle.clock.advance(600)
    chronicle.sees((Connection.READING, None))
    assert chronicle.keys()[-2:] == ["meter_silent", "journal_back"]


def test_what_is_wrong_beside_the_meter_is_told_once_each_time_it_comes(
    chronicle: Chronicle,
) -> None:
    absent = message("mqtt_service_absent")
    for notices in ([absent], [absent, message("mqtt_no_broker")], [], [absent]):
        chronicle.store.note(notices)
        chronicle.recorder.steps()
    assert chronicle.keys() == ["mqtt_service_absent", "mqtt_no_broker", "mqtt_service_absent"]
    chronicle.store.note_broker(is_up=True)
    chronicle.store.note_import(message("core_unreachable", reason="no answer"))
    chronicle.recorder.steps()
    chronicle.store.note_import(None)
    chronicle.recorder.steps()
    assert chronicle.keys()[3:] == ["journal_broker", "core_unreachable", "journal_import_back"]


def test_the_reading_of_the_history_has_a_beginning_and_an_end(chronicle: Chronicle) -> None:
    start(chronicle)
    for done in (0, 5, 10):
        chronicle.store.apply(HistoryProgressed(HistoryProgress(done < 10, done, 10)))
        chronicle.store.note_coverage(Coverage(NOON, NOON, NOON, NOON, done + 1, 0, 0))
        chronicle.recorder.steps()
    assert chronicle.keys()[4:] == ["journal_history_begun", "journal_history_done"]


def test_a_step_keeps_the_time_at_which_it_came_to_be_so(chronicle: Chronicle) -> None:
    start(chronicle)
    reached = {progress.step: at for progress, at in chronicle.recorder.steps()}
    chronicle.clock.advance(3600)
    chronicle.store.apply(readings(chronicle.clock()))
    assert {progress.step: at for progress, at in chronicle.recorder.steps()} == reached
    assert reached[Step.HISTORY] is None
    chronicle.sees((Connection.RECOVERING, "port_lost"))
    failed = {progress.step: at for progress, at in chronicle.recorder.steps()}
    assert failed[Step.STICK] == chronicle.clock()
    assert failed[Step.READING] is None


async def test_live_values_are_kept_and_in_the_file_after_a_stop(
    chronicle: Chronicle, tmp_path: Path
) -> None:
    recording = asyncio.create_task(chronicle.recorder.run())
    await asyncio.sleep(0)
    for power in (500, -200):
        chronicle.clock.advance(30)
        chronicle.store.apply(readings(chronicle.clock(), {"power": power, "signal_strength": -70}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    chronicle.store.note_broker(is_up=True)  # no reading: no sample
    await asyncio.sleep(0)
    recording.cancel()
    await asyncio.wait([recording])
    assert (tmp_path / RING_FILE).exists()
    samples = Ring(tmp_path).samples(0)
    assert [(each.power, each.rssi_dbm) for each in samples] == [(500, -70), (-200, -70)]


def test_a_value_that_is_not_read_any_more_is_not_kept_as_if_it_were(
    chronicle: Chronicle,
) -> None:
    chronicle.recorder.steps()
    for age, values in ((0, {"power": 500, "current_r": 5.2}), (300, {"power": 510})):
        chronicle.clock.advance(age)
        chronicle.store.apply(readings(chronicle.clock(), values))
        chronicle.recorder.steps()
    samples = chronicle.ring.samples(0)
    assert [(each.power, each.current_r) for each in samples] == [(500, 5.2), (510, None)]
