"""Everything that can go wrong, by name: the hooks ask here whether it is their turn.

A **condition** holds for a while and strikes with a probability, or carries a value; an **event**
happens once, at a moment. Both are written `KIND[=VALUE][@WHEN[+FOR]]`, WHEN being real seconds
since the start of the simulation, or the next time something of `MOMENTS` begins:

    lost-answer=0.2          a fifth of all answers get lost, from the start to the end
    mute-meter@60+30         between second 60 and 90 the meter answers nothing
    late-answer=6@10         from second 10 every answer comes 6 s later
    unplug@30+5              the stick is pulled at second 30 and back at second 35
    unplug@join+5            the stick is pulled in the middle of the next log-in
    move-channel=3B@120      the meter changes to channel 3B

A new kind is one row in `CONDITIONS` or `EVENTS` and one line at the hook that asks for it.
Tests use `hold`, `release`, `next` and `fire` instead of text.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from broute_addon.simulator.timers import Timers

CONDITIONS: dict[str, str] = {
    "lost-request": "probability that a request doesn't reach the meter (EVENT 21 says sent)",
    "unacknowledged": "probability that a transmission ends in EVENT 21 01",
    "busy-channel": "probability that a transmission finds the channel busy (EVENT 21 01)",
    "lost-answer": "probability that an answer gets lost",
    "late-answer": "seconds by which answers are late",
    "doubled-answer": "probability that an answer comes twice",
    "wrong-tid": "probability that an answer carries another TID",
    "cut-answer": "probability that an answer lacks its last byte",
    "notification-first": "probability that a half-hour notification comes before an answer",
    "lost-notification": "probability that a notification gets lost",
    "doubled-notification": "probability that a notification comes twice",
    "lost-instance-list": "probability that the D5 after a join gets lost",
    "undeciphered": "probability that the stick can't decrypt what it receives (J11: 6038)",
    "fade": "by how much the LQI of what is received falls",
    "no-data": "the meter has no power and current to give (7FFFFFFE, 7FFE)",
    "refused-set": "probability that the meter refuses a Set (51)",
    "refused-history": "probability that the meter refuses to tell history (52)",
    "mute-meter": "the meter acknowledges but answers nothing",
    "out-of-reach": "the meter is not on the air",
    "mute-stick": "the stick neither answers nor reports",
    "stalled-stick": "the stick reports but answers no command until SKRESET (J11: 00D9)",
    "cut-line": "probability that a line (J11: frame) of the stick loses a byte",
    "cut-command": "probability that what is written to the stick loses a byte",
    "garbage": "probability that noise precedes a line of the stick",
    "wrong-length": "probability that an ERXUDP states a wrong length (J11: a wrong checksum)",
    "doubled-line": "probability that an ERXUDP (J11: 6018) is printed twice",
    "missing-ok": "probability that the OK of SKSENDTO (J11: 2008) is not printed",
    "missing-event21": "probability that EVENT 21 is not printed (text only)",
    "overrun": "probability that a command line ends in FAIL ER09 (J11: result F0)",
    "blank-lines": "probability that an empty line precedes a line of the stick (text only)",
    "refused-join": "probability that the meter refuses the credentials",
    "stalled-join": "probability that the meter falls silent midway through a log-in",
}
"""Kind to meaning. The value is 1 when none is given."""

EVENTS: dict[str, str] = {
    "expire": "the session's lifetime ends: EVENT 29, then 25 (J11: 601A)",
    "expire-fail": "the session's lifetime ends: EVENT 29, then 24 (J11: 6028 03, 601A)",
    "renew": "the stick renews the session by itself: EVENT 25 or 24 (J11: 6028)",
    "terminate": "the meter ends the session: EVENT 26 (J11: 601A)",
    "forget-session": "the meter loses the session without a word",
    "reboot": "the meter is without power for FOR seconds (default 20)",
    "power-cut": "meter and stick are without power for FOR seconds (default 20)",
    "budget": "the transmission limit holds for FOR seconds (default 60): EVENT 32, 33",
    "unplug": "the stick is pulled, and plugged in again after FOR seconds if given",
    "replug": "the stick is plugged in",
    "reset-stick": "the stick restarts (brown-out): session and settings are lost",
    "move-channel": "the meter moves to channel VALUE (hexadecimal)",
    "move-pan": "the meter changes its PAN ID to VALUE (hexadecimal)",
    "exchange": "another meter is installed: new serial number VALUE, counters from 0",
    "meter-fault": "the meter reports a fault (88), for FOR seconds if given",
    "clock-step": "the meter's clock jumps by VALUE seconds",
}
"""Kind to meaning; `House` says what each does."""

MOMENTS: dict[str, str] = {
    "scan": "a scan begins",
    "join": "a log-in or renewal begins",
    "send": "a datagram is handed to the radio",
    "receive": "a datagram from the meter arrives",
    "print": "half a line (J11: half a frame) is printed",
    "command": "a command is complete, its answer still to come",
}
"""When an event can be made to happen, besides at a second."""

_SPEC = re.compile(
    r"(?P<kind>[a-z0-9-]+)(?:=(?P<value>[^@+]+))?(?:@(?P<at>[0-9.]+|[a-z]+)(?:\+(?P<for>[0-9.]+))?)?"
)


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """One fault as asked for: when (seconds from the start, or a moment), and how long."""

    kind: str
    value: str | None = None
    at_s: float = 0.0
    for_s: float | None = None
    moment: str | None = None


def parse_fault(text: str) -> FaultSpec:
    """Read `KIND[=VALUE][@WHEN[+FOR]]`.

    Raises:
        ValueError: one sentence that says what is wrong.
    """
    match = _SPEC.fullmatch(text)
    if match is None:
        raise ValueError(f"--fault {text!r} is not of the form KIND[=VALUE][@WHEN[+FOR]]")
    kind, value = match["kind"], match["value"]
    if kind not in CONDITIONS and kind not in EVENTS:
        known = ", ".join(sorted({*CONDITIONS, *EVENTS}))
        raise ValueError(f"--fault {text!r}: {kind!r} is not one of {known}")
    if kind in CONDITIONS and value is not None:
        _number(text, value)
    if kind == "clock-step":
        _number(text, value or "")
    if kind == "move-channel" and not re.fullmatch("2[1-9A-F]|3[0-9A-C]", value or ""):
        raise ValueError(f"--fault {text!r}: the channel must be 21 to 3C")
    if kind == "move-pan" and not re.fullmatch("[0-9A-F]{4}", value or ""):
        raise ValueError(f"--fault {text!r}: the PAN ID must be four hexadecimal digits")
    for_s = float(match["for"]) if match["for"] else None
    when = match["at"] or "0"
    if when.isalpha():
        if when not in MOMENTS or kind not in EVENTS:
            raise ValueError(f"--fault {text!r}: an event can wait for {', '.join(MOMENTS)}")
        return FaultSpec(kind, value, 0.0, for_s, when)
    return FaultSpec(kind, value, _number(text, when), for_s)


def _number(text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"--fault {text!r}: {value!r} is not a number") from None


class Faults:
    """The conditions that hold now, and the events to come."""

    def __init__(
        self, seed: int, timers: Timers, act: Callable[[str, str | None, float | None], None]
    ) -> None:
        self._rng = random.Random(f"faults {seed}")  # noqa: S311 - a simulation
        self._timers = timers
        self._act = act
        self._holding: dict[str, float] = {}
        self._next: dict[str, int] = {}
        self._armed: dict[str, list[FaultSpec]] = {}
        self.struck: dict[str, int] = {}

    def schedule(self, spec: FaultSpec) -> None:
        """Let a fault happen at its time."""
        if spec.moment is not None:
            self._armed.setdefault(spec.moment, []).append(spec)
        elif spec.at_s > 0:
            self._timers.unscaled(spec.at_s, lambda: self._start(spec))
        else:
            self._start(spec)

    def hold(self, kind: str, value: float = 1.0, for_s: float | None = None) -> None:
        """Let a condition hold, with a probability or value, for seconds or until released."""
        _check(kind, CONDITIONS)
        self._holding[kind] = value
        if for_s is not None:
            self._timers.unscaled(for_s, lambda: self.release(kind))

    def release(self, kind: str) -> None:
        self._holding.pop(kind, None)

    def next(self, kind: str, count: int = 1) -> None:
        """Let a condition strike the next `count` times for certain."""
        _check(kind, CONDITIONS)
        self._next[kind] = self._next.get(kind, 0) + count

    def fire(self, kind: str, value: str | None = None, for_s: float | None = None) -> None:
        """Let an event happen now."""
        _check(kind, EVENTS)
        self.struck[kind] = self.struck.get(kind, 0) + 1
        self._act(kind, value, for_s)

    def is_armed(self, moment: str) -> bool:
        """Whether an event waits for this moment."""
        return bool(self._armed and self._armed.get(moment))

    def moment(self, moment: str) -> None:
        """Something begins: the events that wait for it happen as soon as it has begun."""
        for spec in self._armed.pop(moment, ()) if self._armed else ():
            self._timers.soon(lambda one=spec: self._start(one))  # type: ignore[misc]

    def strikes(self, kind: str) -> bool:
        """Whether the fault hits this time."""
        if not self._holding and not self._next:
            return False
        if self._next.get(kind, 0) > 0:
            self._next[kind] -= 1
        elif kind not in self._holding or not self._rng.random() < self._holding[kind]:
            return False
        self.struck[kind] = self.struck.get(kind, 0) + 1
        return True

    def value(self, kind: str) -> float:
        """The value of a holding condition, else 0."""
        return self._holding.get(kind, 0.0)

    def noise(self) -> bytes:
        """A few bytes that are no line of a stick."""
        return self._rng.randbytes(self._rng.randint(1, 12)).replace(b"\n", b"\r") + b"\r\n"

    def cut(self, data: bytes) -> bytes:
        """The bytes of a line, but for one that got lost."""
        at = self._rng.randrange(len(data)) if data else 0
        return data[:at] + data[at + 1 :]

    def _start(self, spec: FaultSpec) -> None:
        if spec.kind in EVENTS:
            self.fire(spec.kind, spec.value, spec.for_s)
        else:
            self.hold(spec.kind, float(spec.value or 1.0), spec.for_s)


def _check(kind: str, kinds: dict[str, str]) -> None:
    if kind not in kinds:
        raise ValueError(f"{kind!r} is not one of {', '.join(sorted(kinds))}")
