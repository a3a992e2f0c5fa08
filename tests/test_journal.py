"""What happened is kept over restarts, within bounds, and tells no secret."""

from datetime import timedelta
from pathlib import Path

import pytest

from broute_addon.journal import BYTES_A_DAY, JOURNAL_FILE, KEPT, Event, Journal, Kind
from broute_addon.messages import Language, message
from broute_addon.redaction import Redactor, Secret
from tests.support.houses import NOON

SECRET = "PLANTED0123456789ABCDEF012345678"


def event(minute: int = 0, **fields: object) -> Event:
    told = message("journal_pan", channel=33, **fields)
    return Event(NOON + timedelta(minutes=minute), Kind.INFO, told)


def reopened(folder: Path) -> Journal:
    return Journal(folder, Redactor())


def test_events_outlive_the_process_in_both_languages(tmp_path: Path) -> None:
    Journal(tmp_path, Redactor()).add(event())
    (found,) = reopened(tmp_path).newest()
    assert found == event()
    assert found.told.text(Language.JA) == event().told.text(Language.JA)


def test_the_newest_comes_first_and_the_oldest_is_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Redactor())
    for minute in range(3 * KEPT):
        journal.add(event(minute * 60))
    for each in (journal, reopened(tmp_path)):
        times = [found.at for found in each.newest()]
        assert len(times) == KEPT
        assert times == sorted(times, reverse=True)
        assert times[0] == event((3 * KEPT - 1) * 60).at
    assert len((tmp_path / JOURNAL_FILE).read_text().splitlines()) <= 2 * KEPT
    assert len(list(journal.newest(7))) == 7


def test_a_flood_of_events_stays_within_the_days_allowance(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Redactor())
    for _ in range(10_000):
        journal.add(event())
    assert (tmp_path / JOURNAL_FILE).stat().st_size <= BYTES_A_DAY
    journal.add(event(24 * 60))
    assert next(reopened(tmp_path).newest()).at == event(24 * 60).at


def test_no_secret_reaches_the_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Redactor([Secret(SECRET)]))
    journal.add(event(reason=OSError(f"at {SECRET}"), path=Path("/data") / SECRET))
    text = (tmp_path / JOURNAL_FILE).read_text()
    assert SECRET not in text
    assert "****" in text


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        '{"at": "2026-05-01T03:00:00+00:00", "kind": "info", "key": "gone", "fields": {}}',
        '{"at": "2026-05-01T03:00:00+00:00", "kind": "info", "key": "journal_pan", "fields": {}}',
        '{"at": "2026-05-01T03:00:00", "kind": "info", "key": "journal_reading", "fields": {}}',
        '{"at": "today", "kind": "info", "key": "journal_reading", "fields": {}}',
        '{"at": "2026-05-01T03:00:00+00:00", "kind": "?", "key": "journal_reading", "fields": {}}',
        "\x00\xff",
    ],
)
def test_a_line_that_cant_be_used_costs_only_itself(tmp_path: Path, line: str) -> None:
    Journal(tmp_path, Redactor()).add(event())
    with (tmp_path / JOURNAL_FILE).open("a", encoding="latin-1") as file:
        file.write(line)  # torn: without its end
    reopened(tmp_path).add(event(1))
    assert [found.at for found in reopened(tmp_path).newest()] == [event(1).at, event().at]


def test_a_folder_that_cant_be_written_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "file", Redactor())
    for minute in range(3):
        journal.add(event(minute))
    assert len(list(journal.newest())) == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_file_that_is_written_anew_is_so_at_once_or_not_at_all(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Redactor())
    for minute in range(2 * KEPT):
        journal.add(event(minute * 60))
    before = (tmp_path / JOURNAL_FILE).read_bytes()
    (tmp_path / "journal.new").mkdir()  # it can't be
    journal.add(event(2 * KEPT * 60))
    assert (tmp_path / JOURNAL_FILE).read_bytes() == before
    (tmp_path / "journal.new").rmdir()
    journal.add(event((2 * KEPT + 1) * 60))
    assert list(reopened(tmp_path).newest()) == list(journal.newest())
    assert len((tmp_path / JOURNAL_FILE).read_bytes()) < len(before)


def test_a_line_that_came_out_in_part_costs_only_itself(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Redactor())
    journal.add(event(0))
    path = tmp_path / JOURNAL_FILE
    whole = path.read_bytes()
    path.unlink()
    path.mkdir()
    journal.add(event(1))
    path.rmdir()
    path.write_bytes(whole + whole[:20])
    journal.add(event(2))
    assert [each.at for each in reopened(tmp_path).newest()] == [event(2).at, event(0).at]


def test_a_name_that_is_no_text_ends_nothing(tmp_path: Path) -> None:
    Journal(tmp_path, Redactor()).add(event(port="usb-\udcff"))
    assert len(list(reopened(tmp_path).newest())) == 1
