"""The folder `/data` of the simulated host: real files, on a disk that loses power.

What a killed process had open is never closed: its successor works on a copy of the files as they
lay there at that moment.
"""

import shutil
import tempfile
from pathlib import Path

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_BACKUPS = 3


class DataFolder:
    """Owns the files. `path` is where the running process finds them."""

    def __init__(self) -> None:
        parent = _IN_MEMORY if _IN_MEMORY.is_dir() else None
        self._root = tempfile.TemporaryDirectory(prefix="broute-soak-", dir=parent)
        self._made = 0
        self._backups: list[Path] = []
        self.path = self._new()

    def lose_power(self) -> None:
        """The process is gone; its open files count no more."""
        self._use_copy_of(self.path)

    def lose(self) -> None:
        """Everything in it is gone."""
        self.path = self._new()
        self._backups.clear()

    def back_up(self) -> None:
        """Home Assistant copies the files as they are, while they are in use."""
        copy = self._new()
        shutil.copytree(self.path, copy, dirs_exist_ok=True)
        self._backups = [*self._backups[-_BACKUPS + 1 :], copy]

    def restore_older(self) -> None:
        """The oldest backup kept takes the place of everything."""
        if self._backups:
            self._use_copy_of(self._backups[0])

    def close(self) -> None:
        """Takes it away."""
        self._root.cleanup()

    def _new(self) -> Path:
        self._made += 1
        path = Path(self._root.name, str(self._made))
        path.mkdir()
        return path

    def _use_copy_of(self, source: Path) -> None:
        copy = self._new()
        shutil.copytree(source, copy, dirs_exist_ok=True)
        self.path = copy
