"""Disks that are full or read-only: real ones where the tests may mount, else the next best."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    """A disk of a few hundred kilobytes that can be filled and freed."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leaves no room."""
        with self._ballast.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def free(self) -> None:
        """Makes room again."""
        self._ballast.unlink()


class LimitedDisk:
    """Where nothing can be mounted: a limit to the size of files takes the full disk's place."""

    def __init__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        """No file grows any more."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, self._before[1]))

    def free(self) -> None:
        """Files grow again."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | LimitedDisk]:
    """A small disk at this folder."""
    with mounted(folder) as is_mounted:
        disk = SmallDisk(folder) if is_mounted else LimitedDisk()
        try:
            yield disk
        finally:
            if isinstance(disk, LimitedDisk):
                disk.free()


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
    files = list(folder.iterdir())
    if not made:
        for path in (*files, folder):
            path.chmod(path.stat().st_mode & ~0o222)
    try:
        yield
    finally:
        if made:
            run("umount", str(folder))
        else:
            for path in (folder, *files):
                path.chmod(path.stat().st_mode | 0o200)


def run(*command: str) -> bool:
    """Whether it succeeded; only root may mount."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
