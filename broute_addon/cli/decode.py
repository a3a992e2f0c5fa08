"""`decode HEX…`: whatever a user finds in a log, explained. Nothing is masked: it is their own."""

import argparse
from decimal import Decimal

from broute_addon.cli.describe import EnergyHint, describe_edt, describe_frame
from broute_addon.cli.describe_j11 import describe_j11, is_j11
from broute_addon.cli.describe_stick_line import describe_stick_line, is_stick_line
from broute_addon.cli.hexadecimal import octets_from
from broute_addon.cli.terminal import complain
from broute_addon.echonet.frame import Frame
from broute_addon.errors import BRouteError
from broute_addon.meter.properties import METER_CLASS, NODE_PROFILE_CLASS

_UNITS = {str(Decimal(1).scaleb(exponent)): exponent for exponent in range(-4, 1)} | {
    str(10**exponent): exponent for exponent in range(1, 5)
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `decode` takes."""
    parser.add_argument(
        "text",
        nargs="+",
        metavar="HEX",
        help="an ECHONET Lite frame, an EDT (with --epc), a line of a stick's log, a J11 frame",
    )
    parser.add_argument("--epc", type=_epc, help="the property whose EDT this is, as E7")
    owner = parser.add_mutually_exclusive_group()
    owner.add_argument("--node", action="store_true", help="--epc is one of the node profile")
    owner.add_argument(
        "--class", dest="eoj_class", type=_eoj_class, help="class of --epc (default 0288)"
    )
    parser.add_argument("--unit", choices=_UNITS, help="kWh per count (E1)")
    parser.add_argument("--coefficient", type=int, default=1, help="factor of every count (D3)")


def decode(args: argparse.Namespace) -> int:
    """Prints the explanation. 0, or 1 with one sentence for what can't be decoded."""
    try:
        lines, complete = _describe(args)
    except BRouteError as error:
        complain(error)
        return 1
    print("\n".join(lines))
    return 0 if complete else 1


def _describe(args: argparse.Namespace) -> tuple[list[str], bool]:
    text = " ".join(args.text)
    exponent = None if args.unit is None else _UNITS[args.unit]
    hint = EnergyHint(exponent, args.coefficient)
    if args.epc is not None:
        node = NODE_PROFILE_CLASS if args.node else METER_CLASS
        return describe_edt(args.eoj_class or node, args.epc, octets_from(text), hint), True
    if is_stick_line(text):
        return describe_stick_line(text, hint)
    octets = octets_from(text)
    if is_j11(octets):
        return describe_j11(octets, hint)
    return describe_frame(Frame.parse(octets), hint)


def _epc(text: str) -> int:
    return _number(text, 0x80, 0xFF)


def _eoj_class(text: str) -> int:
    return _number(text, 0, 0xFFFF)


def _number(text: str, minimum: int, maximum: int) -> int:
    try:
        number = int(text, 16)
    except ValueError:
        number = -1
    if not minimum <= number <= maximum:
        raise argparse.ArgumentTypeError(f"{text!r} is not {minimum:02X}..{maximum:02X}")
    return number
