"""`python -m broute_addon COMMAND`: from the first line on, a stop is a clean exit.

The signal handlers stand before anything else is loaded; the command itself replaces them as soon
as it has something to put in order.
"""

import os
import signal
import sys

COMMANDS = {
    "run": "the app (add-on) itself (default)",
    "demo": "the whole product on an invented house, without hardware",
    "simulate": "only a stick and a meter, on a pseudo-terminal",
    "probe": "which stick is this",
    "scan": "which meters are in reach",
    "read": "one log-in, one reading",
    "decode": "a frame, an EDT or a stick's log line, explained",
    "history": "the half-hours that are known, as a table or as CSV",
    "soak": "the seeded fault campaign, in virtual time",
    "forget": "clears what we keep at the broker, before uninstalling",
}


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and gives its exit code. The signals are ours if the arguments are."""
    if arguments is None:
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, _leave)
    # asyncio and the like take a tenth of a second to load, on a Raspberry Pi half of one.
    from broute_addon.cli.dispatch import dispatch  # noqa: PLC0415

    return dispatch(COMMANDS, sys.argv[1:] if arguments is None else arguments)


def _leave(*_: object) -> None:
    """Not by an exception: within an import it would come out as another one, with its trace."""
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
