"""Opens a port and plays the probe on it, at the factory's baud rate and then at the others."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from broute_addon.errors import UnknownDialectError
from broute_addon.messages import message
from broute_addon.wisun.detect import (
    FACTORY_BAUD,
    OTHER_BAUDS,
    probe,
    probe_hung,
    probe_rate,
)
from broute_addon.wisun.line import Line, Listener
from broute_addon.wisun.ports import node_age_s
from broute_addon.wisun.probing import Found, Probe, Step
from broute_addon.wisun.values import Connect

_LOGGER = logging.getLogger(__name__)

BOOT_S = 3.0
"""A stick may be spoken to 3 s after it was plugged in (wisun-modules 1.2, RATOC)."""
_CLOSE_S = 2.0
_MOST_HEARD = 16_384


async def identify(connect: Connect, port: str, *, thorough: bool = False) -> tuple[Line, Found]:
    """An open line to a stick, and what it is; silence is told within fifteen seconds, within ten
    if `thorough`, which changes nothing and therefore can't wake one that hangs.

    Raises:
        TransportError: the port is absent, busy, no serial port, or vanished.
        UnknownDialectError: nothing there that we can speak to.
    """
    await _wait_for_boot(port)
    heard = 0
    for baud, question in _questions(port, thorough=thorough):
        line = await Line.open(connect, port, baud)
        found = None
        try:
            found, count = await run_probe(line, question)
            heard += count
        finally:
            if found is None:
                await close_quietly(line)
        if found is not None:
            _LOGGER.debug(
                "%s at %d baud: %s, firmware %s", port, baud, found.dialect.name, found.firmware
            )
            if baud != FACTORY_BAUD:
                _LOGGER.warning("%s", message("stick_baud", port=port, baud=baud))
            return line, found
    key = "dongle_unknown" if heard else "dongle_silent"
    raise UnknownDialectError(message(key, port=port, count=heard))


def _questions(port: str, *, thorough: bool) -> Iterator[tuple[int, Probe]]:
    """What is asked at which rate, the likeliest first."""
    yield FACTORY_BAUD, probe(port, thorough=thorough)
    for baud in OTHER_BAUDS:
        yield baud, probe_rate(port, thorough=thorough)
    if not thorough:
        for baud in OTHER_BAUDS:
            yield baud, probe_hung(port)


async def close_quietly(line: Line) -> None:
    """Closes within two seconds; the error that made us close is the one worth telling."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await line.close()


async def _wait_for_boot(port: str) -> None:
    age = node_age_s(port)
    # A negative age is a clock that was set back meanwhile: it says nothing.
    if age is not None and 0 <= age < BOOT_S:
        _LOGGER.debug("%s was plugged in %.1f s ago", port, age)
        await asyncio.sleep(BOOT_S - age)


async def run_probe(line: Line, probe: Probe) -> tuple[Found | None, int]:
    """Plays a probe's steps on a line; what it found, and how many bytes were heard.

    Raises:
        TransportError: the port vanished meanwhile.
        UnknownDialectError: from the probe.
    """
    ear = _Ear(line)
    try:
        step = next(probe)
        while True:
            step = probe.send(await ear.play(step))
    except StopIteration as end:
        found: Found | None = end.value
        return found, ear.total


class _Ear:
    """Listens to a line for one step at a time."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.total = 0
        self._heard = bytearray()
        self._news = asyncio.Event()
        line.listen(Listener(self._received, self._news.set))

    async def play(self, step: Step) -> bytes:
        """All that was heard during the step; what came before belongs to its drain."""
        if step.send:
            self._heard.clear()
            self._line.write(step.send)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + step.wait_s
        while not (step.until and step.until(bytes(self._heard))):
            self._line.check()
            left = deadline - loop.time()
            patience = left if step.quiet_s is None else min(left, step.quiet_s)
            self._news.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._news.wait()
            except TimeoutError:
                break
        heard = bytes(self._heard)
        self._heard.clear()
        return heard

    def _received(self, data: bytes) -> None:
        self.total += len(data)
        self._heard += data
        del self._heard[:-_MOST_HEARD]
        self._news.set()
