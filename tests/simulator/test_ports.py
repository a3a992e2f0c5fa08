"""Ports: in memory and as a pseudo-terminal."""

import asyncio
import errno
import os
from pathlib import Path

import pytest
import serial

from broute_addon.simulator import Delivery, House, HouseConfig, MemoryPort, PtyPort, run_virtual
from tests.simulator.bench import Bench


def test_a_port_can_be_opened_once_at_a_time() -> None:
    async def scenario() -> None:
        async with Bench() as bench:
            with pytest.raises(OSError, match="busy") as busy:
                await bench.port.connect("/dev/stick", 115200, bench)
            assert busy.value.errno == errno.EBUSY

    run_virtual(scenario())


def test_a_closed_port_can_be_opened_again_and_hears_nothing_between() -> None:
    async def scenario() -> None:
        bench = Bench(states=("echo-off",))
        transport = await bench.port.connect("/dev/stick", 115200, bench)
        transport.write(b"SKVER\r\n")
        await transport.close()
        await asyncio.sleep(1)
        assert bench.take() == b""
        await bench.open()
        assert await bench.type(b"SKVER\r\n") == b"EVER 1.5.2\r\nOK\r\n"
        bench.house.close()

    run_virtual(scenario())


def test_the_baud_rate_is_known() -> None:
    async def scenario() -> None:
        port = MemoryPort()
        async with House(HouseConfig(), port):
            assert port.host_baud() is None
            await port.connect("/dev/stick", 57600, Bench())
            assert port.host_baud() == 57600

    run_virtual(scenario())


@pytest.mark.parametrize(("baud", "is_readable"), [(115200, False), (9600, True)])
def test_a_stored_speed_is_the_only_one_that_can_be_read(baud: int, is_readable: bool) -> None:
    async def scenario() -> None:
        bench = Bench(states=("uart-9600", "echo-off"))
        await bench.open(baud)
        heard = await bench.type(b"SKVER\r\n")
        assert (heard == b"EVER 1.5.2\r\nOK\r\n") == is_readable
        bench.house.close()

    run_virtual(scenario())


async def talk(path: str, command: bytes, mark: bytes) -> bytes:
    """What a pyserial program hears on the pty."""

    def blocking() -> bytes:
        with serial.Serial(path, 115200, timeout=2, exclusive=True) as host:
            host.write(command)
            return bytes(host.read_until(mark))

    return await asyncio.get_running_loop().run_in_executor(None, blocking)


@pytest.mark.parametrize("delivery", list(Delivery))
async def test_pyserial_speaks_to_the_pty(tmp_path: Path, delivery: Delivery) -> None:
    link = tmp_path / "stick"
    port = PtyPort(link, delivery)
    async with House(HouseConfig(module="bp35a1", speed=0), port):
        assert port.path == str(link)
        heard = await talk(str(link), b"SKVER\r\n", b"OK\r\n")
        assert heard == b"SKVER\r\nEVER 1.2.10\r\nOK\r\n"
    assert not link.is_symlink()


async def test_a_pulled_pty_breaks_the_host_and_comes_back_under_its_name(tmp_path: Path) -> None:
    link = tmp_path / "stick"
    port = PtyPort(link)
    async with House(HouseConfig(module="bp35a1", speed=0), port) as house:
        host = os.open(link, os.O_RDWR | os.O_NOCTTY)
        house.faults.fire("unplug")
        assert not link.is_symlink()
        assert hung_up(host)
        os.close(host)
        house.faults.fire("replug")
        await asyncio.sleep(0)
        heard = await talk(str(link), b"SKVER\r\n", b"OK\r\n")
        assert heard.endswith(b"EVER 1.2.10\r\nOK\r\n")


async def test_what_is_printed_while_nobody_listens_is_lost(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "stick")
    async with House(HouseConfig(module="bp35a1", speed=0), port):
        port.send(b"before anybody came")
        assert b"SKVER" in await talk(port.path, b"SKVER\r\n", b"OK\r\n")
        await asyncio.sleep(0.05)
        port.send(b"after they left")
        heard = await talk(port.path, b"SKVER\r\n", b"OK\r\n")
        assert heard == b"SKVER\r\nEVER 1.2.10\r\nOK\r\n"


async def test_what_a_host_left_unread_is_not_for_the_next(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "stick")
    async with House(HouseConfig(module="bp35a1", speed=0), port):
        host = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
        await asyncio.sleep(0.05)
        port.send(b"unread")
        os.close(host)
        await asyncio.sleep(0.05)
        heard = await talk(port.path, b"SKVER\r\n", b"OK\r\n")
        assert heard == b"SKVER\r\nEVER 1.2.10\r\nOK\r\n"


def hung_up(descriptor: int) -> bool:
    try:
        return os.read(descriptor, 1) == b""
    except OSError as error:
        return error.errno == errno.EIO


async def test_a_host_that_does_not_read_stops_nothing(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "stick")
    async with House(HouseConfig(module="bp35a1", speed=0), port):
        host = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
        await asyncio.sleep(0.05)
        for _ in range(200):
            port.send(b"x" * 100)
        os.close(host)
        await asyncio.sleep(0.05)
        assert b"EVER" in await talk(port.path, b"SKVER\r\n", b"OK\r\n")


def test_a_stale_link_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "stick"
    link.symlink_to("/nowhere")

    async def scenario() -> None:
        port = PtyPort(link)
        targets.append(str(link.readlink()))
        port.close()

    targets: list[str] = []
    asyncio.run(scenario())
    assert targets[0].startswith("/dev/pts/")
