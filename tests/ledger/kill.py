"""Kills a process that writes to the ledger, at random moments, again and again.

    python -m tests.ledger.kill [--times 500] [--seed 1]

A child (a real process) keeps half-hours and tells each that was acknowledged. After each kill -9
the ledger must open without a complaint, hold every acknowledged value and no wrong one, and know
exactly what is missing; the next child goes on from there. Checkpoints come often, and every tenth
ledger begins as no file at all, so that these moments are met too.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from broute_addon.ledger import Ledger, files
from broute_addon.meter.half_hours import HALF_HOUR, Direction
from tests.ledger.values import MIDNIGHT, SCALE, UID, both, known_numbers, ledger_in

_NUMBER = 8
_LONGEST_LIFE_S = 0.1
_TURNS_PER_LEDGER = 10


def killed(times: int, seed: int, report: Callable[[str], None] = lambda _: None) -> int:
    """Kills so many children; gives how many values were acknowledged. AssertionError tells what
    was lost or wrong."""
    rng = random.Random(seed)
    acknowledged = 0
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        for turn in range(times):
            if turn % _TURNS_PER_LEDGER == 0:
                shutil.rmtree(data, ignore_errors=True)
                known = 0
            told = _one_life(data, known, rng)
            known = _checked(data, known, told)
            acknowledged += len(told)
            report(f"\rkilled {turn + 1} times: {acknowledged} acknowledged half-hours, none lost")
    return acknowledged


def _one_life(data: Path, first: int, rng: random.Random) -> list[int]:
    """Lets a child keep half-hours from `first` on and kills it; gives what was acknowledged."""
    reading, writing = os.pipe()
    batch, pages = rng.choice([1, 1, 12, 48]), rng.choice([1, 5, 50, 250])
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _keep_for_ever(data, first, batch, pages, writing)
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(rng.uniform(0, _LONGEST_LIFE_S))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, "the child ended by itself"
    with os.fdopen(reading, "rb") as pipe:
        octets = pipe.read()
    whole = len(octets) - len(octets) % _NUMBER
    ends = [int.from_bytes(octets[at : at + _NUMBER]) for at in range(0, whole, _NUMBER)]
    return list(range(first, ends[-1])) if ends else []


def _keep_for_ever(data: Path, first: int, batch: int, pages: int, writing: int) -> None:
    files.CHECKPOINT_PAGES = pages
    ledger = Ledger(data)
    while True:
        values = [value for number in range(first, first + batch) for value in both(number)]
        assert ledger.keep(UID, SCALE, values) == len(values)
        assert ledger.problem is None
        first += batch
        os.write(writing, first.to_bytes(_NUMBER))


def _checked(data: Path, before: int, told: list[int]) -> int:
    """How many half-hours there are: those acknowledged, and maybe those of one more keep()."""
    data.mkdir(exist_ok=True)
    with ledger_in(data) as ledger:
        assert ledger.problem is None, str(ledger.problem)
        known = known_numbers(ledger)  # fails for a wrong value
        assert known == set(range(len(known))), "a part of a transaction"
        missing = set(range(before)).union(told) - known
        assert not missing, f"lost: {sorted(missing)}"
        assert len(known) <= max(before, *told, 0) + 1 + 48
        later = MIDNIGHT + (len(known) + 4) * HALF_HOUR
        holes = ledger.holes(UID, Direction, MIDNIGHT, later)
        assert holes == [MIDNIGHT + n * HALF_HOUR for n in range(len(known), len(known) + 5)]
    with closing(sqlite3.connect(data / "history.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not list(data.glob("*set-aside*"))
    return len(known)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    killed(args.times, args.seed, report=_show)
    _show("\n")


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
