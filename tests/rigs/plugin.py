"""The pytest plugin of the rigs: skips are honest, and on CI they are failures.

A test that needs a part this machine lacks is skipped with the reason, and all tests of one rig end
in one counted line. With `CI` set a skip fails instead: CI must have every part, or deselect the
rig by its marker.
"""

import os
from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio

from tests.rigs.home_assistant.processes import rigs_cache, why_unavailable
from tests.rigs.home_assistant.rig import HomeAssistantRig

RIGS = ("home_assistant_core", "browser", "container")
"""The markers of tests that need a rig; pyproject.toml explains each."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure on CI; else let a rig's skips share one place, hence one line."""
    report = yield
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if is_skip and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if "CI" in os.environ:
            report.outcome = "failed"
            report.longrepr = f"CI does not allow a skip. {reason}"
        elif any(item.get_closest_marker(rig) for rig in RIGS):
            report.longrepr = (str(item.path.parent), 1, reason)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself (importorskip)."""
    report = yield
    if report.skipped and "CI" in os.environ:
        report.outcome = "failed"
        report.longrepr = f"CI does not allow a skip. {report.longrepr}"
    return report


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home_assistant(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[HomeAssistantRig]:
    """Home Assistant Core and Mosquitto, running, with the MQTT integration; one for a module.

    Its tests run in the module's loop: `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
    """
    cache = rigs_cache()
    if reason := why_unavailable(cache):
        pytest.skip(f"Home Assistant Core: {reason}")
    async with HomeAssistantRig(cache, tmp_path_factory.mktemp("home_assistant")) as rig:
        await rig.add_mqtt()
        yield rig
