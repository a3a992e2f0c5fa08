"""One notification in Home Assistant while the household must act; gone when it is solved.

A problem is told only after it has stood for a while: a stick pulled out and put back, or a meter
found at the second scan, is nobody's task. The same sentence is never told twice in a row, also
when the household has closed the notification meanwhile.
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
        "port_not_serial",
        "port_lost",
        "dongle_silent",
        "dongle_unknown",
        "dongle_mute",
        "meter_not_found",
        "credentials_refused",
        "option_missing_credentials",
        "option_wrong",
        "option_unknown",
        "route_b_id_length",
        "route_b_id_characters",
        "route_b_password_length",
        "route_b_password_characters",
        "mqtt_ca_name",
        "options_awaited",
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
        self._shown: Message | None = None
        self._may_be_left = True  # an earlier process may have left a notification

    async def run(self) -> None:
        """Notifies and dismisses for ever; ends by cancellation. Core may come and go."""
        async for _ in self._store.snapshots():
            while not await self._followed():
                pass

    async def _followed(self) -> bool:
        """One step towards what should be shown; True when nothing is left to do."""
        snapshot = self._store.snapshot
        wanted = task_of(snapshot)
        if wanted is None:
            is_solved = snapshot.is_reading and (self._shown is not None or self._may_be_left)
            return not is_solved or await self._show(None)
        if _key(wanted) == _key(self._shown):
            return True
        await asyncio.sleep(self._patience_s)
        now = task_of(self._store.snapshot)
        return now is not None and now.key == wanted.key and await self._show(now)

    async def _show(self, wanted: Message | None) -> bool:
        """Notifies or dismisses; False after a failure, when the wait before the next is over."""
        language = self._language()
        try:
            if wanted is None:
                await self._core.dismiss(self._id)
            else:
                title = message("notification_title").text(language)
                await self._core.notify(self._id, title, wanted.text(language))
        except CoreError as error:
            await asyncio.sleep(self._streak.failed(error))
            return False
        self._streak.recovered()
        self._shown, self._may_be_left = wanted, False
        return True


def task_of(snapshot: Snapshot) -> Message | None:
    """The sentence that asks the household to act, if the problem is of that kind."""
    problem = snapshot.problem
    return problem if problem is not None and problem.key in _TOLD else None


def _key(told: Message | None) -> str | None:
    return None if told is None else told.key
