"""What a stick tells, whatever its language; and what the link tells its user.

`Event` is the closed union a dialect decodes bytes to. The first three belong to the command in
flight, the others come when they like. `LinkEvent` is what the layer above hears.
"""

from dataclasses import dataclass
from enum import Enum

from broute_addon.errors import TransportError
from broute_addon.messages import Message
from broute_addon.wisun.values import LinkLocalAddress, MacAddress, Pan


@dataclass(frozen=True, slots=True)
class CommandAccepted:
    """`OK`, with the value some commands answer."""

    value: str | None = None


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """`FAIL ERxx`; `code` is xx as printed (decimal), 0 where unreadable."""

    code: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query returns: `EVER`, `EINFO`, `ESREG`, `EAPPVER`."""

    word: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PanFound:
    """A beacon."""

    pan: Pan


@dataclass(frozen=True, slots=True)
class ScanFinished:
    """EVENT 22: the active scan is over."""


@dataclass(frozen=True, slots=True)
class EnergyScanned:
    """EEDSCAN: (channel, level) pairs, the level in LQI steps."""

    levels: tuple[tuple[int, int], ...]


class TransmitResult(Enum):
    """Parameter of EVENT 21."""

    SENT = 0x00
    FAILED = 0x01
    RESOLVING = 0x02  # a neighbor solicitation went first, another EVENT 21 follows


@dataclass(frozen=True, slots=True)
class Transmitted:
    """EVENT 21: the radio has dealt with a datagram."""

    result: TransmitResult


@dataclass(frozen=True, slots=True)
class JoinSucceeded:
    """EVENT 25: the PANA session stands, or was renewed."""


@dataclass(frozen=True, slots=True)
class JoinFailed:
    """EVENT 24: no answer or wrong credentials; the event doesn't tell which."""


@dataclass(frozen=True, slots=True)
class TerminatedByMeter:
    """EVENT 26: the meter asked to end the session."""


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """EVENT 27 (confirmed) or 28 (the meter kept silent): our SKTERM is done."""

    confirmed: bool


@dataclass(frozen=True, slots=True)
class SessionExpired:
    """EVENT 29: the lifetime is over, the stick tries to renew the session."""


@dataclass(frozen=True, slots=True)
class TransmitBudgetExhausted:
    """EVENT 32: the hourly transmit time of ARIB STD-T108 is used up."""


@dataclass(frozen=True, slots=True)
class TransmitBudgetRestored:
    """EVENT 33: the stick may transmit again."""


@dataclass(frozen=True, slots=True)
class WokeUp:
    """EVENT C0: the stick was asleep."""


@dataclass(frozen=True, slots=True)
class UdpReceived:
    """A datagram: ECHONET Lite, PANA (02CC) or MLE (4D4C) by its `port` (ours)."""

    source: LinkLocalAddress
    port: int
    sender: MacAddress
    secured: bool
    payload: bytes
    lqi: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """An EVENT that changes nothing here: neighbor solicitations, beacons' forerunners, HAN."""

    number: int


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that are no sentence of the dialect."""

    size: int


Event = (
    CommandAccepted
    | CommandFailed
    | Answer
    | PanFound
    | ScanFinished
    | EnergyScanned
    | Transmitted
    | JoinSucceeded
    | JoinFailed
    | TerminatedByMeter
    | SessionClosed
    | SessionExpired
    | TransmitBudgetExhausted
    | TransmitBudgetRestored
    | WokeUp
    | UdpReceived
    | Notice
    | Noise
)


def trace(event: Event) -> str:  # noqa: PLR0911 - one for each kind
    """The event in words for the debug log: no address, no key, no payload."""
    match event:
        case CommandAccepted():
            return "OK"
        case CommandFailed(code):
            return f"FAIL ER{code:02d}"
        case Answer(word):
            return word
        case Transmitted(result):
            return f"EVENT 21 {result.name.lower()}"
        case PanFound(pan):
            return f"beacon on channel {pan.channel:02X}, LQI {pan.lqi}"
        case UdpReceived():
            return f"ERXUDP {len(event.payload)} bytes, port {event.port:04X}"
        case Notice(number):
            return f"EVENT {number:02X}"
        case Noise(size):
            return f"{size} bytes of noise"
        case _:
            return type(event).__name__


@dataclass(frozen=True, slots=True)
class SessionRenewing:
    """The lifetime is over; `send` waits until the stick has renewed the session."""


@dataclass(frozen=True, slots=True)
class SessionRenewed:
    """The session goes on; also after a renewal that nobody announced."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session is over: join again. Not told for what `terminate` or `reset` ended."""

    message: Message


@dataclass(frozen=True, slots=True)
class TransmitHeld:
    """The airtime limit is reached; `send` waits."""


@dataclass(frozen=True, slots=True)
class TransmitReleased:
    """The airtime limit is over."""


@dataclass(frozen=True, slots=True)
class PortLost:
    """The port is gone; only `close` makes sense now."""

    error: TransportError


LinkEvent = (
    SessionRenewing | SessionRenewed | SessionEnded | TransmitHeld | TransmitReleased | PortLost
)
