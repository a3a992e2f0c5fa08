"""What a J11 module is, asked without changing anything (wisun-modules 1.2 step 7, 3.2).

These questions are allowed in every state, but while another program's command is under way each
is refused as busy. Who means to use the module ends that with a reset, which is always obeyed and
would come next anyway; who only looks waits a while.
"""

from collections.abc import Generator

from broute_addon.wisun.j11 import J11, RESPONSE, STARTED_UP, SUCCESS
from broute_addon.wisun.j11_commands import (
    LAST_CHANNEL,
    MAC,
    PAN_ID,
    READ_SETTING,
    RESET,
    RESET_S,
    STATUS,
    VERSION,
    to_sk_channel,
)
from broute_addon.wisun.j11_frames import Frame, FrameReader, request
from broute_addon.wisun.probing import Found, Settings, Step
from broute_addon.wisun.values import MacAddress

STATUS_REQUEST = request(STATUS)
RESET_REQUEST = request(RESET)

_ANSWER_S = 1.0
_TRIES = 3
_PAUSE_S = 0.3

Answer = Generator[Step, bytes, bytes | None]


def is_j11(heard: bytes) -> bool:
    """Whether any whole good frame is among what was heard, be it a refusal."""
    return bool(_frames(heard))


def describe_j11(*, thorough: bool) -> Generator[Step, bytes, Found]:
    """Version and address; `thorough` also reads what it is tuned to, and never resets."""
    version = yield from _ask(VERSION)
    if version is None and not thorough:
        yield Step(RESET_REQUEST, RESET_S, lambda heard: _has(heard, STARTED_UP))
        version = yield from _ask(VERSION)
    mac = yield from _ask(MAC)
    setting = (yield from _ask(READ_SETTING)) if thorough else None
    pan_id = (yield from _ask(PAN_ID)) if thorough else None
    return Found(
        dialect=J11(),
        firmware=_firmware(version),
        mac=MacAddress(mac[:8]) if mac and len(mac) >= 8 else None,
        channel=_channel(setting),
        pan_id=int.from_bytes(pan_id[:2], "big") if pan_id else None,
        hex_payload=None,
        settings=Settings(
            app_version=version[:2].hex().upper() if version else None, shows_signal=True
        ),
    )


def _ask(code: int) -> Answer:
    """What stands behind result 01; None where the module refuses or keeps silent."""
    for attempt in range(_TRIES):
        if attempt:
            yield Step(wait_s=_PAUSE_S)
        heard = yield Step(request(code), _ANSWER_S, lambda heard: _has(heard, code | RESPONSE))
        for frame in _frames(heard):
            if frame.code == code | RESPONSE and frame.data[:1] == bytes([SUCCESS]):
                return frame.data[1:]
            if frame.code == code | RESPONSE and frame.data[:1] in _FINAL:
                return None
    return None


_FINAL = {bytes([code]) for code in (0x03, 0x0F, 0x10, 0x14, 0x37)}
"""Not possible as things stand: asking again is of no use."""


def _has(heard: bytes, code: int) -> bool:
    return any(frame.code == code for frame in _frames(heard))


def _frames(heard: bytes) -> list[Frame]:
    return [item for item in FrameReader().receive(bytes(heard)) if isinstance(item, Frame)]


def _firmware(version: bytes | None) -> str:
    """`1.3 (0000158A)`: major, minor, revision; the firmware's ID stands before them."""
    if version is None or len(version) < 8:
        return "?"
    return f"{version[2]}.{version[3]} ({version[4:8].hex().upper()})"


def _channel(setting: bytes | None) -> int | None:
    """The third byte of the initial setting; FF is none."""
    if setting is None or len(setting) < 3 or setting[2] > LAST_CHANNEL:
        return None
    return to_sk_channel(setting[2])
