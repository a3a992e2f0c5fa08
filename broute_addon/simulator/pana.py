"""The four PANA datagrams of a log-in, as a stick prints them (wisun-modules.md 2.8, 6.1).

Lengths 0028, 0068, 0054 and 0058 with their real headers and AVPs; keys and nonces are noise.
"""

import random

_REQUEST, _COMPLETE, _START = 0x8000, 0xA000, 0xC000
_EAP_HEAD = bytes.fromhex("DD191696E15E2EE293410D02454C5F94")


def conversation(rng: random.Random, route_b_id: str, lifetime_s: int) -> list[bytes]:
    """The meter's side of a successful log-in."""
    session, sequence = rng.randbytes(4), rng.randrange(1 << 31)

    def message(index: int, flags: int, avps: bytes) -> bytes:
        head = (16 + len(avps)).to_bytes(4, "big") + flags.to_bytes(2, "big") + b"\0\x02"
        return head + session + (sequence + index).to_bytes(4, "big") + avps

    identity = b"SM" + route_b_id.encode()
    hello = _avp(6, bytes.fromhex("00000005")) + _avp(3, bytes.fromhex("0000000C"))
    challenge = bytes.fromhex("013100382F00") + _EAP_HEAD + identity
    proof = bytes.fromhex("0132003B2F80") + _EAP_HEAD + rng.randbytes(16) + bytes(4)
    proof += rng.randbytes(16) + b"\0"
    end = _avp(7, bytes(4)) + _avp(2, bytes.fromhex("03320004")) + _avp(4, rng.randbytes(4))
    end += _avp(8, lifetime_s.to_bytes(4, "big")) + _avp(1, rng.randbytes(16))
    return [
        message(0, _START, hello),
        message(1, _REQUEST, _avp(5, rng.randbytes(16)) + _avp(2, challenge)),
        message(2, _REQUEST, _avp(2, proof)),
        message(3, _COMPLETE, end),
    ]


def refusal(rng: random.Random, route_b_id: str) -> list[bytes]:
    """The meter's side of a log-in that ends in an authentication failure."""
    return conversation(rng, route_b_id, 0)[:3]


def _avp(code: int, value: bytes) -> bytes:
    padding = bytes(-len(value) % 4)
    return (
        code.to_bytes(2, "big")
        + b"\0\0"
        + len(value).to_bytes(2, "big")
        + b"\0\0"
        + value
        + padding
    )
