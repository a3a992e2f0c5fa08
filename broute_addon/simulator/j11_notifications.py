"""What a J11 module tells unasked (wisun-modules.md 3.4), as pure functions of its data fields."""

from broute_addon.simulator.air import ALL_NODES, Beacon, Datagram, rssi_dbm

STARTED, SCANNED, RECEIVED, CONNECTION = 0x6019, 0x4051, 0x6018, 0x601A
PANA, RECEPTION_FAILED, PONG = 0x6028, 0x6038, 0x60D1

NOT_DECRYPTED, NO_PORT = 0x01, 0x40
"""Reasons of 6038."""

MAC_LOST, PANA_LOST = 0x03, 0x04
"""States of 601A."""

_PLAIN, _ENCRYPTED = 0x01, 0x02


def ip16(address: str) -> bytes:
    """An address written in full as 16 bytes."""
    return bytes.fromhex(address.replace(":", ""))


def strength(lqi: int) -> bytes:
    """Signed dBm in one byte."""
    return rssi_dbm(lqi).to_bytes(1, "big", signed=True)


def scan_result(channel: int, beacons: tuple[Beacon, ...]) -> bytes:
    """4051 of one channel, numbered as J11 does: who was heard, MAC before PAN ID."""
    if not beacons:
        return bytes([1, channel])
    rows = (
        bytes.fromhex(one.mac) + one.pan_id.to_bytes(2, "big") + strength(one.lqi)
        for one in beacons
    )
    return bytes([0, channel, len(beacons)]) + b"".join(rows)


def received(datagram: Datagram, pan_id: int) -> bytes:
    """6018."""
    is_multicast = datagram.destination == ALL_NODES
    return (
        ip16(datagram.source)
        + datagram.source_port.to_bytes(2, "big")
        + datagram.destination_port.to_bytes(2, "big")
        + pan_id.to_bytes(2, "big")
        + bytes([is_multicast, _ENCRYPTED if datagram.secured else _PLAIN])
        + strength(datagram.lqi)
        + len(datagram.data).to_bytes(2, "big")
        + datagram.data
    )


def reception_failed(reason: int, datagram: Datagram, sequence: int) -> bytes:
    """6038: not fragmented, no tag, the first five bytes."""
    return bytes([reason]) + ip16(datagram.source) + bytes([sequence, 0, 0, 0]) + datagram.data[:5]
