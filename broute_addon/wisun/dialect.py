"""The seam between a stick's language and the one who speaks it.

A dialect is pure: it turns a command into exchanges and bytes into events, and knows no clock
and no port. The text grammar lives in `skstack`, the binary one of the J11 modules in `j11`.
What a refusal's number means is the dialect's own business; the layers above ask `refusal` what
to make of it.
"""

from dataclasses import dataclass, field
from enum import Enum
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
    that event is a fault. `trace` holds no secret, `data` and `echo` (what a stick with echo on
    repeats) may. `is_reset`: its answer can be no other's, so it may be asked out of step.
    `is_last_resort`: out of step it is said once before anything else, whatever comes back, for a
    stick that hangs hears nothing else.
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
    tolerated: frozenset[int] = frozenset()
    is_reset: bool = False
    is_last_resort: bool = False


class Refusal(Enum):
    """What to make of a refused command."""

    AGAIN = "garbled on the line, or another command is under way: say it again"
    IMPOSSIBLE = "understood, but not possible as things stand with the session"
    NO_METER = "the meter was not heard"
    OTHER = "the stick or we are at fault"


class Dialect(Protocol):
    """A language of sticks."""

    @property
    def name(self) -> str:
        """How the dialect is called in logs and on the page."""

    @property
    def channels(self) -> int:
        """Scan mask of the channels that the stick can use at all."""

    @property
    def tells_restart(self) -> bool:
        """Whether a stick that lost its settings, since it restarted by itself, says so."""

    @property
    def pana_silence_s(self) -> float | None:
        """How long into a login the meter's first PANA datagram is worth waiting for.

        None where the stick doesn't show them.
        """

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

    def accepted(self, command: Command) -> None:
        """Tells that the stick has taken a command as it was said."""

    def refusal(self, code: int) -> Refusal:
        """What the number of a refusal means."""

    def refusal_name(self, code: int) -> str:
        """The number as the stick's manual writes it."""

    def trace(self, event: Event) -> str:
        """The event in the manual's words for the debug log: no address, no key, no payload."""
