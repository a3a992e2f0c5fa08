"""How the text modules differ: one row each (wisun-modules 1.1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SkVariant:
    """A family of SKSTACK modules.

    `side`: SKSCAN and SKSENDTO carry SIDE (0 is Route B, 1 the home network). `shows_signal`:
    register SA2 adds the signal strength to ERXUDP; on the others SA2 is the transmit power and
    must never be written.
    """

    name: str
    side: bool
    shows_signal: bool


SINGLE_HOP = SkVariant("single-hop", side=False, shows_signal=False)
"""BP35A1, WSR35A1-00, RL7023 Stick-D/IPS."""
DUAL = SkVariant("dual", side=True, shows_signal=True)
"""BP35C0, BP35C2, RS-WSUHA-P, RL7023 Stick-D/DSS."""


def other(variant: SkVariant) -> SkVariant:
    """The row to fall back to when the stick refuses the number of arguments."""
    return SINGLE_HOP if variant.side else DUAL
