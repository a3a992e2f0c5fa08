"""One meter's memory, as the poller sees it: what to ask now, and what came of it.

A `History` outlives the sessions with its meter; in each it starts anew from what the ledger still
lacks, so nothing is to be remembered over a restart.
"""

from collections.abc import Callable

from broute_addon.meter.half_hours import Memory
from broute_addon.meter.history.abilities import Abilities
from broute_addon.meter.history.gaps import Gaps
from broute_addon.meter.history.plan import Missing
from broute_addon.meter.history.progress import Progress
from broute_addon.meter.history.reading import Reading
from broute_addon.meter.history.requests import Kind, Reply, Request, Steps
from broute_addon.meter.history.turns import Turn, Turns
from broute_addon.meter.meter_clock import MeterClock
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import Update

LOST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 6 * 3600.0
"""After the second request in a row that was lost; doubled with each further one."""

_GUESSES_S = {Kind.CLOCK: 1.5, Kind.SELECT: 1.5, Kind.DAY: 4.0, Kind.SPAN: 3.0}


class _Session:
    """What there is of it while a session lasts. `next` is a request, or when to go on."""

    def __init__(self, reading: Reading, progress: Progress, gaps: Gaps) -> None:
        self.gaps = gaps
        self.reading = reading
        self.progress = progress
        self.steps: Steps = reading.steps()
        self.next: Request | float = next(self.steps)


class History:
    """One meter's memory against the ledger's. `now` are always seconds of the event loop.

    `turns` are the answer times of its requests, for whoever decides when one may go. `wants_all`:
    a person has asked for "read history again" before.
    """

    def __init__(self, memory: Memory, *, wants_all: bool = False) -> None:
        self.turns = Turns(_GUESSES_S)
        self._memory = memory
        self._uid: str | None = None
        self._abilities: Abilities | None = None
        self._session: _Session | None = None
        self._wants_all = wants_all
        self._again: Missing = {}  # see Gaps
        self._not_before = 0.0

    def begin(
        self,
        profile: MeterProfile,
        clock: MeterClock,
        emit: Callable[[Update], None],
        now: float,
    ) -> None:
        """A session has begun and the meter's scale is known: look for what is missing."""
        self.end(now)
        if profile.uid != self._uid or self._abilities is None:
            self._uid, self._abilities = profile.uid, Abilities(profile)
            self._again = {}
        abilities = self._abilities
        abilities.renew(profile)
        progress = Progress(emit)
        gaps = Gaps(self._memory, profile, abilities, emit, self._again)
        self._again = {}
        reading = Reading(profile.get_map, gaps, abilities, clock, progress, now)
        reading.look_at_all(wants_all=self._wants_all)
        self._wants_all = False
        self._session = _Session(reading, progress, gaps)

    def end(self, now: float) -> None:
        """The session is over; what was read but not yet believed is dropped."""
        session, self._session = self._session, None
        if session is not None:
            session.steps.close()
            session.progress.stop(now)
            self._again = session.gaps.again

    def read_all(self, now: float) -> None:
        """A person's "read history again": everything, whatever the ledger has."""
        if self._abilities is not None:
            self._abilities.forget()
        if self._session is None:
            self._wants_all = True
        else:
            self._session.reading.look_at_all(wants_all=True)
            self._wake(self._session, now)

    def look(self, now: float) -> None:
        """Look at the whole memory again at the next opportunity."""
        if self._session is not None:
            self._session.reading.look_at_all()
            self._wake(self._session, now)

    def _wake(self, session: _Session, now: float) -> None:
        if isinstance(session.next, float):
            session.next = now

    def due(self) -> float | None:
        """When it wants a turn; None if it never does."""
        if self._session is None:
            return None
        wanted = self._session.next
        return max(wanted if isinstance(wanted, float) else self._not_before, self._not_before)

    def request(self, now: float) -> Request | None:
        """What is to be asked now; None when there is nothing to ask at present."""
        session = self._session
        if session is None or now < self._not_before:
            return None
        while isinstance(session.next, float) and session.next <= now:
            self._go_on(session, {}, now)
        return session.next if isinstance(session.next, Request) else None

    def answered(self, request: Request, turn: Turn, reply: Reply, now: float) -> None:
        """The reply to `request`."""
        self.turns.answered(request.kind, turn, now)
        if self._session is not None:
            self._session.progress.step(now)
            self._go_on(self._session, reply, now)

    def lost(self, request: Request, turn: Turn, now: float) -> None:
        """No reply came: its turn comes again, the later the more of its kind are lost in a row.

        That outlives the session: a meter may fall silent over a question that is too much for it.
        """
        self.turns.lost(request.kind, turn, now)
        losses = self.turns.losses(request.kind)
        if losses > 1:
            pause_s = LOST_PAUSE_S * 2.0 ** min(losses - 2, 10)
            self._not_before = now + min(pause_s, LONGEST_PAUSE_S)

    def _go_on(self, session: _Session, reply: Reply, now: float) -> None:
        session.reading.now = now
        session.next = session.steps.send(reply)
