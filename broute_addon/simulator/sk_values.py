"""How a SKSTACK module reads arguments: hexadecimal, strict, upper case where it matters."""

import re

_IPV6 = re.compile("([0-9A-F]{4}:){7}[0-9A-F]{4}")
_MAC = re.compile("[0-9A-F]{16}")
_HEX = re.compile("[0-9A-Fa-f]+")


class SkError(Exception):
    """The command fails with this code: ER04, ER05, ER06 or ER10."""


def number(text: str, digits: int = 8) -> int:
    """A hexadecimal number of at most so many digits; anything else is ER06."""
    if not _HEX.fullmatch(text) or len(text) > digits:
        raise SkError("ER06")
    return int(text, 16)


def exact_number(text: str, digits: int) -> int:
    """A hexadecimal number of exactly so many digits, as SKSENDTO wants them."""
    if len(text) != digits:
        raise SkError("ER06")
    return number(text, digits)


def ipv6(text: str) -> str:
    """A full, upper-case address; anything else is ER06."""
    if not _IPV6.fullmatch(text):
        raise SkError("ER06")
    return text


def mac(text: str) -> str:
    if not _MAC.fullmatch(text):
        raise SkError("ER06")
    return text
