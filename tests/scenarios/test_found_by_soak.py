"""What the fault campaign has found, each as a story of its own. Virtual time."""

import pytest

from broute_addon.simulator import HouseConfig
from tests.support.engine_house import lab, story


@pytest.mark.parametrize(
    ("module", "state"), [("bp35a1", "echo-off"), ("bp35c2", "fresh"), ("bp35c2-j11", "joined")]
)
def test_a_stick_that_hangs_before_it_is_ever_spoken_to_is_reset(module: str, state: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module, states=(state,))) as here:
            here.house.faults.hold("stalled-stick")
            assert await here.until_reading(within_s=120) < 120

    story(scenario)
