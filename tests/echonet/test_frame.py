"""ECHONET Lite frames, both ways."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broute_addon.echonet.frame import (
    CONTROLLER,
    METER,
    NODE_PROFILE,
    Eoj,
    Esv,
    Frame,
    PropertyData,
)
from broute_addon.errors import FrameError
from tests.wire.echonet_frames import FRAMES, MALFORMED

TWO_BLOCKS = (Esv.SET_GET, Esv.SET_GET_RES, Esv.SET_GET_SNA)


@pytest.mark.parametrize(("octets", "trace"), FRAMES.items())
def test_a_frame_says_what_its_bytes_say_and_serialises_to_them(octets: str, trace: str) -> None:
    frame = Frame.parse(bytes.fromhex(octets))
    assert str(frame) == trace
    assert frame.serialise() == bytes.fromhex(octets)
    assert frame.trailing == 0


@pytest.mark.parametrize(("octets", "reason"), MALFORMED.items())
def test_a_malformed_frame_is_dropped_whole(octets: str, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        Frame.parse(bytes.fromhex(octets))


@pytest.mark.parametrize("octets", [frame for frame in FRAMES if len(frame) < 200])
def test_a_frame_cut_anywhere_is_dropped(octets: str) -> None:
    data = bytes.fromhex(octets)
    for size in range(len(data)):
        with pytest.raises(FrameError):
            Frame.parse(data[:size])


def test_every_field_is_where_the_layout_says() -> None:
    frame = Frame.parse(bytes.fromhex("1081ABCD02880105FF017202E7FF" + "5A" * 255 + "E800"))
    assert frame == Frame(
        0xABCD,
        METER,
        CONTROLLER,
        Esv.GET_RES,
        (PropertyData(0xE7, b"\x5a" * 255), PropertyData(0xE8, b"")),
    )


def test_bytes_behind_the_last_property_are_accepted_and_counted() -> None:
    frame = Frame.parse(bytes.fromhex("1081010102880105FF017201E704000005AA00"))
    assert frame.properties == (PropertyData(0xE7, bytes.fromhex("000005AA")),)
    assert frame.trailing == 1
    assert "1 bytes too many" in str(frame)


def test_the_second_block_of_setget_is_kept_apart() -> None:
    frame = Frame.parse(bytes.fromhex("1081011C05FF010288016E02E50101ED0707EA04050D1E0302E200EC00"))
    assert [item.epc for item in frame.properties] == [0xE5, 0xED]
    assert [item.epc for item in frame.get_properties] == [0xE2, 0xEC]


def test_a_refusal_of_nothing_is_a_frame() -> None:
    assert Frame.parse(bytes.fromhex("1081010102880105FF015200")).properties == ()


def test_a_request_is_answered_by_its_own_services_only() -> None:
    table = {
        Esv.SET_I: (None, Esv.SET_I_SNA),
        Esv.SET_C: (Esv.SET_RES, Esv.SET_C_SNA),
        Esv.GET: (Esv.GET_RES, Esv.GET_SNA),
        Esv.INF_REQ: (Esv.INF, Esv.INF_SNA),
        Esv.SET_GET: (Esv.SET_GET_RES, Esv.SET_GET_SNA),
        Esv.INFC: (Esv.INFC_RES, None),
    }
    for esv in Esv:
        response, refusal = table.get(esv, (None, None))
        assert (esv.response, esv.refusal) == (response, refusal)
        assert esv.answers == {each for each in (response, refusal) if each}
        assert esv.is_request == (0x60 <= esv < 0x70)


def test_the_services_have_the_codes_of_the_specification() -> None:
    assert {f"{esv:02X}": str(esv) for esv in Esv} == {
        "60": "SetI",
        "61": "SetC",
        "62": "Get",
        "63": "INF_REQ",
        "6E": "SetGet",
        "71": "Set_Res",
        "72": "Get_Res",
        "73": "INF",
        "74": "INFC",
        "7A": "INFC_Res",
        "7E": "SetGet_Res",
        "50": "SetI_SNA",
        "51": "SetC_SNA",
        "52": "Get_SNA",
        "53": "INF_SNA",
        "5E": "SetGet_SNA",
    }


def test_objects_have_the_codes_of_route_b() -> None:
    assert (str(CONTROLLER), str(NODE_PROFILE), str(METER)) == ("05FF01", "0EF001", "028801")
    assert Eoj.parse("028801") == METER
    assert (METER.eoj_class, METER.instance) == (0x0288, 1)
    for wrong in ("", "0288", "02880101", "0288xx"):
        with pytest.raises(FrameError):
            Eoj.parse(wrong)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(-1, CONTROLLER, METER, Esv.GET, ()),
        Frame(0x10000, CONTROLLER, METER, Esv.GET, ()),
        Frame(1, CONTROLLER, METER, Esv.GET, (PropertyData(0xE7),) * 256),
        Frame(1, CONTROLLER, METER, Esv.SET_GET, (), (PropertyData(0xE7),) * 256),
        Frame(1, CONTROLLER, METER, Esv.SET_C, (PropertyData(0xE5, bytes(256)),)),
        Frame(1, CONTROLLER, METER, Esv.GET, (PropertyData(256),)),
    ],
)
def test_what_fits_no_field_is_not_sent(frame: Frame) -> None:
    with pytest.raises(FrameError, match="does not fit"):
        frame.serialise()


def test_a_trace_line_is_bounded_whatever_arrives() -> None:
    item = PropertyData(0xE2, bytes(255))
    frame = Frame(1, METER, CONTROLLER, Esv.SET_GET_RES, (item,) * 255, (item,) * 255)
    assert len(str(frame)) < 350


def test_a_trace_line_leaves_out_what_is_personal() -> None:
    serial = PropertyData(0x8D, b"AB12C3456789")
    route_b = PropertyData(0xC0, bytes.fromhex("0000009A4C1E77B20D95A3F8215C3E7F"))
    trace = str(Frame(1, METER, CONTROLLER, Esv.GET_RES, (serial, route_b)))
    assert trace == "Get_Res 028801 8D=…[12] C0=…[16] (tid 0001)"


PROPERTIES = st.lists(
    st.builds(PropertyData, st.integers(0x80, 0xFF), st.binary(max_size=40)), max_size=8
).map(tuple)
EOJS = st.builds(Eoj, st.binary(min_size=3, max_size=3)) | st.sampled_from([CONTROLLER, METER])


@given(st.integers(0, 0xFFFF), EOJS, EOJS, st.sampled_from(Esv), PROPERTIES, PROPERTIES)
def test_any_frame_survives_the_wire(  # noqa: PLR0917  # the fields of a frame
    tid: int,
    seoj: Eoj,
    deoj: Eoj,
    esv: Esv,
    properties: tuple[PropertyData, ...],
    get_properties: tuple[PropertyData, ...],
) -> None:
    second = get_properties if esv in TWO_BLOCKS else ()
    frame = Frame(tid, seoj, deoj, esv, properties, second)
    assert Frame.parse(frame.serialise()) == frame


@given(st.binary(max_size=80) | st.binary(max_size=60).map(b"\x10\x81".__add__))
@example(bytes.fromhex("1081010102880105FF017EFF"))
@example(b"\r\n")
def test_any_bytes_are_a_frame_or_a_frame_error(data: bytes) -> None:
    try:
        frame = Frame.parse(data)
    except FrameError:
        return
    assert frame.serialise() == data[: len(data) - frame.trailing]
    assert str(frame)
