"""Taking the echo of a command away without ever taking a sentence of the stick with it.

A stick with echo on repeats each character as it arrives, so an event may be printed in the
middle of an echoed line: `SKVEVENT 21 FE80:…`, then `ER`. What is left of the echo is therefore
matched character by character, and a shorter match counts only where a line end or the beginning
of an asynchronous sentence follows. No sentence of a stick begins like a command, and `OK` is
never taken for the rest of an echo.
"""

from broute_addon.wisun.receive_buffer import ReceiveBuffer

_ASYNCHRONOUS = (b"EVENT ", b"ERXUDP ", b"EPANDESC", b"EEDSCAN")
_LONGEST = max(map(len, _ASYNCHRONOUS))
_RESPONSES = (b"OK",)


class Echo:
    """What a stick may still repeat of the command in flight."""

    def __init__(self) -> None:
        self._left = b""

    def expect(self, header: bytes) -> None:
        """From now on the echo is that of `header` (without line end); empty: none."""
        self._left = header

    def take(self, buffer: ReceiveBuffer) -> bool:
        """Removes echo from the start of the buffer.

        Returns False when more bytes are needed to tell echo from sentence.
        """
        head = buffer.peek(len(self._left) + _LONGEST)
        if head[:1].upper() != self._left[:1]:  # all of it, where echo is off
            return True
        same = _common(head, self._left)
        if not same or head.startswith(_ASYNCHRONOUS):
            return True
        if same == len(head):
            return False
        whole = same == len(self._left)
        if head[same] in (b"\r\n " if whole else b"\r\n") and head[:same] not in _RESPONSES:
            self._consume(buffer, same)
            return True
        decided = self._before_an_event(buffer, head, same)
        if decided and whole and len(self._left) == same:
            self._consume(buffer, same)
        return decided

    def _before_an_event(self, buffer: ReceiveBuffer, head: bytes, same: int) -> bool:
        """False when the beginning of an event may still become one."""
        undecided = False
        for size in range(same, -1, -1):
            rest = head[size:]
            if rest.startswith(_ASYNCHRONOUS):
                self._consume(buffer, size)
                return True
            undecided |= any(word.startswith(rest) for word in _ASYNCHRONOUS)
        return not undecided

    def _consume(self, buffer: ReceiveBuffer, size: int) -> None:
        buffer.take(size)
        self._left = self._left[size:]


def _common(head: bytes, echo: bytes) -> int:
    head = head.upper()
    for i, (one, two) in enumerate(zip(head, echo, strict=False)):
        if one != two:
            return i
    return min(len(head), len(echo))
