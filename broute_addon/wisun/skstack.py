"""The text grammar of the SKSTACK modules: bytes in, events out.

The line is king but for one sentence: ERXUDP is framed by its length field (`sk_datagram`).
Everything is told by content, never by order, because a stick prints events between a command's
echo and its `OK`, and even inside the echo (`sk_echo`). Only `OK`, `FAIL` and the answers of
queries belong to the command in flight. Lines end in CR, LF or both (the product command ROPT
answers with a bare CR); empty lines mean nothing. What is no sentence is `Noise`: counted, shown
nowhere, fatal never. The differences between modules are the rows of `sk_variants`.

Sources: wisun-modules part 2 and 7.
"""

import re
from collections.abc import Mapping

from broute_addon.wisun.commands import (
    ALL_CHANNELS,
    ActiveScan,
    Command,
    EnergyScan,
    SendUdp,
    ShowSignal,
)
from broute_addon.wisun.dialect import Exchange, Refusal
from broute_addon.wisun.events import (
    Answer,
    CommandAccepted,
    CommandFailed,
    EnergyScanned,
    Event,
    JoinFailed,
    JoinSucceeded,
    Noise,
    Notice,
    PanFound,
    ScanFinished,
    SessionClosed,
    SessionExpired,
    TerminatedByMeter,
    TransmitBudgetExhausted,
    TransmitBudgetRestored,
    TransmitResult,
    Transmitted,
    UdpReceived,
    WokeUp,
)
from broute_addon.wisun.receive_buffer import ReceiveBuffer
from broute_addon.wisun.sk_commands import JOIN_SILENCE_S, encode
from broute_addon.wisun.sk_datagram import WORD, take_datagram
from broute_addon.wisun.sk_echo import Echo
from broute_addon.wisun.sk_trace import trace
from broute_addon.wisun.sk_variants import SkVariant, other
from broute_addon.wisun.values import MacAddress, Pan

_LONGEST_LINE = 1024

_QUERIES = frozenset({"EVER", "EAPPVER", "EINFO", "ESREG", "EPONG"})
_PAN_ROW = re.compile(
    r"(Channel(?: Page)?|Pan ID|Addr|LQI|Side|PairID|HEMS|Relay(?: Endpoint)?):(.*)"
)
_EVENT_INSIDE = re.compile(r"EVENT [0-9A-Fa-f]{1,2}(?: |$)")
_UNPRINTABLE = re.compile(rb"[^ -~]")
_ERROR_CODE = re.compile(r"ER(\d+)")
_EVENTS: Mapping[int, Event] = {
    0x22: ScanFinished(),
    0x24: JoinFailed(),
    0x25: JoinSucceeded(),
    0x26: TerminatedByMeter(),
    0x27: SessionClosed(confirmed=True),
    0x28: SessionClosed(confirmed=False),
    0x29: SessionExpired(),
    0x32: TransmitBudgetExhausted(),
    0x33: TransmitBudgetRestored(),
    0xC0: WokeUp(),
}
_TRANSMITTED = 0x21
_UNKNOWN_WORD, _WRONG_COUNT, _WRONG_FORMAT, _OVERRUN, _IMPOSSIBLE = 4, 5, 6, 9, 10
_REFUSALS: Mapping[int, Refusal] = {
    # What we type is right; so a character of it got lost.
    _UNKNOWN_WORD: Refusal.AGAIN,
    _WRONG_COUNT: Refusal.AGAIN,
    _WRONG_FORMAT: Refusal.AGAIN,
    _OVERRUN: Refusal.AGAIN,
    _IMPOSSIBLE: Refusal.IMPOSSIBLE,
}
_CLOSING_A_PAN = frozenset({0x20, 0x22})


class SkStack:
    """A `Dialect`: one opened stick's text, with the little state that its sentences need."""

    def __init__(self, variant: SkVariant) -> None:
        self.variant = variant
        self._is_proven = False  # by an `OK` to a command that carries SIDE or not
        self._is_guess = False
        self._buffer = ReceiveBuffer()
        self._echo = Echo()
        self._pan: dict[str, str] | None = None
        self._energy_expected = False

    @property
    def name(self) -> str:
        return f"SKSTACK {self.variant.name}"

    @property
    def channels(self) -> int:
        return ALL_CHANNELS

    @property
    def tells_restart(self) -> bool:
        return False

    @property
    def pana_silence_s(self) -> float | None:
        return JOIN_SILENCE_S

    def encode(self, command: Command) -> tuple[Exchange, ...]:
        if self._is_guess and isinstance(command, ShowSignal):
            return ()  # SA2 may be the transmit power
        return encode(command, self.variant)

    def expect(self, exchange: Exchange) -> None:
        self._echo.expect(exchange.echo)

    def marker(self, attempt: int) -> Exchange:
        """SKVER and SKINFO in turn; the empty line before ends whatever was left half said."""
        word, answer = (("SKVER", "EVER"), ("SKINFO", "EINFO"))[attempt % 2]
        data = f"\r\n{word}\r\n".encode()
        return Exchange(data, f"{word} (in step?)", answer_s=1.0, answer=answer, echo=word.encode())

    def adapt(self, command: Command, code: int) -> bool:
        """ER05 (or ER06 for a datagram) may mean that SIDE is wanted, or not. Once the stick has
        taken it as we say it, it means that a character got lost."""
        match command:
            case ActiveScan() | EnergyScan():
                telling = code == _WRONG_COUNT
            case SendUdp():
                telling = code in {_WRONG_COUNT, _WRONG_FORMAT}
            case _:
                telling = False
        if self._is_proven or not telling:
            return False
        self._is_guess = True
        self.variant = other(self.variant)
        return True

    def accepted(self, command: Command) -> None:
        if isinstance(command, ActiveScan | EnergyScan | SendUdp):
            self._is_proven, self._is_guess = True, False

    def refusal(self, code: int) -> Refusal:
        return _REFUSALS.get(code, Refusal.OTHER)

    def refusal_name(self, code: int) -> str:
        return f"ER{code:02d}"

    def trace(self, event: Event) -> str:
        return trace(event)

    def receive(self, data: bytes) -> list[Event]:
        self._buffer.feed(data)
        events: list[Event] = []
        while (taken := self._take()) is not None:
            events += taken
        return events

    def _take(self) -> list[Event] | None:
        """The events of one sentence; None when more bytes are needed."""
        buffer = self._buffer
        buffer.skip_line_ends()
        if not len(buffer) or not self._echo.take(buffer):
            return None
        if (start := buffer.find(WORD)) == 0:
            return self._take_datagram()
        end = buffer.line_end()
        if 0 < start < (end if end >= 0 else len(buffer)):
            return [Noise(len(buffer.take(start)))]
        if end >= 0:
            return self._sentence(buffer.take(end))
        return [Noise(len(buffer.take(len(buffer))))] if len(buffer) > _LONGEST_LINE else None

    def _take_datagram(self) -> list[Event] | None:
        verdict = take_datagram(self._buffer)
        match verdict:
            case UdpReceived():
                return [verdict]
            case "incomplete":
                return None
            case "broken":
                return [Noise(len(self._buffer.take(len(WORD))))]

    def _sentence(self, line: bytes) -> list[Event]:  # noqa: PLR0911 - one for each kind
        text = _UNPRINTABLE.sub(b" ", line).decode().strip()
        if not text:
            return []
        if self._pan is not None and (row := _PAN_ROW.fullmatch(text)):
            self._pan[row[1]] = row[2].strip()
            return []
        word, *fields = text.split()
        match word:
            case "OK" if len(fields) <= 1:
                return [CommandAccepted(*fields)]
            case "FAIL":
                code = _ERROR_CODE.fullmatch(fields[0]) if fields else None
                return [CommandFailed(int(code[1]) if code else 0)]
            case "EVENT" if fields:
                return self._event(fields)
            case "EPANDESC":
                events = self._close_pan()
                self._pan = {}
                return events
            case "EEDSCAN":
                self._energy_expected = True
                return []
            case _ if word in _QUERIES:
                return [Answer(word, tuple(fields))]
            case _:
                return self._anything_else(text, [word, *fields])

    def _anything_else(self, text: str, fields: list[str]) -> list[Event]:
        if self._energy_expected and (levels := _energy(fields)):
            self._energy_expected = False
            return [EnergyScanned(levels)]
        if inside := _EVENT_INSIDE.search(text):
            return [Noise(inside.start()), *self._event(text[inside.start() :].split()[1:])]
        return [Noise(len(text))]

    def _event(self, fields: list[str]) -> list[Event]:
        number = _hex(fields[0])
        if number is None:
            return [Noise(len(" ".join(fields)))]
        closed = self._close_pan() if number in _CLOSING_A_PAN else []
        if number == _TRANSMITTED:
            return [*closed, _transmitted(fields[1:])]
        return [*closed, _EVENTS.get(number, Notice(number))]

    def _close_pan(self) -> list[Event]:
        """An EPANDESC has no end mark: rows belong to it until the next beacon or the scan's end.

        So a sentence that comes between its rows does no harm.
        """
        rows, self._pan = self._pan, None
        if rows is None:
            return []
        try:
            return [PanFound(_pan(rows))]
        except (KeyError, ValueError):
            return [Noise(sum(map(len, rows.values())))]


def _hex(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None


def _transmitted(fields: list[str]) -> Event:
    """`[address] [side] param`, the parameter with one digit or two."""
    after_address = [field for field in fields if ":" not in field]
    parameter = _hex(after_address[-1]) if after_address else None
    try:
        return Transmitted(TransmitResult(parameter))
    except ValueError:
        return Notice(_TRANSMITTED)


def _pan(rows: Mapping[str, str]) -> Pan:
    """Raises KeyError or ValueError for rows that were damaged on the line."""
    return Pan(
        channel=int(rows["Channel"], 16),
        pan_id=int(rows["Pan ID"], 16),
        address=MacAddress.parse(rows["Addr"]),
        lqi=int(rows["LQI"], 16) if rows.get("LQI") else None,
        pairing_id=rows.get("PairID") or None,
    )


def _energy(fields: list[str]) -> tuple[tuple[int, int], ...]:
    """Pairs of channel and level; an odd count means that SIDE stands first."""
    numbers = [_hex(field) for field in fields]
    pairs = numbers[len(numbers) % 2 :]
    found = [
        (channel, level)
        for channel, level in zip(pairs[::2], pairs[1::2], strict=True)
        if channel is not None and level is not None
    ]
    return tuple(found) if 2 * len(found) == len(pairs) else ()
