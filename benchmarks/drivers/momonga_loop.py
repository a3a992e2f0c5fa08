"""momonga from PyPI, used as its README shows; started anew when it gives up.

    python -m benchmarks.drivers.momonga_loop DEVICE [--interval S] [--what power|both] [--gap S]

`--gap` is its own public pause after opening and between the two Gets of its start (5 s unless
given). `--what both` reads power and currents, each with its own call.
"""

import argparse
import time

import momonga

from broute_addon.simulator import PASSWORD, ROUTE_B_ID

RETRY_S = 1.0
"""Its README waits a minute after a failed opening; a second is kinder."""


def main() -> None:
    """Reads for ever."""
    parser = argparse.ArgumentParser()
    parser.add_argument("device")
    parser.add_argument("--interval", type=float, default=0.0)
    parser.add_argument("--what", choices=("power", "both"), default="power")
    parser.add_argument("--gap", type=float)
    args = parser.parse_args()
    while True:
        try:
            _read(args)
        except momonga.MomongaNeedToReopen:
            pass
        except momonga.MomongaConnectionFailure:
            time.sleep(RETRY_S)


def _read(args: argparse.Namespace) -> None:
    meter = momonga.Momonga(ROUTE_B_ID, PASSWORD, args.device)
    if args.gap is not None:
        meter.internal_xmit_interval = args.gap
    with meter as session:
        due = time.monotonic()
        while True:
            power = session.get_instantaneous_power()
            if args.what == "both":
                session.get_instantaneous_current()
            print(time.monotonic(), power, flush=True)
            due = max(due + args.interval, time.monotonic())
            time.sleep(due - time.monotonic() if due > time.monotonic() else 0)


if __name__ == "__main__":
    main()
