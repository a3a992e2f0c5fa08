"""What a stick is asked to do, whatever its language."""

from dataclasses import dataclass

from broute_addon.wisun.values import Credentials, LinkLocalAddress, Pan

ALL_CHANNELS = 0x0FFF_FFFF
"""Scan mask: bit 0 is channel 33, bit 27 channel 60."""
GRID_CHANNELS = 0x0555_5555
"""The 14 channels of the 400 kHz grid (33, 35 … 59), the only ones a J11 module can use."""

_SLOT_S = 0.0096  # wisun-modules 2.7: measured; the manual's 0.096 is a misprint


def channel_bit(channel: int) -> int:
    """The scan mask of one channel, 33 to 60."""
    return 1 << (channel - 33)


def scan_time_s(mask: int, duration: int) -> float:
    """Seconds a scan takes: 9.6 ms x (2^duration + 1) for each channel of the mask."""
    slots: int = 2**duration + 1
    return (mask & ALL_CHANNELS).bit_count() * _SLOT_S * slots


@dataclass(frozen=True, slots=True)
class Reset:
    """Back to defaults: session, credentials and registers are gone, echo is on."""


@dataclass(frozen=True, slots=True)
class EchoOff:
    """Stop repeating what is typed."""


@dataclass(frozen=True, slots=True)
class ShowSignal:
    """Have each datagram carry its signal strength, where the stick can."""


@dataclass(frozen=True, slots=True)
class SetCredentials:
    """Route-B ID and password, kept until the next reset."""

    credentials: Credentials


@dataclass(frozen=True, slots=True)
class ActiveScan:
    """Ask for beacons; `paired`: only the meter that has our pairing ID answers."""

    duration: int
    paired: bool
    mask: int = ALL_CHANNELS


@dataclass(frozen=True, slots=True)
class EnergyScan:
    """Measure the noise on each channel."""

    duration: int
    mask: int = ALL_CHANNELS


@dataclass(frozen=True, slots=True)
class SelectPan:
    """Tune to a PAN's channel and ID."""

    pan: Pan


@dataclass(frozen=True, slots=True)
class Join:
    """Open a PANA session with the meter."""

    address: LinkLocalAddress


@dataclass(frozen=True, slots=True)
class Renew:
    """Authenticate anew within the session: the keys may differ."""


@dataclass(frozen=True, slots=True)
class SendUdp:
    """An encrypted datagram to port 3610, 1..1232 bytes."""

    to: LinkLocalAddress
    payload: bytes


@dataclass(frozen=True, slots=True)
class Terminate:
    """End the PANA session. `confirm_s`: how long to wait for the meter's consent."""

    confirm_s: float


Command = (
    Reset
    | EchoOff
    | ShowSignal
    | SetCredentials
    | ActiveScan
    | EnergyScan
    | SelectPan
    | Join
    | Renew
    | SendUdp
    | Terminate
)
