"""ERXUDP, the one sentence of the text modules that may hold any byte.

Line ends mean nothing inside it: in binary form the payload is exactly LEN raw bytes, in
hexadecimal form 2 x LEN digits, then CRLF. How many fields the header has depends on the module
and on what an earlier program set (SA2), so it is told by the width of the fields themselves
(wisun-modules part 7). Which form the payload has is a flash setting that we never touch: an
ECHONET Lite payload begins with 10 81 and a PANA one with 00 00, neither of which is a hex
digit, so the payload itself tells.

A length that lies is found out in one of three ways: the line end is not where it should be, a
line end comes before the digits are complete, or the beginning of another sentence appears in a
payload that still lacks bytes. Then the header's word is dropped and the search goes on behind.
"""

import re
from typing import Literal

from broute_addon.wisun.events import UdpReceived
from broute_addon.wisun.receive_buffer import ReceiveBuffer
from broute_addon.wisun.values import MacAddress

WORD = b"ERXUDP "
MAX_PAYLOAD = 1232

_HEADER_LIMIT = 140  # the widest header has 126 characters
_HEADER = re.compile(
    rb"ERXUDP (?P<source>[0-9A-F:]{2,39}) [0-9A-F:]{2,39} [0-9A-F]{4} (?P<port>[0-9A-F]{4}) "
    rb"(?P<mac>[0-9A-F]{16}) (?:(?P<lqi>[0-9A-F]{2}) )?(?P<secured>[01]) (?:[01] )?"
    rb"(?P<size>[0-9A-F]{4}) ",
    re.IGNORECASE,
)
_OTHER_SENTENCE = re.compile(
    rb"ERXUDP FE80:|EVENT [0-9A-F]{1,2} F[EF]|[\r\n]OK[\r\n]|[\r\n]FAIL ER", re.IGNORECASE
)
_HEX = re.compile(rb"[0-9A-Fa-f]*")

Verdict = UdpReceived | Literal["incomplete", "broken"]


def take_datagram(buffer: ReceiveBuffer) -> Verdict:
    """The datagram at the start of the buffer, which begins with `WORD`.

    Removes it; leaves the buffer alone when it is incomplete or broken.
    """
    head = buffer.peek(_HEADER_LIMIT)
    header = _HEADER.match(head)
    if header is None:
        cut = len(head) == _HEADER_LIMIT or re.search(rb"[\r\n]", head)
        return "broken" if cut else "incomplete"
    size = int(header["size"], 16)
    if size > MAX_PAYLOAD:
        return "broken"
    body = buffer.peek(2 * size + 2, start=header.end())
    found = _payload(body, size)
    if isinstance(found, str):
        return found
    payload, length = found
    buffer.take(header.end() + length)
    return UdpReceived(
        source=header["source"].decode().upper(),
        port=int(header["port"], 16),
        sender=MacAddress.parse(header["mac"].decode()),
        secured=header["secured"] == b"1",
        payload=payload,
        lqi=int(header["lqi"], 16) if header["lqi"] else None,
    )


def _payload(body: bytes, size: int) -> tuple[bytes, int] | Literal["incomplete", "broken"]:
    """Payload and the length it had on the wire, its line end included."""
    digits = _leading_digits(body)
    if digits >= min(2 * size, len(body)):
        form, length = "hexadecimal", 2 * size
    elif digits >= size and b"\r\n".startswith(body[size : size + 2]):
        form, length = "binary", size  # raw bytes that happen to be digits
    elif digits >= size:
        return "broken"
    else:
        form, length = "binary", size
    if len(body) < length + 2:
        if form == "binary" and len(body) > size and body[size] != 0x0D:
            return "broken"
        return "broken" if _OTHER_SENTENCE.search(body) else "incomplete"
    if body[length : length + 2] != b"\r\n":
        return "broken"
    return (bytes.fromhex(body[:length].decode()) if length > size else body[:length]), length + 2


def _leading_digits(body: bytes) -> int:
    match = _HEX.match(body)
    return match.end() if match else 0
