"""The demo: from a simulated house through pty, engine and broker to a second MQTT client."""

import re
import shutil
from pathlib import Path

import pytest

from broute_addon.demo.broker import HOST, embedded_broker
from broute_addon.demo.play import broker_of
from broute_addon.demo.watcher import Entity, entities
from broute_addon.errors import SimulationError
from broute_addon.home_assistant.mqtt import BrokerAddress, MqttClient, Publication, Received
from tests.support.process import broute
from tests.support.waiting import until


async def test_the_demo_prints_what_a_second_client_received() -> None:
    async with broute("demo", "--for", "20", "--web", "127.0.0.1:0") as running:
        assert await running.process.wait() == 0
    power = re.findall(r"^\d\d:\d\d:\d\d Power -?\d+ W$", running.log, re.MULTILINE)
    energy = re.findall(r"^\d\d:\d\d:\d\d Energy bought \d+\.\d kWh$", running.log, re.MULTILINE)
    assert len(power) >= 2, running.log
    assert energy, running.log
    assert "Traceback" not in running.log


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--module", "abacus"), "abacus"),
        (("--mqtt", "http://broker"), "--mqtt must be like"),
        (("--mqtt", "mqtt://127.0.0.1:1", "--for", "3"), "can't be reached"),
    ],
)
async def test_a_demo_that_cannot_be_is_one_sentence(
    arguments: tuple[str, ...], sentence: str
) -> None:
    async with broute("demo", *arguments, "--web", "127.0.0.1:0") as running:
        assert await running.process.wait() == 1
    assert sentence in running.log
    assert "Traceback" not in running.log


@pytest.mark.parametrize("kind", ["mosquitto", "amqtt"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning:amqtt")
async def test_a_broker_is_there_with_and_without_mosquitto(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "amqtt":
        monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    came: list[Received] = []
    async with embedded_broker(tmp_path) as port:

        async def address() -> BrokerAddress:
            return BrokerAddress(HOST, port)

        client = MqttClient(address, client_id="probe", will=None)
        async with client.session(came.append) as session:
            await session.subscribe("a/#")
            await session.publish(Publication("a/b", "c"))
            await until(lambda: bool(came))
    assert (came[0].topic, came[0].payload) == ("a/b", "c")


def test_a_broker_address_may_carry_a_login_which_stays_hidden() -> None:
    broker = broker_of("mqtts://user:planted@host")
    assert (broker.host, broker.port, broker.username, broker.tls) == ("host", 8883, "user", True)
    assert "planted" not in repr(broker)
    with pytest.raises(SimulationError):
        broker_of("mqtt://host:port")


def test_the_watcher_knows_only_what_discovery_told_it() -> None:
    payload = (
        '{"components": {"a": {"state_topic": "t/a", "name": "A", "unit_of_measurement": "W"},'
        '"b": {"state_topic": "t/b", "name": "B", "enabled_by_default": false},'
        '"c": {"command_topic": "t/c", "name": "C"}}}'
    )
    assert entities(payload) == {"t/a": Entity("A", "W")}
    assert entities("not JSON") == {}
    assert entities("[]") == {}
