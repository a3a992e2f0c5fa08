"""Hexadecimal text as people paste it."""

import re

from broute_addon.errors import BRouteError
from broute_addon.messages import message


class UndecodableError(BRouteError):
    """What was pasted is nothing we know."""


def octets_from(text: str) -> bytes:
    """The bytes of hex digits in any spacing, with `0x`, commas or <> around them."""
    digits = re.sub(r"0[xX]|[\s,<>]", "", text)
    stray = re.search(r"[^0-9A-Fa-f]", digits)
    if stray or not digits:
        raise UndecodableError(message("decode_not_hex", text=text[:60]))
    if len(digits) % 2:
        raise UndecodableError(message("decode_odd", count=len(digits)))
    return bytes.fromhex(digits)
