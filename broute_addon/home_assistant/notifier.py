"""One notification in Home Assistant while the household must act; gone when it is solved.

It holds every sentence that asks for an act: the meter's problem and what is wrong beside it. A
sentence is told only after it has stood for a while: a stick pulled out and put back, or a meter
found at the second scan, is nobody's task.

What is beside the meter is over when its notice is. The meter's problem is over when the meter is
read: until then it stays told through every attempt, and none comes a second time, however the
problems take turns or whether the household has closed the notification.
"""

import asyncio
import logging
from collections.abc import Callable

from broute_addon.home_assistant.core import Core, CoreError
from broute_addon.home_assistant.streak import Streak
from broute_addon.messages import Language, Message, message
from broute_addon.store import Snapshot, Store

_LOGGER = logging.getLogger(__name__)

PATIENCE_S = 30.0

_TOLD = frozenset(
    {
        "no_stick",
        "port_missing",
        "port_forbidden",
        "port_busy",
        "port_failed",
        "port_not_serial",
        "port_lost",
        "dongle_silent",
        "dongle_unknown",
        "dongle_mute",
        "meter_not_found",
        "meter_too_far",
        "credentials_refused",
        "ledger_full",
        "ledger_unwritable",
        "option_characters",
        "option_missing_credentials",
        "option_wrong",
        "option_unknown",
        "route_b_id_length",
        "route_b_id_characters",
        "route_b_password_length",
        "route_b_password_characters",
        "mqtt_ca_name",
        "mqtt_ca_unreadable",
        "mqtt_no_broker",
        "mqtt_refused_credentials",
        "mqtt_service_absent",
        "mqtt_tls_failed",
        "supervisor_denied",
    }
)
"""Keys of the sentences that only the household can do something about."""


class Notifier:
    """Keeps Home Assistant's notification at the newest snapshot; see `run`.

    `notification_id` tells several installations apart.
    """

    def __init__(
        self,
        store: Store,
        core: Core,
        *,
        notification_id: str,
        language: Callable[[], Language],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._store = store
        self._core = core
        self._id = notification_id
        self._language = language
        self._patience_s = patience_s
        self._streak = Streak(_LOGGER, message("core_back"))
        self._shown: tuple[Message, ...] = ()
        self._problems: list[Message] = []  # told since the meter was read
        self._may_be_left = True  # an earlier process may have left a notification

    async def run(self) -> None:
        """Notifies and dismisses for ever; ends by cancellation. Core may come and go."""
        async for _ in self._store.snapshots():
            while not await self._followed():
                pass

    async def _followed(self) -> bool:
        """One step towards what should be shown; True when nothing is left to do."""
        wanted = self._wanted()
        if not wanted:
            is_left = self._may_be_left and self._store.snapshot.is_reading
            return not (self._shown or is_left) or await self._show(())
        if wanted == self._shown:
            return True
        await asyncio.sleep(self._patience_s)
        stood = {each.key for each in wanted}
        lasting = tuple(each for each in self._wanted() if each.key in stood)
        if lasting and lasting != self._shown:
            await self._show(lasting)
        return False  # something may have come meanwhile

    def _wanted(self) -> tuple[Message, ...]:
        """What the notification should say now."""
        snapshot = self._store.snapshot
        problem = _problem(snapshot)
        if problem is None and snapshot.is_reading:
            self._problems.clear()
        elif self._problems and (problem is None or self._is_told(problem)):
            problem = self._problems[-1]
        notices = tuple(notice for notice in snapshot.notices if notice.key in _TOLD)
        return notices if problem is None else (problem, *notices)

    def _is_told(self, problem: Message) -> bool:
        return any(_is_same(problem, each) for each in self._problems)

    async def _show(self, wanted: tuple[Message, ...]) -> bool:
        """Notifies or dismisses; False after a failure, when the wait before the next is over."""
        language = self._language()
        notices = self._store.snapshot.notices
        try:
            if wanted:
                title = message("notification_title").text(language)
                text = "\n\n".join(each.text(language) for each in wanted)
                await self._core.notify(self._id, title, text)
            else:
                await self._core.dismiss(self._id)
        except CoreError as error:
            await asyncio.sleep(self._streak.failed(error))
            return False
        self._streak.recovered()
        self._shown, self._may_be_left = wanted, False
        self._problems += [e for e in wanted if e not in notices and e not in self._problems]
        return True


def _problem(snapshot: Snapshot) -> Message | None:
    """The meter's problem, if only the household can mend it and no notice says it already."""
    problem = snapshot.problem
    if problem is None or problem.key not in _TOLD or problem in snapshot.notices:
        return None
    return problem


def _is_same(one: Message, other: Message) -> bool:
    """Whether they say the same; how many bytes an unknown stick says differs at each look."""
    fields = [{**each.fields, "count": None} for each in (one, other)]
    return one.key == other.key and fields[0] == fields[1]
