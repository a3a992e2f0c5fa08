"""Live values of two days outlive a restart, for few bytes."""

import os
import random
from pathlib import Path

import pytest

from broute_addon.ring import RECORD_S, RECORDS, RING_FILE, Ring, Sample

T0 = 1_800_000_000


def sample(second: int, power: int = 500) -> Sample:
    return Sample(T0 + second, power, 5.2, -0.3, -71.0, 0.57)


def test_values_come_back_as_they_were(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    given = [
        sample(0),
        Sample(T0 + 60, -(2**31) + 1, 3276.5, -3276.7, -120.0, 65.0),
        Sample(T0 + 120, None, None, None, None, None),
        Sample(T0 + 180, 0, 0.0, 0.0, 0.0, 0.0),
    ]
    for each in given:
        ring.add(each)
    ring.flush()
    assert Ring(tmp_path).samples(0) == given


def test_what_is_read_often_is_kept_as_means(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    for second, power in ((0, 100), (10, 200), (20, 600), (30, 50)):
        ring.add(sample(second, power))
    assert [each.power for each in ring.samples(0)] == [300, 50]
    assert [each.power for each in ring.samples(T0 + 30)] == [50]


def test_a_value_beyond_its_field_is_cut_and_never_becomes_none(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    ring.add(Sample(T0, 2**40, 1e6, -1e6, -1e6, 1e6))
    ring.flush()
    (found,) = Ring(tmp_path).samples(0)
    assert None not in (found.power, found.current_r, found.current_t, found.rssi_dbm)
    assert found.response_s is not None


def test_the_newest_days_are_kept_and_the_file_does_not_grow(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    sizes = set()
    for count in range(RECORDS + 700):
        ring.add(sample(count * RECORD_S, count))
        if count % 30 == 0:
            ring.flush()
            sizes.add((tmp_path / RING_FILE).stat().st_size)
    ring.flush()
    assert len(sizes) == 1
    assert sizes.pop() < 100_000
    for each in (ring, Ring(tmp_path)):
        powers = [found.power for found in each.samples(0)]
        assert powers == list(range(700, RECORDS + 700))


def test_a_day_costs_less_than_100_kilobytes_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring(tmp_path)
    ring.add(sample(0))
    ring.flush()
    written = []
    news = Ring._news

    def counted(self: Ring) -> object:
        for begin, end in news(self):
            written.append((end - begin) * 16 + 8)
            yield begin, end

    monkeypatch.setattr(Ring, "_news", counted)
    for second in range(5, 24 * 3600, 5):
        ring.add(sample(second))
        if second % 900 == 0:
            ring.flush()
    assert 40_000 < sum(written) < 60_000


def test_flushes_at_any_time_leave_the_same_file(tmp_path: Path) -> None:
    rng = random.Random(5)
    often, once = Ring(tmp_path / "often"), Ring(tmp_path / "once")
    for count in range(3 * RECORDS // 2):
        each = sample(count * RECORD_S, rng.randrange(5000))
        often.add(each)
        once.add(each)
        if rng.random() < 0.01:
            often.flush()
    often.flush()
    once.flush()
    files = [(tmp_path / name / RING_FILE).read_bytes() for name in ("often", "once")]
    assert files[0] == files[1]


@pytest.mark.parametrize("octets", [b"", b"BRR1", b"x" * 92_168, os.urandom(92_168)])
def test_a_file_of_another_form_is_begun_anew(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / RING_FILE).write_bytes(octets)
    ring = Ring(tmp_path)
    assert ring.samples(0) == []
    ring.add(sample(0))
    ring.flush()
    assert Ring(tmp_path).samples(0) == [sample(0)]


def test_a_power_cut_between_two_flushes_costs_the_last_minutes_only(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    for second in (0, 30, 60):
        ring.add(sample(second))
    ring.flush()
    ring.add(sample(90))
    assert len(Ring(tmp_path).samples(0)) == 3


def test_a_folder_that_cant_be_written_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    ring = Ring(tmp_path / "file")
    for second in (0, 30, 60):
        ring.add(sample(second))
        ring.flush()
    assert len(ring.samples(0)) == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_file_that_somebody_took_away_is_written_again(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    ring.add(sample(0))
    ring.flush()
    (tmp_path / RING_FILE).unlink()
    for second in (30, 60):
        ring.add(sample(second))
        ring.flush()
    assert len(Ring(tmp_path).samples(0)) == 3


@pytest.mark.parametrize("at", [-1, 2**33])
def test_a_host_clock_beyond_the_files_times_ends_nothing(at: int, tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    ring.add(Sample(at, 500))
    ring.flush()
