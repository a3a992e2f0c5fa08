"""`scan PORT`: whose meters are in reach, how strong, and how noisy each channel is.

Needs no credentials and joins nothing. The stick is reset, so a session that another program had
open on it is over.
"""

import argparse
import json
import sys
from collections.abc import Mapping

from broute_addon.cli.terminal import complain
from broute_addon.errors import BRouteError
from broute_addon.wisun.link import Link
from broute_addon.wisun.scanning import Progress, Sweep
from broute_addon.wisun.stick import NOISE_DURATION
from broute_addon.wisun.transport import connect_serial
from broute_addon.wisun.values import Pan

_BAR = 40
_WEAK_DBM = -80.0  # ROHM: reposition the stick below this
_QUIET_DBM, _DBM_A_MARK = -105.0, 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `scan` takes."""
    parser.add_argument("port", metavar="PORT", help="as /dev/serial/by-id/usb-…")
    parser.add_argument(
        "--duration",
        type=int,
        choices=range(3, 9),
        default=6,
        help="4: 5 s, 5: 9 s, 6: 18 s, 7: 35 s, 8: 69 s (default 6)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


async def scan(args: argparse.Namespace) -> int:
    """Prints PANs and noise. 0, or 1 with one sentence when the stick can't be used."""
    try:
        link = await Link.open(
            connect_serial, args.port, on_datagram=lambda _: None, on_event=lambda _: None
        )
        try:
            noise, pans = await _listen(link, args.duration)
        finally:
            await link.close()
    except BRouteError as error:
        complain(error)
        return 1
    if args.json:
        print(json.dumps(_as_json(noise, pans)))
    else:
        _print_table(noise, pans)
    return 0


async def _listen(link: Link, duration: int) -> tuple[Mapping[int, float], tuple[Pan, ...]]:
    plan = (Sweep(NOISE_DURATION, link.channels), Sweep(duration, link.channels))
    try:
        with Progress(plan, _draw_bar) as progress:
            progress.begin(plan[0])
            noise = await link.energy_scan()
            progress.begin(plan[1])
            return noise, await link.scan_all(duration)
    finally:
        print(file=sys.stderr)


def _draw_bar(share: float) -> None:
    done = round(share * _BAR)
    print(
        f"\r[{'#' * done}{'.' * (_BAR - done)}] {share:4.0%}", end="", file=sys.stderr, flush=True
    )


def _as_json(noise: Mapping[int, float], pans: tuple[Pan, ...]) -> dict[str, object]:
    return {
        "pans": [
            {
                "channel": pan.channel,
                "pan_id": f"{pan.pan_id:04X}",
                "address": str(pan.address),
                "lqi": pan.lqi,
                "rssi_dbm": pan.rssi_dbm,
            }
            for pan in pans
        ],
        "noise_dbm": dict(noise),
    }


def _print_table(noise: Mapping[int, float], pans: tuple[Pan, ...]) -> None:
    if not pans:
        print("No PAN in reach; try again nearer to a meter, or with a longer --duration.")
    for pan in pans:
        signal = "signal unknown" if pan.rssi_dbm is None else f"{pan.rssi_dbm:6.1f} dBm"
        weak = " (weak: move the stick)" if (pan.rssi_dbm or 0) <= _WEAK_DBM else ""
        print(
            f"PAN {pan.pan_id:04X}  channel {pan.channel} ({_mhz(pan.channel):.1f} MHz)  "
            f"{pan.address}  {signal}{weak}"
        )
    print("\nNoise")
    taken = {pan.channel for pan in pans}
    for channel, dbm in sorted(noise.items()):
        marks = "#" * max(0, round((dbm - _QUIET_DBM) / _DBM_A_MARK))
        beacon = " ← PAN" if channel in taken else ""
        print(f"{channel:3} {_mhz(channel):.1f} MHz {dbm:7.1f} dBm {marks}{beacon}")


def _mhz(channel: int) -> float:
    """Center frequency (wisun-modules 2.5)."""
    return 922.5 + 0.2 * (channel - 33)
