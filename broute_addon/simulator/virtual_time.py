"""An event loop in which waiting costs nothing.

`time()` stands still while callbacks run. When nothing is ready, the loop asks its selector to
wait until the next timer; this selector looks at the real file descriptors without blocking and,
when none is ready, moves the clock to that timer instead of sleeping. A month of polling so takes
seconds, and because nothing depends on how fast the machine is, the same seed gives the same run.

Three rules follow:

* A loop with no timer and nothing ready would sleep for ever. That is a fault of the program
  under test, told at once as `VirtualTimeDeadlockError` with the names of the tasks that wait.
  Real descriptors (a pty, a socket) get a few real seconds before that verdict.
* Work given to an executor runs in the loop's own thread, at once: a thread would finish at a
  moment that depends on the machine.
* Only *loop* time is virtual. Whoever needs wall time takes it from a `Clock` that counts on
  `loop.time()`.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_REAL_PATIENCE_S = 5.0
_OWN_DESCRIPTORS = 1  # the loop's self-pipe
_BLIND_TURNS = 50


class VirtualTimeDeadlockError(RuntimeError):
    """Every task waits, and no timer will ever wake one."""


class _JumpingSelector(selectors.BaseSelector):
    """Wraps the platform's selector; waiting without result advances virtual time.

    With no descriptor but the loop's own, whose only news is a signal, most looks are spared.
    """

    def __init__(self, advance: Callable[[float], None], waiting: Callable[[], str]) -> None:
        self._inner = selectors.DefaultSelector()
        self._advance = advance
        self._waiting = waiting
        self._turns = self._descriptors = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        has_strangers = self._descriptors > _OWN_DESCRIPTORS
        self._turns += 1
        if has_strangers or timeout is None or self._turns % _BLIND_TURNS == 0:
            ready = self._inner.select(0)
            if ready:
                return ready
        if timeout is not None:
            self._advance(max(timeout, 0.0))
            return []
        if has_strangers:
            ready = self._inner.select(_REAL_PATIENCE_S)
        if not ready:
            raise VirtualTimeDeadlockError(f"nothing can wake the loop; waiting: {self._waiting()}")
        return ready

    def register(
        self, fileobj: "FileDescriptorLike", events: int, data: object = None
    ) -> selectors.SelectorKey:
        key = self._inner.register(fileobj, events, data)
        self._descriptors += 1
        return key

    def unregister(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:
        key = self._inner.unregister(fileobj)
        self._descriptors -= 1
        return key

    def modify(
        self, fileobj: "FileDescriptorLike", events: int, data: object = None
    ) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def get_key(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:
        return self._inner.get_key(fileobj)

    def close(self) -> None:
        self._inner.close()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector event loop whose `time()` (seconds from 0) jumps to the next timer."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_JumpingSelector(self._advance, self._task_names))

    def time(self) -> float:
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds

    def _task_names(self) -> str:
        return ", ".join(sorted(task.get_name() for task in asyncio.all_tasks(self))) or "nobody"

    def run_in_executor(
        self, _executor: object, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run `func` here and now; see the rules above."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits, as an executor does
            future.set_exception(error)
        return future


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in virtual time.

    Raises:
        VirtualTimeDeadlockError: the program waits for something that can't happen.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
