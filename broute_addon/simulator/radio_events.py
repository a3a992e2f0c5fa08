"""What a radio reports to the dialect that speaks for it."""

from enum import Enum, IntEnum, auto
from typing import NamedTuple

from broute_addon.simulator.air import Beacon, Datagram


class Kind(Enum):
    """What a radio reports."""

    SENT = auto()
    NOT_SENT = auto()
    SOLICITED = auto()
    ADVERTISED = auto()
    RECEIVED = auto()
    UNDECIPHERED = auto()
    CHANNEL = auto()
    SCANNED = auto()
    ENERGY = auto()
    JOINED = auto()
    JOIN_REFUSED = auto()
    JOIN_UNANSWERED = auto()
    TERMINATED_BY_METER = auto()
    TERMINATED = auto()
    TERMINATION_TIMED_OUT = auto()
    EXPIRED = auto()
    LIMITED = auto()
    UNLIMITED = auto()


class Outcome(IntEnum):
    """How a transmission ended; J11's send result (wisun-modules.md 3.5)."""

    OK = 0
    DUTY_LIMIT = 2
    CARRIER_BUSY = 3
    NO_ACKNOWLEDGMENT = 5
    OTHER = 8


class RadioEvent(NamedTuple):
    """One report.

    `address` is the peer's, where the report concerns one; `beacons` are those of one scanned
    `channel`; `levels` are channels and their energy as raw register values.
    """

    kind: Kind
    address: str = ""
    datagram: Datagram | None = None
    channel: int = 0
    beacons: tuple[Beacon, ...] = ()
    levels: tuple[tuple[int, int], ...] = ()
