"""An event loop in which waiting costs nothing.

`time()` stands still while callbacks run. When nothing is ready, the loop looks at the real file
descriptors without blocking and, when none has news, moves the clock to the next timer instead of
sleeping. A month of polling so takes seconds, and because nothing depends on how fast the machine
is, the same seed gives the same run.

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
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_REAL_PATIENCE_S = 5.0
_OWN_DESCRIPTORS = 1  # the loop's self-pipe
_BLIND_TURNS = 50
_MANY_TIMERS = 1000  # cancelled ones among them are thrown out now and then


class VirtualTimeDeadlockError(RuntimeError):
    """Every task waits, and no timer will ever wake one."""


class _CountingSelector(selectors.DefaultSelector):
    """Knows whether anything but the loop itself is watched."""

    has_strangers = False

    def register(
        self, fileobj: "FileDescriptorLike", events: int, data: object = None
    ) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self.has_strangers = len(self.get_map()) > _OWN_DESCRIPTORS
        return key

    def unregister(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:
        key = super().unregister(fileobj)
        self.has_strangers = len(self.get_map()) > _OWN_DESCRIPTORS
        return key


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector event loop whose `time()` (seconds from 0) jumps to the next timer.

    Timers of the same instant fire in the order they were asked for. A turn is the base class's,
    with less to do: a run of months is made of hundreds of thousands of them.
    """

    _ready: deque[asyncio.Handle]
    _stopping: bool

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._asked = 0
        self._tidy_at = _MANY_TIMERS
        self._turns = 0
        self._watched = _CountingSelector()
        super().__init__(self._watched)

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._asked += 1
        heappush(self._timers, (when, self._asked, timer))
        if len(self._timers) > self._tidy_at:
            self._timers = [each for each in self._timers if not each[2].cancelled()]
            heapify(self._timers)
            self._tidy_at = 2 * len(self._timers) + _MANY_TIMERS
        return timer

    def close(self) -> None:
        super().close()
        self._timers.clear()

    def _run_once(self) -> None:
        """One turn: what came from outside, then the timers that are due, then all that is ready.

        With no descriptor but the loop's own, whose only news is a signal, most looks outside are
        spared.
        """
        ready, timers = self._ready, self._timers
        self._turns += 1
        if self._watched.has_strangers or self._turns % _BLIND_TURNS == 0:
            self._process_events(self._watched.select(0))  # type: ignore[attr-defined]
        while timers and timers[0][2].cancelled():
            heappop(timers)
        if not ready and not self._stopping:
            if timers:
                self._now = max(self._now, timers[0][0])
            else:
                self._process_events(self._last_hope())  # type: ignore[attr-defined]
        while timers and timers[0][0] <= self._now:
            ready.append(heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:  # noqa: SLF001 - what a loop is for
                handle._run()  # noqa: SLF001

    def _last_hope(self) -> list[tuple[selectors.SelectorKey, int]]:
        """What comes from outside when nothing in here will ever happen."""
        patience_s = _REAL_PATIENCE_S if self._watched.has_strangers else 0.0
        events = self._watched.select(patience_s)
        if not events:
            names = sorted(task.get_name() for task in asyncio.all_tasks(self))
            waiting = ", ".join(names) or "nobody"
            raise VirtualTimeDeadlockError(f"nothing can wake the loop; waiting: {waiting}")
        return events

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
