"""How many EPCs go into one Get: as many as the meter takes, which only its answers tell.

An answer with fewer properties than were asked for may be a limit of the meter or chance, so two
Gets in a row must say so. What was learned is doubted now and then, ever more rarely: then one
answer is enough to settle it.
"""

DOUBTED_AFTER_S = 1800.0
"""A limit just learned stands for so long; one found again for this times `MORE_RARELY`."""

MORE_RARELY = 4


class Batch:
    """`size` is how many EPCs to put into one Get; never more than at first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._most = size
        self._suspected: int | None = None
        self._doubt_at = 0.0
        self._trusted_s = DOUBTED_AFTER_S

    def learn(self, cut: int, came: int, now: float) -> None:
        """Learns from all requests of a finished Get: the size of the largest that was answered
        short (0: none was), and the most properties that one answer had."""
        if self._suspected is not None and came > self._suspected:
            self._suspected, self._trusted_s = None, DOUBTED_AFTER_S
        if not cut:
            if self.size < self._most and now >= self._doubt_at:
                self.size, self._suspected = self._most, self.size
        elif self._suspected is not None and cut > self._suspected:
            self.size, self._suspected = self._suspected, None
            self._doubt_at = now + self._trusted_s
            self._trusted_s *= MORE_RARELY
        else:
            self._suspected = max(1, came)
