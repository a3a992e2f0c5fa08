"""The virtual registers of SKSREG (wisun-modules.md 2.4)."""

from collections.abc import Mapping
from dataclasses import dataclass

from broute_addon.simulator.line_editor import LineEditor
from broute_addon.simulator.radio import Radio
from broute_addon.simulator.sk_values import SkError
from broute_addon.simulator.sk_values import number as parse_number


@dataclass(frozen=True, slots=True)
class Register:
    """One register: digits of its answer, range, default, and who has it."""

    digits: int
    default: int
    least: int = 0
    most: int = 1
    writable: bool = True
    single: bool = True
    dual: bool = True


_SECONDS_A_DAY = 86_400

REGISTERS: dict[int, Register] = {
    0x02: Register(2, 0x21, 0x21, 0x3C),
    0x03: Register(4, 0xFFFF, 0, 0xFFFF),
    0x07: Register(8, 0, writable=False),
    0x15: Register(1, 0),
    0x16: Register(8, _SECONDS_A_DAY, 0x3C, 0xFFFFFFFF),
    0x17: Register(1, 1),
    0x1C: Register(8, _SECONDS_A_DAY, 0x3C, 0xFFFFFFFF, single=False),
    0xA0: Register(1, 1, dual=False),
    0xA1: Register(1, 1),
    0xA2: Register(1, 0, most=2),
    0xA9: Register(1, 1, single=False),
    0xF0: Register(1, 0, single=False),
    0xFB: Register(1, 0, writable=False),
    0xFD: Register(16, 0, most=0),
    0xFE: Register(1, 1),
    0xFF: Register(1, 0),
}
"""Numbers without the S. Texts (S01, S0A, S0B) are handled apart."""

CHANNEL, PAN_ID, AUTO_RENEWAL, RSSI = 0x02, 0x03, 0x17, 0xA2
LIMITED, AIRTIME, ECHO, AUTO_LOAD = 0xFB, 0xFD, 0xFE, 0xFF
OWN_MAC, PAIRING_ID, HAN_PAIRING_ID = 0x01, 0x0A, 0x0B

_SAVED = (CHANNEL, PAN_ID, AUTO_LOAD)
_DEFAULT_PAIRING_ID = "CCDDEEFF"


class RegisterFile:
    """The registers of one module, and what writing them does to its radio and its line."""

    def __init__(self, radio: Radio, editor: LineEditor, *, is_dual: bool) -> None:
        self._radio, self._editor, self._is_dual = radio, editor, is_dual
        self._definitions = {
            number: register
            for number, register in REGISTERS.items()
            if (register.dual if is_dual else register.single)
        }
        self.reset()

    def reset(self) -> None:
        self._values = {n: register.default for n, register in self._definitions.items()}
        self.pairing_id = _DEFAULT_PAIRING_ID

    @property
    def has_rssi(self) -> bool:
        """Whether a dual module's ERXUDP carries the RSSI field (SA2)."""
        return bool(self._values[RSSI])

    def read(self, number: int) -> str:
        """The text after ESREG."""
        if number == OWN_MAC or (number == HAN_PAIRING_ID and self._is_dual):
            return self._radio.mac
        if number == PAIRING_ID:
            return self.pairing_id
        register = self._definitions.get(number)
        if register is None:
            raise SkError("ER06")
        value = self._values[number]
        if number == LIMITED:
            value = int(self._radio.airtime.is_held)
        elif number == AIRTIME:
            value = self._radio.airtime.total_ms
        return f"{value:0{register.digits}X}"

    def write(self, number: int, text: str) -> None:
        """Set a register to a hexadecimal value, S0A to a text."""
        if number == PAIRING_ID:
            self._write_pairing_id(text)
            return
        register = self._definitions.get(number)
        if register is None or not register.writable:
            raise SkError("ER06")
        value = parse_number(text, max(2, register.digits))
        if not register.least <= value <= register.most:
            raise SkError("ER06")
        self._values[number] = value
        if number == CHANNEL:
            self._radio.channel = value
        elif number == PAN_ID:
            self._radio.pan_id = value
        elif number == ECHO:
            self._editor.echoes = bool(value)
        elif number == AUTO_RENEWAL:
            self._radio.renews = bool(value)
        elif number == AIRTIME:
            self._radio.airtime.total_ms = 0

    def saved(self) -> dict[int, int]:
        """What SKSAVE keeps."""
        return {number: self._values[number] for number in _SAVED}

    def load(self, saved: Mapping[int, int]) -> None:
        """What SKLOAD brings back."""
        for number, value in saved.items():
            self.write(number, f"{value:X}")

    def _write_pairing_id(self, text: str) -> None:
        if len(text) > 8:
            raise SkError("ER06")
        self.pairing_id = text.ljust(8)
