"""After any outage, whatever was away and however long, nothing is missing and nothing is wrong."""

from pathlib import Path

import pytest

from tests.home_assistant_core.outages import LONG, LONGEST, SHORT, Outage, Victim, installed
from tests.rigs.home_assistant.rig import HomeAssistantRig

pytestmark = [pytest.mark.home_assistant_core, pytest.mark.asyncio(loop_scope="module")]

OUTAGES = (
    Outage(Victim.ADD_ON, SHORT),
    Outage(Victim.CORE, LONG),
    Outage(Victim.BROKER, LONGEST),
    Outage(Victim.STICK, SHORT),
)
"""Each that can be away, each length; `python -m tests.home_assistant_core.outages` has all."""


async def test_after_any_outage_no_hour_is_missing_and_none_is_wrong(
    home_assistant: HomeAssistantRig, tmp_path: Path
) -> None:
    async with installed(home_assistant, tmp_path) as installation:
        for outage in OUTAGES:
            await installation.suffer(outage)
