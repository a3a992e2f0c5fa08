"""The loop whose time jumps: fast, ordered, and honest about deadlocks."""

import asyncio
import os
import time

import pytest

from broute_addon.simulator import VirtualTimeDeadlockError, run_virtual


def test_a_month_of_sleeping_takes_no_time() -> None:
    async def sleeper() -> float:
        for _ in range(30 * 24):
            await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    assert run_virtual(sleeper()) == pytest.approx(30 * 86_400)
    assert time.monotonic() - started < 2


def test_timers_fire_in_the_order_of_their_time() -> None:
    async def racers() -> list[str]:
        finished: list[str] = []

        async def run(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            finished.append(name)

        async with asyncio.TaskGroup() as group:
            for name, seconds in (("late", 3600.5), ("early", 0.001), ("middle", 60)):
                group.create_task(run(name, seconds))
        return finished

    assert run_virtual(racers()) == ["early", "middle", "late"]


def test_time_outs_work_on_virtual_time() -> None:
    async def impatient() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(120):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(impatient()) == pytest.approx(120)


def test_a_deadlock_is_told_with_the_names_of_those_who_wait() -> None:
    async def stuck() -> None:
        await asyncio.create_task(asyncio.Event().wait(), name="waiting for Godot")

    with pytest.raises(VirtualTimeDeadlockError, match="waiting for Godot"):
        run_virtual(stuck())


def test_real_descriptors_are_served_without_the_clock_moving() -> None:
    async def pipe() -> tuple[bytes, float]:
        loop = asyncio.get_running_loop()
        reading, writing = os.pipe()
        arrived: asyncio.Future[bytes] = loop.create_future()
        loop.add_reader(reading, lambda: arrived.set_result(os.read(reading, 10)))
        os.write(writing, b"ping")
        data = await arrived
        loop.remove_reader(reading)
        os.close(reading)
        os.close(writing)
        return data, loop.time()

    assert run_virtual(pipe()) == (b"ping", 0.0)


def test_an_executor_runs_in_the_loop_and_hands_errors_on() -> None:
    async def work() -> int:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(sum, [1, 2, 3])

    assert run_virtual(work()) == 6
