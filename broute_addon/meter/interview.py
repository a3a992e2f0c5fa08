"""The interview: what a meter can do, how its counts scale, who it is.

Two requests, of as many EPCs as every meter takes. The first brings the maps and who it is, and the
power: with a name to it, that is the first value. The second brings scale and the rest; it alone
confirms a cached profile, and asks for the identity then. Rules that keep energy right: D3 absent
from the Get map means 1, a refused D3 is asked again before it means 1; E1 unknown means no energy
at all; D7 unknown means 8 digits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from broute_addon.echonet.codecs import Value
from broute_addon.errors import PropertyRefusedError
from broute_addon.messages import message
from broute_addon.meter.client import MeterClient
from broute_addon.meter.decoding import decode_all, decode_edt
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.wisun.values import MacAddress

VERSION, INF_MAP, SET_MAP, GET_MAP = 0x82, 0x9D, 0x9E, 0x9F
COEFFICIENT, ENERGY_UNIT, DIGITS, MAKER, SERIAL_NUMBER = 0xD3, 0xE1, 0xD7, 0x8A, 0x8D
LOCATION, POWER = 0x81, 0xE7

_FIRST = (GET_MAP, SET_MAP, INF_MAP, MAKER, SERIAL_NUMBER, POWER)
_SECOND = (COEFFICIENT, ENERGY_UNIT, DIGITS, VERSION, LOCATION)
_CONFIRMING = (COEFFICIENT, ENERGY_UNIT, DIGITS, MAKER, SERIAL_NUMBER, LOCATION)

Values = Mapping[int, bytes]
"""EDT by EPC."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned, and the EDTs it came from, which are worth showing too."""

    profile: MeterProfile
    values: Values


async def interview(
    client: MeterClient, mac: MacAddress, on_first: Callable[[Learned], None] = lambda _: None
) -> Learned:
    """Learns everything about a meter; `on_first` gets who it is, without a scale, and its power.

    Raises MeterTimeoutError, PropertyRefusedError and what comes from below.
    """
    answer = await client.get(_FIRST)
    get_map = _map(answer.values, GET_MAP, "get_map")
    if not get_map:
        raise PropertyRefusedError(message("meter_without_map"), frozenset({GET_MAP}))
    known = {epc: edt for epc, edt in answer.values.items() if epc in get_map}
    fields = decode_all(known)
    profile = MeterProfile(
        mac=mac,
        get_map=get_map,
        set_map=_map(answer.values, SET_MAP, "set_map"),
        inf_map=_map(answer.values, INF_MAP, "inf_map"),
        maker_code=_text(fields, "maker_code"),
        serial_number=_text(fields, "serial_number"),
        batch=client.batch,
    )
    on_first(Learned(profile, known))
    return await _learn(client, profile, _SECOND)


async def confirm(
    client: MeterClient, profile: MeterProfile, *, trusts_refusal: bool = False
) -> Learned:
    """The profile with scale and identity read anew; `scale` is None while it isn't known.

    `trusts_refusal`: D3 was refused so often that the meter has none.
    """
    return await _learn(client, profile, _CONFIRMING, trusts_refusal=trusts_refusal)


async def _learn(
    client: MeterClient,
    profile: MeterProfile,
    epcs: tuple[int, ...],
    *,
    trusts_refusal: bool = False,
) -> Learned:
    answer = await client.get([epc for epc in epcs if epc in profile.get_map])
    fields = decode_all(answer.values)
    exponent, digits = fields.get("energy_unit"), fields.get("effective_digits")
    coefficient = _coefficient(profile, answer.values, trusts_refusal=trusts_refusal)
    scale = None
    if isinstance(exponent, int) and coefficient is not None:
        scale = EnergyScale(coefficient, exponent, digits if isinstance(digits, int) else 8)
    # An identity is kept: what a meter told once when it is silent now, and the absence of a
    # serial number when it tells one later. Only another serial number is another meter: the maker
    # is in the uid too, so with the same number its code stays, also if it was refused at first.
    serial, maker = profile.serial_number, profile.maker_code
    if serial is not None:
        serial = _text(fields, "serial_number") or serial
    if serial is None or serial != profile.serial_number:
        maker = _text(fields, "maker_code") or maker
    learned = replace(
        profile,
        scale=scale,
        maker_code=maker,
        serial_number=serial,
        standard_version=_text(fields, "standard_version") or profile.standard_version,
        batch=client.batch,
    )
    return Learned(learned, answer.values)


def _text(fields: Mapping[str, Value], key: str) -> str | None:
    value = fields.get(key)
    return None if value is None else str(value)


def _coefficient(profile: MeterProfile, values: Values, *, trusts_refusal: bool) -> int | None:
    """D3. 1 where the meter has none or tells 0 (legal, useless); None while it isn't known.

    A refusal is no value: what was known before stays, and without that it is asked again.
    """
    if COEFFICIENT not in profile.get_map:
        return 1
    if COEFFICIENT in values:
        told = decode_edt(COEFFICIENT, values[COEFFICIENT]).get("coefficient")
        return (told or 1) if isinstance(told, int) else None
    if profile.scale is not None:
        return profile.scale.coefficient
    return 1 if trusts_refusal else None


def _map(values: Values, epc: int, key: str) -> frozenset[int]:
    epcs = decode_edt(epc, values.get(epc, b"")).get(key)
    return epcs if isinstance(epcs, frozenset) else frozenset()
