"""The seam between a stick's language and the one who speaks it.

A dialect is pure: it turns a command into exchanges and bytes into events, and knows no clock
and no port. The text grammar lives in `skstack`; the binary one of the J11 modules fits the same
seam (its answers carry their command's code, so that its marker can be the status request).
"""

from dataclasses import dataclass, field
from typing import Protocol

from broute_addon.wisun.commands import Command
from broute_addon.wisun.events import Event

ANSWER_S = 2.0
"""Time a stick has for `OK` or `FAIL`; usual are 3 to 10 ms (wisun-modules 4.1)."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One thing written and what completes it.

    It is answered by `CommandAccepted` or `CommandFailed` within `answer_s`; where `answer` is a
    word, only after an `Answer` with that word. Then it is finished by an event of a type in
    `ends` within `finish_s` (which may also come first); `must_finish` tells whether the lack of
    that event is a fault. `trace` holds no secret, `data`
    and `echo` (what a stick with echo on repeats) may.
    """

    data: bytes = field(repr=False)
    trace: str
    answer_s: float = ANSWER_S
    answer: str | None = None
    ends: tuple[type[Event], ...] = ()
    finish_s: float = 0.0
    must_finish: bool = True
    echo: bytes = field(default=b"", repr=False)
    repeatable: bool = True


class Dialect(Protocol):
    """A language of sticks."""

    @property
    def name(self) -> str:
        """How the dialect is called in logs and on the page."""

    def encode(self, command: Command) -> tuple[Exchange, ...]:
        """The exchanges a command consists of; none where the dialect has no need of it."""

    def expect(self, exchange: Exchange) -> None:
        """Tells that `exchange` is being written, so that its echo can be dropped."""

    def receive(self, data: bytes) -> list[Event]:
        """Eats bytes in any chunking; never raises."""

    def marker(self, attempt: int) -> Exchange:
        """A harmless query whose answer can't be mistaken; differs from attempt to attempt."""

    def adapt(self, command: Command, code: int) -> bool:
        """After a refusal: True when the dialect changed and the command is worth repeating."""
