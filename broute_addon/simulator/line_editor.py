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
_PRINTABLE = re.compile(rb"[\x20-\x7e\x80-\xff]+")


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
        at = 0
        while at < len(data):
            if self._wanted:
                end = at + self._wanted
                self._take_payload(data[at:end])
                at = end
            elif run := _PRINTABLE.match(data, at):
                at += self._append(run[0])
            else:
                self._control(data[at])
                at += 1

    def _append(self, text: bytes) -> int:
        """Printable characters, up to where a header of SKSENDTO is complete; how many."""
        if self._skips_line:
            return len(text)
        before = len(self._line)
        self._line += text
        header = self._header.match(self._line) if b" " in text else None
        taken = header.end() - before if header else len(text)
        del self._line[before + taken :]
        self._echo(text[:taken])
        if header:
            self._begin_payload(header[header.lastindex or 1])
        else:
            del self._line[_LONGEST_LINE:]
        return taken

    def _control(self, byte: int) -> None:
        if byte == CR:
            self._end_line()
        elif byte in {BACKSPACE, DELETE} and self._line and not self._skips_line:
            self._line.pop()
            self._echo(b"\x08 \x08")

    def _end_line(self) -> None:
        self._echo(b"\r\n")
        text = self._line.decode("latin-1")
        self._line.clear()
        if self._skips_line:
            self._skips_line = False
        elif text:
            self._command(CommandLine(text))

    def _begin_payload(self, length: bytes) -> None:
        size = int(length, 16) if _LENGTH.fullmatch(length) else 0
        self._echo(b"\r\n")
        if 1 <= size <= LONGEST_PAYLOAD:
            self._wanted = size
            return
        text = self._line.decode("latin-1")
        self._line.clear()
        self._command(CommandLine(text, fault="ER06"))

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
