"""`forget` as the household calls it."""

import json
from argparse import ArgumentParser
from pathlib import Path

import pytest

from broute_addon.cli.forget import add_arguments, forget
from broute_addon.storage import Storage
from tests.support.broker import Broker, Login, free_port
from tests.support.houses import PROFILE
from tests.support.observer import Observer, retained
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn

LOGIN = Login("addons", "planted-mqtt-password")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Supervisor of the machine that runs the tests."""
    monkeypatch.delenv("SUPERVISOR_TOKEN", raising=False)


async def forget_in(folder: Path, options: dict[str, object]) -> int:
    """Runs the command with these options."""
    file = folder / "options.json"
    file.write_text(json.dumps(options))
    parser = ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args(["--options", str(file), "--data", str(folder / "data")])
    return await forget(arguments)


def installed(folder: Path) -> Storage:
    """What a run leaves in the data folder."""
    storage = Storage(folder / "data")
    storage.keep(storage.facts.with_profile(PROFILE))
    return storage


async def test_everything_of_ours_goes_through_the_supervisors_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = installed(tmp_path)
    async with Broker(tmp_path, login=LOGIN) as broker, SupervisorStandIn() as supervisor:
        supervisor.mqtt = {
            "host": "127.0.0.1",
            "port": broker.port,
            "username": LOGIN.username,
            "password": LOGIN.password,
        }
        monkeypatch.setenv("SUPERVISOR_URL", supervisor.url)
        monkeypatch.setenv("SUPERVISOR_TOKEN", TOKEN)
        ours = {
            f"broute/{storage.instance}/status",
            f"broute/{PROFILE.uid}/energy_bought",
            f"homeassistant/device/{PROFILE.uid}/config",
            f"homeassistant/device/broute_{storage.instance}/config",
        }
        async with Observer(broker) as observer:
            for topic in (*ours, "zigbee/lamp"):
                observer.publish(topic, "{}", retain=True)
            await observer.until(lambda: len(observer.seen) == len(ours) + 1)
        assert await forget_in(tmp_path, {}) == 0
        assert (await retained(broker)).keys() == {"zigbee/lamp"}
    said = capsys.readouterr()
    assert "Cleared 4 retained messages" in said.out
    assert "planted" not in said.out + said.err


async def test_a_broker_out_of_reach_is_a_sentence_and_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(tmp_path)
    options = {"mqtt_host": "127.0.0.1", "mqtt_port": free_port(), "mqtt_password": "planted-one"}
    assert await forget_in(tmp_path, options) == 1
    said = capsys.readouterr().err
    assert "can't be reached" in said
    assert "planted" not in said


async def test_without_an_earlier_installation_nothing_is_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await forget_in(tmp_path, {}) == 0
    assert "nothing to clear" in capsys.readouterr().out
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("damage", ["another version", "cut off"])
async def test_a_damaged_file_still_tells_what_is_to_be_cleared(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = installed(tmp_path)
    file = tmp_path / "data/state.json"
    text = file.read_text()
    text = text[:150] if damage == "cut off" else text.replace('"version": 1', '"version": 2')
    file.write_text(text)
    config = f"homeassistant/device/{PROFILE.uid}/config"
    async with Broker(tmp_path) as broker:
        async with Observer(broker) as observer:
            for topic in (f"broute/{storage.instance}/status", config):
                observer.publish(topic, "{}", retain=True)
            await observer.until(lambda: len(observer.seen) == 2)
        assert await forget_in(tmp_path, {"mqtt_host": "127.0.0.1", "mqtt_port": broker.port}) == 0
        assert await retained(broker) == {}
    assert "Cleared 2 retained messages" in capsys.readouterr().out
    assert file.read_text() == text


@pytest.mark.parametrize("content", [None, "{}"], ids=["a folder in its place", "no name in it"])
async def test_where_nobody_knows_our_name_nothing_is_cleared_and_none_is_invented(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "data/state.json"
    file.parent.mkdir()
    if content is None:
        file.mkdir()
    else:
        file.write_text(content)
    assert await forget_in(tmp_path, {"mqtt_host": "127.0.0.1", "mqtt_port": 1}) == 1
    assert "what is to be cleared is not known" in capsys.readouterr().err
    assert [path.name for path in file.parent.iterdir()] == ["state.json"]
