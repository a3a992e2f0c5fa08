"""How a module reads its serial line: characters in, echo and commands out.

The editor works per character. Carriage return ends a line, other control characters are ignored,
backspace edits. One command breaks the rule of lines: SKSENDTO's header ends at the space after
its length field, and then exactly that many raw bytes follow, whatever they are; a host that
sends fewer leaves the module in this payload phase, where it swallows later commands.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

CR, BACKSPACE, DELETE = 0x0D, 0x08, 0x7F
_LONGEST_LINE = 256

_SINGLE_HEADER = re.compile(rb"SKSENDTO ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ")
_DUAL_HEADER = re.compile(rb"SKSENDTO ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*) ")
_LENGTH = re.compile(rb"[0-9A-Fa-f]{4}")
LONGEST_PAYLOAD = 0x04D0


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One line, or the header and payload of SKSENDTO. `fault` is an error found while reading."""

    text: str
    payload: bytes | None = None
    fault: str | None = None

    @property
    def word(self) -> str:
        return self.text.split(" ", 1)[0]

    @property
    def arguments(self) -> list[str]:
        return [part for part in self.text.split(" ")[1:] if part]


class LineEditor:
    """The module's input.

    Args:
        is_dual: whether SKSENDTO carries SIDE.
        echo: receives what is to be echoed.
        command: receives each complete command.
    """

    def __init__(
        self,
        *,
        is_dual: bool,
        echo: Callable[[bytes], None],
        command: Callable[[CommandLine], None],
    ) -> None:
        self._header = _DUAL_HEADER if is_dual else _SINGLE_HEADER
        self._echo_out, self._command = echo, command
        self.echoes = True
        self.clear()

    def clear(self) -> None:
        self._line = bytearray()
        self._payload = bytearray()
        self._wanted = 0
        self._skips_line = False

    @property
    def is_in_payload(self) -> bool:
        return self._wanted > 0

    def preset(self, line: bytes) -> None:
        """Begin as if these characters had been typed by an earlier program."""
        echoes, self.echoes = self.echoes, False
        self.receive(line)
        self.echoes = echoes

    def overrun(self) -> None:
        """Drop the line and ignore everything up to the next carriage return."""
        self._line.clear()
        self._skips_line = True

    def receive(self, data: bytes) -> None:
        for i, byte in enumerate(data):
            if self._wanted:
                rest = data[i : i + self._wanted]
                self._take_payload(rest)
                if len(rest) < len(data) - i:
                    self.receive(data[i + len(rest) :])
                return
            self._type(byte)

    def _type(self, byte: int) -> None:
        if byte == CR:
            self._end_line()
        elif self._skips_line:
            return
        elif byte in {BACKSPACE, DELETE}:
            if self._line:
                self._line.pop()
                self._echo(b"\x08 \x08")
        elif byte >= 0x20 and len(self._line) < _LONGEST_LINE:
            self._line.append(byte)
            self._echo(bytes([byte]))
            if byte == 0x20:
                self._look_for_header()

    def _end_line(self) -> None:
        self._echo(b"\r\n")
        text = self._line.decode("latin-1")
        self._line.clear()
        if self._skips_line:
            self._skips_line = False
        elif text:
            self._command(CommandLine(text))

    def _look_for_header(self) -> None:
        match = self._header.fullmatch(self._line)
        if match is None:
            return
        length = match[match.lastindex or 1]
        size = int(length, 16) if _LENGTH.fullmatch(length) else 0
        self._echo(b"\r\n")
        if not 1 <= size <= LONGEST_PAYLOAD:
            text = self._line.decode("latin-1")
            self._line.clear()
            self._command(CommandLine(text, fault="ER06"))
        else:
            self._wanted = size

    def _take_payload(self, data: bytes) -> None:
        self._payload += data
        self._wanted -= len(data)
        if not self._wanted:
            command = CommandLine(self._line.decode("latin-1"), bytes(self._payload))
            self._line.clear()
            self._payload.clear()
            self._command(command)

    def _echo(self, data: bytes) -> None:
        if self.echoes:
            self._echo_out(data)
