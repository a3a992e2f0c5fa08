"""`demo`: the whole product on an invented house."""

import argparse

from broute_addon.cli.arguments import host_port
from broute_addon.demo.play import DemoSettings, play


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design 2.1."""
    parser.add_argument("--for", type=float, dest="seconds", metavar="SECONDS")
    parser.add_argument("--module", default="bp35c2", metavar="NAME")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--mqtt", metavar="URL", help="mqtt://[USER:PASSWORD@]HOST[:PORT]")
    parser.add_argument("--web", type=host_port, metavar="HOST:PORT")


async def demo(args: argparse.Namespace) -> int:
    """Runs until the time is over, or for ever."""
    return await play(DemoSettings(args.module, args.seed, args.mqtt, args.web, args.seconds))
