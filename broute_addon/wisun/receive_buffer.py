"""Bytes that are not understood yet.

The bound is the grammar's: it never leaves more here than the longest sentence that may still
become whole, a hexadecimal ERXUDP of 1232 bytes (126 + 2464 + 2 characters) or a J11 frame of
1361 bytes.
"""


class ReceiveBuffer:
    """A bounded byte queue with the few questions a grammar asks."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        """Appends; whoever feeds takes until nothing whole is left."""
        self._bytes += data

    def peek(self, size: int, start: int = 0) -> bytes:
        """Up to `size` bytes from `start`, left where they are."""
        return bytes(self._bytes[start : start + size])

    def take(self, size: int) -> bytes:
        """Removes and returns the first `size` bytes."""
        taken = bytes(self._bytes[:size])
        del self._bytes[:size]
        return taken

    def skip_line_ends(self) -> None:
        """Removes leading CR and LF."""
        if self._bytes and self._bytes[0] in b"\r\n":
            count = len(self._bytes) - len(self._bytes.lstrip(b"\r\n"))
            del self._bytes[:count]

    def line_end(self) -> int:
        """Position of the first CR or LF, -1 without one."""
        cr, lf = self._bytes.find(b"\r"), self._bytes.find(b"\n")
        return max(cr, lf) if cr < 0 or lf < 0 else min(cr, lf)

    def find(self, word: bytes, start: int = 0) -> int:
        """Position of `word` at or behind `start`, -1 without it."""
        return self._bytes.find(word, start)
