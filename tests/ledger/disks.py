"""Disks that are full, failing or read-only: real ones where the tests may mount."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


class SmallDisk:
    """A disk of a few hundred kilobytes that can be filled."""

    told = "is full"

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fail(self) -> None:
        """Leaves no room."""
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def mend(self) -> None:
        """Makes room again."""
        self._ballast.unlink()


class FailingDisk:
    """A disk on which a write can fail, by a limit to the size of files."""

    told = "disk I/O error"

    def __init__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fail(self) -> None:
        """No file grows any more."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, self._before[1]))

    def mend(self) -> None:
        """Files grow again."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | FailingDisk]:
    """A disk at this folder that can be filled; where none may be mounted, one that can fail."""
    with mounted(folder) as is_mounted:
        if is_mounted:
            yield SmallDisk(folder)
            return
    with failing_disk() as disk:
        yield disk


@contextmanager
def failing_disk() -> Iterator[FailingDisk]:
    """The disk that is there, which can fail."""
    disk = FailingDisk()
    try:
        yield disk
    finally:
        disk.mend()


@contextmanager
def mounted(folder: Path) -> Iterator[bool]:
    """A RAM disk at this folder, if that is allowed."""
    folder.mkdir(exist_ok=True)
    made = run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder))
    try:
        yield made
    finally:
        if made:
            run("umount", str(folder))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """What lies in the folder can be read and not written."""
    made = run("mount", "--bind", str(folder), str(folder)) and run(
        "mount", "-o", "remount,bind,ro", str(folder)
    )
    if made:
        try:
            yield
        finally:
            run("umount", str(folder))
        return
    with without_write_permission(folder):
        yield


@contextmanager
def without_write_permission(folder: Path) -> Iterator[None]:
    """By the permissions; root, whom they don't bind, is nobody meanwhile."""
    for path in (folder, *folder.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    closed = [path for path in folder.parents if not path.stat().st_mode & 0o001]
    is_root = os.geteuid() == 0
    if is_root:
        for path in closed:
            path.chmod(0o711)
        os.setresuid(_NOBODY, _NOBODY, 0)
    try:
        yield
    finally:
        if is_root:
            os.setresuid(0, 0, 0)
            for path in closed:
                path.chmod(0o700)
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)


def run(*command: str) -> bool:
    """Whether it succeeded; only root may mount."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
