"""Two codecs of the device superclass that are more than a number: 0x81 and 0x82."""

from dataclasses import dataclass

from broute_addon.echonet.codecs import Value, not_encodable, wrong_content, wrong_size

_PLACES = (
    "living room", "dining room", "kitchen", "bathroom", "lavatory", "washroom", "passageway",
    "room", "stairway", "entrance", "storeroom", "garden", "garage", "balcony", "other",
)  # fmt: skip


def _location_name(code: int) -> str:
    if code == 0x00:
        return "not set"
    if code == 0xFF:
        return "not fixed"
    if code >= 0x80:
        return f"free definition {code:02X}"
    if code < 0x08:
        return f"reserved {code:02X}"
    return f"{_PLACES[(code >> 3) - 1]} {code & 0x07}"


_LOCATIONS = tuple(_location_name(code) for code in range(256))
_LOCATION_CODES = {name: code for code, name in enumerate(_LOCATIONS)}


@dataclass(frozen=True, slots=True)
class Location:
    """Installation location, EPC 0x81: `garden 1`, or `position` and the hex digits of 16 bytes.

    The form of 1 byte is `f cccc nnn`: free-definition flag, place code, number. The form of 17
    bytes begins with 01; its inner layout is not published, so it stays as it is.
    """

    @property
    def size(self) -> None:
        """1 or 17."""

    def decode(self, edt: bytes) -> str:
        if len(edt) == 1:
            return _LOCATIONS[edt[0]]
        if len(edt) != 17:
            raise wrong_size(edt, "1/17")
        if edt[0] != 0x01:
            raise wrong_content(edt)
        return f"position {edt[1:].hex().upper()}"

    def encode(self, value: Value) -> bytes:
        if value in _LOCATION_CODES:
            return bytes([_LOCATION_CODES[str(value)]])
        kind, _, digits = str(value).partition(" ")
        try:
            position = bytes.fromhex(digits)
        except ValueError:
            position = b""
        if kind != "position" or len(position) != 16:
            raise not_encodable(value)
        return b"\x01" + position


@dataclass(frozen=True, slots=True)
class StandardVersion:
    """Release of the appendix a device follows, EPC 0x82: `F.0`.

    Two bytes 00, the letter in ASCII (A is lower case, later ones upper case), the revision.
    Without a letter it is None.
    """

    size: int = 4

    def decode(self, edt: bytes) -> str | None:
        if len(edt) != self.size:
            raise wrong_size(edt, self.size)
        letter = chr(edt[2])
        return f"{letter}.{edt[3]}" if letter.isascii() and letter.isalpha() else None

    def encode(self, value: Value) -> bytes:
        if value is None:
            return bytes(self.size)
        letter, _, revision = str(value).partition(".")
        if len(letter) != 1 or not letter.isascii() or not letter.isalpha():
            raise not_encodable(value)
        if not revision.isdecimal() or int(revision) > 0xFF:
            raise not_encodable(value)
        return bytes([0, 0, ord(letter), int(revision)])
