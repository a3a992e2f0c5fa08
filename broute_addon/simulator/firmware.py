"""What a module's program does by itself when the meter is silent; seconds, least and most."""

from dataclasses import dataclass

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Firmware:
    """Habits of one family of modules.

    Attributes:
        unanswered_join: how long a log-in without any answer lasts; None: as the air says.
        unanswered_renewal: likewise for the renewal of a session; None: as the air says.
        stalled_join: how long a log-in lasts whose meter falls silent midway; None: as unanswered.
        stalled_renewal: likewise for a renewal.
        outlives_failed_renewal: whether the session goes on, up to its lifetime, when a renewal
            fails.
        logs_in_after_expiry: whether the module logs in anew by itself when the lifetime is over.
    """

    unanswered_join: Span | None
    unanswered_renewal: Span | None
    stalled_join: Span | None
    stalled_renewal: Span | None
    outlives_failed_renewal: bool
    logs_in_after_expiry: bool


SKSTACK = Firmware(
    unanswered_join=None,
    unanswered_renewal=None,
    stalled_join=None,
    stalled_renewal=None,
    outlives_failed_renewal=False,
    logs_in_after_expiry=True,
)
"""wisun-modules.md 2.8, 2.9."""

J11 = Firmware(
    unanswered_join=(491.9, 706.0),
    unanswered_renewal=(180.1, 236.7),
    stalled_join=(311.5, 311.5),
    stalled_renewal=(302.7, 302.7),
    outlives_failed_renewal=True,
    logs_in_after_expiry=False,
)
"""wisun-modules.md 3.7. The manual ends a session with 0057 after a 00D2 that failed, and 0057 is
possible only while authenticated: so a failed renewal leaves the session."""
