"""`history` as its user meets it, also while `run` holds the data."""

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from broute_addon.cli.history import add_arguments, history
from broute_addon.meter.half_hours import Direction, Source
from tests.ledger.disks import read_only
from tests.ledger.values import SCALE, UID, both, half_hour, ledger_in
from tests.support.repository import ROOT


def run(folder: Path, *words: str) -> int:
    """Runs the command for a data folder."""
    parser = ArgumentParser()
    add_arguments(parser)
    return history(parser.parse_args(["--data", str(folder), *words]))


def fill(folder: Path) -> None:
    """Two days and a bit; 3 half-hours not read, 2 that the meter has none of."""
    with ledger_in(folder) as ledger:
        known = [n for n in range(98) if n not in (50, 51, 52, 60, 61)]
        ledger.keep(UID, SCALE, [value for n in known for value in both(n)])
        gone = [half_hour(n, one, Source.HISTORY_1) for n in (60, 61) for one in Direction]
        ledger.keep(UID, SCALE, [value._replace(raw=None) for value in gone])


def test_the_table_has_a_line_for_each_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path)
    assert run(tmp_path) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["Meter", UID]
    assert lines[1] == ["day", "bought", "kWh", "known", "sold", "kWh", "known"]
    assert lines[2] == ["2026-04-06", "14.4", "48/48", "4.8", "48/48"]
    assert lines[3] == ["2026-04-07", "14.4", "43/48", "4.8", "43/48"]
    assert lines[4] == ["2026-04-08", "≥", "0.3", "2/48", "≥", "0.1", "2/48"]
    assert " ".join(lines[5]).startswith("186 half-hours known, 9318 missing, 4 that the meter")


def test_csv_has_every_value_with_its_time_in_the_meters_zone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path)
    assert run(tmp_path, "--csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "time,meter,direction,raw,kwh,source",
        f"2026-04-06T00:00:00+09:00,{UID},bought,1000,100.0,notification",
        f"2026-04-06T00:00:00+09:00,{UID},sold,500,50.0,notification",
        f"2026-04-06T00:30:00+09:00,{UID},bought,1003,100.3,notification",
    ]
    assert len(lines) == 1 + 2 * 93


def test_what_is_missing_is_told_in_ranges_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path)
    assert run(tmp_path, "--missing") == 0
    bought = [line for line in capsys.readouterr().out.splitlines() if "bought" in line]
    assert [" ".join(line.split()[2:]) for line in bought] == [
        "2025-12-30T00:00+09:00 … 2026-04-05T23:30+09:00 4656 half-hours, still to be read",
        "2026-04-07T01:00+09:00 … 2026-04-07T02:00+09:00 3 half-hours, still to be read",
        "2026-04-07T06:00+09:00 … 2026-04-07T06:30+09:00 2 half-hours, the meter doesn't remember",
    ]


def test_where_nothing_is_missing_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [half_hour(n) for n in range(99 * 48 + 1)])
    assert run(tmp_path, "--missing") == 0
    assert capsys.readouterr().out == "Nothing is missing.\n"


@pytest.mark.parametrize("words", [(), ("--missing",)], ids=["table", "missing"])
def test_an_empty_ledger_is_no_fault(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ledger_in(tmp_path):
        pass
    assert run(tmp_path, *words) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_it_reads_what_another_process_has_just_written(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        for number in range(60):
            ledger.keep(UID, SCALE, both(number))
            if number % 20 == 0:
                done = command(tmp_path, "--csv")
                assert done.returncode == 0, done.stderr
                assert len(done.stdout.splitlines()) == 1 + 2 * (number + 1)
        assert ledger.problem is None


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    line = [sys.executable, "-m", "broute_addon", "history", "--data", str(folder), *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_reader_that_stops_early_is_no_fault(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        ledger.keep(UID, SCALE, [value for n in range(5000) for value in both(n)])
    line = f"{sys.executable} -m broute_addon history --data {tmp_path} --csv | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "time,meter,direction,raw,kwh,source\n"


def test_a_read_only_disk_is_good_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "data")
    with read_only(tmp_path / "data"):
        assert run(tmp_path / "data", "--csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 2 * 93


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no"),
        (b"", "can't be read (nothing is in it yet)"),
        (b"no database " * 1000, "can't be read (file is not a database)"),
        (b"SQLite format 3\0" + bytes(5000), "can't be read"),
    ],
    ids=["absent", "empty", "text", "header alone"],
)
def test_a_missing_or_damaged_file_is_one_sentence_and_left_as_it_is(
    content: bytes | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.db"
    if content is not None:
        path.write_bytes(content)
    assert run(tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert (path.read_bytes() if path.exists() else None) == content


def test_damage_met_on_the_way_is_one_sentence_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path)
    octets = (tmp_path / "history.db").read_bytes()
    (tmp_path / "history.db").write_bytes(octets[: len(octets) // 2])
    assert run(tmp_path, "--csv") == 1
    assert "malformed" in capsys.readouterr().err


def test_no_data_folder_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "nowhere") == 1
    assert not (tmp_path / "nowhere").exists()
    assert "There is no" in capsys.readouterr().err
