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
        self._streak = Streak(_LOGGER, "Home Assistant")
        self._shown: Message | None = None
        self._is_cleared = False  # nothing of an earlier process is left over

    async def run(self) -> None:
        """Notifies and dismisses for ever; ends by cancellation. Core may come and go."""
        changed = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch(changed), name="notifier-store")
            while True:
                await changed.wait()
                changed.clear()
                await self._follow()

    async def _watch(self, changed: asyncio.Event) -> None:
        before: Message | None = None
        is_first = True
        async for snapshot in self._store.snapshots():
            wanted = task_of(snapshot)
            if is_first or wanted != before or snapshot.is_reading != self._is_cleared:
                changed.set()
            before, is_first = wanted, False

    async def _follow(self) -> None:
        """Brings the notification to what it should be now, however often that fails."""
        while True:
            wanted = task_of(self._store.snapshot)
            if wanted is not None and wanted != self._shown:
                await asyncio.sleep(self._patience_s)
                if task_of(self._store.snapshot) != wanted:
                    continue
            try:
                await self._show(wanted)
            except CoreError as error:
                await asyncio.sleep(self._streak.failed(error))
            else:
                self._streak.recovered()
                return

    async def _show(self, wanted: Message | None) -> None:
        if wanted == self._shown and (wanted is not None or self._is_cleared):
            return
        if wanted is not None:
            language = self._language()
            title = message("notification_title").text(language)
            await self._core.notify(self._id, title, wanted.text(language))
        elif self._store.snapshot.is_reading:
            await self._core.dismiss(self._id)
            self._is_cleared = True
        else:
            return
        self._shown = wanted
