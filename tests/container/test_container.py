"""The add-on in its container, as the Supervisor runs it: service, readiness, ends, exit codes.

The Dockerfile is the repository's; base, s6 and /init stand in (tests/rigs/container).
"""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from broute_addon.simulator import House, HouseConfig, PtyPort
from tests.rigs.container.engine import (
    Container,
    build_image,
    container,
    image_megabytes,
    why_unavailable,
)
from tests.support.broker import Broker, Login
from tests.support.observer import Observer, retained
from tests.support.process import GOOD_OPTIONS
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn

pytestmark = pytest.mark.container

STICK = "/dev/serial/by-id/usb-ROHM_BP35C2_Simulated-if00-port0"
LOGIN = Login("addons", "planted-mqtt-password")
STOPPED_WITHIN_S = 10.0
READY_WITHIN_S = 10.0
MOST_MEMORY_MB = 55.0


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _image() -> None:
    if reason := why_unavailable():
        pytest.skip(f"container: {reason}")
    await build_image()


@dataclass(frozen=True)
class Surroundings:
    """What an installed add-on finds: its folder, a stick, a Supervisor, a broker."""

    data: Path
    stick: str
    supervisor: SupervisorStandIn
    broker: Broker

    def container(self) -> contextlib.AbstractAsyncContextManager[Container]:
        environment = {"SUPERVISOR_TOKEN": TOKEN, "SUPERVISOR_URL": self.supervisor.url}
        return container(self.data, environment, (self.stick, STICK))


@contextlib.contextmanager
def stick_and_house() -> Iterator[str]:
    port = PtyPort()
    with contextlib.closing(House(HouseConfig(speed=0), port)):
        yield port.path


@pytest_asyncio.fixture
async def surroundings(tmp_path: Path) -> AsyncIterator[Surroundings]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "options.json").write_text(json.dumps(GOOD_OPTIONS))
    with stick_and_house() as stick:
        async with SupervisorStandIn() as supervisor, Broker(tmp_path, login=LOGIN) as broker:
            assert supervisor.mqtt is not None
            supervisor.mqtt |= {"host": "127.0.0.1", "port": broker.port}
            yield Surroundings(data, stick, supervisor, broker)


async def test_the_service_starts_publishes_and_says_goodbye(
    surroundings: Surroundings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Observer(surroundings.broker) as observer:
        async with surroundings.container() as running:
            ready_s = await running.until_log("broute is ready")
            assert await running.service("ready") == "true"
            await observer.until(lambda: is_told(observer, "power"), 30)
            await observer.until(lambda: is_told(observer, "energy_bought"), 30)
            pid = await running.service("pid")
            status = await running.run("cat", f"/proc/{pid}/status")
            took_s = await running.stop()
            assert await running.exit_code() == 0
            log = await running.log()
        assert observer.seen[-1].topic.endswith("/status")
        assert observer.seen[-1].payload == "offline"
    assert "Stopped." in log
    assert not re.search(" (WARNING|ERROR) ", log), log
    left = await retained(surroundings.broker)
    assert [value for topic, value in left.items() if topic.endswith("/status")] == ["offline"]

    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert match is not None
    memory_mb = int(match[1]) / 1024
    added_mb = await image_megabytes()
    with capsys.disabled():
        print(  # noqa: T201
            f"\ncontainer: ready after {ready_s:.1f} s, {memory_mb:.0f} MB of memory, stopped in "
            f"{took_s:.1f} s, image {added_mb:.0f} MB over its base"
        )
    assert ready_s < READY_WITHIN_S
    assert took_s < STOPPED_WITHIN_S
    assert memory_mb < MOST_MEMORY_MB


def is_told(observer: Observer, key: str) -> bool:
    return any(re.fullmatch(rf"broute/broute_\w+/{key}", seen.topic) for seen in observer.seen)


async def test_nothing_is_compiled_at_a_start(surroundings: Surroundings) -> None:
    async with surroundings.container() as running:
        await running.until_log("broute is ready")
        said = await running.run("python3", "-v", "-c", "import broute_addon.app")
        assert "/opt/broute/broute_addon/app.py" in said
        assert not re.findall("bytecode is stale for .*|code object from /opt/.*py$", said, re.M)


async def test_a_program_killed_inside_ends_the_container_with_its_signal(
    surroundings: Surroundings,
) -> None:
    async with surroundings.container() as running:
        await running.until_log("broute is ready")
        await running.run("sh", "-c", f"kill -9 {await running.service('pid')}")
        assert await running.exit_code() == 128 + 9


async def test_an_options_file_that_is_not_json_is_seen_from_outside(
    surroundings: Surroundings,
) -> None:
    (surroundings.data / "options.json").write_text("{not json")
    async with surroundings.container() as running:
        assert await running.exit_code() == 78
        assert "is not JSON" in await running.log()


async def test_a_stop_while_it_still_starts_is_clean(surroundings: Surroundings) -> None:
    async with surroundings.container() as running:
        assert await running.stop() < STOPPED_WITHIN_S
        assert await running.exit_code() == 0
