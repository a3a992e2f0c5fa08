"""Which language does the thing at this port speak?

A stick may have been left in any state: echo on or off, half a command in its line buffer, in the
payload of a datagram (then it swallows up to 1232 bytes), joined and talking, asleep, at another
baud rate. No name and no USB id tells what it is, so it is asked, with questions that change
nothing: an empty line ends half a command and wakes a sleeper, SKVER proves a text module, the
last field of SKINFO tells its variant (wisun-modules 1.2). The questions come from a generator:
it yields what to write and how long to listen and is sent what was heard, so that this file knows
neither a port nor a clock.

Nothing that was heard is ever shown: the echo of somebody's SKSETRBID may be in it.
"""

import re
from collections.abc import Generator

from broute_addon.errors import UnknownDialectError
from broute_addon.messages import message
from broute_addon.wisun.detect_j11 import RESET_REQUEST, STATUS_REQUEST, describe_j11, is_j11
from broute_addon.wisun.probing import Found, Probe, Settings, Step
from broute_addon.wisun.sk_variants import DUAL, SINGLE_HOP, SkVariant
from broute_addon.wisun.skstack import SkStack
from broute_addon.wisun.values import MacAddress

FACTORY_BAUD = 115_200
OTHER_BAUDS = (57_600, 38_400, 19_200, 9_600, 4_800, 2_400)
"""What WUART can have stored, asked only after silence at the factory's rate."""


Question = Generator[Step, bytes, str | None]

_SKVER_S = 1.05
"""Longer than a J11 module waits for the rest of somebody's half frame."""
_SILENCE_S = 0.3
_SHORT_SILENCE_S = 0.05
_LONGEST_DRAIN_S = 2.0
_PAYLOAD_BLOCK = 64
_LONGEST_PAYLOAD = 1232

_FAIL = rb"FAIL ER(?P<code>\d+)[\r\n]"
_WOKE = re.compile(rb"(?:^|[\r\n])EVENT C0\b")
_PAYLOAD_ENDED = re.compile(rb"OK[\r\n]|EVENT 21|\r\n")
_OPTION = re.compile(
    rb"(?:^|[\r\n])(?:OK (?P<answer>[0-9A-F]{1,2})[\r\n]|" + _FAIL + rb")", re.IGNORECASE
)


def _answer_with(word: bytes) -> re.Pattern[bytes]:
    """The answer `word …`, complete with its OK, or a refusal; events may stand between."""
    return re.compile(
        rb"(?:^|[\r\n])(?:"
        + word
        + rb" (?P<answer>[^\r\n]*)[\r\n](?:.*?[\r\n])?OK[\r\n]|"
        + _FAIL
        + rb")",
        re.DOTALL,
    )


_RESET_DONE = re.compile(rb"(?:^|[\r\n])OK[\r\n]")
_VERSION = _answer_with(b"EVER")
_APP_VERSION = _answer_with(b"EAPPVER")
_INFO = _answer_with(b"EINFO")
_REGISTER = _answer_with(b"ESREG")
_SCAN_TRIED = re.compile(rb"(?:^|[\r\n])(?P<answer>OK[\r\n]|" + _FAIL + rb")")


def probe(port: str, *, thorough: bool = False) -> Probe:
    """Finds out what is at `port` at the factory's rate; None: silence, try another rate.

    `thorough` also reads settings that only a human wants to know, and never resets.

    Raises:
        UnknownDialectError: something that talks but is no stick.
    """
    heard = yield Step(wait_s=_LONGEST_DRAIN_S, quiet_s=_SILENCE_S)
    if is_j11(heard):
        return (yield from describe_j11(thorough=thorough))
    may_hang = not heard and not thorough
    yield from _empty_line()
    firmware = yield from _version(_SKVER_S)
    if firmware is None:
        heard = yield Step(STATUS_REQUEST, 1.0, is_j11)
        if is_j11(heard):
            return (yield from describe_j11(thorough=thorough))
        yield from _empty_line()
        yield from _end_a_payload()
        firmware = (yield from _version(0.75)) or (yield from _version(0.75))
    if firmware is None and may_hang:
        heard = yield Step(RESET_REQUEST, 0.75, is_j11)
        if is_j11(heard):
            return (yield from describe_j11(thorough=False))
        firmware = yield from _version_after_reset()
    if firmware is None:
        return None
    return (yield from _describe(port, firmware, thorough=thorough))


def probe_rate(port: str, *, thorough: bool = False) -> Probe:
    """The short form for the other rates: an empty line and SKVER."""
    yield from _empty_line(0.1)
    firmware = yield from _version(0.4)
    if firmware is None:
        return None
    return (yield from _describe(port, firmware, thorough=thorough))


def probe_hung(port: str) -> Probe:
    """For one that hangs at another rate: an empty line and SKRESET, which comes next anyway."""
    firmware = yield from _version_after_reset()
    if firmware is None:
        return None
    return (yield from _describe(port, firmware, thorough=False))


def _describe(port: str, firmware: str, *, thorough: bool) -> Generator[Step, bytes, Found]:
    info = (yield from _ask(b"SKINFO\r\n", _INFO)) or ""
    fields = info.split()
    variant = yield from _variant(port, fields[-1] if fields else "")
    option = yield from _ask(b"ROPT\r", _OPTION)
    settings = (yield from _settings(variant)) if thorough else Settings()
    return Found(
        dialect=SkStack(variant),
        firmware=firmware,
        mac=_mac(fields),
        channel=_number(fields[2]) if len(fields) == 5 else None,
        pan_id=_number(fields[3]) if len(fields) == 5 else None,
        # A module that doesn't know ROPT knows only the hexadecimal form (RL7023).
        hex_payload=True if option is None else bool(int(option, 16) & 1),
        settings=settings,
    )


def _variant(port: str, last_field: str) -> Generator[Step, bytes, SkVariant]:
    match last_field.upper():
        case "FFFE":
            return SINGLE_HOP
        case "0" | "1" | "00" | "01":
            return DUAL
    # A one-channel energy scan with three arguments is harmless and tells.
    heard = yield Step(b"SKSCAN 0 00000001 0\r\n", 1.0, _SCAN_TRIED.search)
    tried = _SCAN_TRIED.search(heard)
    yield Step(wait_s=1.0, quiet_s=_SILENCE_S)
    if tried is None:
        raise UnknownDialectError(message("dongle_unknown", port=port, count=len(heard)))
    return SINGLE_HOP if tried["answer"].startswith(b"OK") else DUAL


def _settings(variant: SkVariant) -> Generator[Step, bytes, Settings]:
    app_version = yield from _ask(b"SKAPPVER\r\n", _APP_VERSION)
    uart = yield from _ask(b"RUART\r", _OPTION)
    signal = (yield from _ask(b"SKSREG SA2\r\n", _REGISTER)) if variant.shows_signal else None
    return Settings(
        app_version=app_version,
        uart=None if uart is None else int(uart, 16),
        shows_signal=None if signal is None else bool(_number(signal)),
    )


def _empty_line(wait_s: float = 0.25) -> Generator[Step, bytes, None]:
    """Ends half a line; a sleeper spends its first character on waking up."""
    heard = yield Step(b"\r\n", wait_s, quiet_s=_SHORT_SILENCE_S)
    if _WOKE.search(heard):
        yield Step(b"\r\n", wait_s, quiet_s=_SHORT_SILENCE_S)


def _version(wait_s: float) -> Question:
    """SKVER, again after a refusal: the first may have met the rest of another line."""
    for _ in range(3):
        heard = yield Step(b"SKVER\r\n", wait_s, _VERSION.search)
        answer = _VERSION.search(heard)
        if answer and answer["answer"] is not None:
            return answer["answer"].decode("ascii", "replace").strip()
        if answer is None and not _WOKE.search(heard):
            return None
    return None


def _version_after_reset() -> Question:
    """For a module that hangs: it obeys nothing but its reset, which would come next anyway."""
    heard = yield Step(b"\r\nSKRESET\r\n", 0.5, _RESET_DONE.search)
    return (yield from _version(0.5)) if _RESET_DONE.search(heard) else None


def _ask(line: bytes, answer: re.Pattern[bytes]) -> Question:
    """A query's answer; None when the stick doesn't know the query. UART overrun: once more."""
    for _ in range(2):
        heard = yield Step(line, 1.0, answer.search)
        found = answer.search(heard)
        if found is None:
            return None
        if found["answer"] is not None:
            return found["answer"].decode("ascii", "replace").strip()
        if int(found["code"]) != 9:
            return None
    return None


def _end_a_payload() -> Generator[Step, bytes, None]:
    """Feeds a stick that waits for the rest of a datagram.

    The datagram goes out malformed; a meter ignores it.
    """
    for _ in range(0, _LONGEST_PAYLOAD, _PAYLOAD_BLOCK):
        heard = yield Step(b"\r" * _PAYLOAD_BLOCK, 0.05, _PAYLOAD_ENDED.search)
        if _PAYLOAD_ENDED.search(heard):
            break
    yield Step(wait_s=0.5, quiet_s=_SILENCE_S)


def _mac(fields: list[str]) -> MacAddress | None:
    try:
        return MacAddress.parse(fields[1])
    except (IndexError, ValueError):
        return None


def _number(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None
