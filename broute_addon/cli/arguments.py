"""Kinds of command-line arguments."""

import argparse


def host_port(text: str) -> tuple[str, int]:
    """`HOST:PORT`, also `[v6]:PORT`. Raises ArgumentTypeError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)
