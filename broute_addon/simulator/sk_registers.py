"""The virtual registers of SKSREG (wisun-modules.md 2.4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Register:
    """One register: digits of its answer, range, default, and who has it."""

    digits: int
    default: int
    least: int = 0
    most: int = 1
    writable: bool = True
    single: bool = True
    dual: bool = True


_SECONDS_A_DAY = 86_400

REGISTERS: dict[int, Register] = {
    0x02: Register(2, 0x21, 0x21, 0x3C),
    0x03: Register(4, 0xFFFF, 0, 0xFFFF),
    0x07: Register(8, 0, writable=False),
    0x15: Register(1, 0),
    0x16: Register(8, _SECONDS_A_DAY, 0x3C, 0xFFFFFFFF),
    0x17: Register(1, 1),
    0x1C: Register(8, _SECONDS_A_DAY, 0x3C, 0xFFFFFFFF, single=False),
    0xA0: Register(1, 1, dual=False),
    0xA1: Register(1, 1),
    0xA2: Register(1, 0, most=2),
    0xA9: Register(1, 1, single=False),
    0xF0: Register(1, 0, single=False),
    0xFB: Register(1, 0, writable=False),
    0xFD: Register(16, 0, most=0),
    0xFE: Register(1, 1),
    0xFF: Register(1, 0),
}
"""Numbers without the S. Texts (S01, S0A, S0B) are handled apart."""

CHANNEL, PAN_ID, AUTO_RENEWAL, RSSI = 0x02, 0x03, 0x17, 0xA2
LIMITED, AIRTIME, ECHO = 0xFB, 0xFD, 0xFE
OWN_MAC, PAIRING_ID, HAN_PAIRING_ID = 0x01, 0x0A, 0x0B

DEFAULT_PAIRING_ID = "CCDDEEFF"


def registers_of(*, is_dual: bool) -> dict[int, Register]:
    return {
        number: register
        for number, register in REGISTERS.items()
        if (register.dual if is_dual else register.single)
    }
