"""The interview: what a meter can do, how its counts scale, who it is.

Maps first (82 9D 9E 9F), then D3 E1 D7 8A 8D 81 of those that the Get map has. A cached profile
is confirmed by the second request alone. Rules that keep energy right: D3 absent from the Get map
means 1, a refused D3 is asked again before it means 1; E1 unknown means no energy at all; D7
unknown means 8 digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from broute_addon.errors import PropertyRefusedError
from broute_addon.messages import message
from broute_addon.meter.client import MeterClient
from broute_addon.meter.decoding import decode_all, decode_edt
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.wisun.values import MacAddress

VERSION, INF_MAP, SET_MAP, GET_MAP = 0x82, 0x9D, 0x9E, 0x9F
COEFFICIENT, ENERGY_UNIT, DIGITS, MAKER, SERIAL_NUMBER = 0xD3, 0xE1, 0xD7, 0x8A, 0x8D
LOCATION = 0x81

_ATTRIBUTES = (COEFFICIENT, ENERGY_UNIT, DIGITS, MAKER, SERIAL_NUMBER, LOCATION)

Values = Mapping[int, bytes]
"""EDT by EPC."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned, and the EDTs it came from, which are worth showing too."""

    profile: MeterProfile
    values: Values


async def interview(client: MeterClient, mac: MacAddress) -> Learned:
    """Learns everything about a meter.

    Raises MeterTimeoutError, PropertyRefusedError and what comes from below.
    """
    answer = await client.get((VERSION, INF_MAP, SET_MAP, GET_MAP))
    get_map = _map(answer.values, GET_MAP, "get_map")
    if not get_map:
        raise PropertyRefusedError(message("meter_without_map"), frozenset({GET_MAP}))
    version = decode_edt(VERSION, answer.values.get(VERSION, b"")).get("standard_version")
    profile = MeterProfile(
        mac=mac,
        get_map=get_map,
        set_map=_map(answer.values, SET_MAP, "set_map"),
        inf_map=_map(answer.values, INF_MAP, "inf_map"),
        standard_version=None if version is None else str(version),
    )
    return await _learn(client, profile, is_new=True)


async def confirm(
    client: MeterClient, profile: MeterProfile, *, trusts_refusal: bool = False
) -> Learned:
    """The profile with scale and identity read anew; `scale` is None while it isn't known.

    `trusts_refusal`: D3 was refused so often that the meter has none.
    """
    return await _learn(client, profile, is_new=False, trusts_refusal=trusts_refusal)


async def _learn(
    client: MeterClient, profile: MeterProfile, *, is_new: bool, trusts_refusal: bool = False
) -> Learned:
    answer = await client.get([epc for epc in _ATTRIBUTES if epc in profile.get_map])
    fields = decode_all(answer.values)
    exponent, digits = fields.get("energy_unit"), fields.get("effective_digits")
    maker, serial = fields.get("maker_code"), fields.get("serial_number")
    coefficient = _coefficient(profile, answer.values, trusts_refusal=trusts_refusal)
    scale = None
    if isinstance(exponent, int) and coefficient is not None:
        scale = EnergyScale(coefficient, exponent, digits if isinstance(digits, int) else 8)
    # An identity is kept: what a meter told once when it is silent now, and the absence of a
    # serial number when it tells one later. Only another serial number is another meter.
    was_nameless = not is_new and profile.serial_number is None
    learned = replace(
        profile,
        scale=scale,
        maker_code=profile.maker_code if maker is None else str(maker),
        serial_number=profile.serial_number if serial is None or was_nameless else str(serial),
        batch=client.batch,
    )
    return Learned(learned, answer.values)


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
