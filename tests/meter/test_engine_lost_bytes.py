"""Stories of the engine and a line that loses bytes on the way to the stick. Virtual time."""

import asyncio
from collections.abc import Callable

import pytest

from broute_addon.simulator import HouseConfig
from tests.support.engine_house import Lab, lab, story

HOURS_S = 2 * 3600.0
INTERVAL_S = 30.0
REPEATED_S = 10.0
"""A request that the stick has refused is said again within so long."""


def now() -> float:
    return asyncio.get_running_loop().time()


def lose_once(here: Lab, word: bytes, cut: Callable[[bytes], bytes]) -> None:
    """The next command with that word arrives without the byte that `cut` takes away."""
    arrive = here.port.on_input

    def losing(data: bytes) -> None:
        if data.startswith(word):
            here.port.on_input = arrive
            assert len(cut(data)) == len(data) - 1
            data = cut(data)
        arrive(data)

    here.port.on_input = losing


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(lambda data: data[:4] + data[5:], id="a letter of the word"),
        pytest.param(lambda data: data[:20] + data[21:], id="a digit of the address"),
        pytest.param(lambda data: data.replace(b" 0E1A 1 ", b" 0E1A 1", 1), id="a blank"),
        pytest.param(lambda data: data.replace(b" 0E1A 1 ", b" 0E1A  ", 1), id="an argument"),
    ],
)
@pytest.mark.parametrize(("module", "side"), [("bp35a1", False), ("bp35c2", True)])
def test_a_byte_lost_after_hours_costs_no_reading_and_no_dialect(
    module: str, side: bool, cut: Callable[[bytes], bytes]
) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=INTERVAL_S) as here:
            await here.until_reading()
            await asyncio.sleep(HOURS_S)
            start = now()
            lose_once(here, b"SKSENDTO", cut)
            await asyncio.sleep(600)
            assert here.longest_gap_s("power", start, now()) < INTERVAL_S + REPEATED_S
            since = [data for at, data in here.written if at >= start]
            sends = [data for data in since if data.startswith(b"SKSENDTO")]
            assert {b" 0E1A 1 0 " in data for data in sends} == {side}
            settings = (b"SKSREG", b"SKRESET", b"SKSCAN", b"SKJOIN")
            assert not [data for data in since if data.startswith(settings)]
            assert side or not here.commands("SKSREG SA2")
            assert here.problems() == []

    story(scenario)


def test_a_byte_lost_in_the_setting_up_costs_no_signal_strength() -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module="bp35c2"), interval_s=INTERVAL_S) as here:
            lose_once(here, b"SKSREG SA2", lambda data: data[:2] + data[3:])
            await here.until_reading()
            await asyncio.sleep(300)
            assert len(here.readings("signal_strength")) > 5

    story(scenario)


@pytest.mark.parametrize(("share", "bound_s"), [(0.02, 45.0), (0.1, 90.0)])
@pytest.mark.parametrize("module", ["bp35a1", "bp35c2", "bp35c0-j11"])
def test_a_stick_that_misses_bytes_for_hours_is_read_all_the_same(
    module: str, share: float, bound_s: float
) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module), interval_s=INTERVAL_S) as here:
            await here.until_reading()
            start = now()
            here.house.faults.hold("cut-command", share)
            await asyncio.sleep(2 * HOURS_S)
            assert here.longest_gap_s("power", start, now()) < bound_s
            assert here.house.faults.struck["cut-command"] > 0
            if module == "bp35a1":
                assert not here.commands("SKSREG SA2")

    story(scenario)


@pytest.mark.parametrize("module", ["bp35a1", "bp35c2", "bp35c0-j11"])
@pytest.mark.parametrize("seed", range(4))
def test_a_start_that_loses_bytes_ends_in_readings(module: str, seed: int) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module, seed=seed), interval_s=INTERVAL_S) as here:
            here.house.faults.hold("cut-command", 0.1)
            await here.until_reading(within_s=300)
            if module == "bp35a1":
                assert not here.commands("SKSREG SA2")

    story(scenario)
