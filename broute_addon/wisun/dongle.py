"""One command at a time over a line, in a dialect.

`OK` doesn't say what it answers. So whenever a command was left without its answer (its deadline
passed, its caller was cancelled, the stick dropped the line for an overrun), the dongle is *out
of step*: an `OK` may still be on its way, and the next command must not take it for its own.
Before that next command, a marker is asked: a query whose answer names itself, another one each
time. Everything before the marker's answer is the past and is dropped; if no marker is answered,
the stick is mute. A command whose deadline passed although the marker shows a stick alive is
repeated once, unless it was a datagram. A marker that is refused proves a stick that is alive but
busy with what was left unanswered (J11); it is asked until that is over. A J11's answers carry
their command's code, and it takes one command at a time: once its marker is answered, no late
answer can come any more. Its reset is obeyed out of step too.
"""

import asyncio
import logging
from collections.abc import Callable

from broute_addon.errors import CommandFailedError, DongleTimeoutError
from broute_addon.messages import message
from broute_addon.wisun.commands import Command
from broute_addon.wisun.dialect import Dialect, Exchange, Refusal
from broute_addon.wisun.events import (
    Answer,
    CommandAccepted,
    CommandFailed,
    Event,
    TransmitResult,
    Transmitted,
)
from broute_addon.wisun.line import Line, Listener

_LOGGER = logging.getLogger(__name__)

_MARKER_ATTEMPTS = 3
_BUSY_S = 9.0
"""The longest command that may be left unanswered is a J11 datagram of 1232 bytes: 7 s."""
_BUSY_PAUSE_S = 0.2
_OF_A_COMMAND = (CommandAccepted, CommandFailed, Answer)


class _InFlight:
    """What has been heard of the exchange that is under way."""

    def __init__(self, exchange: Exchange, tolerated: frozenset[int]) -> None:
        self.exchange = exchange
        self.tolerated = tolerated
        self.accepted = False
        self.refusal: int | None = None
        self.finished = not exchange.ends
        self.events: list[Event] = []
        self._answer_seen = exchange.answer is None

    @property
    def answered(self) -> bool:
        return self.accepted or self.refusal is not None

    def take(self, event: Event) -> None:
        match event:
            case CommandAccepted() if self._answer_seen:
                self.accepted = True
            case CommandFailed(code) if code in self.tolerated:
                self.accepted = True
            case CommandFailed(code) if self._answer_seen:
                self.refusal = code
            case Answer(word) if word == self.exchange.answer:
                self._answer_seen = True
            case Transmitted(TransmitResult.RESOLVING):
                pass  # another one follows
            case _ if isinstance(event, self.exchange.ends):
                self.finished = True
        self.events.append(event)


class Dongle:
    """A stick that was brought into a known dialect. Give it a line that is all its own."""

    def __init__(
        self,
        line: Line,
        dialect: Dialect,
        on_event: Callable[[Event], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._line = line
        self._dialect = dialect
        self._on_event = on_event
        self._on_lost = on_lost
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._in_flight: _InFlight | None = None
        self._out_of_step = False
        self._markers = 0
        line.listen(Listener(self._received, self._lost))

    @property
    def is_in_step(self) -> bool:
        """False while a late answer may be on its way, or the stick is mute."""
        return not self._out_of_step

    async def run(self, command: Command) -> tuple[Event, ...]:
        """Runs a command to its end; the events heard meanwhile.

        Raises:
            CommandFailedError: the stick refused.
            DongleTimeoutError: it didn't answer, or not finish, in time.
            TransportError: the port is gone.
        """
        async with self._turn:
            events = await self._run_adapting(command)
            if any(isinstance(event, CommandAccepted) for event in events):
                self._dialect.accepted(command)
            return events

    async def _run_adapting(self, command: Command) -> tuple[Event, ...]:
        try:
            return await self._run(command)
        except CommandFailedError as refused:
            if not self._dialect.adapt(command, refused.code):
                raise
            _LOGGER.warning("%s; going on as %s", refused, self._dialect.name)
            self._out_of_step = True  # part of it may be left in the stick's line buffer
        return await self._run(command)

    async def _run(self, command: Command) -> tuple[Event, ...]:
        events: list[Event] = []
        for exchange in self._dialect.encode(command):
            events += await self._exchange(exchange)
        return tuple(events)

    async def _exchange(self, exchange: Exchange) -> list[Event]:
        last = not exchange.repeatable
        needs_step = not exchange.is_reset
        while True:
            if self._out_of_step and needs_step:
                if exchange.is_last_resort and not last:
                    await self._play(exchange)
                await self._find_step()
            needs_step = True
            flight = await self._play(exchange, is_last=last)
            if flight.accepted or self._is_final(flight.refusal):
                self._out_of_step &= not (exchange.is_reset and flight.accepted)
                break
            self._out_of_step = True
            if last:
                await self._find_step()  # a mute stick is told as such
                break
            last = True
        return self._outcome(flight)

    def _is_final(self, refusal: int | None) -> bool:
        return refusal is not None and self._dialect.refusal(refusal) is not Refusal.AGAIN

    async def _play(self, exchange: Exchange, *, is_last: bool = True) -> _InFlight:
        """Writes the exchange and waits for its end or its deadlines."""
        tolerated = frozenset(
            code
            for code in exchange.tolerated
            # What may have been garbled on the line is put up with once it is said again.
            if is_last or self._dialect.refusal(code) is not Refusal.AGAIN
        )
        flight = self._in_flight = _InFlight(exchange, tolerated)
        _LOGGER.debug("→ %s", exchange.trace)
        try:
            self._dialect.expect(exchange)
            self._line.write(exchange.data)
            await self._until(lambda: flight.answered, exchange.answer_s)
            if flight.accepted:
                await self._until(lambda: flight.finished, exchange.finish_s)
        except TimeoutError:
            _LOGGER.debug("%s: deadline passed", exchange.trace)
        finally:
            self._in_flight = None
            self._out_of_step |= not flight.answered
        return flight

    async def _find_step(self) -> None:
        loop = asyncio.get_running_loop()
        end, silent = loop.time() + _BUSY_S, 0
        while silent < _MARKER_ATTEMPTS and loop.time() < end:
            marker = self._dialect.marker(self._markers)
            self._markers += 1
            flight = await self._play(marker)
            if flight.accepted:
                self._out_of_step = False
                return
            if flight.refusal is None:
                silent += 1
            else:
                await asyncio.sleep(_BUSY_PAUSE_S)
        raise DongleTimeoutError(message("dongle_mute"))

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        """Raises TimeoutError when it isn't done within so many seconds."""
        if done():
            return
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        alarm = loop.call_at(end, self._news.set)
        try:
            while not done():
                self._line.check()
                if loop.time() >= end:
                    raise TimeoutError
                self._news.clear()
                await self._news.wait()
        finally:
            alarm.cancel()

    def _outcome(self, flight: _InFlight) -> list[Event]:
        exchange = flight.exchange
        if flight.refusal is not None:
            name = self._dialect.refusal_name(flight.refusal)
            text = message("command_refused", command=_word(exchange), code=name)
            raise CommandFailedError(text, flight.refusal)
        unanswered_but_done = exchange.ends and flight.finished
        if flight.accepted and not flight.finished and exchange.must_finish:
            raise DongleTimeoutError(message("dongle_timeout", command=_word(exchange)))
        if not flight.accepted and not unanswered_but_done:
            raise DongleTimeoutError(message("dongle_timeout", command=_word(exchange)))
        return flight.events

    def _received(self, data: bytes) -> None:
        is_traced = _LOGGER.isEnabledFor(logging.DEBUG)
        events = self._dialect.receive(data)
        for event in events:
            if is_traced:
                _LOGGER.debug("← %s", self._dialect.trace(event))
            if self._in_flight is not None:
                self._in_flight.take(event)
            if not isinstance(event, _OF_A_COMMAND):
                self._on_event(event)
        if events:
            self._news.set()

    def _lost(self) -> None:
        self._news.set()
        self._on_lost()


def _word(exchange: Exchange) -> str:
    return exchange.trace.split(maxsplit=1)[0]
