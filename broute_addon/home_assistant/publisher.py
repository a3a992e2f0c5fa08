"""Keeps the MQTT broker, and so Home Assistant, at the newest snapshot.

One loop owns `Told`, what the broker has been told in this session. News of any kind (a snapshot,
Home Assistant's birth, a message whose pause is over, a lost connection) only wakes it; it then
sends what is new in the newest snapshot, and waits until the broker has it.

Live values are said once more a moment after discovery, since they are not retained and Home
Assistant needs that moment to subscribe.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from broute_addon.clock import Clock, system_clock
from broute_addon.errors import HomeAssistantError, MqttError
from broute_addon.home_assistant import topics
from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.mqtt import Broker, BrokerSession, Publication, Received
from broute_addon.home_assistant.states import Announcer, announced_interval, last_will
from broute_addon.home_assistant.streak import Streak
from broute_addon.home_assistant.told import Told
from broute_addon.messages import Language, Message, message
from broute_addon.meter.engine import Command
from broute_addon.store import Snapshot, Store

_LOGGER = logging.getLogger(__name__)

BIRTH_DELAY_S = 2.0
SUBSCRIBED_AFTER_S = 3.0
GOODBYE_TIMEOUT_S = 3.0

COMMANDS = frozenset(command.value for command in Command)

LanguageSource = Callable[[], Language]
"""Gives the language in force; Home Assistant's may become known only after a while."""


class MqttPublisher:
    """Publishes the store's snapshots and takes the buttons' presses; see `run`.

    `mqtt` is made with `states.last_will(instance)`. `on_command` is called with a
    value of `Command`, `on_problem` with what keeps us from the broker, None once it is over; the
    store is told too whether it is up. `known_meters` are the uids of all meters ever read here.
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
        self._told = Told()
        self._wake = asyncio.Event()
        self._held: asyncio.TimerHandle | None = None  # wakes when a message's pause is over
        self._birth: asyncio.TimerHandle | None = None
        self._streak = Streak(_LOGGER, message("mqtt_back"))
        self.problem: Message | None = None

    async def run(self) -> None:
        """Publishes for ever, through any failure of the broker; ends by cancellation, with a
        goodbye of at most 3 s."""
        with self._store.waking(self._wake):
            while True:
                try:
                    await self._one_session()
                except HomeAssistantError as error:
                    self._note(error.message)
                    await asyncio.sleep(self._streak.failed(error))
                finally:
                    self._store.note_broker(is_up=False)

    def _note(self, problem: Message | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_problem(problem)

    async def _one_session(self) -> None:
        async with self._mqtt.session(self._received, on_end=self._wake.set) as session:
            self._told.forget()
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
            await self._publish_news(session, self._without_own_problem())
            self._store.note_broker(is_up=True)
            self._note(None)
            self._streak.recovered()

    def _without_own_problem(self) -> Snapshot:
        """What kept us from the broker is over once this can be told there."""
        snapshot = self._store.snapshot
        if self.problem not in snapshot.notices:
            return snapshot
        notices = tuple(notice for notice in snapshot.notices if notice != self.problem)
        return replace(snapshot, notices=notices)

    async def _publish_news(self, session: BrokerSession, snapshot: Snapshot) -> None:
        self._adapt(snapshot)
        if self._held is not None:
            self._held.cancel()
            self._held = None
        announcer = self._announcer
        if news := self._news(announcer.availability(snapshot)):
            await self._send(session, news)
        if news := self._news(announcer.discovery(snapshot)):
            await self._send(session, news)
            # Home Assistant subscribes a while after it: what isn't retained would be lost.
            loop = asyncio.get_running_loop()
            loop.call_later(SUBSCRIBED_AFTER_S, self._say_live_again)
        states = self._news(announcer.states(snapshot, self._clock()))
        if news := self._told.named(states):
            await self._send(session, news)

    def _adapt(self, snapshot: Snapshot) -> None:
        """Follows the language, the poll interval and another meter."""
        told, language = self._announcer, self._language()
        interval_s = announced_interval(told.interval_s, snapshot.poll_interval_s)
        known = told.known_meters
        if snapshot.meter is not None and snapshot.meter.uid not in known:
            known = (*known, snapshot.meter.uid)
        if (language, interval_s, known) != (told.language, told.interval_s, told.known_meters):
            self._announcer = Announcer(told.add_on, language, interval_s, known)

    def _news(self, wanted: Iterable[Publication]) -> tuple[Publication, ...]:
        """What is new and may go out; wakes when the first of the others may."""
        loop = asyncio.get_running_loop()
        news, due = self._told.news(wanted, loop.time())
        if due is not None and (self._held is None or due < self._held.when()):
            if self._held is not None:
                self._held.cancel()
            self._held = loop.call_at(due, self._wake.set)
        return news

    async def _send(self, session: BrokerSession, news: tuple[Publication, ...]) -> None:
        await session.publish(*news)
        self._told.took(news, asyncio.get_running_loop().time())

    def _received(self, came: Received) -> None:
        if came.retained:
            return  # a birth long ago, or a press that would come back at every start
        if came.topic == topics.HOME_ASSISTANT_STATUS:
            if came.payload == topics.ONLINE and self._birth is None:
                loop = asyncio.get_running_loop()
                self._birth = loop.call_later(BIRTH_DELAY_S, self._say_everything_again)
        elif came.payload in COMMANDS and came.topic in self._command_topics():
            _LOGGER.debug("button: %s", came.payload)
            self._on_command(came.payload)

    def _command_topics(self) -> set[str]:
        owners = (self._announcer.add_on.instance, *self._announcer.known_meters)
        return {topics.command(owner) for owner in owners}

    def _say_live_again(self) -> None:
        """Repeats the live values, those that are still fresh."""
        if self._told.forget_live():
            self._wake.set()

    def _say_everything_again(self) -> None:
        self._birth = None
        self._told.forget()
        self._wake.set()

    async def _say_goodbye(self, session: BrokerSession) -> None:
        try:
            async with asyncio.timeout(GOODBYE_TIMEOUT_S):
                await session.goodbye([last_will(self._announcer.add_on.instance)])
        except (MqttError, TimeoutError) as error:
            _LOGGER.debug("no goodbye: %s", error)
