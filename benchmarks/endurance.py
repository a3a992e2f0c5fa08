"""Forty minutes with a fault each minute, against the real `run` process in real time.

    python -m benchmarks.endurance [--minutes 40] [--seed 1] [--interval 5]

Each minute one fault is drawn from `TRIALS`, every kind once before any comes again (two minutes
for a meter that moves: a join into the void alone takes 38 s, and with it the minimum 67 s). The
table tells for each how long it took from the fault to the next good value at the broker, beside
its bound; then memory, and how the log told it: one warning and one relief for each streak. The log
itself goes to standard error.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lab import Subject, house_in, product, struck_at, usage
from broute_addon.simulator import House, HouseConfig
from tests.support.broker import Broker

MINUTE_S = 60.0
_JOIN_AND_GET_S = 4.5  # 3.3 s PANA, one Get of up to 1 s
_SCAN_S = 10.0  # duration 4 on all channels, 5 on the grid
_POLL_S = 5.0


@dataclass(frozen=True)
class Trial:
    """One kind of fault; `bound_s` beyond the poll interval, from the fault to a good value."""

    name: str
    strike: Callable[[House], None]
    bound_s: float
    minutes: int = 1


def _next(kind: str, count: int = 1) -> Callable[[House], None]:
    return lambda house: house.faults.next(kind, count)


def _hold(kind: str, value: float, for_s: float) -> Callable[[House], None]:
    return lambda house: house.faults.hold(kind, value, for_s)


def _fire(kind: str, for_s: float | None = None) -> Callable[[House], None]:
    return lambda house: house.faults.fire(kind, for_s=for_s)


def _move(house: House) -> None:
    channel = house.node.channel ^ 0x06  # stays on the grid of odd channels
    house.faults.fire("move-channel", f"{channel:X}")


TRIALS = (
    Trial("one answer lost", _next("lost-answer"), 5.0),
    Trial("two answers lost", _next("lost-answer", 2), 10.0),
    Trial("one request lost", _next("lost-request"), 5.0),
    Trial("transmission fails (EVENT 21 01)", _next("unacknowledged"), 5.0),
    Trial("answers 3 s late for 15 s", _hold("late-answer", 3.0, 15), 8.0),
    Trial("answer twice", _next("doubled-answer"), 2.0),
    Trial("answer with another TID", _next("wrong-tid"), 5.0),
    Trial("answer cut short", _next("cut-answer"), 5.0),
    Trial("meter mute for 12 s", _hold("mute-meter", 1.0, 12), 12 + 30.0),
    Trial("meter out of reach for 8 s", _hold("out-of-reach", 1.0, 8), 8 + 30.0),
    Trial("renewal succeeds (29, 25)", _fire("expire"), 4.0),
    Trial("renewal fails (29, 24)", _fire("expire-fail"), 2 + _JOIN_AND_GET_S + 3),
    Trial("meter ends the session (26)", _fire("terminate"), _JOIN_AND_GET_S + 3),
    Trial("meter forgets the session", _fire("forget-session"), 14 + _JOIN_AND_GET_S + 8),
    Trial("meter reboots, 10 s", _fire("reboot", 10), 14 + 40 + _SCAN_S + _JOIN_AND_GET_S),
    Trial("airtime limit for 15 s (32, 33)", _fire("budget", 15), 15 + 4.0),
    Trial("stick pulled for 5 s", _fire("unplug", 5), 5 + 4 + _JOIN_AND_GET_S),
    Trial("stick restarts", _fire("reset-stick"), 3 + _SCAN_S + _JOIN_AND_GET_S + 8),
    Trial("stick mute for 8 s", _hold("mute-stick", 1.0, 8), 8 + 10 + _SCAN_S + _JOIN_AND_GET_S),
    Trial("stick stalled until a reset", _hold("stalled-stick", 1.0, 50), 45.0),
    Trial("noise on the line for 15 s", _hold("garbage", 0.5, 15), 8.0),
    Trial("ERXUDP states a wrong length", _next("wrong-length"), 5.0),
    Trial("ERXUDP twice", _next("doubled-line"), 2.0),
    Trial("no OK to SKSENDTO", _next("missing-ok"), 12.0),
    Trial("no EVENT 21", _next("missing-event21"), 8.0),
    Trial("UART overrun (ER09)", _next("overrun"), 5.0),
    Trial("no data for 12 s", _hold("no-data", 1.0, 12), 12 + 5.0),
    Trial("meter moves to another channel", _move, 14 + 45 + _SCAN_S + _JOIN_AND_GET_S, 2),
)


@dataclass(frozen=True)
class Outcome:
    """What became of one fault."""

    minute: int
    trial: Trial
    recovered_s: float | None
    warnings: int
    reliefs: int
    rss_mb: float

    @property
    def is_within_bound(self) -> bool:
        return self.recovered_s is not None and self.recovered_s <= self.trial.bound_s + _POLL_S


async def endure(minutes: int, seed: int, folder: Path) -> list[Outcome]:
    """Runs the schedule and gives one outcome a minute."""
    rng = random.Random(seed)
    deck: list[Trial] = []
    outcomes = []
    with house_in(folder, HouseConfig(seed=seed)) as house:
        async with Broker(folder) as broker:
            options = {"poll_interval": int(_POLL_S)}
            async with product(folder, broker, options) as subject:
                if await subject.values.first_after(subject.started, 60) is None:
                    raise SystemExit("no first value:\n" + "\n".join(subject.output))
                minute = 0
                while minute < minutes:
                    deck = deck or rng.sample(TRIALS, len(TRIALS))
                    trial = deck.pop()
                    outcomes.append(await _one(minute, trial, house, subject, rng))
                    minute += trial.minutes
                    _print(outcomes[-1])
    return outcomes


async def _one(
    minute: int, trial: Trial, house: House, subject: Subject, rng: random.Random
) -> Outcome:
    """Strikes at a random moment of the poll's cycle and watches until the minute is over."""
    end = time.monotonic() + MINUTE_S * trial.minutes
    told = len(subject.output)
    await asyncio.sleep(rng.uniform(0, _POLL_S))
    struck = time.monotonic()
    struck_before = sum(house.faults.struck.values())
    trial.strike(house)
    hit = await struck_at(house, struck_before, struck + _POLL_S * 3)
    recovered = await subject.values.first_after(hit, end - hit)
    await asyncio.sleep(max(0.0, end - time.monotonic()))
    lines = subject.output[told:]
    print("".join(f"    {line}\n" for line in lines), end="", file=sys.stderr, flush=True)
    return Outcome(
        minute,
        trial,
        recovered,
        sum(" WARNING " in line or " ERROR " in line for line in lines),
        sum(" are back " in line for line in lines),
        usage(subject.process.pid).rss_mb,
    )


def _print(outcome: Outcome) -> None:
    took = "never" if outcome.recovered_s is None else f"{outcome.recovered_s:.1f} s"
    verdict = "" if outcome.is_within_bound else " **missed**"
    print(
        f"| {outcome.minute + 1} | {outcome.trial.name} | {took} "
        f"| {outcome.trial.bound_s + _POLL_S:.0f} s{verdict} "
        f"| {outcome.warnings} / {outcome.reliefs} | {outcome.rss_mb:.1f} |",
        flush=True,
    )


def main() -> int:
    """Prints the table; 1 if a bound was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print("| minute | fault | next good value after | bound | warnings / reliefs | RSS MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        outcomes = asyncio.run(endure(args.minutes, args.seed, Path(folder)))
    missed = [outcome for outcome in outcomes if not outcome.is_within_bound]
    growth = outcomes[-1].rss_mb - outcomes[0].rss_mb
    print(f"\n{len(outcomes)} faults, {len(missed)} bounds missed; memory {growth:+.1f} MB.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
