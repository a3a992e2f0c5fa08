"""Many seeds, several at a time; one that fails is told and made small."""

import gc
import hashlib
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from broute_addon.soak.plan import Fault, Plan, draw
from broute_addon.soak.run import Outcome, play
from broute_addon.soak.sabotage import planted

Say = Callable[[str], None]
SHRINK_RUNS = 60
SHRINK_S = 90.0


@dataclass(frozen=True, slots=True)
class Campaign:
    """What to run. `sabotage` names a planted defect; `jobs` is the number of processes, None: as
    many as there are processors."""

    seeds: int
    days: float
    first: int = 1
    sabotage: str | None = None
    jobs: int | None = None


@dataclass(slots=True)
class Tally:
    """What a campaign has seen."""

    outcomes: int = 0
    days: float = 0.0
    values: int = 0
    half_hours: int = 0
    broken: list[int] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)
    without_value_s: dict[str, float] = field(default_factory=dict)
    to_recover_s: dict[str, float] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        self.outcomes += 1
        self.days += outcome.days
        self.values += outcome.values
        self.half_hours += outcome.half_hours
        self.injected.update(outcome.injected)
        self.moments.update(outcome.moments)
        for mine, its in (
            (self.without_value_s, outcome.without_value_s),
            (self.to_recover_s, outcome.to_recover_s),
        ):
            for name, seconds in its.items():
                mine[name] = max(mine.get(name, 0.0), seconds)


def run_campaign(campaign: Campaign, say: Say, progress: Say) -> int:
    """Runs it; `say` gets the report, `progress` what happens meanwhile. 0: nothing broke.

    The last line ends with a digest of all that was published, the same for the same seeds,
    whatever the number of processes. With a sabotage the first seed that catches it is the last.
    """
    tally, digest, began = Tally(), hashlib.sha256(), time.monotonic()
    for outcome in _outcomes(campaign):
        tally.add(outcome)
        digest.update(outcome.digest.encode())
        progress(_progress(campaign, tally, outcome))
        if outcome.breach is None:
            continue
        tally.broken.append(outcome.seed)
        name, text = outcome.breach
        say(f"seed {outcome.seed} broke {name}: {text}")
        if campaign.sabotage is not None:
            break
        for fault in _smaller(draw(outcome.seed, campaign.days), outcome, progress):
            say(f"  {fault}")
    for line in report(tally):
        say(line)
    took = time.monotonic() - began
    progress(f"{tally.days / took:.1f} meter-days a second")
    verdict = f"{len(tally.broken)} of {tally.outcomes} seeds broke an invariant"
    say(f"{tally.outcomes} seeds, {tally.days:.1f} meter-days: {verdict}; {digest.hexdigest()}")
    return 1 if tally.broken else 0


def play_seed(seed: int, days: float, sabotage: str | None = None) -> Outcome:
    """One seed of a campaign."""
    with planted(sabotage):
        return play(draw(seed, days))


def _outcomes(campaign: Campaign) -> Iterator[Outcome]:
    """In the order of the seeds, whatever the number of processes."""
    seeds = range(campaign.first, campaign.first + campaign.seeds)
    is_short = campaign.seeds * campaign.days < 4
    jobs = campaign.jobs or (1 if is_short else os.cpu_count() or 1)
    workers = min(jobs, campaign.seeds)
    if workers < 2 or campaign.sabotage is not None:
        for seed in seeds:
            yield play_seed(seed, campaign.days, campaign.sabotage)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _collect_seldom) as pool:
        yield from pool.map(play_seed, seeds, [campaign.days] * len(seeds))


def _collect_seldom() -> None:
    """Nearly nothing is garbage that only the collector finds, and its looks cost a twentieth."""
    gc.set_threshold(50_000, 20, 100)


def _smaller(plan: Plan, outcome: Outcome, progress: Say) -> Sequence[Fault]:
    """Fewer faults that break the same invariant: halves first, then one by one."""
    end_s = outcome.days * 86_400
    plan = plan.without({fault.number for fault in plan.faults if fault.at_s > end_s})
    wanted = outcome.breach[0] if outcome.breach else ""
    chunk, runs, until = max(1, len(plan.faults) // 2), 0, time.monotonic() + SHRINK_S
    while chunk and runs < SHRINK_RUNS and time.monotonic() < until:
        start = 0
        while start < len(plan.faults) and runs < SHRINK_RUNS and time.monotonic() < until:
            fewer = plan.without({f.number for f in plan.faults[start : start + chunk]})
            runs += 1
            found = play(fewer)
            if found.breach is not None and found.breach[0] == wanted:
                plan = fewer
            else:
                start += chunk
        progress(f"  {len(plan.faults)} faults are left after {runs} runs")
        chunk //= 2
    return plan.faults


def _progress(campaign: Campaign, tally: Tally, outcome: Outcome) -> str:
    state = "broke" if outcome.breach else "clean"
    faults = sum(outcome.injected.values())
    return f"{tally.outcomes}/{campaign.seeds} seed {outcome.seed} {state}, {faults} faults"


def report(tally: Tally) -> Iterator[str]:
    """The figures of a campaign, kind by kind."""
    yield f"{'fault':24}{'times':>7}{'longest without a value':>26}{'after its cause':>18}"
    for name, times in sorted(tally.injected.items()):
        yield (
            f"{name:24}{times:7}{_seconds(tally.without_value_s, name):>26}"
            f"{_seconds(tally.to_recover_s, name):>18}"
        )
    for name in sorted(tally.without_value_s.keys() - tally.injected.keys()):
        yield (
            f"{name:24}{'':7}{_seconds(tally.without_value_s, name):>26}"
            f"{_seconds(tally.to_recover_s, name):>18}"
        )
    told = ", ".join(f"{times} {moment}" for moment, times in sorted(tally.moments.items()))
    yield f"moments: {told or 'none but any'}"
    yield f"{tally.values} values and {tally.half_hours} half hours checked"


def _seconds(figures: dict[str, float], name: str) -> str:
    return f"{figures[name]:.0f} s" if name in figures else "-"


def to_standard_error(line: str) -> None:
    """Where progress goes."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
