"""`demo`: the whole product on an invented house."""

import argparse

from broute_addon.cli.arguments import duration_s, host_port, mqtt_url
from broute_addon.cli.terminal import terminal_language
from broute_addon.demo.play import DemoSettings, play
from broute_addon.messages import Language
from broute_addon.simulator.modules import MODULES, find_module


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design 2.1."""
    parser.add_argument(
        "--for", type=duration_s, dest="seconds", metavar="SECONDS", help="default: until Ctrl-C"
    )
    parser.add_argument(
        "--module", type=_module, default="bp35c2", metavar="NAME", help=", ".join(MODULES)
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another house")
    parser.add_argument(
        "--mqtt",
        type=mqtt_url,
        metavar="URL",
        help="mqtt://[USER:PASSWORD@]HOST[:PORT]; default: a broker of its own",
    )
    parser.add_argument(
        "--web", type=host_port, metavar="HOST:PORT", help="the page; default 127.0.0.1:8099"
    )
    parser.add_argument(
        "--language",
        choices=[each.value for each in Language],
        default=terminal_language().value,
        help="default: that of the terminal",
    )


async def demo(args: argparse.Namespace) -> int:
    """Runs until the time is over, or for ever."""
    return await play(
        DemoSettings(
            args.module, args.seed, args.mqtt, args.web, args.seconds, Language(args.language)
        )
    )


def _module(name: str) -> str:
    try:
        return find_module(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
