"""`python -m broute_addon COMMAND`: picks the command and runs it.

Only the standard library is imported here. The signal handler stands before anything heavy is
loaded, so that a stop during start-up is a clean exit as well.
"""

import argparse
import asyncio
import importlib
import inspect
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

COMMANDS = {
    "run": "the add-on (default)",
    "demo": "the whole product on an invented house, without hardware",
    "simulate": "only a stick and a meter, on a pseudo-terminal",
    "probe": "which stick is this",
    "scan": "which meters are in reach",
    "read": "one log-in, one reading",
    "decode": "a frame, an EDT or a stick's log line, explained",
    "forget": "clears what we keep at the broker, before uninstalling",
}

EXIT_WRONG_ARGUMENT = 78
"""EX_CONFIG: the arguments or the options file can't be used as they are."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)  # noqa: T201
        raise SystemExit(EXIT_WRONG_ARGUMENT)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    arguments = list(sys.argv[1:] if argv is None else argv)
    name, rest = _chosen(arguments)
    module = importlib.import_module(f"broute_addon.cli.{name}")
    parser = _Parser(prog=f"broute {name}", description=COMMANDS[name])
    module.add_arguments(parser)
    try:
        outcome = getattr(module, name)(parser.parse_args(rest))
        return int(asyncio.run(outcome) if inspect.iscoroutine(outcome) else outcome)
    except KeyboardInterrupt:
        return 0


def _chosen(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The command and its own arguments; without a command it is `run`."""
    if arguments and arguments[0] in COMMANDS:
        return arguments[0], arguments[1:]
    if not arguments or (arguments[0] not in ("-h", "--help") and arguments[0].startswith("-")):
        return "run", arguments
    listing = "\n".join(f"  {name:10}{says}" for name, says in COMMANDS.items())
    parser = _Parser(
        prog="broute",
        usage="broute [COMMAND] [ARGUMENT …]; broute COMMAND --help tells more",
        epilog=f"commands:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    parser.parse_args(arguments[:1])
    raise AssertionError("unreachable")


if __name__ == "__main__":
    sys.exit(main())
