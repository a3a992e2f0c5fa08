"""Runs the product in this process and stops it at a moment that a test names.

    python stopped_at.py SIGNAL MODULE ARGUMENT…

The signal comes when MODULE is about to be imported, in the midst of the imports around it.
"""

import os
import signal
import sys
from importlib.abc import MetaPathFinder


class Moment(MetaPathFinder):
    """Sends the signal once."""

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self._name = name

    def find_spec(self, name: str, *_: object) -> None:
        if name == self._name:
            sys.stdout.write("now\n")
            os.kill(os.getpid(), self._number)


if __name__ == "__main__":
    from broute_addon.__main__ import main

    number, name, *arguments = sys.argv[1:]
    sys.argv[1:] = arguments
    sys.meta_path.insert(0, Moment(signal.Signals[number], name))
    sys.exit(main())
