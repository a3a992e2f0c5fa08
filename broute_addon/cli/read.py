"""`read PORT [EPC…]`: one log-in, one reading."""

import argparse
import asyncio
import contextlib
import getpass
import json
import os
import random
import sys
import termios
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from broute_addon.cli.describe import EnergyHint, describe_edt
from broute_addon.cli.terminal import complain
from broute_addon.echonet.codecs import Value
from broute_addon.errors import BRouteError, EdtError, OptionsError
from broute_addon.messages import message
from broute_addon.meter.client import Answer, MeterClient
from broute_addon.meter.decoding import decode_edt
from broute_addon.meter.interview import interview
from broute_addon.meter.pacing import Pace, RetryTimer
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.properties import METER_CLASS, PROPERTIES, property_row
from broute_addon.meter.quantities import Cadence, Quantity, Role
from broute_addon.options import fold_route_b_id, fold_route_b_password, load_options
from broute_addon.wisun.link import Link
from broute_addon.wisun.transport import connect_serial
from broute_addon.wisun.values import Credentials


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `read` takes. Credentials never stand on the command line."""
    parser.add_argument("port", metavar="PORT", help="as /dev/serial/by-id/usb-…")
    parser.add_argument("epcs", nargs="*", type=_epc, metavar="EPC", help="as E7; default: all")
    parser.add_argument(
        "--options", type=Path, metavar="FILE", help="the options file with the credentials"
    )
    parser.add_argument("--json", action="store_true", help="machine-readable")


async def read(args: argparse.Namespace) -> int:
    """Prints a table (or JSON). 0; 1 with one sentence when something is in the way."""
    try:
        credentials = await _credentials(args.options)
        profile, answer = await _reading(args.port, credentials, args.epcs)
    except BRouteError as error:
        complain(error)
        return 1
    if args.json:
        print(json.dumps(_documents(profile, answer), ensure_ascii=False, indent=1))
    else:
        print("\n".join(_table(profile, answer)))
    return 0


async def _credentials(options: Path | None) -> Credentials:
    """From the options file, the environment, or the terminal. Raises BRouteError."""
    if options is not None:
        loaded = load_options(options)
        route_b_id, password = loaded.options.route_b_id, loaded.options.route_b_password
        if route_b_id is None or password is None:
            faults = sorted(loaded.faults, key=lambda fault: "route_b" not in str(fault))
            raise faults[0]
        return Credentials(route_b_id, password)
    return Credentials(
        fold_route_b_id(await _asked("BROUTE_ID", "Route-B ID: ")),
        fold_route_b_password(await _asked("BROUTE_PASSWORD", "Route-B password: ")),
    )


async def _asked(variable: str, prompt: str) -> str:
    """An environment variable, else what is typed without echo. Raises OptionsError."""
    if (text := os.environ.get(variable)) is not None:
        return text
    if not sys.stdin.isatty():
        raise OptionsError(message("credentials_nowhere", variable=variable))
    terminal = termios.tcgetattr(sys.stdin)
    try:
        return await asyncio.to_thread(getpass.getpass, prompt)
    finally:  # stopped meanwhile, the thread that has turned the echo off is left behind
        termios.tcsetattr(sys.stdin, termios.TCSANOW, terminal)


async def _reading(
    port: str, credentials: Credentials, epcs: Sequence[int]
) -> tuple[MeterProfile, Answer]:
    """One session: interview, one reading, good-bye. Raises BRouteError."""
    client: MeterClient | None = None
    link = await Link.open(
        connect_serial,
        port,
        on_datagram=lambda datagram: client.received(datagram.payload) if client else None,
        on_event=lambda _: None,
    )
    print("Logging in takes 10 to 60 seconds …", file=sys.stderr, flush=True)
    try:
        pan = await link.scan(credentials)
        await link.join(pan, credentials)
        client = MeterClient(
            link.send,
            lambda _: None,
            timer=RetryTimer(),
            pace=Pace(0.0),
            first_tid=random.randrange(0xFFFF),  # noqa: S311 - not a secret
        )
        profile = (await interview(client, pan.address)).profile
        answer = await client.get(epcs or _worth_reading(profile))
        return profile, answer
    finally:  # also when stopped: a meter that was left without a word takes the next one late
        with contextlib.suppress(BRouteError):
            await link.terminate()
        await link.close()


def _worth_reading(profile: MeterProfile) -> tuple[int, ...]:
    """What has an entity, of what the meter has."""
    return tuple(
        row.epc
        for row in PROPERTIES
        if row.epc in profile.get_map
        and row.cadence is not Cadence.NEVER
        and any(field.role is not Role.NONE for field in row.fields)
    )


def _table(profile: MeterProfile, answer: Answer) -> list[str]:
    scale = profile.scale
    hint = EnergyHint(scale.exponent, scale.coefficient) if scale else EnergyHint()
    lines = []
    for epc, edt in answer.values.items():
        try:
            lines += describe_edt(METER_CLASS, epc, edt, hint)
        except EdtError as error:
            lines.append(f"{epc:02X} {edt.hex().upper()}: {error}")
        except BRouteError:
            lines.append(f"{epc:02X} {edt.hex().upper()}")
    lines += [f"{epc:02X} refused by the meter" for epc in sorted(answer.refused)]
    return lines


def _documents(profile: MeterProfile, answer: Answer) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {"epc": f"{epc:02X}", "edt": edt.hex().upper(), "values": _values(epc, edt, profile.scale)}
        for epc, edt in answer.values.items()
    ]
    return found + [{"epc": f"{epc:02X}", "refused": True} for epc in sorted(answer.refused)]


def _values(epc: int, edt: bytes, scale: EnergyScale | None) -> Mapping[str, object]:
    row = property_row(METER_CLASS, epc)
    if row is None:
        return {}
    energies = {field.key for field in row.fields if field.quantity is Quantity.ENERGY}
    return {
        key: _plain(
            scale.kwh(value) if scale and isinstance(value, int) and key in energies else value
        )
        for key, value in decode_edt(epc, edt).items()
    }


def _plain(value: Value) -> object:
    """As JSON has it; a Decimal as text, so that no digit is lost."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return format(value, "f")
        case frozenset():
            return sorted(f"{epc:02X}" for epc in value)
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return value.isoformat()


def _epc(text: str) -> int:
    try:
        number = int(text, 16)
    except ValueError:
        number = -1
    if not 0x80 <= number <= 0xFF:
        raise argparse.ArgumentTypeError(f"{text!r} is not an EPC from 80 to FF")
    return number
