"""Conversations with a text module, made from its grammar together with what they mean.

Written from wisun-modules part 2 and not from the parser: every sentence is built beside the
meaning it must be given. A meaning is a plain tuple, so that the shape of our events may change.
"""

import re
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from broute_addon.wisun.events import Event, Noise, PanFound, UdpReceived
from tests.wire import sk_sessions as wire

Meaning = tuple[object, ...]
METER, STICK = wire.METER.encode(), wire.DUAL_STICK.encode()


@dataclass(frozen=True)
class Manner:
    """How a stick talks: all of it may differ from what the probe found."""

    dual: bool
    hexadecimal: bool
    signal: bool
    echo: bool

    @property
    def side(self) -> bytes:
        return b" 0" if self.dual else b""


@dataclass(frozen=True)
class Turn:
    """What is typed (empty: nothing) and all that the stick prints until the next command."""

    typed: bytes
    printed: bytes
    meanings: tuple[Meaning, ...]


manners = st.builds(Manner, st.booleans(), st.booleans(), st.booleans(), st.booleans())

# Inside a payload, the beginning of another sentence is taken for the end of a datagram that
# lost bytes; that is so by design, and as improbable in an encrypted house as these words are.
_TAKEN_FOR_A_SENTENCE = re.compile(
    rb"ERXUDP FE80:|EVENT [0-9A-F]{1,2} F[EF]|[\r\n]OK[\r\n]|[\r\n]FAIL ER", re.IGNORECASE
)

_pieces = st.binary(max_size=12) | st.sampled_from(
    [b"\r\n", b"\r", b"\n", b"OK\r\n", b"FAIL ", b"EVENT 29", b"ERXUDP ", b"0123", b" ", b"\0"]
)
_digits = st.text("0123456789ABCDEF", min_size=1, max_size=6).map(str.encode)
payloads = _digits | (
    st.tuples(st.sampled_from([b"\x10\x81", b"\0\0", b""]), st.lists(_pieces, max_size=6))
    .map(lambda parts: parts[0] + b"".join(parts[1]))
    .filter(lambda payload: payload and not _TAKEN_FOR_A_SENTENCE.search(b"\n" + payload + b"\n"))
)


def erxudp(manner: Manner, payload: bytes, *, port: int = 0x0E1A, secured: bool = True) -> bytes:
    """A datagram as a stick of this manner prints it."""
    fields = [
        METER, STICK, f"{port:04X}".encode(), f"{port:04X}".encode(), wire.MAC.encode(),
        *([b"E1"] if manner.signal else []),
        b"1" if secured else b"0",
        *([b"0"] if manner.dual else []),
        f"{len(payload):04X}".encode(),
    ]  # fmt: skip
    body = payload.hex().upper().encode() if manner.hexadecimal else payload
    return b"ERXUDP " + b" ".join(fields) + b" " + body + b"\r\n"


def datagram(manner: Manner, payload: bytes, port: int, *, secured: bool) -> tuple[bytes, Meaning]:
    printed = erxudp(manner, payload, port=port, secured=secured)
    return printed, ("UdpReceived", port, secured, payload)


_EVENTS: dict[int, Meaning] = {
    0x02: ("Notice", 0x02),
    0x24: ("JoinFailed",),
    0x25: ("JoinSucceeded",),
    0x26: ("TerminatedByMeter",),
    0x27: ("SessionClosed", True),
    0x28: ("SessionClosed", False),
    0x29: ("SessionExpired",),
    0x32: ("TransmitBudgetExhausted",),
    0x33: ("TransmitBudgetRestored",),
    0x45: ("Notice", 0x45),
}


def by_itself(manner: Manner) -> st.SearchStrategy[tuple[bytes, Meaning]]:
    """What a stick says unasked, at any moment."""
    events = st.sampled_from(sorted(_EVENTS)).map(
        lambda number: (
            b"EVENT %02X %s%s\r\n" % (number, METER, manner.side),
            _EVENTS[number],
        )
    )
    datagrams = st.builds(
        lambda payload, port, secured: datagram(manner, payload, port, secured=secured),
        payloads,
        st.sampled_from([0x0E1A, 0x02CC, 0x4D4C]),
        st.booleans(),
    )
    return events | datagrams


OK: Meaning = ("CommandAccepted",)
SENT: Meaning = ("Transmitted", 0)


def _answers(manner: Manner) -> list[tuple[bytes, bytes, tuple[Meaning, ...]]]:
    """Command, what is printed for it, and what that means."""
    side = manner.side
    info = (wire.DUAL_STICK, "001D129100DEF456", "2D", "42A7", "0" if manner.dual else "FFFE")
    beacon = (
        b"EPANDESC\r\n  Channel:2D\r\n  Channel Page:09\r\n  Pan ID:42A7\r\n"
        b"  Addr:%s\r\n  LQI:B2\r\n%s  PairID:215C3E7F\r\n"
        % (wire.MAC.encode(), b"  Side:0\r\n" if manner.dual else b"")
    )
    found: Meaning = ("PanFound", 0x2D, 0x42A7, wire.MAC, "215C3E7F")
    sent = b"EVENT 21 %s%s 00\r\n" % (METER, side)
    return [
        (b"SKVER", b"EVER 1.5.2\r\nOK\r\n", (("Answer", "EVER", ("1.5.2",)), OK)),
        (b"SKINFO", f"EINFO {' '.join(info)}\r\nOK\r\n".encode(), (("Answer", "EINFO", info), OK)),
        (b"SKSREG SFE 0", b"OK\r\n", (OK,)),
        (b"SKSETPWD C EVENTOKFAIL0", b"OK\r\n", (OK,)),
        (b"ROPT", b"OK 01\r", (("CommandAccepted", "01"),)),
        (b"SKJOIN " + METER, b"OK\r\n", (OK,)),
        (b"SKTERM", b"FAIL ER10\r\n", (("CommandFailed", 10),)),
        (b"SKSREG SA2", b"ESREG 1\r\nOK\r\n", (("Answer", "ESREG", ("1",)), OK)),
        (b"SKSENDTO 1 %s 0E1A 1%s 000E" % (METER, side), sent + b"OK\r\n", (SENT, OK)),
        (
            b"SKSCAN 2 0FFFFFFF 4" + side,
            b"OK\r\nEVENT 20 %s%s\r\n" % (STICK, side)
            + beacon
            + b"EVENT 22 %s%s\r\n" % (STICK, side),
            (OK, ("Notice", 0x20), found, ("ScanFinished",)),
        ),
    ]


@st.composite
def interrupted(
    draw: st.DrawFn,
    answer: bytes,
    meant: tuple[Meaning, ...],
    unasked: st.SearchStrategy[tuple[bytes, Meaning]],
) -> tuple[bytes, tuple[Meaning, ...]]:
    """A beacon whose rows something else came between; other answers as they are."""
    rows = [match.start() for match in re.finditer(rb"  (?:Channel|Pan|Addr|LQI|Pair)", answer)]
    if not rows:
        return answer, meant
    place = draw(st.sampled_from(rows))
    said, meaning = draw(unasked)
    told = [*meant[:-2], meaning, *meant[-2:]]
    return answer[:place] + said + answer[place:], tuple(told)


@st.composite
def turns(draw: st.DrawFn, manner: Manner) -> Turn:
    """A command with its answer, and what comes by itself before, within its echo and after."""
    unasked = by_itself(manner)
    printed = b""
    meanings: list[Meaning] = []
    *others, scan = _answers(manner)
    command, answer, meant = draw(st.sampled_from(others) | st.just(scan))
    if manner.echo:
        # Where the rest of the echo begins as a sentence does, it is hardest to tell them apart.
        hard = [place for place in range(len(command)) if command[place:].startswith((b"E", b"O"))]
        places = st.sampled_from(hard) if hard else st.nothing()
        place = draw(st.none() | st.integers(0, len(command)) | places)
        if place is None:
            printed += command
        else:
            said, meaning = draw(unasked)
            printed += command[:place] + said + command[place:]
            meanings.append(meaning)
        printed += draw(st.sampled_from([b"\r\n", b"\r\r\n"]))
    for said, meaning in draw(st.lists(unasked, max_size=2)):
        printed += said
        meanings.append(meaning)
    answer, meant = draw(interrupted(answer, meant, unasked))
    printed += draw(st.sampled_from([b"", b"\r\n"])) + answer
    meanings += meant
    for said, meaning in draw(st.lists(unasked, max_size=2)):
        printed += said
        meanings.append(meaning)
    return Turn(command, printed, tuple(meanings))


conversations = manners.flatmap(lambda manner: st.lists(turns(manner), min_size=1, max_size=8))


def meaning_of(event: Event) -> Meaning:
    """An event as the grammar above tells it."""
    match event:
        case UdpReceived():
            return ("UdpReceived", event.port, event.secured, event.payload)
        case PanFound(pan):
            return ("PanFound", pan.channel, pan.pan_id, str(pan.address), pan.pairing_id)
        case _:
            slots: Any = getattr(event, "__slots__", ())
            values = (getattr(event, slot) for slot in slots)
            told = (getattr(value, "value", value) for value in values if value is not None)
            return (type(event).__name__, *told)


def meanings_of(events: list[Event]) -> list[Meaning]:
    """All but the noise."""
    return [meaning_of(event) for event in events if not isinstance(event, Noise)]
