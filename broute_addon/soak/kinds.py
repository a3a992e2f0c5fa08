"""Every kind of fault, how long it lasts, and how soon readings must be back.

A bound counts from the moment the cause is gone to the next live value at Home Assistant. It is
put together from the radio's own times and the product's own patience:

    poll 60 s · a request given up after 3 tries of at most 20 s, each with a transmission of up to
    8 s: 84 s · SKTERM 4 s · SKRESET with its repetition and three unanswered markers 20 s · probe
    13 s, at each of seven speeds of a mute stick 25 s · a scan over all durations 66 s · log-in
    3.3 s, unanswered 45 s · interview 10 s, with lost answers 60 s

A cause that lasts lets the ladder climb: its waits double from 2 s to 300 s (1.2 with jitter), so
the wait in force when the cause ends is at most 1.5 times the time it lasted. Refusals wait up to
900 s. Faults that overlap are one: the latest end counts, with the largest bound and a full wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass

POLL_S = 60.0
REQUEST_S = 84.0
SCAN_S = 66.0
JOIN_S = 4.0
UNANSWERED_JOIN_S = 45.0
LEAVE_S = 4.0
RESET_S = 20.0
PROBE_S = 25.0
INTERVIEW_S = 60.0
LONGEST_WAIT_S = 360.0
LONGEST_REFUSED_WAIT_S = 1080.0

ANSWERED_SOON_S = POLL_S + 30.0
"""Nothing was lost but an answer or two."""
SILENCE_S = POLL_S + REQUEST_S
"""Until a meter that says nothing is noticed."""
REJOIN_S = LEAVE_S + JOIN_S + 5.0
RESCAN_S = UNANSWERED_JOIN_S + LEAVE_S + SCAN_S + JOIN_S + INTERVIEW_S
"""The log-in fails first, the meter is found at the end of a full scan."""
REOPEN_S = RESET_S + PROBE_S + RESCAN_S
ATTEMPT_S = REQUEST_S + RESCAN_S
"""What may be under way, in vain, when a lasting cause ends, and the attempt after it."""
STORM_S = ATTEMPT_S + REOPEN_S + LONGEST_WAIT_S
"""Faults on top of each other: the longest wait and every rung."""

STORM = "several at once"


@dataclass(frozen=True, slots=True)
class Kind:
    """A row: how often relative to others, how long (seconds), and the bound in seconds.

    `climbs`: the ladder may climb while it lasts, its wait is added. `value` is a range that the
    plan draws from, for kinds that carry one. `hits_energy`: half hours and counters are excused
    as well (they always are while power is).
    """

    bound_s: float
    lasts: tuple[float, float] = (0.0, 0.0)
    weight: int = 2
    climbs: bool = False
    values: tuple[str, ...] = ()

    def bound_after(self, lasted_s: float) -> float:
        """The bound for one that lasted so long."""
        wait = min(LONGEST_WAIT_S, 5.0 + 1.5 * lasted_s) if self.climbs else 0.0
        return self.bound_s + wait


_SOME = ("0.2", "0.5", "1")
_LINE = REQUEST_S + REOPEN_S

KINDS: Mapping[str, Kind] = {
    # the radio
    "lost-answer": Kind(ATTEMPT_S, (5, 240), 6, climbs=True, values=_SOME),
    "lost-request": Kind(ATTEMPT_S, (5, 240), climbs=True, values=_SOME),
    "late-answer": Kind(ATTEMPT_S, (20, 240), 4, climbs=True, values=("3", "7", "12")),
    "doubled-answer": Kind(ANSWERED_SOON_S, (30, 600), 3, values=_SOME),
    "wrong-tid": Kind(ATTEMPT_S, (5, 180), 3, climbs=True, values=_SOME),
    "cut-answer": Kind(ATTEMPT_S, (5, 180), climbs=True, values=_SOME),
    "unacknowledged": Kind(ATTEMPT_S, (5, 240), 3, climbs=True, values=_SOME),
    "busy-channel": Kind(ATTEMPT_S, (5, 240), climbs=True, values=_SOME),
    "undeciphered": Kind(ATTEMPT_S, (5, 240), climbs=True, values=_SOME),
    "doubled-notification": Kind(ANSWERED_SOON_S, (600, 2400), values=("1",)),
    "notification-first": Kind(ANSWERED_SOON_S, (30, 600), 3, values=_SOME),
    "lost-notification": Kind(ANSWERED_SOON_S, (600, 2400), values=("1",)),
    "lost-instance-list": Kind(ANSWERED_SOON_S, (60, 600), 1, values=("1",)),
    "out-of-reach": Kind(ATTEMPT_S, (10, 3000), 3, climbs=True, values=("1",)),
    "budget": Kind(ANSWERED_SOON_S + REQUEST_S, (60, 900), 3),
    # the meter
    "no-data": Kind(ANSWERED_SOON_S, (60, 600), 2, values=("1",)),
    "mute-meter": Kind(ATTEMPT_S, (30, 1500), 3, climbs=True, values=("1",)),
    "refused-join": Kind(ATTEMPT_S + LONGEST_REFUSED_WAIT_S, (30, 7200), 1, values=("1",)),
    "reboot": Kind(SILENCE_S + REJOIN_S + ATTEMPT_S, (10, 300), 3, climbs=True),
    "stalled-join": Kind(ATTEMPT_S, (30, 900), 1, climbs=True, values=("1",)),
    "power-cut": Kind(REOPEN_S, (5, 300), climbs=True),
    "move-pan": Kind(SILENCE_S + RESCAN_S, weight=1),
    "move-channel": Kind(SILENCE_S + RESCAN_S, weight=3),
    "exchange": Kind(SILENCE_S + REJOIN_S + INTERVIEW_S, weight=2),
    "meter-fault": Kind(ANSWERED_SOON_S, (60, 600), 1),
    "clock-step": Kind(ANSWERED_SOON_S, weight=2, values=("2", "61", "590")),
    # the session
    "expire": Kind(ANSWERED_SOON_S, weight=4),
    "expire-fail": Kind(REJOIN_S + 10.0, weight=4),
    "renew": Kind(ANSWERED_SOON_S, weight=2),
    "terminate": Kind(REJOIN_S, weight=4),
    "forget-session": Kind(SILENCE_S + REJOIN_S, weight=4),
    # the stick
    "unplug": Kind(REOPEN_S, (1, 1200), 4, climbs=True),
    "reset-stick": Kind(SILENCE_S + REOPEN_S, weight=3),
    "mute-stick": Kind(_LINE, (5, 900), 3, climbs=True, values=("1",)),
    "stalled-stick": Kind(SILENCE_S + REOPEN_S, weight=3, values=("1",)),
    "cut-line": Kind(_LINE, (5, 120), values=("0.1", "0.3"), climbs=True),
    "cut-command": Kind(_LINE, (5, 120), values=("0.1", "0.3"), climbs=True),
    "garbage": Kind(_LINE, (30, 600), values=_SOME, climbs=True),
    "wrong-length": Kind(_LINE, (10, 240), values=_SOME, climbs=True),
    "doubled-line": Kind(ANSWERED_SOON_S, (30, 600), values=_SOME),
    "missing-ok": Kind(_LINE, (10, 240), values=_SOME, climbs=True),
    "missing-event21": Kind(_LINE, (10, 240), values=_SOME, climbs=True),
    "overrun": Kind(_LINE, (5, 60), values=("0.2", "0.5"), climbs=True),
    "blank-lines": Kind(ANSWERED_SOON_S, (30, 600), values=_SOME),
    # the host
    "host-power-cut": Kind(REOPEN_S + 30.0, (5, 1200), 3),
    "kill": Kind(REOPEN_S + 30.0, (5, 120), 2),
    "restart": Kind(REOPEN_S + 30.0, (5, 60), 2),
    "memory-lost": Kind(REOPEN_S + 30.0, (5, 60), 2),
    "old-backup": Kind(REOPEN_S + 30.0, (5, 60), 2),
    "host-clock-step": Kind(ANSWERED_SOON_S, weight=2, values=("-7200", "-40", "35", "5400")),
    "wrong-clock-at-boot": Kind(REOPEN_S + 30.0, (30, 900), 2, values=("-864000", "-3600", "7200")),
    # Home Assistant's side
    "broker-outage": Kind(ANSWERED_SOON_S + 72.0, (5, 1200), 3),
    "broker-cut": Kind(ANSWERED_SOON_S, weight=2),
    "broker-mute": Kind(ANSWERED_SOON_S + 82.0, (5, 300), 2),
    "broker-forgets": Kind(ANSWERED_SOON_S + 72.0, (2, 60), 2),
    "home-assistant-restart": Kind(ANSWERED_SOON_S, (10, 600), 3),
    "home-assistant-database-lost": Kind(ANSWERED_SOON_S, (10, 600), 1),
    # the household
    "reconnect": Kind(REJOIN_S, weight=2),
    "rescan": Kind(RESCAN_S, weight=2),
    "read-history": Kind(ANSWERED_SOON_S, weight=1),
}
