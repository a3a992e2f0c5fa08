"""Keeps the MQTT broker, and so Home Assistant, at the newest snapshot.

One loop owns `known`, what the broker has been told in this session. News of any kind (a
snapshot, Home Assistant's birth, discovery that may go out again, a lost connection) only wakes
it; it then sends the difference between the newest snapshot and `known`, and waits until the
broker has it.

Live values are said once more a moment after discovery, since they are not retained and Home
Assistant needs that moment to subscribe.

Home Assistant drops the rest of a discovery message that follows another too soon, so a changed
one waits until the last is two seconds old, and with it the states that it speaks of.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from broute_addon.clock import Clock, system_clock
from broute_addon.errors import HomeAssistantError, MqttError
from broute_addon.home_assistant import topics
from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.mqtt import Broker, BrokerSession, Publication, Received
from broute_addon.home_assistant.states import Announcer, announced_interval, changes, last_will
from broute_addon.home_assistant.streak import Streak
from broute_addon.messages import Language, Message, message
from broute_addon.store import Snapshot, Store

_LOGGER = logging.getLogger(__name__)

BIRTH_DELAY_S = 2.0
DISCOVERY_PAUSE_S = 2.0
SUBSCRIBED_AFTER_S = 3.0
GOODBYE_TIMEOUT_S = 3.0

LanguageSource = Callable[[], Language]
"""Gives the language in force; Home Assistant's may become known only after a while."""


class MqttPublisher:
    """Publishes the store's snapshots and takes the buttons' presses; see `run`.

    `mqtt` is made with `states.last_will(instance)`. `on_command` is called with
    "read-now", "reconnect" or "rescan", `on_problem` with what keeps us from the broker, None once
    it is over. `known_meters` are the uids of all meters ever read here.
    """

    def __init__(
        self,
        store: Store,
        mqtt: Broker,
        add_on: AddOn,
        *,
        language: LanguageSource,
        on_command: Callable[[str], None],
        known_meters: Iterable[str] = (),
        on_problem: Callable[[Message | None], None] = lambda _: None,
        clock: Clock = system_clock,
    ) -> None:
        self._store = store
        self._mqtt = mqtt
        self._language = language
        self._on_command = on_command
        self._on_problem = on_problem
        self._clock = clock
        self._announcer = Announcer(
            add_on, language(), store.snapshot.poll_interval_s, tuple(known_meters)
        )
        self._known: dict[str, Publication] = {}
        self._wake = asyncio.Event()
        self._discovery_due = 0.0  # when the loop's time has come for another discovery message
        self._birth: asyncio.TimerHandle | None = None
        self._streak = Streak(_LOGGER, message("mqtt_back"))
        self.is_connected = False
        self.problem: Message | None = None

    async def run(self) -> None:
        """Publishes for ever, through any failure of the broker; ends by cancellation, with a
        goodbye of at most 3 s."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_store(), name="mqtt-store")
            while True:
                try:
                    await self._one_session()
                except HomeAssistantError as error:
                    self._note(error.message)
                    await asyncio.sleep(self._streak.failed(error))
                finally:
                    self.is_connected = False

    def _note(self, problem: Message | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_problem(problem)

    async def _watch_store(self) -> None:
        async for _ in self._store.snapshots():
            self._wake.set()

    async def _one_session(self) -> None:
        async with self._mqtt.session(self._received, on_end=self._wake.set) as session:
            self._known.clear()
            self._discovery_due = 0.0
            self._wake.set()
            await session.subscribe(topics.HOME_ASSISTANT_STATUS, topics.command("+"))
            try:
                await self._publish_for_ever(session)
            except asyncio.CancelledError:
                await self._say_goodbye(session)
                raise

    async def _publish_for_ever(self, session: BrokerSession) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            session.check()
            await self._publish_news(session, self._store.snapshot)
            self.is_connected = True
            self._note(None)
            self._streak.recovered()

    async def _publish_news(self, session: BrokerSession, snapshot: Snapshot) -> None:
        self._adapt(snapshot)
        announcer = self._announcer
        await self._send(session, changes(self._known, announcer.availability(snapshot)))
        if not await self._announce(session, snapshot):
            return  # discovery is due a moment later; the states belong after it
        states = announcer.states(snapshot, self._clock())
        await self._send(session, changes(self._known, states))

    def _adapt(self, snapshot: Snapshot) -> None:
        """Follows the language and a poll interval that has doubled or halved."""
        told = self._announcer
        interval_s = announced_interval(told.interval_s, snapshot.poll_interval_s)
        known = told.known_meters
        if snapshot.meter is not None and snapshot.meter.uid not in known:
            known = (*known, snapshot.meter.uid)
        self._announcer = replace(
            told, language=self._language(), interval_s=interval_s, known_meters=known
        )

    async def _announce(self, session: BrokerSession, snapshot: Snapshot) -> bool:
        """Sends changed discovery; False when it has to wait because the last is too young."""
        news = list(changes(self._known, self._announcer.discovery(snapshot)))
        if not news:
            return True
        loop = asyncio.get_running_loop()
        again = [each for each in news if each.topic in self._known]
        if again and loop.time() < self._discovery_due:
            loop.call_at(self._discovery_due, self._wake.set)
            return False
        await self._send(session, iter(news))
        self._discovery_due = loop.time() + DISCOVERY_PAUSE_S
        # Home Assistant subscribes a while after discovery: what isn't retained would be lost.
        loop.call_later(SUBSCRIBED_AFTER_S, self._say_live_again)
        return True

    async def _send(self, session: BrokerSession, news: Iterator[Publication]) -> None:
        batch = tuple(news)
        await session.publish(*batch)
        self._known |= {each.topic: each for each in batch}

    def _received(self, came: Received) -> None:
        if came.retained:
            return  # a birth long ago, or a press that would come back at every start
        if came.topic == topics.HOME_ASSISTANT_STATUS:
            if came.payload == topics.ONLINE and self._birth is None:
                loop = asyncio.get_running_loop()
                self._birth = loop.call_later(BIRTH_DELAY_S, self._say_everything_again)
        elif came.payload in topics.COMMANDS and came.topic in self._command_topics():
            _LOGGER.debug("button: %s", came.payload)
            self._on_command(came.payload)

    def _command_topics(self) -> set[str]:
        owners = (self._announcer.add_on.instance, *self._announcer.known_meters)
        return {topics.command(owner) for owner in owners}

    def _say_live_again(self) -> None:
        """Repeats the live values, those that are still fresh."""
        live = [topic for topic, each in self._known.items() if each.at is not None]
        for topic in live:
            del self._known[topic]
        if live:
            self._wake.set()

    def _say_everything_again(self) -> None:
        self._birth = None
        self._known.clear()
        self._wake.set()

    async def _say_goodbye(self, session: BrokerSession) -> None:
        try:
            async with asyncio.timeout(GOODBYE_TIMEOUT_S):
                await session.goodbye([last_will(self._announcer.add_on.instance)])
        except (MqttError, TimeoutError) as error:
            _LOGGER.debug("no goodbye: %s", error)
