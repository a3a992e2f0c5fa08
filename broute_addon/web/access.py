"""Who may see the page, and who may press its buttons (design.md 2.5).

As an add-on, ingress has logged the visitor in and comes from 172.30.32.2: nobody else is served
but this machine itself. Stand-alone, this machine may do everything; whoever comes from elsewhere
needs the page's password, or, where none is set, may only look.

A foreign web page can have a name of its own lead to 127.0.0.1 (DNS rebinding); what comes under
such a name, as what comes through a reverse proxy, is from elsewhere.
"""

import base64
import binascii
import hmac
import ipaddress
from dataclasses import dataclass
from enum import Enum

from broute_addon.redaction import Secret

SUPERVISOR_PEER = "172.30.32.2"
LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


class Verdict(Enum):
    """What becomes of a request."""

    SERVED = "served"
    FORBIDDEN = "forbidden"
    PASSWORD_NEEDED = "password needed"  # noqa: S105 - a verdict


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one listener. `password` matters stand-alone only."""

    has_supervisor: bool = False
    password: Secret | None = None

    def verdict(
        self, peer: str | None, authorization: str, *, changes: bool, host: str = "localhost"
    ) -> Verdict:
        """For a request from an address, with its Authorization and Host headers; `changes`: not
        a GET."""
        if self.has_supervisor:
            is_known = peer in LOOPBACK or peer == SUPERVISOR_PEER
            return Verdict.SERVED if is_known else Verdict.FORBIDDEN
        if peer in LOOPBACK and _is_this_machine(host):
            return Verdict.SERVED
        if self.password is None:
            return Verdict.FORBIDDEN if changes else Verdict.SERVED
        is_right = hmac.compare_digest(_password_in(authorization), self.password.reveal().encode())
        return Verdict.SERVED if is_right else Verdict.PASSWORD_NEEDED


def _is_this_machine(host: str) -> bool:
    """Whether a Host header names no more than the machine that asks."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _password_in(authorization: str) -> bytes:
    """The password of HTTP Basic authentication, whatever the user name; empty if there is none."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(token, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
