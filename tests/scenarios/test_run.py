"""`run` as the Supervisor starts it: a process, an options file, a token, a broker, a stick."""

import asyncio
import re
import time
from pathlib import Path

import aiohttp
import pytest

from broute_addon.simulator import PASSWORD, ROUTE_B_ID, HouseConfig
from tests.support.broker import Broker, Login
from tests.support.observer import Observer, retained
from tests.support.process import Place, Running, broute, house_at
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn

LOGIN = Login("addons", "planted-mqtt-password")
SECRETS = (ROUTE_B_ID, PASSWORD, LOGIN.password, TOKEN)


def environment(supervisor: SupervisorStandIn) -> dict[str, str]:
    return {"SUPERVISOR_URL": supervisor.url, "SUPERVISOR_TOKEN": TOKEN}


def broker_at(supervisor: SupervisorStandIn, broker: Broker) -> None:
    assert supervisor.mqtt is not None
    supervisor.mqtt |= {"host": "127.0.0.1", "port": broker.port}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_discovery_states_and_goodbye_with_the_supervisors_broker(place: Place) -> None:
    place.write_options(language="auto")
    async with (
        SupervisorStandIn() as supervisor,
        Broker(place.folder, login=LOGIN) as broker,
        Observer(broker) as observer,
    ):
        broker_at(supervisor, broker)
        supervisor.language = "en"
        with house_at(place):
            async with broute(*place.arguments(), environment=environment(supervisor)) as running:
                await observer.until(lambda: has(observer, r"broute/broute_\w+/energy_sold"), 30)
                started = time.monotonic()
                assert await running.stop() == 0
                assert time.monotonic() - started < 10
                log = running.log
        left = await retained(broker)
    (status,) = [value for topic, value in left.items() if topic.endswith("/status")]
    assert status == "offline"
    configs = [seen.topic for seen in observer.seen if seen.topic.endswith("/config")]
    assert re.fullmatch(r"homeassistant/device/broute_[0-9a-f]{8}/config", configs[0])
    assert re.fullmatch(r"homeassistant/device/broute_[0-9a-f]{10}/config", configs[1])
    assert not [topic for topic in left if topic.endswith(("/power", "/current_r"))]
    lines = log.splitlines()
    assert "Stopped." in lines[-1]
    assert len(lines) < 11, log  # under ten, and the last word
    assert not [line for line in lines if " INFO " not in line]
    everything = log + "".join(seen.topic + seen.payload for seen in observer.seen)
    assert not [secret for secret in SECRETS if secret in everything]


def has(observer: Observer, topic: str) -> bool:
    return any(re.fullmatch(topic, seen.topic) for seen in observer.seen)


async def test_no_secret_leaves_in_any_way_even_at_debug(place: Place) -> None:
    place.write_options(log_level="debug", route_b_password="WRONGSECRET1")
    planted = (*SECRETS, "WRONGSECRET1")
    async with (
        SupervisorStandIn() as supervisor,
        Broker(place.folder, login=LOGIN) as broker,
        Observer(broker) as observer,
    ):
        broker_at(supervisor, broker)
        with house_at(place, HouseConfig(speed=0, states=("hex",))):
            async with broute(*place.arguments(), environment=environment(supervisor)) as running:
                await running.until_log("probably")
                pages = await api(running)
                await running.stop()
                log = running.log
    data = "".join(
        path.read_text("latin-1") for path in (place.folder / "data").iterdir() if path.is_file()
    )
    told = [log, pages, data, *(seen.topic + seen.payload for seen in observer.seen)]
    told += list(supervisor.notifications.values())
    for secret in planted:
        for spelling in (secret, secret.encode().hex(), secret.encode().hex().upper()):
            assert spelling not in "".join(told)


async def api(running: Running) -> str:
    """Everything that the page and its API tell."""
    await running.until_log("http://")
    match = re.search(r"http://[0-9.]+:(\d+)", running.log)
    assert match is not None
    told = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{match[1]}") as session:
        for path in ("/", "/api/state", "/api/diagnostics", "/health"):
            async with session.get(path) as response:
                assert response.status == 200
                told.append(await response.text())
    return "".join(told)


async def test_the_broker_may_come_later_than_the_product(place: Place) -> None:
    place.write_options()
    async with SupervisorStandIn() as supervisor, Broker(place.folder, login=LOGIN) as broker:
        service, supervisor.mqtt = supervisor.mqtt, None
        with house_at(place):
            async with broute(*place.arguments(), environment=environment(supervisor)) as running:
                await running.until_log("MQTT broker")
                await running.until_log("First reading")
                supervisor.mqtt = service
                broker_at(supervisor, broker)
                async with Observer(broker) as observer:
                    await observer.until(lambda: has(observer, r"broute/broute_\w+/power"), 40)
                assert await running.stop() == 0
                assert running.log.count("WARNING") == 1, running.log


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("{", "is not JSON", id="not JSON"),
        pytest.param("[" * 100_000, "is not JSON", id="nested too deep"),
        pytest.param(None, "can't be read", id="absent"),
    ],
)
async def test_an_options_file_that_cannot_be_used_ends_with_78(
    place: Place, content: str | None, sentence: str
) -> None:
    if content is not None:
        place.options.write_text(content)
    async with broute(*place.arguments()) as running:
        await running.until_log(sentence)
        assert await running.process.wait() == 78
    assert "Traceback" not in running.log


@pytest.mark.parametrize(
    "arguments", [("run", "--web", "nowhere"), ("run", "--nonsense"), ("fly",)], ids=" ".join
)
async def test_a_wrong_argument_ends_with_78_and_one_sentence(arguments: tuple[str, ...]) -> None:
    async with broute(*arguments) as running:
        assert await running.process.wait() == 78
    assert len(running.log.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"route_b_id": "123"}, "route_b_id has 3 characters", id="short ID"),
        pytest.param(
            {"route_b_id": "X" * 32}, "route_b_id may hold only", id="ID with wrong letters"
        ),
        pytest.param({"route_b_password": "short"}, "route_b_password has 5", id="short password"),
        pytest.param({"route_b_id": None}, "route_b_id is empty", id="no ID"),
        pytest.param({"poll_interval": 1}, "poll_interval must be", id="interval too short"),
        pytest.param({"history": "all"}, "history must be one of", id="unknown choice"),
        pytest.param({"mqtt_port": "x"}, "mqtt_port must be", id="port in words"),
        pytest.param({"mqtt_hots": "x"}, "mqtt_hots is unknown", id="unknown option"),
        pytest.param(
            {"mqtt_password": "\ud800pass"}, "mqtt_password has characters", id="half a character"
        ),
        pytest.param({"mqtt_host": "a\x00b"}, "mqtt_host has characters", id="NUL"),
        pytest.param({"mqtt_ca": "../../etc/passwd"}, "mqtt_ca must be", id="CA with a path"),
    ],
)
async def test_a_wrong_option_is_one_sentence_and_the_program_stays_up(
    place: Place, options: dict[str, object], sentence: str
) -> None:
    place.write_options(**options)
    place.ports.mkdir()
    async with broute(*place.arguments()) as running:
        await running.until_log(sentence)
        await running.until_log("http://")
        assert running.process.returncode is None
        assert await running.stop() == 0
    assert running.log.count(sentence) == 1
    assert "Traceback" not in running.log


async def test_credentials_that_come_later_are_taken_without_a_restart(place: Place) -> None:
    place.write_options(route_b_id=None, route_b_password=None)
    with house_at(place):
        async with broute(*place.arguments()) as running:
            await running.until_log("route_b_password is empty")
            place.write_options()
            await running.until_log("First reading", 20)
            assert await running.stop() == 0


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        pytest.param("{folder}/nothing", "doesn't exist", id="missing port"),
        pytest.param("{folder}", "is not a serial port", id="a directory"),
        pytest.param("{folder}/options.json", "is not a serial port", id="a file"),
    ],
)
async def test_a_port_that_is_none_is_named_and_waited_for(
    place: Place, device: str, sentence: str
) -> None:
    place.write_options(device=device.format(folder=place.folder))
    async with broute(*place.arguments()) as running:
        await running.until_log(sentence)
        assert running.process.returncode is None
        assert await running.stop() == 0
    assert running.log.count("WARNING") <= 2  # the port, and that there is no broker


async def test_a_busy_port_is_told_as_busy_and_read_once_it_is_free(place: Place) -> None:
    place.write_options()
    with house_at(place):
        async with broute(*place.arguments()) as first:
            await first.until_log("First reading")
            other = Place(place.folder)
            arguments = list(other.arguments())
            arguments[arguments.index("--data") + 1] = str(place.folder / "other")
            async with broute(*arguments) as second:
                await second.until_log("is in use by")
                await first.stop()
                await second.until_log("First reading", 40)
                await second.stop()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(
            {"mqtt_host": "127.0.0.1", "mqtt_port": 1}, "can't be reached", id="no broker"
        ),
        pytest.param({}, "No MQTT broker", id="none named and no Supervisor"),
    ],
)
async def test_without_a_broker_the_meter_is_read_all_the_same(
    place: Place, options: dict[str, object], sentence: str
) -> None:
    place.write_options(**options)
    with house_at(place):
        async with broute(*place.arguments()) as running:
            await running.until_log(sentence)
            await running.until_log("First reading")
            assert await running.stop() == 0


async def test_a_brokers_refusal_is_told_without_the_password(place: Place) -> None:
    place.write_options()
    async with SupervisorStandIn() as supervisor, Broker(place.folder, login=LOGIN) as broker:
        broker_at(supervisor, broker)
        assert supervisor.mqtt is not None
        supervisor.mqtt |= {"password": "planted-wrong-password"}
        with house_at(place):
            async with broute(*place.arguments(), environment=environment(supervisor)) as running:
                await running.until_log("refuses")
                supervisor.mqtt |= {"password": LOGIN.password}
                async with Observer(broker) as observer:
                    await observer.until(lambda: has(observer, r"broute/broute_\w+/power"), 40)
                await running.stop()
    assert "planted" not in running.log


async def test_a_meter_that_falls_silent_is_told_and_asked_on(place: Place) -> None:
    place.write_options()
    with house_at(place) as house:
        async with broute(*place.arguments()) as running:
            await running.until_log("First reading")
            house.faults.hold("mute-meter", 1.0)
            await running.until_log("did not answer", 40)
            house.faults.release("mute-meter")
            await running.until_log("Readings are back", 40)
            assert await running.stop() == 0


async def test_a_stop_while_still_starting_is_clean(place: Place) -> None:
    place.write_options()
    for moment in (0.0, 0.05, 0.2, 0.5):
        async with broute(*place.arguments()) as running:
            await asyncio.sleep(moment)
            # Before Python itself has run its first line nobody can set a handler.
            assert await running.stop() in ((0, -15) if moment < 0.1 else (0,))
        assert "Traceback" not in running.log
