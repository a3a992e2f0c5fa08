"""Fakes at the transport seam, each mean in its own way.

`ScriptedStick` says what a table tells it to; `MeanPort` carries its bytes one at a time, cut
anywhere, late, or not at all, and may die in the middle of a sentence. All is seeded.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from broute_addon.errors import TransportError
from broute_addon.messages import message
from broute_addon.wisun.values import Receiver

Cut = Callable[[bytes], Iterator[bytes]]
Answer = bytes | Callable[[bytes], bytes]


def whole(data: bytes) -> Iterator[bytes]:
    """As it comes."""
    yield data


def one_byte_at_a_time(data: bytes) -> Iterator[bytes]:
    """A slow UART."""
    for byte in data:
        yield bytes([byte])


def random_cuts(seed: int) -> Cut:
    """What a USB bridge makes of it."""
    rng = random.Random(seed)

    def cut(data: bytes) -> Iterator[bytes]:
        while data:
            size = rng.randint(1, 20)
            yield data[:size]
            data = data[size:]

    return cut


def random_loss(seed: int, share: float) -> Cut:
    """Single bytes get lost."""
    rng = random.Random(seed)

    def cut(data: bytes) -> Iterator[bytes]:
        yield bytes(byte for byte in data if rng.random() >= share)

    return cut


@dataclass
class ScriptedStick:
    """Answers what was written by the longest word of `table` that it begins with.

    `written` keeps every write; what the table doesn't know stays unanswered.
    """

    table: dict[bytes, Answer]
    written: list[bytes] = field(default_factory=list)

    def __call__(self, data: bytes) -> bytes:
        self.written.append(data)
        for word in sorted(self.table, key=len, reverse=True):
            if data.startswith(word):
                answer = self.table[word]
                return answer(data) if callable(answer) else answer
        return b""


@dataclass
class MeanPort:
    """A port with a stick behind it; `connect` is a `Connect`.

    `delay_s` passes before each answer; `dies_after` is how many bytes come before the port is
    gone; `baud`: at any other rate nothing is understood.
    """

    stick: Callable[[bytes], bytes]
    cut: Cut = whole
    delay_s: float = 0.001
    dies_after: int | None = None
    baud: int = 115_200
    opened_at: list[int] = field(default_factory=list)
    open_now: int = 0
    _receiver: Receiver | None = None

    async def connect(
        self,
        port: str,  # noqa: ARG002 - the seam's
        baud: int,
        receiver: Receiver,
    ) -> "MeanTransport":
        self.opened_at.append(baud)
        self.open_now += 1
        self._receiver = receiver
        return MeanTransport(self, understands=baud == self.baud)

    def say(self, data: bytes) -> None:
        """The stick says something by itself, now."""
        for chunk in self.cut(data):
            self._deliver(chunk)

    def die(self) -> None:
        """The stick is pulled out."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.lost(OSError(5, "Input/output error"))

    def _deliver(self, chunk: bytes) -> None:
        if self._receiver is None:
            return
        if self.dies_after is not None:
            chunk = chunk[: self.dies_after]
            self.dies_after -= len(chunk)
        if chunk:
            self._receiver.received(chunk)
        if self.dies_after == 0:
            self.die()


class MeanTransport:
    """The host's end."""

    def __init__(self, port: MeanPort, *, understands: bool) -> None:
        self._port = port
        self._understands = understands
        self._closed = False

    def write(self, data: bytes) -> None:
        if self._port._receiver is None:
            raise TransportError(message("port_lost", port="mean"))
        answer = self._port.stick(data) if self._understands else b""
        if answer:
            asyncio.get_running_loop().call_later(self._port.delay_s, self._port.say, answer)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._port.open_now -= 1
            self._port._receiver = None
