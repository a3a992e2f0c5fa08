"""What an interview learned about a meter: frozen until the next one."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from broute_addon.meter.half_hours import Direction
from broute_addon.wisun.values import MacAddress

_REVERSE = frozenset({0xE3, 0xE4, 0xEB})


@dataclass(frozen=True, slots=True)
class EnergyScale:
    """kWh = raw x coefficient (D3) x 10**exponent (E1); raw runs modulo 10**digits (D7)."""

    coefficient: int = 1
    exponent: int = -1
    digits: int = 8

    def kwh(self, raw: int) -> Decimal:
        """Exact kWh of a raw count."""
        return raw * _step(self.coefficient, self.exponent)

    @property
    def step(self) -> Decimal:
        """kWh of one count."""
        return _step(self.coefficient, self.exponent)

    @property
    def modulus(self) -> int:
        """The raw count at which the register starts again from 0."""
        return int(10**self.digits)


@lru_cache(maxsize=8)
def _step(coefficient: int, exponent: int) -> Decimal:
    return Decimal(coefficient).scaleb(exponent)


@dataclass(frozen=True, slots=True)
class MeterProfile:
    """A meter's identity and abilities.

    `get_map`, `set_map` and `inf_map` are 0x9F, 0x9E and 0x9D. `scale` is None until E1 and D3
    are confirmed: no energy is told before. `batch` is how many EPCs the meter takes in a Get.
    `has_t_phase` once E8 told a T current: on two-wire houses there is none, and no entity for it.
    `serial_number` (8D) is personal: never in a topic or an id.
    """

    mac: MacAddress
    get_map: frozenset[int]
    set_map: frozenset[int] = frozenset()
    inf_map: frozenset[int] = frozenset()
    scale: EnergyScale | None = None
    maker_code: str | None = None
    serial_number: str | None = None
    standard_version: str | None = None
    batch: int = 6
    has_t_phase: bool = False

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The registers that this meter tells of; the reverse one is not in every meter."""
        if self.get_map & _REVERSE:
            return (Direction.BOUGHT, Direction.SOLD)
        return (Direction.BOUGHT,)

    @property
    def uid(self) -> str:
        """`broute_` + 10 hex digits of SHA-256(maker code | serial number), or of the MAC.

        The MAC stands in only where the meter has no serial number (8D). The same whichever
        stick reads the meter; nothing of the credentials is in it.
        """
        return _uid(self.maker_code or "", self.serial_number, self.mac.octets)


@lru_cache(maxsize=8)
def _uid(maker_code: str, serial_number: str | None, mac: bytes) -> str:
    material = mac
    if serial_number:
        material = bytes.fromhex(maker_code) + serial_number.encode()
    return "broute_" + hashlib.sha256(material).hexdigest()[:10]
