"""Opening a port of unknown inhabitant: other rates, talkers, foreign devices, young nodes."""

import asyncio
import time
from pathlib import Path

import pytest

from broute_addon.errors import TransportError, UnknownDialectError
from broute_addon.messages import message
from broute_addon.simulator import run_virtual
from broute_addon.wisun.detect import FACTORY_BAUD, OTHER_BAUDS
from broute_addon.wisun.identify import BOOT_S, identify
from broute_addon.wisun.values import Receiver, Transport
from tests.support.mean_transports import (
    Answer,
    Cut,
    MeanPort,
    ScriptedStick,
    one_byte_at_a_time,
    random_cuts,
    random_loss,
    whole,
)
from tests.wire import sk_sessions as wire

TABLE: dict[bytes, Answer] = {
    b"SKVER": b"EVER 1.5.2\r\nOK\r\n",
    b"SKINFO": f"EINFO {wire.DUAL_STICK} 001D129100DEF456 2D 42A7 0\r\nOK\r\n".encode(),
    b"ROPT": b"OK 01\r",
}


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("baud", [FACTORY_BAUD, *OTHER_BAUDS])
def test_a_stick_at_any_rate_is_found_and_every_other_opening_given_back(baud: int) -> None:
    async def scenario() -> None:
        port = MeanPort(ScriptedStick(TABLE), baud=baud)
        line, found = await identify(port.connect, "/dev/stick")
        assert found.firmware == "1.5.2"
        rates = [FACTORY_BAUD, *OTHER_BAUDS]
        assert port.opened_at == rates[: rates.index(baud) + 1]
        assert port.open_now == 1
        await line.close()
        assert port.open_now == 0

    run_virtual(scenario())


@pytest.mark.parametrize("deaf_s", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("greeting", [b"", b"\x00\xff\r\n", b"EVER"])
def test_a_stick_that_restarts_when_it_is_opened_is_asked_until_it_hears(
    deaf_s: float, greeting: bytes
) -> None:
    """Opening pulses DTR on some boards: what is said in the first moments is lost."""
    awake = ScriptedStick(TABLE)

    async def scenario() -> None:
        port = MeanPort(lambda data: awake(data) if now() >= deaf_s else b"")
        asyncio.get_running_loop().call_later(deaf_s, port.say, greeting)
        line, found = await identify(port.connect, "/dev/stick")
        assert (found.firmware, port.opened_at) == ("1.5.2", [FACTORY_BAUD])
        await line.close()

    run_virtual(scenario())


@pytest.mark.parametrize("cut", [whole, one_byte_at_a_time, random_cuts(1), random_cuts(2)])
@pytest.mark.parametrize("delay_s", [0.001, 0.2, 0.8])
def test_cuts_and_delays_are_borne(cut: Cut, delay_s: float) -> None:
    async def scenario() -> None:
        port = MeanPort(ScriptedStick(TABLE), cut=cut, delay_s=delay_s)
        line, found = await identify(port.connect, "/dev/stick")
        assert (found.dialect.name, found.hex_payload) == ("SKSTACK dual", True)
        await line.close()

    run_virtual(scenario())


@pytest.mark.parametrize("seed", range(20))
def test_lost_bytes_end_in_a_find_or_in_a_sentence(seed: int) -> None:
    async def scenario() -> None:
        port = MeanPort(ScriptedStick(TABLE), cut=random_loss(seed, 0.03))
        try:
            line, found = await identify(port.connect, "/dev/stick")
        except UnknownDialectError:
            pass
        else:
            assert found.dialect.name in {"SKSTACK dual", "SKSTACK single-hop"}
            await line.close()
        assert port.open_now == 0

    run_virtual(scenario())


def test_a_device_that_talks_for_ever_does_not_block_the_opening() -> None:
    async def scenario() -> None:
        port = MeanPort(ScriptedStick({}))
        loop = asyncio.get_running_loop()

        def chatter() -> None:
            port.say(b"$GPGGA,123519,4807.038,N\r\n" + bytes(range(128, 200)))
            loop.call_later(0.02, chatter)

        chatter()
        with pytest.raises(UnknownDialectError, match="isn't known"):
            await identify(port.connect, "/dev/gps")
        assert now() < 15
        assert port.open_now == 0

    run_virtual(scenario())


def test_a_talkative_stick_is_found_all_the_same() -> None:
    async def scenario() -> None:
        port = MeanPort(ScriptedStick(TABLE))
        loop = asyncio.get_running_loop()

        def traffic() -> None:
            port.say(wire.erxudp_hex(wire.POWER_420_W))
            loop.call_later(0.1, traffic)

        traffic()
        line, found = await identify(port.connect, "/dev/stick")
        assert found.dialect.name == "SKSTACK dual"
        assert now() < 5
        await line.close()

    run_virtual(scenario())


@pytest.mark.parametrize("dies_after", [1, 20, 40, 90])
def test_a_port_that_dies_while_being_asked_is_given_back(dies_after: int) -> None:
    async def scenario() -> None:
        port = MeanPort(ScriptedStick(TABLE), dies_after=dies_after)
        with pytest.raises(TransportError, match="has gone"):
            await identify(port.connect, "/dev/stick")
        assert port.open_now == 0
        assert now() < 2

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FileNotFoundError(2, "No such file"), "doesn't exist"),
        (OSError(16, "Device or resource busy"), "in use by another program"),
        (PermissionError(13, "Permission denied"), "may not be opened"),
        (OSError(5, "Input/output error"), "can't be opened .EIO"),
        (OSError("strange"), "can't be opened"),
    ],
)
def test_a_port_that_cannot_be_opened_is_told_in_a_sentence(error: OSError, sentence: str) -> None:
    async def connect(port: str, baud: int, receiver: Receiver) -> Transport:
        raise error

    async def scenario() -> None:
        with pytest.raises(TransportError, match=sentence):
            await identify(connect, "/dev/nowhere")

    run_virtual(scenario())


def test_a_stick_that_was_just_plugged_in_gets_its_three_seconds(tmp_path: Path) -> None:
    node = tmp_path / "ttyUSB0"
    node.touch()

    async def scenario() -> None:
        line, _ = await identify(MeanPort(ScriptedStick(TABLE)).connect, str(node))
        assert BOOT_S - 1 < now() < BOOT_S + 1
        await line.close()

    run_virtual(scenario())


def test_a_node_from_the_future_of_a_clock_that_was_set_back_is_asked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = tmp_path / "ttyUSB0"
    node.touch()
    a_month_before = time.time() - 30 * 86400
    monkeypatch.setattr(time, "time", lambda: a_month_before)

    async def scenario() -> None:
        line, _ = await identify(MeanPort(ScriptedStick(TABLE)).connect, str(node))
        assert now() < 1
        await line.close()

    run_virtual(scenario())


def test_a_port_that_cannot_be_given_back_hides_no_error() -> None:
    class Stuck:
        def write(self, data: bytes) -> None:  # noqa: ARG002 - the seam's
            raise TransportError(message("port_lost", port="/dev/stick"))

        async def close(self) -> None:
            await asyncio.sleep(3600)

    async def connect(port: str, baud: int, receiver: Receiver) -> Transport:
        return Stuck()

    async def scenario() -> None:
        with pytest.raises(TransportError, match="has gone"):
            await identify(connect, "/dev/stick")
        assert now() < 10

    run_virtual(scenario())
