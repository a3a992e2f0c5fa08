"""Delays of the radio and the module, scaled by one speed."""

import asyncio
from collections.abc import Callable


class Timers:
    """Calls things later, `speed` times faster than real; 0 means at once, in the order asked.

    `lasting` delays (a session's lifetime, a pause of the law) are not skipped at speed 0: a
    session that lives for no time at all would be no session.
    """

    def __init__(self, speed: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._speed = speed
        self._handles: dict[int, asyncio.Handle] = {}
        self._started = 0

    def radio_time(self) -> float:
        """Seconds of radio time, on the scale of `lasting`."""
        return self._loop.time() * (self._speed or 1.0)

    def after(self, seconds: float, call: Callable[[], None]) -> asyncio.Handle:
        """Call after `seconds` of radio time."""
        return self._start(seconds / self._speed if self._speed else None, call)

    def lasting(self, seconds: float, call: Callable[[], None]) -> asyncio.Handle:
        """Call after `seconds` of radio time, which at speed 0 are real ones."""
        return self._start(seconds / (self._speed or 1.0), call)

    def unscaled(self, seconds: float, call: Callable[[], None]) -> asyncio.Handle:
        """Call after `seconds` of the loop's own time."""
        return self._start(seconds, call)

    def soon(self, call: Callable[[], None]) -> asyncio.Handle:
        """Call as soon as what happens now has happened."""
        return self._start(None, call)

    def track(self, handle: asyncio.Handle) -> None:
        """Let a timer made elsewhere (the meter's clock) end with the others."""
        self._started += 1
        self._handles[self._started] = handle
        self._forget_finished()

    def cancel_all(self) -> None:
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _start(self, seconds: float | None, call: Callable[[], None]) -> asyncio.Handle:
        self._started += 1
        number = self._started
        handle: asyncio.Handle
        if seconds is None:
            handle = self._loop.call_soon(self._run, number, call)
        else:
            handle = self._loop.call_later(seconds, self._run, number, call)
        self._handles[number] = handle
        return handle

    def _run(self, number: int, call: Callable[[], None]) -> None:
        self._handles.pop(number, None)
        call()

    def _forget_finished(self) -> None:
        now = self._loop.time()
        self._handles = {
            number: one
            for number, one in self._handles.items()
            if not one.cancelled()
            and (not isinstance(one, asyncio.TimerHandle) or one.when() >= now)
        }
