"""What an earlier program may have left behind in the stick, by name."""

from broute_addon.simulator.air import ECHONET_PORT, link_local
from broute_addon.simulator.j11 import J11Stick
from broute_addon.simulator.j11_state import j11_channel
from broute_addon.simulator.modules import Module
from broute_addon.simulator.node import MeterNode
from broute_addon.simulator.sk_registers import CHANNEL, ECHO, PAN_ID, RSSI
from broute_addon.simulator.skstack import UART_SPEEDS, SkStack

TEXT_STATES = (
    "fresh",
    "echo-off",
    "hex",
    "binary",
    "sa2",
    "joined",
    "asleep",
    "mid-line",
    "mid-payload",
    *(f"uart-{baud}" for baud in sorted(UART_SPEEDS.values(), reverse=True) if baud != 115200),
)
"""Of a text module; `uart-…` (or `baud-…`) is a speed stored by WUART."""

J11_STATES = ("fresh", "started", "operating", "joined", "mid-frame")
"""Of a J11 module: 005F done, 0053 done, authenticated, half a request sent."""

STATES = tuple(dict.fromkeys((*TEXT_STATES, *J11_STATES)))

_LEFT_OVER_LINE = b"SKSREG S"
_LEFT_OVER_PAYLOAD = 0x0040
_DUAL_MODE, _STRONG = 5, 0


def check_states(states: tuple[str, ...], module: Module) -> tuple[str, ...]:
    """The states under their proper names.

    Raises:
        ValueError: one sentence: unknown, or not a state of this module's language.
    """
    states = tuple(state.replace("baud-", "uart-") for state in states)
    own = J11_STATES if module.is_j11 else TEXT_STATES
    for state in states:
        if state not in STATES:
            raise ValueError(f"--state {state!r} is not one of {', '.join(STATES)}")
        if state not in own:
            known = ", ".join(own)
            raise ValueError(f"--state {state!r}: a {module.name} has only the states {known}")
    return states


def stored_uart(states: tuple[str, ...]) -> int:
    """The value that WUART stored: bits 0-2 are the speed."""
    speeds = {f"uart-{baud}": code for code, baud in UART_SPEEDS.items()}
    return next((speeds[state] for state in states if state in speeds), 0)


def leave_text(
    states: tuple[str, ...], stick: SkStack, node: MeterNode, credentials: tuple[str, str]
) -> None:
    """Put a text module into its states."""
    if "sa2" in states:
        stick.registers.write(RSSI, "1")
    if "joined" in states:
        stick.registers.write(CHANNEL, f"{node.channel:X}")
        stick.registers.write(PAN_ID, f"{node.pan_id:X}")
        stick.registers.pairing_id = credentials[0][-8:]
        stick.radio.adopt_session(*credentials)
    if "echo-off" in states:
        stick.registers.write(ECHO, "0")
    if "asleep" in states:
        stick.sleep()
    if "mid-line" in states:
        stick.editor.preset(_LEFT_OVER_LINE)
    if "mid-payload" in states:
        side = "0 " if stick.module.is_dual else ""
        header = f"SKSENDTO 1 {link_local(node.mac)} 0E1A 1 {side}{_LEFT_OVER_PAYLOAD:04X} "
        stick.editor.preset(header.encode() + b"\x10\x81")


def leave_j11(
    states: tuple[str, ...], stick: J11Stick, node: MeterNode, credentials: tuple[str, str]
) -> None:
    """Put a J11 module into its states."""
    if {"started", "operating", "joined"} & set(states):
        channel = j11_channel(node.channel)
        stick.memory.setting = bytes([_DUAL_MODE, 0, channel, _STRONG])
        stick.radio.route_b_id, stick.radio.password = credentials
    if {"operating", "joined"} & set(states):
        stick.connect(node.beacon())
        stick.memory.ports.append(ECHONET_PORT)
    if "joined" in states:
        stick.radio.adopt_session(*credentials)
    if "mid-frame" in states:
        stick.leave_mid_frame()
