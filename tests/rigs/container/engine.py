"""The image and containers of it, by podman with runc (and what that needs without privileges)."""

import asyncio
import contextlib
import json
import os
import shutil
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from tests.rigs.container.trace import SYSCALLS
from tests.rigs.home_assistant.processes import RigError, rigs_cache
from tests.support.repository import ROOT

BUILD = Path(__file__).with_name("build")
PROGRAMS = ("buildah", "podman", "runc", "s6-svscan", "mmdebstrap", "npm", "strace")
IMAGE = "localhost/broute/under-test"
_PACKAGES = "buildah podman runc s6 mmdebstrap npm strace"
SERVICE = "/run/service/broute"
_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")


def why_unavailable() -> str | None:
    """Why no container can be run here, as half a sentence; None when it can."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"{missing[0]} is missing (apt-get install {_PACKAGES})"
    return None if os.geteuid() == 0 else "only root can build its base"


async def build_image() -> None:
    """Builds the Dockerfile as `IMAGE`. Raises RigError with the end of what was said."""
    code, said = await _output(str(BUILD), str(rigs_cache()), IMAGE)
    if code:
        raise RigError(f"the image was not built:\n{said[-4000:]}")


async def image_megabytes() -> float:
    """What the Dockerfile adds to its base."""
    first_line = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()[0]
    base = first_line.removeprefix("ARG BUILD_FROM=")
    sizes = [await podman("image", "inspect", of, "--format", "{{.Size}}") for of in (IMAGE, base)]
    return (int(sizes[0]) - int(sizes[1])) / 1e6


class Container:
    """One container; its processes see the machine's network."""

    def __init__(self, name: str, started: float) -> None:
        self.name = name
        self.started = started

    async def log(self) -> str:
        """All that it has printed."""
        return await podman("logs", self.name)

    async def until_log(self, text: str, seconds: float = 30) -> float:
        """Waits until it has printed a text; seconds since the start. Raises RigError."""
        while text not in (said := await self.log()):
            if time.monotonic() - self.started > seconds:
                raise RigError(f"never printed {text!r}:\n{said}")
            await asyncio.sleep(0.1)
        return time.monotonic() - self.started

    async def seconds_between(self, first: str, last: str) -> float:
        """The time between two lines that it has printed."""
        lines = (await podman("logs", "--timestamps", self.name)).splitlines()
        times = [
            next(datetime.fromisoformat(line.split()[0]) for line in lines if text in line)
            for text in (first, last)
        ]
        return (times[1] - times[0]).total_seconds()

    async def root(self) -> Path:
        """Its file system, seen from outside."""
        return Path(await podman("mount", self.name))

    async def run(self, *command: str) -> str:
        """Runs a command inside."""
        return await podman("exec", self.name, *command)

    async def service(self, field: str) -> str:
        """What s6 knows of the program: `pid`, `ready`, `up`."""
        return (await self.run("s6-svstat", "-o", field, SERVICE)).strip()

    async def stop(self, seconds: int = 30) -> float:
        """As the Supervisor does: SIGTERM, SIGKILL after `seconds`. Gives the seconds it took."""
        began = time.monotonic()
        await podman("stop", "-t", str(seconds), self.name)
        return time.monotonic() - began

    async def exit_code(self, seconds: float = 30) -> int:
        """Waits for its end. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            return int(await podman("wait", self.name))


@contextlib.asynccontextmanager
async def container(
    data: Path,
    environment: Mapping[str, str],
    mounts: Mapping[str, str] = MappingProxyType({}),
    *,
    command: Sequence[str] = (),
    trace: Path | None = None,
) -> AsyncIterator[Container]:
    """Starts the image with a data folder; `mounts` are paths outside and inside.

    `command` is run in place of the service. With `trace` all its processes are seen by strace,
    which writes into that file, from the first instruction of process 1 on.
    """
    name = f"broute-{os.getpid()}-{time.monotonic_ns()}"
    arguments = ["--name", name, "--network", "host", "--no-healthcheck", *_LIMITS]
    for key, value in environment.items():
        arguments += ["-e", f"{key}={value}"]
    for outside, inside in {str(data): "/data", **mounts}.items():
        arguments += ["-v", f"{outside}:{inside}"]
    if command:
        arguments += ["--entrypoint", json.dumps(command)]
    await podman("create", *arguments, IMAGE)
    try:
        async with contextlib.AsyncExitStack() as stack:
            if trace is not None:
                await podman("init", name)
                pid = await podman("inspect", "--format", "{{.State.Pid}}", name)
                await stack.enter_async_context(_tracing(pid, trace))
            started = time.monotonic()
            await podman("start", name)
            yield Container(name, started)
    finally:
        await podman("rm", "--force", "--time", "0", name)


@contextlib.asynccontextmanager
async def _tracing(pid: str, into: Path) -> AsyncIterator[None]:
    """strace on a process and all that it makes; at the end it is waited for."""
    what = ("-f", "-y", "--decode-pids=pidns", "-s", "512", "-e", f"trace={SYSCALLS}")
    process = await asyncio.create_subprocess_exec(
        "strace", *what, "-o", str(into), "-p", pid, stdin=DEVNULL, stderr=PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(10):
            first = await process.stderr.readline()
        if b"attached" not in first:
            raise RigError(f"strace: {first.decode()}")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def podman(*arguments: str) -> str:
    """Runs podman; what it printed. Raises RigError when it failed."""
    code, said = await _output("podman", "--runtime", "runc", *arguments)
    if code:
        raise RigError(f"podman {arguments[0]}: {said[-2000:]}")
    return said.strip()


async def _output(*command: str) -> tuple[int, str]:
    settings = rigs_cache() / "container" / "storage.conf"
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        env={**os.environ, "CONTAINERS_STORAGE_CONF": str(settings)},
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")
