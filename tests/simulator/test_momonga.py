"""momonga from PyPI, unmodified, against `simulate` on a real pseudo-terminal.

It shares no line with this package, and so tells whether the simulator speaks what foreign
programs understand. Its sleeps between requests are public parameters; those while opening the
port are its own.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import momonga
import pytest

from broute_addon.simulator import PASSWORD, ROUTE_B_ID, Household, MeterConfig
from broute_addon.simulator.household import DAY_S, HALF_HOUR_S
from broute_addon.simulator.meter_clock import to_seconds
from broute_addon.simulator.registers import Registers
from tests.simulator.bench import JST

START = datetime(2026, 4, 5, 13, 26, tzinfo=JST)
SEED = 7


@contextmanager
def simulated(link: Path, *arguments: str) -> Iterator[None]:
    """`simulate` in a process of its own."""
    command = [sys.executable, "-m", "broute_addon", "simulate", "--link", str(link)]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready {link}\n"
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=5)
    assert process.returncode == 0
    assert not link.is_symlink()


@pytest.mark.parametrize("module", ["bp35c2", "bp35a1", "rl7023-dss"])
def test_momonga_reads_the_simulated_meter(module: str, tmp_path: Path) -> None:
    link = tmp_path / "stick"
    options = ["--module", module, "--seed", str(SEED), "--speed", "50", "--rate", "30"]
    options += ["--clock", START.isoformat(), "--meter", "inf_delay=30"]
    meter = momonga.Momonga(ROUTE_B_ID, PASSWORD, str(link))
    meter.internal_xmit_interval = 0.05
    truth = Registers(MeterConfig(), Household(SEED), to_seconds(START))
    with simulated(link, *options), meter as session:
        notification = session.get_notification(timeout=40)
        power = session.get_instantaneous_power()
        currents = session.get_instantaneous_current()
        bought = session.get_measured_cumulative_energy()
        sold = session.get_measured_cumulative_energy(reverse=True)
        history = session.get_historical_cumulative_energy_1(day=1)

    earliest = to_seconds(START)
    seconds = range(earliest, earliest + HALF_HOUR_S * 2)
    assert power in {truth.power(second) for second in seconds}
    amperes = tuple(tenths(currents[f"{phase} phase current"]) for phase in "rt")
    assert amperes in {truth.currents(second) for second in seconds}
    assert tenths(bought) in {truth.counts(second).bought for second in seconds}
    assert tenths(sold) in {truth.counts(second).sold for second in seconds}
    midnight = (earliest // DAY_S - 1) * DAY_S
    expected = [truth.counts(midnight + slot * HALF_HOUR_S).bought for slot in range(48)]
    assert [tenths(row["cumulative energy"]) for row in history] == expected
    assert notification is not None
    announced = notification["properties"][0xEA]
    at = to_seconds(announced["timestamp"].replace(tzinfo=JST))
    assert at == earliest - earliest % HALF_HOUR_S + HALF_HOUR_S
    assert tenths(announced["cumulative energy"]) == truth.counts(at).bought


def tenths(value: object) -> int:
    """The raw count behind a value of a tenth of something a count."""
    assert isinstance(value, int | float)
    return round(value * 10)
