"""`soak`: the seeded fault campaign, in virtual time."""

import argparse

from broute_addon.soak.campaign import Campaign, run_campaign, to_standard_error
from broute_addon.soak.sabotage import SABOTAGES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design 2.7."""
    parser.add_argument("--seeds", type=_count, default=20, metavar="N", help="how many")
    parser.add_argument("--days", type=_days, default=2.0, metavar="D", help="days of each")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the first one")
    parser.add_argument(
        "--jobs", type=_count, metavar="N", help="processes at once (default: one per processor)"
    )
    parser.add_argument(
        "--sabotage",
        choices=[*SABOTAGES, "list"],
        metavar="NAME",
        help="plant a defect; `list` names them",
    )


def soak(args: argparse.Namespace) -> int:
    """0 when no invariant broke, 1 else."""
    if args.sabotage == "list":
        print("\n".join(SABOTAGES))
        return 0
    campaign = Campaign(args.seeds, args.days, args.seed, args.sabotage, args.jobs)
    return run_campaign(campaign, print, to_standard_error)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= 3650:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, at most 3650")
    return days
