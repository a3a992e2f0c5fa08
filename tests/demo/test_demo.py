"""The demo: from a simulated house through pty, engine and broker to a second MQTT client."""

import argparse
import json
import re
import shutil
from pathlib import Path

import pytest

from broute_addon.cli.arguments import mqtt_url
from broute_addon.demo.broker import HOST, embedded_broker
from broute_addon.demo.watcher import Entity, entities
from broute_addon.home_assistant.mqtt import BrokerAddress, MqttClient, Publication, Received
from tests.support.broker import Broker, Login
from tests.support.observer import Observer, retained
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


async def test_a_japanese_terminal_gets_a_japanese_demo() -> None:
    japanese = {"LC_ALL": "ja_JP.UTF-8"}
    arguments = ("demo", "--for", "20", "--web", "127.0.0.1:0")
    async with broute(*arguments, environment=japanese) as running:
        await running.until_log(" 瞬時電力 ", seconds=20)
    assert "スティックを検出しました" in running.log


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--language", "tlh"), "--language"),
        (("--module", "abacus"), "abacus"),
        (("--mqtt", "http://broker"), "argument --mqtt: must be like"),
        (("--mqtt", "mqtt://user:planted%0D@broker"), "argument --mqtt: must be like"),
        (("--for", "0"), "not a number of seconds"),
        (("--for", "nan"), "not a number of seconds"),
        (("--for", "inf"), "not a number of seconds"),
        (("--for", "-1"), "not a number of seconds"),
        (("--for", "soon"), "not a number of seconds"),
        (("--seed", "x"), "--seed"),
    ],
    ids=" ".join,
)
async def test_a_wrong_argument_is_one_sentence_and_78(
    arguments: tuple[str, ...], sentence: str
) -> None:
    async with broute("demo", *arguments) as running:
        assert await running.process.wait() == 78
    assert sentence in running.log
    assert "planted" not in running.log
    assert len(running.log.splitlines()) == 1


async def test_a_demo_whose_broker_cannot_be_reached_says_so_and_fails() -> None:
    arguments = ("--mqtt", "mqtt://127.0.0.1:1", "--for", "3", "--web", "127.0.0.1:0")
    async with broute("demo", *arguments) as running:
        assert await running.process.wait() == 1
    assert "can't be reached" in running.log
    assert "Traceback" not in running.log


LOGIN = Login("us@er", "planted p@ss/w%rd")


async def test_at_a_foreign_broker_only_our_own_is_shown_and_nothing_of_it_stays(
    tmp_path: Path,
) -> None:
    entity = {"name": "Foreign", "state_topic": "broute/broute_00000000aa/power"}
    config = json.dumps({"components": {"power": entity | {"unit_of_measurement": "W"}}})
    foreign = {
        "homeassistant/device/broute_00000000aa/config": config,
        "broute/broute_00000000aa/power": "12345",
    }
    async with Broker(tmp_path, login=LOGIN) as broker:
        async with Observer(broker) as observer:
            for topic, payload in foreign.items():
                observer.publish(topic, payload, retain=True)
            await observer.until(lambda: len(observer.seen) == len(foreign))
        url = f"mqtt://us%40er:planted%20p%40ss%2Fw%25rd@127.0.0.1:{broker.port}"
        arguments = ("--mqtt", url, "--for", "15", "--web", "127.0.0.1:0")
        async with broute("demo", *arguments) as running:
            assert await running.process.wait() == 0, running.log
        assert await retained(broker) == foreign
    assert " Power " in running.log
    assert "Foreign" not in running.log
    assert "planted" not in running.log


async def test_without_a_power_value_a_demo_has_failed() -> None:
    async with broute("demo", "--for", "1", "--web", "127.0.0.1:0") as running:
        assert await running.process.wait() == 1


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
    broker = mqtt_url("mqtts://user:planted@host")
    assert (broker.host, broker.port, broker.username, broker.tls) == ("host", 8883, "user", True)
    assert "planted" not in repr(broker)
    with pytest.raises(argparse.ArgumentTypeError):
        mqtt_url("mqtt://host:port")


def test_the_watcher_knows_only_what_discovery_told_it() -> None:
    payload = (
        '{"components": {"a": {"state_topic": "t/a", "name": "A", "unit_of_measurement": "W"},'
        '"b": {"state_topic": "t/b", "name": "B", "enabled_by_default": false},'
        '"c": {"command_topic": "t/c", "name": "C"}}}'
    )
    assert entities(payload) == {"t/a": Entity("A", "W")}
    assert entities("not JSON") == {}
    assert entities("[]") == {}
