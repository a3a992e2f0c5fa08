"""The serial port, on pseudo-terminals."""

import asyncio
import os
import pty
import termios
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from broute_addon.errors import TransportError
from broute_addon.wisun import transport
from broute_addon.wisun.line import Line, Listener
from broute_addon.wisun.transport import SerialTransport, connect_serial

ME = Path("/proc/self/comm").read_text().strip()


class Ear:
    """A receiver that remembers."""

    def __init__(self) -> None:
        self.data = b""
        self.losses: list[Exception | None] = []
        self.news = asyncio.Event()

    def received(self, data: bytes) -> None:
        self.data += data
        self.news.set()

    def lost(self, error: Exception | None) -> None:
        self.losses.append(error)
        self.news.set()


class PtyStick:
    """The stick's end of a pty, with a link that stays when it is pulled."""

    def __init__(self, link: Path) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.slave = slave
        self.path = str(link)
        link.symlink_to(os.ttyname(slave))

    def unplug(self) -> None:
        Path(self.path).unlink()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[PtyStick]:
    made = PtyStick(tmp_path / "stick")
    yield made
    if Path(made.path).is_symlink():
        made.unplug()


async def heard(ear: Ear) -> None:
    async with asyncio.timeout(2):
        await ear.news.wait()
    ear.news.clear()


async def test_bytes_go_both_ways(stick: PtyStick) -> None:
    ear = Ear()
    port = await connect_serial(stick.path, 115_200, ear)
    port.write(b"SKVER\r\n")
    await asyncio.sleep(0.05)
    assert os.read(stick.master, 100) == b"SKVER\r\n"
    os.write(stick.master, b"EVER \0\r\n")
    await heard(ear)
    assert ear.data == b"EVER \0\r\n"
    await port.close()
    assert ear.losses == []


async def test_a_busy_port_is_told_with_the_name_of_its_user(stick: PtyStick) -> None:
    first = await connect_serial(stick.path, 115_200, Ear())
    with pytest.raises(TransportError, match=f"in use by {ME}: stop that program"):
        await connect_serial(stick.path, 115_200, Ear())
    await first.close()
    second = await connect_serial(stick.path, 115_200, Ear())
    await second.close()


async def test_unplugging_is_told_once_and_ends_writing(stick: PtyStick) -> None:
    ear = Ear()
    port = await connect_serial(stick.path, 115_200, ear)
    port.write(b"SKVER\r\n")
    stick.unplug()
    await heard(ear)
    await asyncio.sleep(0.05)
    assert len(ear.losses) == 1
    with pytest.raises(TransportError, match="has gone"):
        port.write(b"SKVER\r\n")
    await port.close()
    await port.close()
    assert len(ear.losses) == 1


async def test_a_stick_that_takes_nothing_does_not_hold_up_the_close(stick: PtyStick) -> None:
    port = await connect_serial(stick.path, 115_200, Ear())
    for _ in range(100):
        port.write(b"x" * 4096)
    await asyncio.sleep(0.05)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await port.close()
    assert loop.time() - began < 0.5


async def test_the_output_is_thrown_away_before_the_package_waits_for_it(
    stick: PtyStick, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A pty never makes `tcdrain` wait as a wedged stick does, so the order of the calls is asked.
    calls: list[str] = []
    monkeypatch.setattr(serial.Serial, "flush", lambda _: calls.append("wait"))
    monkeypatch.setattr(serial.Serial, "reset_output_buffer", lambda _: calls.append("drop"))
    port = await connect_serial(stick.path, 115_200, Ear())
    await port.close()
    assert calls == ["drop", "wait"]


async def test_a_read_that_brings_nothing_is_not_the_end(stick: PtyStick) -> None:
    ear = Ear()
    port = await connect_serial(stick.path, 115_200, ear)
    assert port._port is not None
    port._port._read_ready()  # type: ignore[attr-defined]
    assert ear.losses == []
    os.write(stick.master, b"EVENT 25\r\n")
    await heard(ear)
    assert (ear.data, ear.losses) == (b"EVENT 25\r\n", [])
    await port.close()


@pytest.fixture
async def complaints() -> list[str]:
    """What the event loop was told of: exceptions in callbacks."""
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: told.append(context["message"])
    )
    return told


async def test_closing_twice_at_once_is_one_goodbye(stick: PtyStick, complaints: list[str]) -> None:
    port = await connect_serial(stick.path, 115_200, Ear())
    await asyncio.gather(port.close(), port.close())
    await asyncio.sleep(0.01)
    assert complaints == []


async def test_a_write_that_fails_is_a_loss_and_no_crash(
    stick: PtyStick, complaints: list[str]
) -> None:
    ear = Ear()
    port = await connect_serial(stick.path, 115_200, ear)
    assert port._port is not None
    port._port.pause_reading()
    stick.unplug()
    port.write(b"SKVER\r\n")
    await heard(ear)
    assert len(ear.losses) == 1
    assert complaints == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("none", "doesn't exist"), ("folder", "not a serial port"), ("file", "not a serial port")],
)
async def test_what_is_no_port_is_told_in_a_sentence(
    tmp_path: Path, name: str, sentence: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(TransportError, match=sentence):
        await connect_serial(str(tmp_path / name), 115_200, Ear())


@pytest.mark.parametrize("nth", [1, 2, 3], ids=["opening", "keeping DTR", "setting up once more"])
async def test_a_stick_pulled_while_it_is_being_opened_is_gone(
    stick: PtyStick, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Its terminal is hung up just after its settings were read for the nth time."""
    real, calls = termios.tcgetattr, 0

    def pulled(fd: int) -> list[Any]:
        nonlocal calls
        attributes = real(fd)
        calls += 1
        if calls == nth:
            stick.unplug()
        return attributes

    monkeypatch.setattr(termios, "tcgetattr", pulled)
    others = open_files() - {str(stick.master), str(stick.slave)}
    with pytest.raises(TransportError, match="has gone") as gone:
        await connect_serial(stick.path, 115_200, Ear())
    assert open_files() == others
    assert gone.tb  # it holds the port; so that it wasn't the collector which closed that


async def test_a_port_that_can_not_be_set_up_once_more_is_closed(
    stick: PtyStick, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = transport._keep_dtr

    def pulled(_: object) -> None:
        raise termios.error(5, "Input/output error")

    def opened(port: serial.Serial) -> None:
        real(port)
        monkeypatch.setattr(serial.Serial, "_reconfigure_port", pulled)

    monkeypatch.setattr(transport, "_keep_dtr", opened)
    before = open_files()
    with pytest.raises(TransportError, match="has gone") as gone:
        await connect_serial(stick.path, 115_200, Ear())
    assert open_files() == before
    assert gone.tb


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}


async def test_a_character_device_that_is_no_terminal_is_refused() -> None:
    with pytest.raises(TransportError, match="not a serial port"):
        await connect_serial("/dev/null", 115_200, Ear())


async def test_a_line_keeps_what_came_before_anybody_listened(stick: PtyStick) -> None:
    line = await Line.open(connect_serial, stick.path, 115_200)
    assert isinstance(line._transport, SerialTransport)
    os.write(stick.master, b"EVENT 29\r\n")
    await asyncio.sleep(0.05)
    said: list[bytes] = []
    line.listen(Listener(said.append, lambda: None))
    assert said == [b"EVENT 29\r\n"]
    await line.close()
    with pytest.raises(TransportError, match="closed"):
        line.write(b"x")
