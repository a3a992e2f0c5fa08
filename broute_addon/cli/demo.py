"""`demo`: the whole product on an invented house."""

import argparse

from broute_addon.cli.arguments import duration_s, host_port, mqtt_url
from broute_addon.demo.play import DemoSettings, play
from broute_addon.simulator.modules import MODULES, find_module


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design 2.1."""
    parser.add_argument("--for", type=duration_s, dest="seconds", metavar="SECONDS")
    parser.add_argument(
        "--module", type=_module, default="bp35c2", metavar="NAME", help=", ".join(MODULES)
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument(
        "--mqtt", type=mqtt_url, metavar="URL", help="mqtt://[USER:PASSWORD@]HOST[:PORT]"
    )
    parser.add_argument("--web", type=host_port, metavar="HOST:PORT")


async def demo(args: argparse.Namespace) -> int:
    """Runs until the time is over, or for ever."""
    return await play(DemoSettings(args.module, args.seed, args.mqtt, args.web, args.seconds))


def _module(name: str) -> str:
    try:
        return find_module(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
