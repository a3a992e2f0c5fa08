"""Who may see the page, and who may press its buttons (design.md 2.5).

As an add-on, ingress has logged the visitor in and comes from 172.30.32.2: nobody else is served
but this machine itself. Stand-alone, this machine may do everything; whoever comes from elsewhere
needs the page's password, or, where none is set, may only look.
"""

import base64
import binascii
import hmac
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

    def verdict(self, peer: str | None, authorization: str, *, changes: bool) -> Verdict:
        """For a request from an address, with its Authorization header; `changes`: not a GET."""
        if peer in LOOPBACK or (self.has_supervisor and peer == SUPERVISOR_PEER):
            return Verdict.SERVED
        if self.has_supervisor:
            return Verdict.FORBIDDEN
        if self.password is None:
            return Verdict.FORBIDDEN if changes else Verdict.SERVED
        is_right = hmac.compare_digest(_password_in(authorization), self.password.reveal().encode())
        return Verdict.SERVED if is_right else Verdict.PASSWORD_NEEDED


def _password_in(authorization: str) -> bytes:
    """The password of HTTP Basic authentication, whatever the user name; empty if there is none."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(token, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""
