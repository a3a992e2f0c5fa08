"""`probe PORT`: which stick is this. Asks only, so that nothing at all is changed in the stick."""

import argparse
import json

from broute_addon.cli.terminal import complain
from broute_addon.errors import BRouteError
from broute_addon.wisun.identify import close_quietly, identify
from broute_addon.wisun.probing import Found
from broute_addon.wisun.transport import connect_serial

_NO_PAN = 0xFFFF
_FORMS = {True: "hexadecimal", False: "binary", None: None}
_BAUDS = (115_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `probe` takes."""
    parser.add_argument("port", metavar="PORT", help="as /dev/serial/by-id/usb-…")
    parser.add_argument("--json", action="store_true", help="one JSON object")


async def probe(args: argparse.Namespace) -> int:
    """Prints what the stick says of itself. 0, or 1 with one sentence where none answers."""
    try:
        line, found = await identify(connect_serial, args.port, thorough=True)
    except BRouteError as error:
        complain(error)
        return 1
    await close_quietly(line)
    facts = _facts(args.port, line.baud, found)
    if args.json:
        print(json.dumps(facts))
        return 0
    for name, value in facts.items():
        print(f"{name.replace('_', ' '):16}{_text(value)}")
    return 0


def _facts(port: str, baud: int, found: Found) -> dict[str, object]:
    settings = found.settings
    tuned = found.pan_id not in {None, _NO_PAN}
    return {
        "port": port,
        "dialect": found.dialect.name,
        "firmware": found.firmware,
        "application": settings.app_version,
        "mac": None if found.mac is None else str(found.mac),
        "channel": found.channel,
        "pan_id": f"{found.pan_id:04X}" if tuned else None,
        "payload": _FORMS[found.hex_payload],
        "signal_shown": settings.shows_signal,
        "baud": baud,
        "stored_baud": None if settings.uart is None else _baud(settings.uart),
        "flow_control": None if settings.uart is None else bool(settings.uart & 0x80),
    }


def _baud(uart: int) -> int | None:
    """Bits 0 to 2 of what RUART answers (wisun-modules 2.13)."""
    return _BAUDS[uart & 7] if uart & 7 < len(_BAUDS) else None


def _text(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
