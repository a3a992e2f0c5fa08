"""The codecs that are the meter's own: ranges and "no data" codes of echonet-lite-meter.md 3.3."""

from decimal import Decimal

from broute_addon.echonet.codecs import Choice, Number

WATTS = Number(4, -2_147_483_647, 2_147_483_645, (0x7FFFFFFE, 0x7FFFFFFF, -0x80000000))
"""Positive is bought. No data, overflow, underflow."""
TENTH_AMPERES = Number(2, -32_767, 32_765, (0x7FFE, 0x7FFF, -0x8000), Decimal("0.1"))
"""Signed by the direction of flow in this phase; a two-wire house has no T: 7FFE."""
ENERGY_COUNT = Number(4, 0, 99_999_999, (0xFFFFFFFE, 0xFFFFFFFF))
"""A register of at most 8 digits, raw."""
UNIT_EXPONENTS = Choice(
    {0x00: 0, 0x01: -1, 0x02: -2, 0x03: -3, 0x04: -4, 0x0A: 1, 0x0B: 2, 0x0C: 3, 0x0D: 4}
)
"""Powers of ten kWh. Other codes are None: energy is then not told at all, rather than guessed."""
