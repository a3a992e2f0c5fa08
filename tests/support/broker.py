"""A real MQTT broker on a free loopback port: mosquitto, else amqtt."""

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass
from pathlib import Path

import pytest

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@dataclass(frozen=True)
class Login:
    """The one user that the broker lets in."""

    username: str
    password: str


class Broker:
    """One broker process; `stop` and `start` again keep the port, not the messages."""

    def __init__(
        self, folder: Path, *, login: Login | None = None, certificates: Path | None = None
    ) -> None:
        self.port = free_port()
        self.login = login
        self._folder = folder
        self._certificates = certificates
        self._process: Process | None = None

    async def __aenter__(self) -> "Broker":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts and waits until the port takes connections."""
        if MOSQUITTO is None and "CI" in os.environ:
            pytest.fail("mosquitto is not installed")
        command = self._mosquitto() if MOSQUITTO else self._amqtt()
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=DEVNULL, stderr=DEVNULL
        )
        async with asyncio.timeout(15):
            while not await _listens(self.port):  # noqa: ASYNC110 - a process sends no event
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Ends the process; every client loses its connection."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()
            self._process = None

    def use(self, login: Login | None) -> None:
        """Another user from the next start on."""
        self.login = login

    def _mosquitto(self) -> list[str]:
        assert MOSQUITTO is not None
        lines = [f"listener {self.port} 127.0.0.1", "persistence false"]
        if os.geteuid() == 0:
            lines.append("user root")  # else it gives up the rights to read our files
        if self._certificates is not None:
            lines += [
                f"certfile {self._certificates / 'broker.crt'}",
                f"keyfile {self._certificates / 'broker.key'}",
            ]
        if self.login is None:
            lines.append("allow_anonymous true")
        else:
            passwords = self._folder / "passwords"
            passwords.unlink(missing_ok=True)
            add = ["mosquitto_passwd", "-c", "-b", str(passwords)]
            subprocess.run(
                [*add, self.login.username, self.login.password], check=True, capture_output=True
            )
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        conf = self._folder / "mosquitto.conf"
        conf.write_text("\n".join(lines) + "\n")
        return [MOSQUITTO, "-c", str(conf)]

    def _amqtt(self) -> list[str]:
        script = Path(__file__).with_name("amqtt_broker.py")
        command = [sys.executable, str(script), str(self.port)]
        if self.login is not None:
            command += [self.login.username, self.login.password]
        if self._certificates is not None:
            pytest.skip("the TLS test needs mosquitto")
        return command


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificates(folder: Path) -> Path:
    """A certificate authority (`ca.crt`) and a certificate for localhost (`broker.crt`)."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl(
        folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Test CA"
    )
    _openssl(
        folder, "req", *key, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost"
    )
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
    _openssl(folder, "x509", "-req", "-in", "broker.csr", *signing, "-out", "broker.crt")
    return folder


def _openssl(folder: Path, *arguments: str) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the TLS test needs openssl")
    subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()
    return True
