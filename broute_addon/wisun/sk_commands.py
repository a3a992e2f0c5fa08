"""Commands as the text modules want them typed, and what completes each (wisun-modules 2.3)."""

from dataclasses import replace
from typing import assert_never

from broute_addon.wisun.commands import (
    ALL_CHANNELS,
    ActiveScan,
    Command,
    EchoOff,
    EnergyScan,
    Join,
    Renew,
    Reset,
    SelectPan,
    SendUdp,
    SetCredentials,
    ShowSignal,
    Terminate,
    scan_time_s,
)
from broute_addon.wisun.dialect import ANSWER_S, Exchange
from broute_addon.wisun.events import (
    EnergyScanned,
    Event,
    JoinFailed,
    JoinSucceeded,
    ScanFinished,
    SessionClosed,
    Transmitted,
)
from broute_addon.wisun.sk_variants import SkVariant

RESET_S = 5.0
JOIN_S = 45.0
"""A failing SKJOIN tells so after 38 to 40 s (wisun-modules 2.8)."""
JOIN_SILENCE_S = 10.0
"""Three calls have gone out by then, after about 0, 2 and 6 s; a meter that hears one answers
within a second (wisun-modules 2.8)."""
SCAN_MARGIN_S = 5.0
SEND_ANSWER_S = 5.0
"""`OK` comes when the radio is done: usually after 0.11 to 0.34 s."""
SEND_FINISH_S = 3.0

_NOT_KNOWN = frozenset({4, 5, 6, 10})
"""Refusals of a nicety: a stick that hasn't it is read without it."""


def encode(  # noqa: PLR0911 - one for each command
    command: Command, variant: SkVariant
) -> tuple[Exchange, ...]:
    """The exchanges of a command; none where the variant has no need of it."""
    match command:
        case Reset():
            return (replace(_line("SKRESET", answer_s=RESET_S), is_last_resort=True),)
        case EchoOff():
            return (replace(_line("SKSREG SFE 0"), tolerated=_NOT_KNOWN),)
        case ShowSignal():
            signal = replace(_line("SKSREG SA2 1"), tolerated=_NOT_KNOWN)
            return (signal,) if variant.shows_signal else ()
        case SetCredentials(credentials):
            password = credentials.password.reveal()
            return (
                _line(f"SKSETPWD {len(password):X} {password}", trace="SKSETPWD ****"),
                _line(f"SKSETRBID {credentials.route_b_id.reveal()}", trace="SKSETRBID ****"),
            )
        case ActiveScan(duration, paired, mask):
            return (_scan(2 if paired else 3, mask, duration, variant, ScanFinished),)
        case EnergyScan(duration, mask):
            return (_scan(0, mask, duration, variant, EnergyScanned),)
        case SelectPan(pan):
            return (_line(f"SKSREG S2 {pan.channel:X}"), _line(f"SKSREG S3 {pan.pan_id:04X}"))
        case Join(address):
            return (_join(f"SKJOIN {address}"),)
        case Renew():
            return (_join("SKREJOIN"),)
        case SendUdp(to, payload):
            return (_send(to, payload, variant),)
        case Terminate(confirm_s):
            return (_terminate(confirm_s),)
        case _:
            assert_never(command)


def _join(line: str) -> Exchange:
    ends = (JoinSucceeded, JoinFailed)
    return _line(line, trace=line.split(maxsplit=1)[0], ends=ends, within=JOIN_S)


def _terminate(confirm_s: float) -> Exchange:
    return _line("SKTERM", ends=(SessionClosed,), within=confirm_s, must_finish=False)


def _scan(mode: int, mask: int, duration: int, variant: SkVariant, end: type[Event]) -> Exchange:
    side = " 0" if variant.side else ""
    # A firmware that ignores the mask must not look like a dead one: time for all channels.
    within = scan_time_s(ALL_CHANNELS, duration) + SCAN_MARGIN_S
    return _line(f"SKSCAN {mode} {mask:08X} {duration:X}{side}", ends=(end,), within=within)


def _send(to: str, payload: bytes, variant: SkVariant) -> Exchange:
    """Header and raw payload in one write, and no line end behind it.

    `OK` may come before or after EVENT 21. Where that event never comes, only the meter's answer
    can tell whether the datagram went out.
    """
    side = "0 " if variant.side else ""
    header = f"SKSENDTO 1 {to} 0E1A 1 {side}{len(payload):04X} ".encode()
    return Exchange(
        data=header + payload,
        trace=f"SKSENDTO {len(payload)} bytes",
        answer_s=SEND_ANSWER_S,
        ends=(Transmitted,),
        finish_s=SEND_FINISH_S,
        must_finish=False,
        echo=header.rstrip(),
        repeatable=False,
    )


def _line(
    text: str,
    *,
    trace: str | None = None,
    answer_s: float = ANSWER_S,
    ends: tuple[type[Event], ...] = (),
    within: float = 0.0,
    must_finish: bool = True,
) -> Exchange:
    return Exchange(
        data=f"{text}\r\n".encode(),
        trace=trace or text,
        answer_s=answer_s,
        ends=ends,
        finish_s=within,
        must_finish=must_finish,
        echo=text.encode(),
    )
