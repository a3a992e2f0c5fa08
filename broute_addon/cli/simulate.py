"""`simulate`: only the stick and the meter, on a pseudo-terminal. Foreign programs work on it."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

from broute_addon.clock import JST
from broute_addon.simulator import (
    PASSWORD,
    ROUTE_B_ID,
    Delivery,
    House,
    HouseConfig,
    MeterConfig,
    PtyPort,
    parse_fault,
)
from broute_addon.simulator.air import AirConfig
from broute_addon.simulator.faults import CONDITIONS, EVENTS, MOMENTS
from broute_addon.simulator.modules import MODULES
from broute_addon.simulator.settings import (
    AIR_SETTINGS,
    FOREIGN_FORM,
    METER_SETTINGS,
    apply_settings,
)
from broute_addon.simulator.states import STATES
from broute_addon.simulator.truth import Sink

_EXIT_WRONG_ARGUMENT = 78


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `simulate`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _epilog()
    parser.add_argument("--link", type=Path, metavar="PATH", help="symbolic link to the pty")
    parser.add_argument("--module", default="bp35c2", metavar="NAME", help=", ".join(MODULES))
    parser.add_argument(
        "--state",
        default="fresh",
        metavar="NAME[,NAME…]",
        help=f"what an earlier program left: {', '.join(STATES)}",
    )
    parser.add_argument(
        "--route-b-id", default=ROUTE_B_ID, metavar="ID", help="default %(default)s"
    )
    parser.add_argument("--password", default=PASSWORD, help="default %(default)s")
    parser.add_argument("--generation", default="1", metavar="1|2")
    parser.add_argument("--seed", default="1", metavar="N")
    parser.add_argument(
        "--speed", default="1", metavar="FACTOR", help="of radio and module; 0: no waiting"
    )
    parser.add_argument("--clock", metavar="ISO", help="the meter's time at the start")
    parser.add_argument("--rate", default="1", metavar="N", help="meter seconds per second")
    parser.add_argument(
        "--delivery",
        default="random",
        metavar="NAME",
        help="how output is cut: whole, bytes, random",
    )
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC", help="see below")
    parser.add_argument(
        "--meter", action="append", default=[], metavar="KEY=VALUE", help="see below"
    )
    parser.add_argument("--truth", type=Path, metavar="FILE", help="JSON lines of what is true")


async def simulate(args: argparse.Namespace) -> int:
    """Run until cancelled. Exit code 78 for a wrong argument."""
    try:
        delivery = Delivery(_choice("--delivery", args.delivery, [one.value for one in Delivery]))
        config = _config(args)
        with _truth_file(args.truth) as truth:
            return await _run(config, args.link, delivery, truth)
    except ValueError as error:
        print(f"broute simulate: {error}", file=sys.stderr)
    except OSError as error:
        place = error.filename2 or error.filename
        print(f"broute simulate: {place}: {error.strerror}", file=sys.stderr)
    return _EXIT_WRONG_ARGUMENT


async def _run(
    config: HouseConfig, link: Path | None, delivery: Delivery, truth: Sink | None
) -> int:
    port = PtyPort(link, delivery, config.seed)
    try:
        house = House(replace(config, truth=truth), port)
    except ValueError:
        port.close()
        raise
    async with house:
        print(f"ready {port.path}", flush=True)
        await asyncio.Event().wait()
    return 0


def _config(args: argparse.Namespace) -> HouseConfig:
    generation = int(_choice("--generation", args.generation, ["1", "2"]))
    meter, air = apply_settings(MeterConfig(generation=generation), AirConfig(), args.meter)
    return HouseConfig(
        module=args.module,
        states=tuple(args.state.split(",")),
        route_b_id=args.route_b_id,
        password=args.password,
        seed=int(_number("--seed", args.seed)),
        speed=_number("--speed", args.speed),
        clock=_clock(args.clock),
        rate=_number("--rate", args.rate, above_zero=True),
        meter=meter,
        air=air,
        faults=tuple(parse_fault(text) for text in args.fault),
    )


def _choice(option: str, value: str, choices: list[str]) -> str:
    if value not in choices:
        raise ValueError(f"{option} {value!r} is not one of {', '.join(choices)}")
    return value


def _number(option: str, value: str, *, above_zero: bool = False) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{option} {value!r} is not a number") from None
    if not 0 <= number < 1e9 or (above_zero and number == 0):
        raise ValueError(f"{option} {value!r} is out of range")
    return number


def _clock(text: str | None) -> datetime | None:
    """An ISO time; without an offset it is the meter's own, JST."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--clock {text!r} is not an ISO 8601 time") from None
    return at.replace(tzinfo=JST) if at.tzinfo is None else at


@contextlib.contextmanager
def _truth_file(path: Path | None) -> Iterator[Sink | None]:
    if path is None:
        yield None
        return
    with path.open("w", encoding="utf-8", buffering=1) as file:
        yield _line_writer(file)


def _line_writer(file: TextIO) -> Sink:
    def write(line: str) -> None:
        file.write(line + "\n")

    return write


def _epilog() -> str:
    lines = ["--meter KEY=VALUE:"]
    for key, setting in {**METER_SETTINGS, **AIR_SETTINGS}.items():
        lines.append(f"  {key:18}{setting.form}")
    lines += [
        f"  {'answer':18}seconds every answer takes, without a tail",
        f"  {'foreign':18}{FOREIGN_FORM}: another meter in reach",
        "",
        "--fault KIND[=VALUE][@WHEN[+FOR]], WHEN: real seconds since the start,",
        f"  or a moment that begins: {', '.join(MOMENTS)}:",
    ]
    for kind, meaning in {**CONDITIONS, **EVENTS}.items():
        lines.append(f"  {kind:21}{meaning}")
    return "\n".join(lines)
