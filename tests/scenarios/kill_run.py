"""Kills the whole product at random moments, again and again, and starts it again at once.

    python -m tests.scenarios.kill_run [500] [--seed 1]

A round is one installation, `run` as a process of its own at a simulated house on a
pseudo-terminal: kills while it starts, logs in, reads the meter's memory and waits for half-hours,
with more or less of the meter's time passing in between. After each kill -9 all files must be
whole, every half-hour that was known still be known, none be wrong, and what the next process asks
of the meter's memory be something that the ledger lacked. In the end it may run on: then nothing
that the meter remembers is missing.
"""

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from broute_addon.journal import JOURNAL_FILE
from broute_addon.ledger.files import LEDGER_FILE
from broute_addon.ledger.read_only import ReadOnlyLedger
from broute_addon.meter.half_hours import MEMORY_DAYS, Direction
from broute_addon.meter.history.reading import RUN_DAYS
from broute_addon.ring import RING_FILE, Ring
from broute_addon.simulator import House, HouseConfig, MeterConfig
from broute_addon.simulator.household import DAY_S, HALF_HOUR_S
from broute_addon.simulator.meter_clock import to_datetime, to_seconds
from broute_addon.storage import STATE_FILE, stored_facts
from tests.support.process import Place, Running, broute, house_at
from tests.support.repository import ROOT
from tests.support.waiting import until
from tests.support.watched_meter import WatchedMeter

KILLS_A_ROUND = 20
MOMENT_WITHIN_S, COMPLETE_WITHIN_S = 20.0, 90.0
PROGRAM = (str(ROOT / "tests/support/busy_writer.py"),)

METERS = (
    ("bp35c2", MeterConfig()),
    ("bp35c0-j11", MeterConfig()),
    ("bp35a1", MeterConfig(history2=True)),
    ("rs-wsuha-p", MeterConfig(generation=2)),
)
"""Sticks and meters, round after round; they differ in what is asked for how."""

HalfHours = Mapping[tuple[str, int], int | None]
"""Raw count by direction and JST second; None: the ledger knows that the meter has none."""


@dataclass
class Score:
    """What the kills met."""

    kills: int = 0
    half_hours: int = 0
    told: int = 0
    lost: int = 0


class Round:
    """One installation."""

    def __init__(self, place: Place, house: House, rng: random.Random, score: Score) -> None:
        self._place = place
        self._house = house
        self._rng = rng
        self._score = score
        self._meter = WatchedMeter(house)
        self._known: HalfHours = {}
        self._dead_session: int | None = None
        self._instance: str | None = None
        self._moments: tuple[Callable[[Running], Awaitable[None]], ...] = (
            self._start,
            self._log_in,
            self._memory,
            self._memory,
            self._half_hour,
            self._steady,
        )

    async def kill(self) -> None:
        """One life that ends with a kill at a random moment."""
        moment = self._rng.choice(self._moments)
        self._let_time_pass(before_half_hour=moment == self._half_hour)
        self._forget_told()
        async with broute(*self._place.arguments(), program=PROGRAM) as running:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(MOMENT_WITHIN_S):
                    await moment(running)
            assert running.process.returncode is None, f"it ended by itself:\n{running.log}"
            running.process.kill()
        self._score.kills += 1
        self._check(running.log)

    async def complete(self) -> None:
        """The last life: runs until nothing is missing, and is stopped."""
        self._let_time_pass()
        self._forget_told()
        async with broute(*self._place.arguments(), program=PROGRAM) as running:
            await running.until_log("First reading", COMPLETE_WITHIN_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(COMPLETE_WITHIN_S):
                    while self._missing():  # noqa: ASYNC110 - another process's file
                        await asyncio.sleep(0.5)
            missing = self._missing()
            assert not missing, f"{len(missing)}, {sorted(missing)[:5]}, are missing\n{running.log}"
            assert await running.stop() == 0, running.log
        self._check(running.log)
        assert (self._place.folder / "data" / RING_FILE).exists()

    def _forget_told(self) -> None:
        self._meter.told.clear()
        self._dead_session = self._house.node.session

    # -- moments -------------------------------------------------------------------------------

    async def _start(self, _: Running) -> None:
        await self._soon(0.8)

    async def _log_in(self, running: Running) -> None:
        await running.until_log("http://", MOMENT_WITHIN_S)
        await self._soon(0.5)

    async def _memory(self, running: Running) -> None:
        if not self._missing():
            await self._steady(running)
            return
        count = self._rng.randint(1, 30)
        await until(lambda: bool(self._meter.told), MOMENT_WITHIN_S)
        told = -1
        while told < len(self._meter.told) < count:  # as long as there is something to read
            told = len(self._meter.told)
            await asyncio.sleep(0.3)
        await self._soon(0.03)

    async def _half_hour(self, _: Running) -> None:
        turn = (self._house.clock.now() // HALF_HOUR_S + 1) * HALF_HOUR_S
        lag_s = self._meter.state.config.fixed_time_lag_s
        await until(lambda: self._house.clock.now() >= turn + lag_s, MOMENT_WITHIN_S)
        await self._soon(0.1)

    async def _steady(self, running: Running) -> None:
        await running.until_log("First reading", MOMENT_WITHIN_S)
        await self._soon(1.0)

    async def _soon(self, most_s: float) -> None:
        await asyncio.sleep(self._rng.uniform(0, most_s))

    def _let_time_pass(self, *, before_half_hour: bool = False) -> None:
        """So much of the meter's time passes while the product is dead."""
        seconds = self._rng.choice([0, 0, 0, 1500, 3 * 3600, 26 * 3600])
        now = self._house.clock.now() + seconds
        if before_half_hour:
            seconds += (-now - 12) % HALF_HOUR_S
        elif not 1 <= now % DAY_S // 3600 < 23:  # around midnight it waits for twenty minutes
            seconds += 2 * 3600
        self._house.faults.fire("clock-step", str(seconds))

    # -- what must be so -----------------------------------------------------------------------

    def _check(self, log: str) -> None:
        for word in ("Traceback", "CRITICAL", "set aside"):
            assert word not in log, log
        with TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            shutil.copytree(self._place.folder / "data", data)
            self._check_files(data)
            known = _known(data)
        # What the process before had asked for may be answered late.
        told = [each for each in self._meter.told if each.session != self._dead_session]
        before = self._known
        self._check_values(known)
        needless = [each.what for each in told if each.half_hours <= before.keys()]
        assert not needless, f"read again without need: {needless}"
        lost = [each.what for each in told if not each.half_hours <= known.keys()]
        assert len(lost) <= 2 * RUN_DAYS, f"read for nothing: {lost}"
        self._score.told += len(told)
        self._score.lost += len(lost)
        self._score.half_hours += len(known) - len(before)
        self._known = known

    def _check_values(self, known: HalfHours) -> None:
        before = {each for each, raw in self._known.items() if raw is not None}
        lost = [each for each in before if known.get(each) is None]
        assert not lost, f"lost: {sorted(lost)[:5]}"
        registers = self._house.registers
        for (direction, at), raw in known.items():
            true = getattr(registers.counts(at), direction)
            assert raw in (None, true), f"{direction} {to_datetime(at)} is {raw}, not {true}"

    def _check_files(self, data: Path) -> None:
        facts = stored_facts(data)  # raises for one that is damaged
        if facts is not None:
            assert self._instance in (None, facts.instance)
            self._instance = facts.instance
        if (data / JOURNAL_FILE).exists():
            for line in (data / JOURNAL_FILE).read_text("utf-8").splitlines():
                assert not line or json.loads(line)["at"]
        if (data / RING_FILE).exists():
            octets = (data / RING_FILE).stat().st_size
            Ring(data).flush()  # writes anew what isn't whole
            assert (data / RING_FILE).stat().st_size == octets
        if (data / LEDGER_FILE).exists():
            with contextlib.closing(sqlite3.connect(data / LEDGER_FILE)) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        odd = {path.name for path in data.iterdir()} - {
            *(STATE_FILE, JOURNAL_FILE, RING_FILE, "state.new", "journal.new"),
            *(LEDGER_FILE, f"{LEDGER_FILE}-wal", f"{LEDGER_FILE}-shm"),
        }
        assert not odd, odd

    def _missing(self) -> set[tuple[str, int]]:
        """What the meter remembers and the ledger, as it is just being written, lacks."""
        state = self._meter.state
        now, newest = self._house.clock.now(), state.latest_half_hour() - HALF_HOUR_S
        oldest = (now // DAY_S - state.config.memory_days) * DAY_S
        should_be = {
            (direction, at)
            for at in range(oldest, newest + 1, HALF_HOUR_S)
            for direction in ("bought", "sold")
        }
        known = _known(self._place.folder / "data")
        return {each for each in should_be if known.get(each) is None}


def _known(data: Path) -> HalfHours:
    found: dict[tuple[str, int], int | None] = {}
    if not (data / LEDGER_FILE).exists():
        return found
    with ReadOnlyLedger(data) as ledger:
        for uid in ledger.uids():
            for direction in Direction:
                stands = ledger.series(uid, direction)
                found |= {(direction.value, to_seconds(stand.at)): stand.raw for stand in stands}
                if stands:
                    since = stands[0].at - timedelta(days=MEMORY_DAYS)
                    gone = ledger.gone(uid, direction, since, stands[-1].at)
                    found |= {(direction.value, to_seconds(at)): None for at in gone}
    return found


async def kill_round(kills: int, seed: int, score: Score) -> None:
    """So many kills at one installation, then what is missing is read."""
    rng = random.Random(seed)
    module, meter = METERS[seed % len(METERS)]
    meter = replace(meter, memory_days=40, inf_delay_s=3)
    config = HouseConfig(module=module, speed=30, rate=10, seed=seed, meter=meter)
    with TemporaryDirectory() as folder:
        place = Place(Path(folder))
        (place.folder / "data").mkdir()
        place.write_options(poll_interval=10)
        with house_at(place, config) as house:
            this = Round(place, house, rng, score)
            for _ in range(kills):
                await this.kill()
                _show(f"\rkilled {score.kills} times")
            await this.complete()
    _show(f": {score.half_hours} half-hours, none lost; {score.told} answers, {score.lost} twice\n")


async def killed(times: int, seed: int) -> Score:
    """Kills so often, in rounds. AssertionError tells what was lost, wrong or read twice."""
    score = Score()
    while score.kills < times:
        try:
            await kill_round(min(KILLS_A_ROUND, times - score.kills), seed, score)
        except AssertionError as error:
            error.add_note(f"seed {seed}, kill {score.kills}")
            raise
        seed += 1
    return score


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("times", type=int, nargs="?", default=500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    asyncio.run(killed(args.times, args.seed))


if __name__ == "__main__":
    _main()
