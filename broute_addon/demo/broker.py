"""An MQTT broker for one demo: mosquitto where it is installed, else amqtt in this process."""

import asyncio
import contextlib
import logging
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from broute_addon.errors import MqttError
from broute_addon.messages import message

HOST = "127.0.0.1"
START_TIMEOUT_S = 10.0


@contextlib.asynccontextmanager
async def embedded_broker(folder: Path) -> AsyncIterator[int]:
    """Runs a broker on a free loopback port, which it yields. Raises MqttError."""
    port = _free_port()
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    broker = _mosquitto(mosquitto, folder, port) if mosquitto else _amqtt(port)
    async with broker:
        yield port


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        number: int = listener.getsockname()[1]
        return number


@contextlib.asynccontextmanager
async def _mosquitto(program: str, folder: Path, port: int) -> AsyncIterator[None]:
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} {HOST}\nallow_anonymous true\npersistence false\n")
    quiet = asyncio.subprocess.DEVNULL
    # In a session of its own: Ctrl-C is for us, the broker still hears our goodbye.
    process = await asyncio.create_subprocess_exec(
        *(program, "-c", str(settings)),
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )
    try:
        await _listening(port, process)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _listening(port: int, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return
    except TimeoutError:
        pass
    raise MqttError(message("demo_broker_failed"))


@contextlib.asynccontextmanager
async def _amqtt(port: int) -> AsyncIterator[None]:
    try:
        from amqtt.broker import Broker  # noqa: PLC0415 - an extra of the demo
    except ImportError:
        raise MqttError(message("demo_broker_absent")) from None
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {}},
        }
    )
    await broker.start()
    try:
        yield
    finally:
        await broker.shutdown()
