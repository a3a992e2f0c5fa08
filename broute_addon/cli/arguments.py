"""Kinds of command-line arguments. Each raises ArgumentTypeError."""

import argparse
import math
from urllib.parse import unquote, urlsplit

from broute_addon.home_assistant.mqtt import BrokerAddress
from broute_addon.redaction import Secret


def host_port(text: str) -> tuple[str, int]:
    """`HOST:PORT`, also `[v6]:PORT`."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def duration_s(text: str) -> float:
    """Seconds, more than 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not (seconds > 0 and math.isfinite(seconds)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def mqtt_url(text: str) -> BrokerAddress:
    """`mqtt://[USER:PASSWORD@]HOST[:PORT]` or `mqtts://…`; %40 in a password is @."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    username, password = (part and unquote(part) for part in (parts.username, parts.password))
    is_printable = all(part.isprintable() for part in (username, password) if part)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or not is_printable:
        # Without what was typed: there may be a password in it.
        raise argparse.ArgumentTypeError("must be like mqtt://user:password@host:1883")
    tls = parts.scheme == "mqtts"
    return BrokerAddress(
        parts.hostname,
        port or (8883 if tls else 1883),
        username or None,
        Secret(password) if password else None,
        tls=tls,
    )
