"""The Supervisor's and Core's answers, good and bad."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from broute_addon.errors import HomeAssistantError, MqttError, SupervisorError
from broute_addon.home_assistant.broker_source import broker_source
from broute_addon.home_assistant.core import Core, CoreError, language_of
from broute_addon.home_assistant.supervisor import MqttService, Supervisor
from broute_addon.messages import Language
from broute_addon.options import Options
from broute_addon.redaction import Secret
from tests.support.broker import free_port
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn


@pytest.fixture
async def stand_in() -> AsyncIterator[SupervisorStandIn]:
    async with SupervisorStandIn() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def supervisor(stand_in: SupervisorStandIn, session: aiohttp.ClientSession) -> Supervisor:
    return Supervisor(stand_in.url, Secret(TOKEN), session)


@pytest.fixture
def core(stand_in: SupervisorStandIn, session: aiohttp.ClientSession) -> Core:
    return Core(f"{stand_in.url}/core/api", Secret(TOKEN), session)


async def why_not(call: Callable[[], Awaitable[object]]) -> str:
    """The key of the sentence that a call ends with; the token is in none of it."""
    with pytest.raises(HomeAssistantError) as caught:
        await call()
    error: BaseException | None = caught.value
    while error is not None:
        assert TOKEN not in f"{error!r}{error}"
        error = None if error.__suppress_context__ else error.__context__
    return caught.value.message.key


async def test_the_mqtt_service_is_read_with_its_password_wrapped(supervisor: Supervisor) -> None:
    service = await supervisor.mqtt_service()
    assert service == MqttService(
        "core-mosquitto", 1883, "addons", Secret("planted-mqtt-password"), ssl=False
    )
    assert "planted" not in repr(service)


async def test_a_service_without_a_user_is_an_open_broker(
    supervisor: Supervisor, stand_in: SupervisorStandIn
) -> None:
    stand_in.mqtt = {"host": "10.0.0.5", "port": 1884, "ssl": True, "protocol": "3.1"}
    assert await supervisor.mqtt_service() == MqttService("10.0.0.5", 1884, None, None, ssl=True)


async def test_no_registered_broker_says_what_to_install(
    supervisor: Supervisor, stand_in: SupervisorStandIn
) -> None:
    stand_in.mqtt = None
    assert await why_not(supervisor.mqtt_service) == "mqtt_service_absent"


async def test_a_starting_supervisor_is_not_a_missing_broker(
    supervisor: Supervisor, stand_in: SupervisorStandIn
) -> None:
    stand_in.state = "startup"
    assert await why_not(supervisor.mqtt_service) == "supervisor_not_ready"


async def test_a_wrong_token_meets_a_page_that_is_not_json(
    stand_in: SupervisorStandIn, session: aiohttp.ClientSession
) -> None:
    stranger = Supervisor(stand_in.url, Secret("another-token"), session)
    assert await why_not(stranger.own_info) == "supervisor_denied"


@pytest.mark.parametrize("junk", [b"", b"<html>", b"[]", b'{"result": "ok"}', b"\xff\xfe", b"{"])
async def test_junk_is_named_as_such(
    supervisor: Supervisor, stand_in: SupervisorStandIn, junk: bytes
) -> None:
    stand_in.junk = junk
    assert await why_not(supervisor.mqtt_service) == "supervisor_junk"


@pytest.mark.parametrize("data", [{}, {"host": "h"}, {"host": "h", "port": "x"}])
async def test_a_service_without_host_or_port_is_junk(
    supervisor: Supervisor, stand_in: SupervisorStandIn, data: dict[str, str]
) -> None:
    stand_in.mqtt = dict(data)
    assert await why_not(supervisor.mqtt_service) == "supervisor_junk"


async def test_no_answer_is_unreachable(session: aiohttp.ClientSession) -> None:
    nobody = Supervisor(f"http://127.0.0.1:{free_port()}", Secret(TOKEN), session)
    assert await why_not(nobody.own_info) == "supervisor_unreachable"


async def test_our_own_slug_is_told(supervisor: Supervisor) -> None:
    assert (await supervisor.own_info()).slug == "a0b1c2d3_broute"


async def test_core_tells_its_language(core: Core) -> None:
    assert (await core.config()).language == "ja"


async def test_core_starting_behind_the_proxy_is_unreachable(
    core: Core, stand_in: SupervisorStandIn
) -> None:
    stand_in.core_is_up = False
    assert await why_not(core.config) == "core_unreachable"


async def test_core_refusing_the_token_says_so(
    stand_in: SupervisorStandIn, session: aiohttp.ClientSession
) -> None:
    stranger = Core(f"{stand_in.url}/core/api", Secret("another-token"), session)
    with pytest.raises(CoreError, match="refuses the access token"):
        await stranger.config()


@pytest.mark.parametrize(
    ("option", "core_says", "language"),
    [
        ("auto", "ja", Language.JA),
        ("auto", "en-GB", Language.EN),
        ("auto", None, Language.EN),
        ("auto", "fr", Language.EN),
        ("en", "ja", Language.EN),
        ("ja", None, Language.JA),
    ],
)
def test_the_option_wins_over_home_assistants_language(
    option: str, core_says: str | None, language: Language
) -> None:
    assert language_of(option, core_says) is language


async def test_the_broker_of_the_options_wins_and_the_supervisors_password_is_learned(
    supervisor: Supervisor,
) -> None:
    learned: list[Secret] = []
    own = Options(mqtt_host="10.0.0.9", mqtt_tls=True, mqtt_ca="ca.crt")
    named = await broker_source(lambda: own, supervisor, learn=learned.append)()
    assert (named.host, named.port, str(named.ca_file)) == ("10.0.0.9", 8883, "/ssl/ca.crt")
    assert learned == []
    known = await broker_source(Options, supervisor, learn=learned.append)()
    assert (known.host, known.username) == ("core-mosquitto", "addons")
    assert learned == [Secret("planted-mqtt-password")]


async def test_without_options_and_supervisor_there_is_no_broker(supervisor: Supervisor) -> None:
    with pytest.raises(MqttError, match="No MQTT broker is known"):
        await broker_source(Options, None, learn=lambda _: None)()


async def test_credentials_are_read_anew_at_each_call(
    supervisor: Supervisor, stand_in: SupervisorStandIn
) -> None:
    source = broker_source(Options, supervisor, learn=lambda _: None)
    await source()
    assert stand_in.mqtt is not None
    stand_in.mqtt["password"] = "another"
    assert (await source()).password == Secret("another")
    stand_in.mqtt = None
    with pytest.raises(SupervisorError, match="install and start the Mosquitto"):
        await source()
