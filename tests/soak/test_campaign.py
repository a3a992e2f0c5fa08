"""The campaign itself: the same seed is the same run, a failing one is told, defects are caught."""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from broute_addon.__main__ import main
from broute_addon.soak.campaign import Campaign, play_seed, run_campaign
from broute_addon.soak.kinds import KINDS
from broute_addon.soak.plan import draw
from broute_addon.soak.run import play
from broute_addon.soak.sabotage import SABOTAGES

DIGEST = re.compile(r"[0-9a-f]{64}$")


def soak(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "broute_addon", "soak", *arguments],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def said() -> list[str]:
    return []


def quiet(_: str) -> None:
    """Progress that nobody reads."""


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_short_campaign_breaks_no_invariant(seed: int) -> None:
    outcome = play_seed(seed, 0.3)
    assert outcome.breach is None
    assert sum(outcome.injected.values()) > 3
    assert outcome.values > 1000
    assert outcome.half_hours > 0


def test_the_same_seed_has_the_same_digest_in_any_process() -> None:
    first, second = (
        soak("--seeds", "2", "--days", "0.2", "--seed", "7", hash_seed=number)
        for number in ("1", "2")
    )
    assert first.returncode == second.returncode == 0, first.stdout
    assert DIGEST.search(first.stdout.rstrip().splitlines()[-1])
    assert first.stdout == second.stdout


def test_the_number_of_processes_changes_nothing() -> None:
    one, two = (soak("--seeds", "3", "--days", "0.1", "--jobs", jobs) for jobs in ("1", "2"))
    assert one.returncode == 0
    assert one.stdout == two.stdout


def test_another_seed_has_another_digest() -> None:
    assert play_seed(1, 0.05).digest != play_seed(2, 0.05).digest


def test_a_failing_seed_is_told_replays_exactly_and_gets_a_smaller_list_of_faults(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broute_addon.soak.invariants.VALUE_LATE_S", -30.0)
    began: Callable[[], int] = lambda: run_campaign(Campaign(1, 0.3, 3), said.append, quiet)  # noqa: E731
    assert began() == 1
    told = list(said)
    said.clear()
    assert began() == 1
    assert said == told
    assert told[0].startswith("seed 3 broke never stuck: ")
    assert told[-1].startswith("1 seeds")
    assert DIGEST.search(told[-1])


def test_a_fault_less_does_not_change_the_others() -> None:
    plan = draw(5, 0.2)
    fewer = plan.without({2})
    assert [fault for fault in plan.faults if fault.number != 2] == list(fewer.faults)
    whole, less = play(plan), play(fewer)
    assert sum(less.injected.values()) < sum(whole.injected.values())
    assert less.digest != whole.digest


@pytest.mark.parametrize("name", ["history-day-off-by-one", "offline-forgotten", "secret-in-log"])
def test_a_planted_defect_is_caught_within_twenty_seeds(name: str, said: list[str]) -> None:
    assert run_campaign(Campaign(20, 2.0, sabotage=name), said.append, quiet) == 1
    assert re.match(r"seed \d+ broke ", said[0])
    assert sum(" broke " in line for line in said[:-1]) == 1


def test_the_defects_are_listed_one_per_line_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["soak", "--sabotage", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == list(SABOTAGES)
    assert len(SABOTAGES) >= 12


@pytest.mark.parametrize(
    "arguments",
    [("--seeds", "none"), ("--seeds", "0"), ("--days", "-1"), ("--sabotage", "unheard-of")],
)
def test_a_wrong_argument_ends_with_78(arguments: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["soak", *arguments])
    assert ended.value.code == 78


def test_every_kind_of_fault_comes_up_in_a_hundred_days() -> None:
    drawn = {fault.kind for seed in range(10) for fault in draw(seed, 10).faults}
    assert drawn == KINDS.keys()
