"""Addresses and facts of the radio, as values."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

from broute_addon.redaction import Secret

LinkLocalAddress = str
"""IPv6 link-local address: 8 groups of 4 upper-case hex digits, 39 characters (SKSTACK form)."""


@dataclass(frozen=True, slots=True)
class MacAddress:
    """An EUI-64, 8 octets. Prints as 16 upper-case hex digits."""

    octets: bytes

    @classmethod
    def parse(cls, text: str) -> "MacAddress":
        """From 16 hex digits. Raises ValueError for anything else."""
        octets = bytes.fromhex(text)
        if len(octets) != 8:
            raise ValueError(f"a MAC address has 16 hex digits, not {len(text)}")
        return cls(octets)

    @classmethod
    def from_link_local(cls, octets: bytes) -> "MacAddress":
        """From the 16 octets of a link-local IPv6 address, whose last 8 are made of it."""
        return cls(bytes([octets[8] ^ 0x02]) + octets[9:16])

    def __str__(self) -> str:
        return self.octets.hex().upper()

    @property
    def link_local(self) -> LinkLocalAddress:
        """FE80::/64 with the universal/local bit inverted (what SKLL64 answers)."""
        return _link_local(self.octets)


@lru_cache(maxsize=8)
def _link_local(octets: bytes) -> LinkLocalAddress:
    interface = bytes([octets[0] ^ 0x02]) + octets[1:]
    digits = "FE80000000000000" + interface.hex().upper()
    return ":".join(digits[i : i + 4] for i in range(0, 32, 4))


@dataclass(frozen=True, slots=True)
class Pan:
    """A meter's network as its beacon tells it.

    `channel` 33..60 (0x21..0x3C; 922.5 MHz + 0.2 MHz x (n - 33)), `pan_id` 0..0xFFFF, `lqi`
    0..255, `pairing_id` the 8 characters of the beacon's PairID or None where absent, `dbm` the
    signal strength where the stick tells it in dBm instead of LQI. Raises ValueError for a channel
    or PAN ID out of its range.
    """

    channel: int
    pan_id: int
    address: MacAddress
    lqi: int | None = None
    pairing_id: str | None = None
    dbm: float | None = None

    def __post_init__(self) -> None:
        if not (0x21 <= self.channel <= 0x3C and 0 <= self.pan_id <= 0xFFFF):
            raise ValueError(f"no PAN: channel {self.channel}, PAN ID {self.pan_id:X}")

    @property
    def rssi_dbm(self) -> float | None:
        """Signal strength in dBm, as told or from the beacon's LQI."""
        return signal_dbm(self.dbm, self.lqi)


def signal_dbm(dbm: float | None, lqi: int | None) -> float | None:
    """What is known of a signal, in dBm."""
    if dbm is not None:
        return dbm
    return None if lqi is None else dbm_from_lqi(lqi)


def dbm_from_lqi(lqi: int) -> float:
    """dBm of an LQI or ERXUDP RSSI octet: 0.275 x LQI - 104.27 (wisun-modules 2.5)."""
    return round(0.275 * lqi - 104.27, 1)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the utility hands out: Route-B ID (32 hex digits) and password (12 characters)."""

    route_b_id: Secret
    password: Secret

    @property
    def pairing_id(self) -> str:
        """Last 8 characters of the ID: what the meter's beacon answers to."""
        return self.route_b_id.reveal()[-8:]


@dataclass(frozen=True, slots=True)
class DongleIdentity:
    """What probing learned about a stick; `dialect` names its row of differences."""

    dialect: str
    firmware: str
    port: str
    mac: MacAddress | None = None
    app_version: str | None = None
    hex_payload: bool | None = None
    baud: int | None = None


class Datagram(NamedTuple):
    """An ECHONET Lite UDP datagram from the meter. `rssi_dbm` only where the stick tells it."""

    source: LinkLocalAddress
    payload: bytes
    rssi_dbm: float | None = None


class Receiver(Protocol):
    """What a transport calls; both methods return at once."""

    def received(self, data: bytes) -> None:
        """Bytes that came from the port, in any chunking."""

    def lost(self, error: Exception | None) -> None:
        """The port is gone; called once, nothing follows."""


class Transport(Protocol):
    """An open serial line."""

    def write(self, data: bytes) -> None:
        """Sends all of `data`, in order. Raises TransportError once the line is gone."""

    async def close(self) -> None:
        """Gives the port back; never waits for a wedged stick."""


Connect = Callable[[str, int, Receiver], Awaitable[Transport]]
"""Opens a port: path, baud rate, receiver. Raises TransportError, or OSError from a test port."""
