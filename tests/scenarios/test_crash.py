"""A fault in the program itself: told in the log, and without the secrets in its trace."""

import logging
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from broute_addon.app import Settings, run_app
from broute_addon.demo.play import DemoSettings, play
from broute_addon.home_assistant.mqtt import BrokerAddress
from broute_addon.redaction import Secret
from broute_addon.simulator import PASSWORD, ROUTE_B_ID
from tests.support.process import Place

PLANTED = "planted-broker-password"


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.getLogger("broute_addon").setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def _broken_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"{ROUTE_B_ID} {PASSWORD.lower()} {PLANTED}")

    monkeypatch.setattr(aiohttp, "ClientSession", broken)


def check(told: str) -> None:
    assert "CRITICAL" in told
    assert "please report it" in told
    assert "RuntimeError: **** **** ****" in told
    assert not [secret for secret in (ROUTE_B_ID, PASSWORD.lower(), PLANTED) if secret in told]


async def test_of_the_add_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = Place(tmp_path)
    place.write_options(mqtt_host="127.0.0.1", mqtt_password=PLANTED)
    settings = Settings(place.options, tmp_path / "data", tmp_path, web=("127.0.0.1", 0))
    assert await run_app(settings) == 1
    check("".join(capsys.readouterr()))


async def test_of_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    broker = BrokerAddress("127.0.0.1", 1, "user", Secret(PLANTED))
    assert await play(DemoSettings(broker=broker, web=("127.0.0.1", 0))) == 1
    check("".join(capsys.readouterr()))
