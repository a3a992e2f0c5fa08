"""Our own options, changed through the Supervisor."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from broute_addon.errors import SupervisorError
from broute_addon.home_assistant.supervisor import Supervisor
from broute_addon.messages import Language
from broute_addon.redaction import Secret
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn

ROUTE_B_ID = "00112233445566778899AABBCCDDEEFF"
SAVED = {
    "poll_interval": 60,
    "history": "repair",
    "language": "auto",
    "log_level": "info",
    "route_b_password": "!secret broute_password",
    "mqtt_password": "planted-mqtt",
}


@pytest.fixture
async def stand_in() -> AsyncIterator[SupervisorStandIn]:
    async with SupervisorStandIn() as running:
        running.options = dict(SAVED)
        running.secrets = {"broute_password": "PLANTEDPW012"}
        running.devices = ("/dev/ttyUSB0",)
        yield running


@pytest.fixture
async def supervisor(stand_in: SupervisorStandIn) -> AsyncIterator[Supervisor]:
    async with aiohttp.ClientSession() as session:
        yield Supervisor(stand_in.url, Secret(TOKEN), session)


async def test_a_change_leaves_the_rest_as_it_stands(
    supervisor: Supervisor, stand_in: SupervisorStandIn
) -> None:
    await supervisor.change_options({"route_b_id": ROUTE_B_ID, "device": "/dev/ttyUSB0"})
    assert stand_in.options == {**SAVED, "route_b_id": ROUTE_B_ID, "device": "/dev/ttyUSB0"}
    await supervisor.change_options({"device": None, "mqtt_password": None})
    assert "device" not in stand_in.options
    assert "mqtt_password" not in stand_in.options
    assert stand_in.options["route_b_password"] == "!secret broute_password"


@pytest.mark.parametrize(
    "changes",
    [
        {"device": "/dev/ttyUSB9", "route_b_id": ROUTE_B_ID},
        {"poll_interval": 2, "route_b_id": ROUTE_B_ID},
        {"route_b_password": 123456789012, "route_b_id": ROUTE_B_ID},
        {"route_b_password": "!secret absent", "route_b_id": ROUTE_B_ID},
        {"history": None, "mqtt_host": 5, "route_b_id": ROUTE_B_ID},
    ],
)
async def test_a_refusal_is_one_sentence_without_the_options_that_it_quotes(
    supervisor: Supervisor, stand_in: SupervisorStandIn, changes: dict[str, object]
) -> None:
    with pytest.raises(SupervisorError) as caught:
        await supervisor.change_options(changes)
    for language in Language:
        text = caught.value.message.text(language)
        assert "invalid options" in text
        assert "\n" not in text
        for secret in (ROUTE_B_ID, "PLANTEDPW012", "planted-mqtt", "Got", "123456789012"):
            assert secret not in text
    assert stand_in.options == SAVED


async def test_options_that_are_invalid_at_present_can_be_mended(
    supervisor: Supervisor, stand_in: SupervisorStandIn
) -> None:
    stand_in.options["device"] = "/dev/gone"
    await supervisor.change_options({"device": None})
    assert "device" not in stand_in.options


async def test_a_restart_is_asked_for_and_a_refusal_told(
    supervisor: Supervisor, stand_in: SupervisorStandIn
) -> None:
    await supervisor.restart()
    assert stand_in.restarts == 1
    stand_in.may_restart = False
    with pytest.raises(SupervisorError):
        await supervisor.restart()
