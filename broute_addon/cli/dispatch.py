"""Finds a command's module, reads its arguments and runs it, until it is done or is to stop.

SIGTERM and SIGINT cancel a command that has begun; it puts in order what it must, and the exit code
is 0. Only the first signal counts, and what has not ended `STOP_WITHIN_S` later is left undone.

Nothing holds the end up: a name server that doesn't answer keeps a thread busy for half a minute,
which nobody can interrupt and which asyncio, and Python after it, would wait for.
"""

import argparse
import asyncio
import contextlib
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

EXIT_WRONG_ARGUMENT = 78
"""EX_CONFIG: the arguments or the options file can't be used as they are."""

STOP_WITHIN_S = 9
THREADS_END_WITHIN_S = 0.5

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(EXIT_WRONG_ARGUMENT)


def dispatch(commands: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Runs one of the commands (name → what it is) and gives its exit code."""
    name, rest = _chosen(commands, arguments)
    module = importlib.import_module(f"broute_addon.cli.{name}")
    parser = _Parser(prog=f"broute {name}", description=commands[name])
    module.add_arguments(parser)
    command, parsed = getattr(module, name), parser.parse_args(rest)
    if inspect.iscoroutinefunction(command):
        return asyncio.run(_until_stopped(command(parsed)))
    before = [(number, signal.signal(number, _raise_exit)) for number in STOP_SIGNALS]
    try:
        return int(command(parsed))
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _chosen(commands: Mapping[str, str], arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The command and its own arguments; without a command it is `run`."""
    if arguments and arguments[0] in commands:
        return arguments[0], arguments[1:]
    if not arguments or (arguments[0] not in ("-h", "--help") and arguments[0].startswith("-")):
        return "run", arguments
    listing = "\n".join(f"  {name:10}{says}" for name, says in commands.items())
    parser = _Parser(
        prog="broute",
        usage="broute [COMMAND] [ARGUMENT …]; broute COMMAND --help tells more",
        epilog=f"commands:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=commands, metavar="COMMAND")
    parser.parse_args(arguments[:1])
    raise AssertionError("unreachable")


def _raise_exit(*_: object) -> None:
    raise SystemExit(0)


class _Threads(ThreadPoolExecutor):
    """asyncio's own threads (names are resolved there), and what they are at."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="broute")
        self._pending: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = super().submit(fn, *args, **kwargs)
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)
        return future

    def end(self) -> bool:
        """Whether all of them ended within their time."""
        self.shutdown(wait=False, cancel_futures=True)
        return not wait(set(self._pending), timeout=THREADS_END_WITHIN_S).not_done


async def _until_stopped(command: Coroutine[Any, Any, int]) -> int:
    loop = asyncio.get_running_loop()
    threads = _Threads()
    loop.set_default_executor(threads)
    _cancel_on_signal()
    try:
        code = await command
    except asyncio.CancelledError:
        code = 0
    for number in STOP_SIGNALS:  # from here on nothing is left that could be stopped
        signal.signal(number, signal.SIG_IGN)
    if not threads.end():
        _leave(code)
    return code


def _cancel_on_signal() -> None:
    """With handlers of Python's own: those of the loop would be gone before the process is."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        raise AssertionError("called within a task")

    def stop(*_: object) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, lambda *_: _leave(0))
        signal.alarm(STOP_WITHIN_S)
        loop.call_soon_threadsafe(task.cancel)

    for number in STOP_SIGNALS:
        signal.signal(number, stop)


def _leave(code: int) -> NoReturn:
    with contextlib.suppress(OSError, RuntimeError):  # nobody reads any more; amid a line
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
