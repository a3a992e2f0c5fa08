"""Power lost at any instant costs at most the transaction that was not finished."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from broute_addon.ledger import files
from tests.ledger.values import SCALE, UID, both, known_numbers, ledger_in
from tests.support.repository import ROOT

PAGE = 512


def kept_one_by_one(folder: Path, count: int) -> list[int]:
    """How long the log was when each half-hour was acknowledged; the files stay as they were."""
    lengths = []
    with ledger_in(folder / "writing") as ledger:
        for number in range(count):
            ledger.keep(UID, SCALE, both(number))
            lengths.append((folder / "writing/history.db-wal").stat().st_size)
        shutil.copytree(folder / "writing", folder / "lost")
    return lengths


def restart(folder: Path, wal: bytes, database: bytes) -> set[int]:
    """What a start after the power loss finds. It must be content, and go on."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "history.db-wal").write_bytes(wal)
    (folder / "history.db").write_bytes(database)
    with ledger_in(folder) as ledger:
        assert ledger.problem is None, str(ledger.problem)
        known = known_numbers(ledger)
        assert known == set(range(len(known))), "a part of a transaction"
        ledger.keep(UID, SCALE, both(len(known)))
        assert len(known_numbers(ledger)) == len(known) + 1
    return known


@pytest.mark.parametrize("tail", ["nothing", "zeros", "noise"])
def test_what_was_acknowledged_is_there_wherever_the_log_breaks_off(
    tail: str, tmp_path: Path
) -> None:
    lengths = kept_one_by_one(tmp_path, 40)
    wal = (tmp_path / "lost/history.db-wal").read_bytes()
    database = (tmp_path / "lost/history.db").read_bytes()
    rng = random.Random(7)
    cuts = {*lengths, *(rng.randrange(lengths[0], len(wal)) for _ in range(60))}
    for cut in sorted(cuts):
        rest = len(wal) - cut
        unwritten = {"nothing": b"", "zeros": bytes(rest), "noise": rng.randbytes(rest)}[tail]
        known = restart(tmp_path / "lost", wal[:cut] + unwritten, database)
        acknowledged = sum(length <= cut for length in lengths)
        assert len(known) == acknowledged, f"the log's first {cut} bytes"


@pytest.mark.parametrize("seed", range(20))
def test_a_checkpoint_that_was_cut_off_in_any_order_is_made_up_for(
    seed: int, tmp_path: Path
) -> None:
    """The system writes a checkpoint's pages in any order; the log is whole before they begin."""
    rng = random.Random(seed)
    kept_one_by_one(tmp_path, 60)
    wal = (tmp_path / "lost/history.db-wal").read_bytes()
    before = (tmp_path / "lost/history.db").read_bytes()
    with ledger_in(tmp_path / "lost"):
        pass  # closing is a checkpoint
    after = (tmp_path / "lost/history.db").read_bytes()
    mixed = bytearray(before.ljust(len(after), b"\0"))
    for begin in range(0, len(after), PAGE):
        share = rng.choice([0, 0, PAGE, PAGE, PAGE // 2])
        mixed[begin : begin + share] = after[begin : begin + share]
    assert len(restart(tmp_path / "lost", wal, bytes(mixed))) == 60


def test_a_log_that_began_again_does_not_bring_back_what_was_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHECKPOINT_PAGES", 20)
    with ledger_in(tmp_path / "writing") as ledger:
        for number in range(200):
            ledger.keep(UID, SCALE, both(number))
            octets = {
                suffix: (tmp_path / f"writing/history.db{suffix}").read_bytes()
                for suffix in ("", "-wal")
            }
            if number % 10 == 0:
                known = restart(tmp_path / "lost", octets["-wal"], octets[""])
                assert len(known) == number + 1


def test_a_process_killed_at_random_moments_loses_nothing() -> None:
    """`python -m tests.ledger.kill` does it 500 times."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger.kill", "--times", "20"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed 20 times" in done.stdout
