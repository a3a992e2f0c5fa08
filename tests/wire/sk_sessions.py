"""What the text modules print, from the annotated sessions of wisun-modules 6.1, 6.2 and 6.4.

Credentials, addresses and readings are invented there.
"""

METER = "FE80:0000:0000:0000:D25E:A55A:0C10:42A7"
SINGLE_HOP_STICK = "FE80:0000:0000:0000:021D:1290:00AB:C123"
DUAL_STICK = "FE80:0000:0000:0000:021D:1291:00DE:F456"
EVERYBODY = "FF02:0000:0000:0000:0000:0000:0000:0001"
MAC = "D05EA55A0C1042A7"

PANA_REQUEST_START = bytes.fromhex(
    "00000028C00000025D10C3A72384A1F000060000000400000000000500030000000400000000000C"
)
PANA_COMPLETE = bytes.fromhex(
    "00000058A00000025D10C3A72384A1F30007000000040000000000000002000000040000033200040004"
    "000000040000000012100008000000040000000151800001000000100000D9082BDCF7EAF584E640203FF313A74A"
)
INSTANCE_LIST = bytes.fromhex("108100010EF0010EF0017301D50401028801")
POWER_3338_W = bytes.fromhex("1081000102880105FF017201E70400000D0A")
"""Ends in 0D 0A: who splits on CR LF breaks here."""
POWER_420_W = bytes.fromhex("1081000102880105FF017201E704000001A4")
GET_POWER = bytes.fromhex("1081000105FF010288016201E700")


def erxudp_binary(payload: bytes, *, port: str = "0E1A", secured: str = "1") -> bytes:
    """As a BP35A1 prints it."""
    header = f"ERXUDP {METER} {SINGLE_HOP_STICK} {port} {port} {MAC} {secured} {len(payload):04X} "
    return header.encode() + payload + b"\r\n"


def erxudp_hex(
    payload: bytes, *, port: str = "0E1A", secured: str = "1", rssi: str = "DF"
) -> bytes:
    """As a BP35C2 with SA2=1 and hexadecimal output prints it."""
    header = (
        f"ERXUDP {METER} {DUAL_STICK} {port} {port} {MAC} {rssi} {secured} 0 {len(payload):04X} "
    )
    return f"{header}{payload.hex().upper()}\r\n".encode()


SINGLE_HOP_SESSION = (
    b"SKRESET\r\nOK\r\n"
    b"SKSREG SFE 0\r\nOK\r\n"
    b"EVER 1.2.10\r\nOK\r\n"
    b"EAPPVER rev26e\r\nOK\r\n"
    b"EINFO " + SINGLE_HOP_STICK.encode() + b" 001D129000ABC123 21 FFFF FFFE\r\nOK\r\n"
    b"OK 00\r"
    b"OK\r\nOK\r\n"
    b"OK\r\n"
    b"EVENT 20 " + SINGLE_HOP_STICK.encode() + b"\r\n"
    b"EPANDESC\r\n  Channel:2D\r\n  Channel Page:09\r\n  Pan ID:42A7\r\n"
    b"  Addr:D05EA55A0C1042A7\r\n  LQI:B2\r\n  PairID:215C3E7F\r\n"
    b"EVENT 22 " + SINGLE_HOP_STICK.encode() + b"\r\n"
    b"OK\r\nOK\r\n"
    b"OK\r\n"
    b"EVENT 21 " + METER.encode() + b" 02\r\n"
    b"EVENT 02 " + METER.encode() + b"\r\n"
    b"EVENT 21 " + METER.encode() + b" 00\r\n"
    + erxudp_binary(PANA_REQUEST_START, port="02CC", secured="0")
    + erxudp_binary(PANA_COMPLETE, port="02CC", secured="0")
    + b"EVENT 25 " + METER.encode() + b"\r\n"
    + erxudp_binary(INSTANCE_LIST)
    + b"\r\nEVENT 21 " + METER.encode() + b" 00\r\n"
    b"OK\r\n"
    + erxudp_binary(POWER_3338_W)
)  # fmt: skip

DUAL_SESSION = (
    b"\r\n"
    b"SKVER\r\nEVER 1.5.2\r\nOK\r\n"
    b"EINFO " + DUAL_STICK.encode() + b" 001D129100DEF456 2D 42A7 0\r\nOK\r\n"
    b"OK 01\r"
    b"OK\r\n"
    b"EVENT 21 " + METER.encode() + b" 0 00\r\n"
    b"EVENT 27 " + METER.encode() + b" 0\r\n"
    b"OK\r\n"
    b"EVENT 22 " + DUAL_STICK.encode() + b" 0\r\n"
    b"OK\r\n"
    b"EVENT 20 " + DUAL_STICK.encode() + b" 0\r\n"
    b"EPANDESC\r\n  Channel:2D\r\n  Channel Page:09\r\n  Pan ID:42A7\r\n"
    b"  Addr:D05EA55A0C1042A7\r\n  LQI:E1\r\n  Side:0\r\n  PairID:215C3E7F\r\n"
    b"EVENT 22 " + DUAL_STICK.encode() + b" 0\r\n"
    b"EVENT 21 " + METER.encode() + b" 0 02\r\n"
    b"EVENT 02 " + METER.encode() + b" 0\r\n"
    b"EVENT 21 " + METER.encode() + b" 0 00\r\n"
    + erxudp_hex(PANA_REQUEST_START, port="02CC", secured="0", rssi="E1")
    + b"EVENT 25 " + METER.encode() + b" 0\r\n"
    + erxudp_hex(INSTANCE_LIST, rssi="E0")
    + b"EVENT 21 " + METER.encode() + b" 0 00\r\nOK\r\n"
    + erxudp_hex(POWER_420_W)
)  # fmt: skip
