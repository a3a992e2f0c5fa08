"""Addresses as the sticks want them written."""

import pytest

from broute_addon.wisun.commands import Join, SendUdp
from broute_addon.wisun.sk_commands import encode
from broute_addon.wisun.sk_variants import DUAL, SINGLE_HOP, SkVariant
from broute_addon.wisun.values import MacAddress, Pan
from tests.wire import sk_sessions as wire


@pytest.mark.parametrize(
    ("mac", "address"),
    [
        (wire.MAC, wire.METER),
        (wire.MAC.lower(), wire.METER),
        ("0000000000000001", "FE80:0000:0000:0000:0200:0000:0000:0001"),
    ],
)
def test_an_address_is_written_in_full_and_in_upper_case(mac: str, address: str) -> None:
    """Anything shorter is refused with ER06; so the stick need not be asked (SKLL64)."""
    assert MacAddress.parse(mac).link_local == address


@pytest.mark.parametrize("variant", [SINGLE_HOP, DUAL])
def test_the_full_address_is_what_is_typed(variant: SkVariant) -> None:
    address = MacAddress.parse(wire.MAC).link_local
    [join] = encode(Join(address), variant)
    [send] = encode(SendUdp(address, wire.GET_POWER), variant)
    assert join.data == b"SKJOIN " + wire.METER.encode() + b"\r\n"
    assert send.data.startswith(b"SKSENDTO 1 " + wire.METER.encode() + b" 0E1A 1 ")


@pytest.mark.parametrize("text", ["", "D05EA55A0C1042", "D05EA55A0C1042A7FF", "not hexadecimal!"])
def test_what_is_no_mac_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"MAC address|hexadecimal"):
        MacAddress.parse(text)


@pytest.mark.parametrize(
    ("channel", "pan_id"), [(0x20, 0), (0x3D, 0), (0x0D, 0), (0x21, -1), (0x21, 0x10000)]
)
def test_what_no_meter_can_be_on_is_refused(channel: int, pan_id: int) -> None:
    with pytest.raises(ValueError, match="no PAN"):
        Pan(channel, pan_id, MacAddress.parse(wire.MAC))


@pytest.mark.parametrize(("channel", "pan_id"), [(0x21, 0), (0x3C, 0xFFFF)])
def test_the_outermost_channels_and_pan_ids_are_some(channel: int, pan_id: int) -> None:
    assert Pan(channel, pan_id, MacAddress.parse(wire.MAC)).channel == channel
