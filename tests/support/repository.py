"""The repository as a whole, for tests about files that are not Python."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked_files() -> dict[str, int]:
    """Every file that a clone would have, by its path in the repository, with git's file mode."""
    listing = subprocess.run(
        # In continuous integration the checkout may belong to another user.
        ["git", "-c", "safe.directory=*", "ls-files", "--stage", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    entries = (entry.split("\t", 1) for entry in listing.split("\0") if entry)
    return {path: int(facts.split()[0], 8) for facts, path in entries}


def is_executable(path: str) -> bool:
    """Git keeps this file's executable bit."""
    return tracked_files()[path] & 0o111 != 0
