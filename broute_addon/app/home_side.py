"""From the store to Home Assistant: over MQTT, the Supervisor and Core."""

import asyncio
import contextlib
from collections.abc import Callable

import aiohttp

from broute_addon import __version__
from broute_addon.app.in_force import InForce
from broute_addon.app.settings import Settings
from broute_addon.errors import HomeAssistantError
from broute_addon.home_assistant.broker_source import broker_source
from broute_addon.home_assistant.core import Core
from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.mqtt import MqttClient
from broute_addon.home_assistant.notifier import Notifier
from broute_addon.home_assistant.publisher import MqttPublisher
from broute_addon.home_assistant.states import last_will
from broute_addon.home_assistant.statistics_writer import StatisticsWriter
from broute_addon.home_assistant.supervisor import Supervisor
from broute_addon.home_assistant.websocket import connector, core_websocket_url
from broute_addon.ledger import Ledger
from broute_addon.redaction import Redactor
from broute_addon.storage import Storage
from broute_addon.store import Store

GREETING_TIMEOUT_S = 5.0
"""What the Supervisor and Core tell is worth this wait at the start, no more."""


class HomeSide:
    """What this process can reach of Home Assistant. `supervisor` and `core` are None where it
    was told of none; `statistics` also where the option `history` is off."""

    def __init__(
        self,
        *,
        settings: Settings,
        in_force: InForce,
        storage: Storage,
        store: Store,
        ledger: Ledger,
        redactor: Redactor,
        session: aiohttp.ClientSession,
    ) -> None:
        self._in_force = in_force
        self._storage = storage
        self._store = store
        self._redactor = redactor
        self._slug: str | None = None
        self.supervisor: Supervisor | None = None
        self.core: Core | None = None
        self.statistics: StatisticsWriter | None = None
        if settings.supervisor_token:
            url, token = settings.supervisor_url.rstrip("/"), settings.supervisor_token
            self.supervisor = Supervisor(url, token, session)
            self.core = Core(f"{url}/core/api", token, session)
            socket = connector(session, core_websocket_url(supervisor_url=url), token)
        elif settings.core_url and settings.core_token:
            url, token = settings.core_url.rstrip("/"), settings.core_token
            self.core = Core(f"{url}/api", token, session)
            socket = connector(session, core_websocket_url(core_url=url), token)
        else:
            return
        if in_force.options.history != "off":
            self.statistics = StatisticsWriter(
                ledger,
                store,
                socket,
                language=in_force.language,
                repair=in_force.options.history == "repair",
            )

    async def greet(self) -> None:
        """Asks for our slug and Home Assistant's language; what doesn't answer is left out."""
        with contextlib.suppress(HomeAssistantError, TimeoutError):
            async with asyncio.timeout(GREETING_TIMEOUT_S):
                if self.core is not None:
                    await self._in_force.ask_language(self.core)
                if self.supervisor is not None:
                    self._slug = (await self.supervisor.own_info()).slug

    async def run(self, on_command: Callable[[str], None]) -> None:
        """Tells Home Assistant everything, for ever; a button's press goes to `on_command`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publisher(on_command).run(), name="mqtt")
            if self.core is not None:
                tasks.create_task(self._notifier(self.core).run(), name="notifier")
                tasks.create_task(self._in_force.follow_language(self.core), name="language")
            if self.statistics is not None:
                tasks.create_task(self.statistics.run(), name="statistics")

    def _publisher(self, on_command: Callable[[str], None]) -> MqttPublisher:
        instance = self._storage.instance
        address = broker_source(
            lambda: self._in_force.options, self.supervisor, learn=self._redactor.learn
        )
        mqtt = MqttClient(address, client_id=f"broute_{instance}", will=last_will(instance))
        return MqttPublisher(
            self._store,
            mqtt,
            AddOn(instance, __version__, self._slug),
            language=self._in_force.language,
            on_command=on_command,
            known_meters=self._storage.meter_uids,
            on_problem=self._in_force.take_broker_problem,
        )

    def _notifier(self, core: Core) -> Notifier:
        notification_id = f"broute_{self._storage.instance}"
        return Notifier(
            self._store, core, notification_id=notification_id, language=self._in_force.language
        )
