"""What a SKSTACK module prints (wisun-modules.md 2.7, 2.11, 2.12), as pure functions."""

from broute_addon.simulator.air import Beacon, Datagram

CRLF = b"\r\n"


def event(number: str, address: str, *, is_dual: bool, parameter: str | None = None) -> bytes:
    """`EVENT nn address [side] [parameter]`."""
    parts = ["EVENT", number, address] + (["0"] if is_dual else [])
    if parameter is not None:
        parts.append(parameter)
    return " ".join(parts).encode() + CRLF


def pan_description(beacon: Beacon, *, is_dual: bool, has_pairing_id: bool) -> bytes:
    """The EPANDESC block: two leading spaces, no terminator."""
    rows = [
        f"Channel:{beacon.channel:02X}",
        "Channel Page:09",
        f"Pan ID:{beacon.pan_id:04X}",
        f"Addr:{beacon.mac}",
        f"LQI:{beacon.lqi:02X}",
    ]
    if is_dual:
        rows.append("Side:0")
    if has_pairing_id:
        rows.append(f"PairID:{beacon.pairing_id}")
    return b"EPANDESC\r\n" + b"".join(b"  " + row.encode() + CRLF for row in rows)


def energy_levels(
    levels: tuple[tuple[int, int], ...], *, is_dual: bool, has_extra_line: bool
) -> bytes:
    """The EEDSCAN block."""
    pairs = " ".join(f"{channel:02X} {level:02X}" for channel, level in levels)
    line = f"0 {pairs}" if is_dual else pairs
    return b"EEDSCAN\r\n" + line.encode() + CRLF + (CRLF if has_extra_line else b"")


def erxudp(
    datagram: Datagram,
    mac: str,
    *,
    is_dual: bool,
    has_rssi: bool,
    is_hex: bool,
    length: int | None = None,
) -> bytes:
    """One received datagram. `length` replaces the true length (a fault)."""
    size = len(datagram.data) if length is None else length
    parts = [
        "ERXUDP",
        datagram.source,
        datagram.destination,
        f"{datagram.source_port:04X}",
        f"{datagram.destination_port:04X}",
        mac,
    ]
    if is_dual and has_rssi:
        parts.append(f"{datagram.lqi:02X}")
    parts.append("1" if datagram.secured else "0")
    if is_dual:
        parts.append("0")
    parts.append(f"{size:04X}")
    data = datagram.data.hex().upper().encode() if is_hex else datagram.data
    return " ".join(parts).encode() + b" " + data + CRLF
