"""`run`: the add-on itself. Environment is read here and nowhere else."""

import argparse
import os
from pathlib import Path

from broute_addon.app import Settings, run_app
from broute_addon.cli.arguments import host_port
from broute_addon.redaction import Secret

DEFAULT_SUPERVISOR = "http://supervisor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design 2.1."""
    add_place_arguments(parser)
    parser.add_argument(
        "--web",
        type=host_port,
        metavar="HOST:PORT",
        help="where the page listens (default 127.0.0.1:8099)",
    )
    parser.add_argument(
        "--web-password-file",
        type=Path,
        metavar="FILE",
        help="the password for visitors from other machines; without it they may only look",
    )
    parser.add_argument(
        "--metrics",
        type=host_port,
        metavar="HOST:PORT",
        help="numbers for Prometheus (default: off)",
    )
    parser.add_argument(
        "--ports",
        type=Path,
        default=Path("/dev/serial/by-id"),
        metavar="DIR",
        help="where sticks are looked for (default /dev/serial/by-id)",
    )


def add_place_arguments(parser: argparse.ArgumentParser) -> None:
    """Where options and data lie; `forget` takes the same."""
    parser.add_argument(
        "--options",
        type=Path,
        default=Path("/data/options.json"),
        metavar="FILE",
        help="JSON with the options of DOCS.md (default /data/options.json)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("/data"),
        metavar="DIR",
        help="what is kept: state and history (default /data)",
    )


async def run(args: argparse.Namespace) -> int:
    """Runs until SIGTERM or SIGINT; 0 then, 78 for an unusable options file."""
    return await run_app(
        Settings(
            options=args.options,
            data=args.data,
            ports=args.ports,
            web=args.web,
            web_password_file=args.web_password_file,
            metrics=args.metrics,
            supervisor_url=os.environ.get("SUPERVISOR_URL", DEFAULT_SUPERVISOR),
            supervisor_token=_secret("SUPERVISOR_TOKEN"),
            core_url=os.environ.get("HOME_ASSISTANT_URL"),
            core_token=_secret("HOME_ASSISTANT_TOKEN"),
            ready_fd=_ready_fd(),
        )
    )


def _secret(variable: str) -> Secret | None:
    text = os.environ.get(variable)
    return Secret(text) if text else None


def _ready_fd() -> int | None:
    """The descriptor that s6 watches for readiness, where the service says there is one."""
    text = os.environ.get("BROUTE_READY_FD", "")
    return int(text) if text.isdecimal() else None
