"""Frames and properties in words: EPC, name, raw count, value with its decimals."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from broute_addon.cli.hexadecimal import UndecodableError
from broute_addon.echonet.codecs import Number, Value
from broute_addon.echonet.frame import Esv, Frame, PropertyData
from broute_addon.errors import EdtError
from broute_addon.messages import message
from broute_addon.meter.codecs import ENERGY_COUNT
from broute_addon.meter.makers import MAKERS
from broute_addon.meter.profile import EnergyScale
from broute_addon.meter.properties import METER_CLASS, property_row
from broute_addon.meter.quantities import Quantity
from broute_addon.meter.rows import Field, Property

_UNITS = {Quantity.POWER: " W", Quantity.CURRENT: " A"}
_DAY_STEP = timedelta(minutes=30)
_STEPS_BACK = {"history_2": timedelta(minutes=30), "history_3": timedelta(minutes=1)}

_EMPTY = {
    Esv.SET_I: "set to nothing",
    Esv.SET_C: "set to nothing",
    Esv.GET: "asked for",
    Esv.INF_REQ: "asked for",
    Esv.SET_RES: "accepted",
    Esv.GET_RES: "no value",
    Esv.INF: "no value",
    Esv.INFC: "no value",
    Esv.INFC_RES: "received",
    Esv.SET_I_SNA: "accepted",
    Esv.SET_C_SNA: "accepted",
    Esv.GET_SNA: "refused",
    Esv.INF_SNA: "refused",
}
"""What PDC 0 means in each service."""

_BLOCKS = {
    Esv.SET_GET: (Esv.SET_C, Esv.GET),
    Esv.SET_GET_RES: (Esv.SET_RES, Esv.GET_RES),
    Esv.SET_GET_SNA: (Esv.SET_C_SNA, Esv.GET_SNA),
}
"""The SetGet services are a Set and a Get behind each other."""


@dataclass(frozen=True, slots=True)
class EnergyHint:
    """What the user knows of the meter's scale, for a frame that doesn't tell it itself."""

    exponent: int | None = None
    coefficient: int = 1

    def updated(self, frame: Frame) -> "EnergyHint":
        """The same with E1 and D3 of the frame, where it answers them."""
        exponent, coefficient = self.exponent, self.coefficient
        for epc, edt in (*frame.properties, *frame.get_properties):
            if frame.seoj.eoj_class != METER_CLASS or not edt:
                continue
            if epc == 0xE1:
                exponent = _number_in(epc, edt, exponent)
            elif epc == 0xD3:
                coefficient = _number_in(epc, edt, coefficient) or 1
        return EnergyHint(exponent, coefficient)

    def kwh(self, raw: int) -> str:
        """` = 12345.6 kWh`; nothing while the unit is unknown."""
        if self.exponent is None:
            return ""
        return f" = {EnergyScale(self.coefficient, self.exponent).kwh(raw):f} kWh"


def describe_frame(frame: Frame, hint: EnergyHint) -> tuple[list[str], bool]:
    """The lines, and whether every property in the frame could be decoded."""
    hint = hint.updated(frame)
    from_other = frame.esv.is_request or frame.esv is Esv.INFC_RES
    eoj_class = (frame.deoj if from_other else frame.seoj).eoj_class
    lines = [f"{frame.esv} {frame.seoj} to {frame.deoj}, tid {frame.tid:04X}"]
    first, second = _BLOCKS.get(frame.esv, (frame.esv, frame.esv))
    blocks = [(first, item) for item in frame.properties]
    blocks += [(second, item) for item in frame.get_properties]
    complete = True
    for esv, item in blocks:
        told, understood = _describe_property(esv, eoj_class, item, hint)
        lines += told
        complete &= understood
    if frame.trailing:
        lines.append(f"{frame.trailing} bytes too many behind the last property")
    return lines, complete


def describe_edt(eoj_class: int, epc: int, edt: bytes, hint: EnergyHint) -> list[str]:
    """The lines. Raises EdtError, or UndecodableError for an EPC that is not in the table."""
    row = property_row(eoj_class, epc)
    if row is None:
        raise UndecodableError(
            message("decode_epc_unknown", epc=f"{epc:02X}", eoj_class=f"{eoj_class:04X}")
        )
    values = row.decode(edt)
    head = f"{epc:02X} {row.name}: "
    lines: list[str] = []
    for field, octets in row.slices(edt):
        value = values[field.key]
        if isinstance(value, tuple):
            lines += _describe_items(row, values, value, head, hint)
        else:
            lines.append(f"{head}{field.key} {_describe_value(field, octets, value, hint)}")
    return lines


def _describe_property(
    esv: Esv, eoj_class: int, item: PropertyData, hint: EnergyHint
) -> tuple[list[str], bool]:
    epc, edt = item
    row = property_row(eoj_class, epc)
    head = f"{epc:02X} {row.name if row else 'unknown property'}: "
    if not edt or esv in (Esv.GET, Esv.INF_REQ):
        return [head + _EMPTY[esv]], True
    refused = ["refused:"] if esv in (Esv.SET_C_SNA, Esv.SET_I_SNA) else []
    if row is None:
        return [head + " ".join([*refused, edt.hex().upper()])], True
    try:
        lines = describe_edt(eoj_class, epc, edt, hint)
    except EdtError as error:
        return [f"{head}{edt.hex().upper()} {error}"], False
    return [head + "refused" for _ in refused] + lines, True


def _describe_value(field: Field, octets: bytes, value: Value, hint: EnergyHint) -> str:
    raw = octets.hex().upper()
    if value is None:
        return f"{raw} = {_absence(field, octets)}"
    if isinstance(field.codec, Number):
        count = field.codec.raw(value)
        if field.quantity is Quantity.ENERGY:
            return f"{count}{hint.kwh(count) or ' counts (--unit gives kWh)'}"
        unit = _UNITS.get(field.quantity, "")
        return f"{count} = {_in_words(value)}{unit}" if unit else _in_words(value)
    return f"{raw} = {_meaning(field, value)}"


def _absence(field: Field, octets: bytes) -> str:
    """Whether the meter says so, or the code is none of those it may send."""
    told = not octets.strip(b"\xff") or not octets.strip(b"\0 ")
    if isinstance(field.codec, Number):
        told = field.codec.is_no_data(octets)
    return "no data" if told else "not a valid value"


def _meaning(field: Field, value: Value) -> str:
    if field.quantity is Quantity.ENERGY_STEP and isinstance(value, int):
        return f"{Decimal(1).scaleb(value):f} kWh"
    if field.quantity is Quantity.FAULT:
        return "fault" if value else "no fault"
    if field.key == "maker_code":
        return MAKERS.get(str(value), "unknown maker")
    return _in_words(value)


def _in_words(value: Value) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}" if value.second else f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case frozenset():
            return " ".join([f"{len(value)} properties:", *(f"{epc:02X}" for epc in sorted(value))])
        case _:
            return str(value)


def _describe_items(
    row: Property,
    values: dict[str, Value],
    items: tuple[Value, ...],
    head: str,
    hint: EnergyHint,
) -> Iterator[str]:
    """One line for each slot of a history or object of a list."""
    if not items:
        yield f"{head}empty"
    start = next((value for value in values.values() if isinstance(value, datetime)), None)
    back = _STEPS_BACK.get(row.name)
    for index, item in enumerate(items):
        if isinstance(item, tuple):
            at = (
                f"slot {index}"
                if start is None or back is None
                else _in_words(start - index * back)
            )
            bought, sold = (_count(count, hint) for count in item)
            yield f"{head}{at}  bought {bought}, sold {sold}"
        elif isinstance(item, str):
            yield f"{head}{item}"
        else:
            minutes = index * _DAY_STEP // timedelta(minutes=1)
            yield f"{head}{minutes // 60:02d}:{minutes % 60:02d}  {_count(item, hint)}"


def _count(count: Value, hint: EnergyHint) -> str:
    if not isinstance(count, int):
        return f"{ENERGY_COUNT.encode(None).hex().upper()} = no data"
    return f"{count}{hint.kwh(count)}"


def _number_in(epc: int, edt: bytes, otherwise: int | None) -> int | None:
    row = property_row(METER_CLASS, epc)
    try:
        values = {} if row is None else row.decode(edt)
    except EdtError:
        values = {}
    value = next(iter(values.values()), None)
    return value if isinstance(value, int) else otherwise
