"""What a J11 module remembers until its reset, and in which state which command is allowed.

wisun-modules.md 3.2. Three blocks (global, Route B, HAN) move through four phases together, since
this house has no HAN. A command that its phase doesn't allow gives the result of that phase.
"""

from dataclasses import dataclass, field
from enum import Enum

from broute_addon.simulator.air import Beacon

STOPPED, OPERATING_RESULT, AUTHENTICATED_RESULT, NOT_STARTED = 0x10, 0x34, 0x35, 0x37

PORTS_MOST = 10


class Phase(Enum):
    """Global, Route B and HAN state as status 0001 tells them."""

    NOT_STARTED = bytes.fromhex("020101")
    STARTED = bytes.fromhex("030101")
    OPERATING = bytes.fromhex("030201")
    AUTHENTICATED = bytes.fromhex("030301")


REFUSALS = {
    Phase.NOT_STARTED: NOT_STARTED,
    Phase.STARTED: STOPPED,
    Phase.OPERATING: OPERATING_RESULT,
    Phase.AUTHENTICATED: AUTHENTICATED_RESULT,
}

ALWAYS = frozenset(Phase)
BEFORE_OPERATION = frozenset({Phase.NOT_STARTED, Phase.STARTED})
ONCE_STARTED = frozenset({Phase.STARTED, Phase.OPERATING, Phase.AUTHENTICATED})
UNTIL_AUTHENTICATED = frozenset({Phase.STARTED, Phase.OPERATING})
STOPPED_ONLY = frozenset({Phase.STARTED})
IN_OPERATION = frozenset({Phase.OPERATING, Phase.AUTHENTICATED})
OPERATING_ONLY = frozenset({Phase.OPERATING})
AUTHENTICATED_ONLY = frozenset({Phase.AUTHENTICATED})
UNSTARTED_ONLY = frozenset({Phase.NOT_STARTED})

UNSET = bytes.fromhex("FF00FF00")
"""Mode, HAN sleep, channel and power before 005F."""


@dataclass(slots=True)
class Memory:
    """Everything the host told the module; a reset loses it.

    Attributes:
        setting: mode, HAN sleep, channel, power of 005F.
        peer: the coordinator found by 0053.
        is_listed: whether the peer is still in the device list (80 minutes without PANA end that).
        ports: open UDP ports in the order they were opened.
    """

    setting: bytes = UNSET
    peer: Beacon | None = None
    is_listed: bool = True
    ports: list[int] = field(default_factory=list)
    solicits_neighbors: int = 0
    flow_control: int = 0
    is_pinging: bool = False

    @property
    def is_started(self) -> bool:
        return self.setting != UNSET

    @property
    def channel(self) -> int:
        """J11 channel, 4 to 17."""
        return self.setting[2]


def sk_channel(channel: int) -> int:
    """J11 channel 4-17 as SKSTACK numbers it (wisun-modules.md 3.3)."""
    return 33 + 2 * (channel - 4)


def j11_channel(channel: int) -> int:
    """SKSTACK channel as J11 numbers it."""
    return 4 + (channel - 33) // 2
