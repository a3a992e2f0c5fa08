"""What is on the air: addresses, beacons, and the habits of the radio link."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

ALL_NODES = "FF02:0000:0000:0000:0000:0000:0000:0001"

FIRST_CHANNEL, LAST_CHANNEL = 0x21, 0x3C

ECHONET_PORT = 3610
PANA_PORT = 716


@lru_cache(maxsize=32)
def link_local(mac: str) -> str:
    """The link-local IPv6 address of a MAC address, written in full (SKLL64)."""
    first = int(mac[:2], 16) ^ 0x02
    digits = f"{first:02X}{mac[2:]}"
    groups = [digits[i : i + 4] for i in range(0, 16, 4)]
    return ":".join(["FE80", "0000", "0000", "0000", *groups])


def rssi_dbm(lqi: int) -> int:
    """Signal strength in whole dBm, -104 to -34 (wisun-modules.md 2.5)."""
    return round((275 * lqi - 104_270) / 1000)


@dataclass(frozen=True, slots=True)
class Beacon:
    """One coordinator that answers a scan.

    `heard_at` is the least scan duration at which this stick hears it.
    """

    channel: int
    pan_id: int
    mac: str
    lqi: int
    pairing_id: str
    heard_at: int


class Datagram(NamedTuple):
    """One UDP datagram that reached the stick."""

    source: str
    destination: str
    source_port: int
    destination_port: int
    secured: bool
    lqi: int
    data: bytes


@dataclass(frozen=True, slots=True)
class AirConfig:
    """Where the meter is and how long the radio takes; seconds of real radio time.

    Answer times count from SKSENDTO to ERXUDP: a triangle from `answer_least` over `answer_mode`
    to `answer_most`, and a share `tail` up to `tail_most`; each further property adds
    `property_extra`, a history property `history_extra` and up to `history_spread` more.
    """

    mac: str = "D05EA55A0C1042A7"
    channel: int = 0x2D
    pan_id: int = 0x42A7
    lqi: int = 0xE1
    lqi_jitter: int = 3
    heard_at: int = 5
    foreign: tuple[Beacon, ...] = ()
    lifetime_s: int = 86_400
    join_s: float = 3.3
    refusal_s: float = 1.0
    unanswered_join_s: float = 38.0
    renewal_s: float = 2.0
    instance_list_most: float = 4.0
    sent_least: float = 0.115
    sent_most: float = 0.343
    answer_least: float = 0.34
    answer_mode: float = 0.57
    answer_most: float = 0.81
    tail: float = 0.01
    tail_most: float = 4.0
    property_extra: float = 0.12
    history_extra: float = 1.28
    history_spread: float = 0.0
    infc_repeat_s: float = 10.0
