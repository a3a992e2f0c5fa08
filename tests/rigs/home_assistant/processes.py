"""The two programs behind the rig: Mosquitto on the machine, Home Assistant Core in its tree."""

import asyncio
import os
import shutil
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

ENTER = Path(__file__).resolve().parent.parent / "python314" / "enter"

BROKER_SETTINGS = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_dest stderr
log_type error
log_type warning
log_type subscribe
"""

# The recorder commits each second, so that tests need not wait for it.
CORE_SETTINGS = """\
homeassistant:
  name: Rig
  latitude: 35.68
  longitude: 139.76
  elevation: 10
  unit_system: metric
  time_zone: Asia/Tokyo
  country: JP
  currency: JPY
  language: en
http:
  server_host: 127.0.0.1
  server_port: {port}
recorder:
  commit_interval: 1
config:
energy:
frontend:
history:
logbook:
logger:
  default: warning
  logs:
    homeassistant.components.mqtt: info
"""


T = TypeVar("T")


class RigError(Exception):
    """The rig itself failed, not the product."""


def rigs_cache() -> Path:
    """Where tests/rigs/home_assistant/setup installs: outside the checkout, kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "broute-rigs"


def why_unavailable(cache: Path) -> str | None:
    """Why Home Assistant Core can't run here, as half a sentence; None when it can."""
    if not (cache / "home_assistant" / ".broute-ready").exists():
        return "not installed (tests/rigs/home_assistant/setup)"
    if shutil.which("mosquitto") is None:
        return "mosquitto is missing (apt-get install mosquitto mosquitto-clients)"
    if os.geteuid() != 0:
        return "only root can enter its tree"
    return None


def free_port() -> int:
    """A TCP port that is free on the loopback address now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(check: Callable[[], Awaitable[T | None]], limit_s: float, complaint: str) -> T:
    """The first true answer of `check`, asked every quarter second; RigError after `limit_s`."""
    end = time.monotonic() + limit_s
    while not (answer := await check()):
        if time.monotonic() > end:
            raise RigError(complaint)
        await asyncio.sleep(0.25)
    return answer


class Program:
    """One child process that writes to a log file and ends by SIGTERM."""

    def __init__(self, log: Path, *command: str, environment: dict[str, str] | None = None) -> None:
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, is_up: Callable[[], Awaitable[bool]], limit_s: float) -> None:
        """Start it and wait until `is_up`. Raises RigError with the log's end."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=self._environment, cwd=self.log.parent, stdout=log, stderr=log
            )

        async def ready() -> bool | None:
            if self._process is None or self._process.returncode is not None:
                raise RigError(f"{self._command[0]} ended:\n{self.log.read_text()[-3000:]}")
            return await is_up()

        await until(ready, limit_s, f"{self._command[0]} did not start; see {self.log}")

    async def stop(self, limit_s: float) -> int | None:
        """SIGTERM, after `limit_s` SIGKILL. The exit code; None when it was not running."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(limit_s):
                return await process.wait()
        except TimeoutError:
            process.kill()
            return await process.wait()


def mosquitto(folder: Path, port: int) -> Program:
    """An anonymous broker on the loopback address that forgets everything at its end."""
    settings = folder / "mosquitto.conf"
    settings.write_text(BROKER_SETTINGS.format(port=port))
    return Program(folder / "mosquitto.log", "mosquitto", "-c", str(settings))


def home_assistant_core(cache: Path, folder: Path, port: int) -> Program:
    """Home Assistant Core with an empty configuration in `folder`."""
    (folder / "configuration.yaml").write_text(CORE_SETTINGS.format(port=port))
    hass = cache / "home_assistant" / "bin" / "hass"
    return Program(
        folder / "core.log",
        *(str(ENTER), str(cache / "tree")),
        *(str(hass), "--config", str(folder), "--log-no-color"),
        environment={"RIG_BIND": f"{cache}:{folder}"},
    )


async def accepts_connections(port: int) -> bool:
    """Something listens on this loopback port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
