"""A meter's identity."""

import hashlib
from dataclasses import replace

from broute_addon.meter.profile import MeterProfile
from broute_addon.wisun.values import MacAddress

PROFILE = MeterProfile(
    MacAddress.parse("D05EA55A0C1042A7"),
    frozenset({0xE7}),
    maker_code="000016",
    serial_number="AB12C345678",
)


def short_hash(material: bytes) -> str:
    return "broute_" + hashlib.sha256(material).hexdigest()[:10]


def test_the_uid_comes_from_maker_and_serial_number_alone() -> None:
    assert PROFILE.uid == short_hash(b"\x00\x00\x16AB12C345678")


def test_the_uid_is_the_same_over_whichever_radio_the_meter_is_read() -> None:
    """Another stick, another route (Wi-Fi), a firmware with more properties: one device."""
    other = replace(PROFILE, mac=MacAddress(bytes(8)), get_map=frozenset({0xD0}), batch=7)
    assert other.uid == PROFILE.uid


def test_another_meter_is_another_uid() -> None:
    assert replace(PROFILE, serial_number="AB12C345679").uid != PROFILE.uid
    assert replace(PROFILE, maker_code="000022").uid != PROFILE.uid


def test_a_meter_without_serial_number_is_known_by_its_mac() -> None:
    assert replace(PROFILE, serial_number=None).uid == short_hash(PROFILE.mac.octets)
