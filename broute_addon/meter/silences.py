"""Which requests a meter leaves unanswered although it answers others.

A meter that says nothing to a request is taken for lost, and logged in to anew. One that is silent
to a single kind of request would be logged in to for ever; so that kind is left alone for a while,
longer each time, once it stayed unanswered three times in a row with live values answered before.
"""

from broute_addon.meter.schedule import Job

LEFT_ALONE_S = 60.0
LONGEST_S = 6 * 3600.0

_SUSPECTED_AFTER = 3
_GIVEN_UP_AFTER = 5


class Silences:
    """Kept over sessions: by kind of request, how often in a row there was no answer."""

    def __init__(self) -> None:
        self._times: dict[Job, int] = {}

    def lost(self, job: Job) -> float | None:
        """It had no answer. Seconds to leave it alone; None at first, when it is the meter that is
        suspected."""
        times = self._times[job] = self._times.get(job, 0) + 1
        if times < _SUSPECTED_AFTER:
            return None
        return min(LEFT_ALONE_S * 4.0 ** min(times - _SUSPECTED_AFTER, 5), LONGEST_S)

    def answered(self, job: Job) -> None:
        """It had an answer."""
        self._times.pop(job, None)

    def suspects(self, job: Job) -> bool:
        """It is asked for alone, so that nothing else gets lost with it."""
        return self._times.get(job, 0) >= _SUSPECTED_AFTER

    def has_given_up(self, job: Job) -> bool:
        """It has been lost so often that nothing should wait for it."""
        return self._times.get(job, 0) >= _GIVEN_UP_AFTER
