"""The add-on in its container, as the Supervisor runs it: service, readiness, ends, exit codes.

The Dockerfile is the repository's; base, s6 and /init stand in (tests/rigs/container).
"""

import json
import re

import pytest

from tests.container.surroundings import Surroundings, is_told
from tests.rigs.container.engine import IMAGE, SERVICE, Container, image_megabytes, podman
from tests.rigs.home_assistant.processes import RigError
from tests.support.observer import Observer, retained

pytestmark = pytest.mark.container

STOPPED_WITHIN_S = 10.0
MOST_MEMORY_MB = 72.0
"""VmRSS on CPython 3.14, whose interpreter and libraries are 21 MB of it before any import."""
MOST_ADDED_MB = 30.0
PARTS = {"package": "/opt/broute/broute_addon", "all": "/opt/broute"}


async def test_the_service_starts_publishes_and_says_goodbye(
    surroundings: Surroundings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Observer(surroundings.broker) as observer:
        async with surroundings.container() as running:
            await running.until_log("broute is ready")
            ready_s = await running.seconds_between("init: begins", "broute is ready")
            assert await running.service("ready") == "true"
            await observer.until(lambda: is_told(observer, "power"), 30)
            await observer.until(lambda: is_told(observer, "energy_bought"), 30)
            pid = await running.service("pid")
            status = await running.run("cat", f"/proc/{pid}/status")
            sizes_mb = await sizes(running)
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
    dependencies_mb = sizes_mb["all"] - sizes_mb["package"]
    with capsys.disabled():
        print(  # noqa: T201
            f"\ncontainer: ready {ready_s:.1f} s after the base's init began, "
            f"{memory_mb:.0f} MB of memory, stopped in {took_s:.1f} s, "
            f"image {added_mb:.1f} MB over its base (dependencies {dependencies_mb:.1f}, "
            f"package {sizes_mb['package']:.1f})"
        )
    assert added_mb < MOST_ADDED_MB
    assert took_s < STOPPED_WITHIN_S
    assert memory_mb < MOST_MEMORY_MB


async def sizes(running: Container) -> dict[str, float]:
    """MB of what the image adds, by part."""
    found = {}
    for part, path in PARTS.items():
        found[part] = int((await running.run("du", "-sb", path)).split()[0]) / 1e6
    return found


async def test_the_image_has_only_what_it_needs_to_run(surroundings: Surroundings) -> None:
    async with surroundings.container() as running:
        files = (await running.run("find", "/opt/broute")).split()
        assert not [path for path in files if re.search(r"/(tests|benchmarks|bin)(/|$)", path)]
        assert not [path for path in files if re.search(r"\.(pyi|pyx|pxd|c|h)$", path)]
        sources = {path for path in files if path.endswith(".py")}
        compiled = [path for path in files if path.endswith(".pyc")]
        assert len(compiled) == len(sources)
        assert "/opt/broute/broute_addon/web/static/vendor/uPlot.iife.min.js" in files


async def test_its_health_is_asked_as_the_image_says(surroundings: Surroundings) -> None:
    said = await podman("image", "inspect", IMAGE, "--format", "{{json .Config.Healthcheck.Test}}")
    kind, *command = json.loads(said)
    assert kind == "CMD"
    async with surroundings.container() as running:
        await running.until_log("broute is ready")
        assert await running.run(*command) == ""
        await running.run("s6-svc", "-wD", "-d", SERVICE)
        with pytest.raises(RigError, match="refused"):
            await running.run(*command)


async def test_nothing_is_compiled_at_a_start(surroundings: Surroundings) -> None:
    async with surroundings.container() as running:
        await running.until_log("broute is ready")
        said = await running.run("python3", "-v", "-c", "import broute_addon.errors")
        assert "/opt/broute/broute_addon/errors.py" in said
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
