"""What a radio reports to the dialect that speaks for it."""

from dataclasses import dataclass
from enum import Enum, auto

from broute_addon.simulator.air import Beacon, Datagram


class Kind(Enum):
    """What a radio reports."""

    SENT = auto()
    NOT_SENT = auto()
    SOLICITED = auto()
    ADVERTISED = auto()
    RECEIVED = auto()
    BEACON = auto()
    SCANNED = auto()
    ENERGY = auto()
    JOINED = auto()
    JOIN_FAILED = auto()
    TERMINATED_BY_METER = auto()
    TERMINATED = auto()
    TERMINATION_TIMED_OUT = auto()
    EXPIRED = auto()
    LIMITED = auto()
    UNLIMITED = auto()


@dataclass(frozen=True, slots=True)
class RadioEvent:
    """One report. `address` is the peer's, where the report concerns one."""

    kind: Kind
    address: str = ""
    datagram: Datagram | None = None
    beacon: Beacon | None = None
    levels: tuple[tuple[int, int], ...] = ()
