"""What a stick tells, whatever its language; and what the link tells its user.

`Event` is the closed union a dialect decodes bytes to. The first three belong to the command in
flight, the others come when they like. `LinkEvent` is what the layer above hears.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from broute_addon.errors import TransportError
from broute_addon.messages import Message
from broute_addon.wisun.values import LinkLocalAddress, MacAddress, Pan, signal_dbm


@dataclass(frozen=True, slots=True)
class CommandAccepted:
    """`OK` (J11: result 01), with the value some commands answer."""

    value: str | None = None


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """`FAIL ERxx`; `code` is xx as printed (decimal), 0 where unreadable. J11: the result."""

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
    """EVENT 22 (J11: 2051): the active scan is over."""


@dataclass(frozen=True, slots=True)
class EnergyScanned:
    """EEDSCAN (J11: 20DB): (channel, level) pairs, the level in LQI steps."""

    levels: tuple[tuple[int, int], ...]


class TransmitResult(Enum):
    """Parameter of EVENT 21; what a J11 module tells is one of the first two."""

    SENT = 0x00
    FAILED = 0x01
    RESOLVING = 0x02  # a neighbor solicitation went first, another EVENT 21 follows


@dataclass(frozen=True, slots=True)
class Transmitted:
    """EVENT 21: the radio has dealt with a datagram."""

    result: TransmitResult


@dataclass(frozen=True, slots=True)
class JoinSucceeded:
    """EVENT 25 (J11: 6028 01): the PANA session stands, or was renewed."""


@dataclass(frozen=True, slots=True)
class JoinFailed:
    """EVENT 24: no answer or wrong credentials; the event doesn't tell which (None).

    A J11 module tells whether the meter refused (6028 02) or kept silent (6028 03).
    """

    refused: bool | None = None


@dataclass(frozen=True, slots=True)
class TerminatedByMeter:
    """EVENT 26 (J11: 601A 04): the meter asked to end the session."""


@dataclass(frozen=True, slots=True)
class MeterLost:
    """J11 601A 03: the module has lost the meter's network."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """J11 6019 without a reset of ours: the module has started anew, all settings are gone."""


@dataclass(frozen=True, slots=True)
class Undecipherable:
    """J11 6038 01 or 02: a frame of `source` could not be decrypted; the keys may differ."""

    source: LinkLocalAddress


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """EVENT 27 (confirmed) or 28 (the meter kept silent): our SKTERM is done."""

    confirmed: bool


@dataclass(frozen=True, slots=True)
class SessionExpired:
    """EVENT 29: the lifetime is over, the stick tries to renew the session."""


@dataclass(frozen=True, slots=True)
class TransmitBudgetExhausted:
    """EVENT 32: the hourly transmit time of ARIB STD-T108 is used up.

    `retry_s`: the stick won't tell when it is over (J11: send result 2), try after so long.
    """

    retry_s: float | None = None


@dataclass(frozen=True, slots=True)
class TransmitBudgetRestored:
    """EVENT 33: the stick may transmit again."""


@dataclass(frozen=True, slots=True)
class WokeUp:
    """EVENT C0: the stick was asleep."""


class UdpReceived(NamedTuple):
    """A datagram: ECHONET Lite, PANA (02CC) or MLE (4D4C) by its `port` (ours).

    A tuple, because most of what a stick tells is made of these.
    """

    source: LinkLocalAddress
    port: int
    sender: MacAddress
    secured: bool
    payload: bytes
    lqi: int | None = None
    dbm: float | None = None

    @property
    def rssi_dbm(self) -> float | None:
        """Signal strength in dBm, where the stick tells it in either unit."""
        return signal_dbm(self.dbm, self.lqi)


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
    | MeterLost
    | Restarted
    | Undecipherable
    | SessionClosed
    | SessionExpired
    | TransmitBudgetExhausted
    | TransmitBudgetRestored
    | WokeUp
    | UdpReceived
    | Notice
    | Noise
)


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
