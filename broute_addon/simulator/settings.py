"""`KEY=VALUE` settings of the simulated meter and of its radio link, one row each.

A setting names a field of `MeterConfig` or of `AirConfig` and says how its text is read. The
rows with `foreign` and `answer` are the only ones that do more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from broute_addon.simulator.air import FIRST_CHANNEL, LAST_CHANNEL, AirConfig, Beacon
from broute_addon.simulator.meter_config import MAX_MEMORY_DAYS, MeterConfig, is_unit

_E1_BY_KWH = {
    "1": 0x00,
    "0.1": 0x01,
    "0.01": 0x02,
    "0.001": 0x03,
    "0.0001": 0x04,
    "10": 0x0A,
    "100": 0x0B,
    "1000": 0x0C,
    "10000": 0x0D,
}
_LARGEST_COUNT = 99_999_999


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: the field it sets and how its text is read."""

    field: str
    read: Callable[[str], Any]
    form: str


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError(text)
        return value

    return read


def _hexadecimal(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text, 16)
        if not least <= value <= most:
            raise ValueError(text)
        return value

    return read


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


def _days(text: str) -> tuple[int, int]:
    first, last = map(_whole(0, MAX_MEMORY_DAYS), text.split("-"))
    return min(first, last), max(first, last)


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _or_none(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: None if text == "none" else read(text)


def _one_of(*choices: str) -> Callable[[str], str]:
    return lambda text: choices[choices.index(text)]


def _unit(text: str) -> int:
    """An E1 code in two hexadecimal digits, or the kWh of one count."""
    if text.removesuffix("kWh") in _E1_BY_KWH and text not in {"00", "01"}:
        return _E1_BY_KWH[text.removesuffix("kWh")]
    code = int(text, 16)
    if not is_unit(code) or len(text) != 2:
        raise ValueError(text)
    return code


def _serial(text: str) -> str:
    if not (text.isascii() and text.isprintable() and len(text) <= 12):
        raise ValueError(text)
    return text


def _bytes(*sizes: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(bytes.fromhex(text)) not in sizes:
            raise ValueError(text)
        return text.upper()

    return read


METER_SETTINGS: dict[str, Setting] = {
    "coefficient": Setting("coefficient", _or_none(_whole(0, 999_999)), "0 to 999999, or none"),
    "unit": Setting("unit", _unit, "an E1 code (01) or kWh (0.1)"),
    "digits": Setting("digits", _whole(1, 8), "1 to 8"),
    "bought": Setting("bought", _whole(0, _LARGEST_COUNT), "a raw count"),
    "sold": Setting("sold", _whole(0, _LARGEST_COUNT), "a raw count"),
    "reverse": Setting("reverse", _yes, "yes or no"),
    "t_phase": Setting("t_phase", _yes, "yes or no"),
    "serial": Setting("serial", _or_none(_serial), "up to 12 characters, or none"),
    "clock": Setting("clock", _yes, "yes or no"),
    "history1": Setting("history1", _yes, "yes or no"),
    "reverse_history": Setting("reverse_history", _yes, "yes or no"),
    "history2": Setting("history2", _yes, "yes or no"),
    "history2_hours": Setting("history2_hours", _whole(1, 24 * MAX_MEMORY_DAYS), "1 to 2376 hours"),
    "history2_far": Setting("history2_far", _one_of("refused", "empty"), "refused or empty"),
    "lost": Setting("lost_days", _days, "FIRST-LAST, days before the start"),
    "memory": Setting("memory_days", _whole(0, MAX_MEMORY_DAYS), "0 to 99 days"),
    "set_get": Setting("set_get", _yes, "yes or no"),
    "maker": Setting("maker", _bytes(3), "6 hexadecimal digits"),
    "location": Setting("location", _bytes(1, 17), "1 or 17 bytes in hexadecimal"),
    "inf": Setting("inf", _one_of("inf", "infc", "none"), "inf, infc or none"),
    "inf_delay": Setting("inf_delay_s", _whole(0, 1799), "0 to 1799 meter seconds"),
    "infc_repeats": Setting("infc_repeats", _whole(0, 100), "0 to 100"),
    "fixed_time_lag": Setting("fixed_time_lag_s", _whole(0, 300), "0 to 300 meter seconds"),
    "opc": Setting("opc_limit", _whole(1, 255), "1 to 255"),
    "currents": Setting("currents", _one_of("tenth", "whole"), "tenth or whole"),
}

AIR_SETTINGS: dict[str, Setting] = {
    "mac": Setting("mac", _bytes(8), "16 hexadecimal digits"),
    "channel": Setting("channel", _hexadecimal(FIRST_CHANNEL, LAST_CHANNEL), "21 to 3C"),
    "pan": Setting("pan_id", _hexadecimal(0, 0xFFFE), "4 hexadecimal digits"),
    "lqi": Setting("lqi", _hexadecimal(0, 0xFF), "00 to FF"),
    "beacon": Setting("heard_at", _whole(0, 14), "the least scan duration, 0 to 14"),
    "lifetime": Setting("lifetime_s", _whole(60, 2**32 - 1), "seconds from 60"),
    "join": Setting("join_s", _seconds, "seconds"),
    "unanswered_join": Setting("unanswered_join_s", _seconds, "seconds"),
    "renewal": Setting("renewal_s", _seconds, "seconds"),
    "instance_list": Setting("instance_list_most", _seconds, "seconds"),
    "answer_least": Setting("answer_least", _seconds, "seconds"),
    "answer_mode": Setting("answer_mode", _seconds, "seconds"),
    "answer_most": Setting("answer_most", _seconds, "seconds"),
    "tail": Setting("tail", _share, "0 to 1"),
    "tail_most": Setting("tail_most", _seconds, "seconds"),
    "property_extra": Setting("property_extra", _seconds, "seconds"),
    "history_extra": Setting("history_extra", _seconds, "seconds"),
    "history_spread": Setting("history_spread", _seconds, "seconds"),
    "infc_repeat": Setting("infc_repeat_s", _seconds, "seconds"),
}

FOREIGN_FORM = "CHANNEL:PAN:MAC:PAIRING:LQI:DURATION"


def apply_settings(
    meter: MeterConfig, air: AirConfig, settings: Iterable[str]
) -> tuple[MeterConfig, AirConfig]:
    """Both configurations with `KEY=VALUE` settings applied, in order.

    Raises:
        ValueError: one sentence that says what is wrong.
    """
    for text in settings:
        key, separator, value = text.partition("=")
        if not separator:
            raise ValueError(f"--meter {text!r} is not of the form KEY=VALUE")
        if key == "foreign":
            air = replace(air, foreign=(*air.foreign, _foreign(text, value)))
        elif key == "answer":
            air = _with_answer(air, text, value)
        elif key in METER_SETTINGS:
            meter = replace(meter, **_changed(METER_SETTINGS[key], text, value))
        elif key in AIR_SETTINGS:
            air = replace(air, **_changed(AIR_SETTINGS[key], text, value))
        else:
            known = ", ".join([*METER_SETTINGS, *AIR_SETTINGS, "answer", "foreign"])
            raise ValueError(f"--meter {text!r}: {key!r} is not one of {known}")
    return meter, air


def _changed(setting: Setting, text: str, value: str) -> dict[str, Any]:
    try:
        return {setting.field: setting.read(value)}
    except (ValueError, KeyError):
        raise ValueError(f"--meter {text!r} must be {setting.form}") from None


def _with_answer(air: AirConfig, text: str, value: str) -> AirConfig:
    """`answer=SECONDS`: every answer takes just that long, whatever it carries."""
    try:
        seconds = _seconds(value)
    except ValueError:
        raise ValueError(f"--meter {text!r} must be seconds") from None
    return replace(
        air,
        answer_least=seconds,
        answer_mode=seconds,
        answer_most=seconds,
        tail=0.0,
        property_extra=0.0,
        history_extra=0.0,
        history_spread=0.0,
    )


def _foreign(text: str, value: str) -> Beacon:
    try:
        channel, pan_id, mac, pairing_id, lqi, heard_at = value.split(":")
        return Beacon(
            channel=_hexadecimal(FIRST_CHANNEL, LAST_CHANNEL)(channel),
            pan_id=int(pan_id, 16),
            mac=_bytes(8)(mac),
            lqi=int(lqi, 16),
            pairing_id=pairing_id.ljust(8)[:8],
            heard_at=int(heard_at),
        )
    except ValueError:
        raise ValueError(f"--meter {text!r} must be foreign={FOREIGN_FORM}") from None
