"""The engine: finds the stick, the meter and the way back from every fault, for ever.

    REOPEN ── port found, dialect known ──▶ RESCAN ── PAN found ──▶ REJOIN ── joined ──▶ poll
       ▲                                      ▲                       ▲                    │
       └──────────────── Ladder.fell(error) picks the rung, with a wait ───────────────────┘

A cached PAN is joined at once; once a join on it has failed it is suspect and scanned anew. One
task runs all of it: recovery can't run twice, nor within itself. Events from below only set the
fault and wake this task. What is learned goes up as updates; whoever applies them remembers.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NoReturn

from broute_addon.clock import Clock
from broute_addon.echonet.frame import Frame
from broute_addon.errors import (
    BRouteError,
    JoinRefusedError,
    JoinUnansweredError,
    MeterError,
    PanNotFoundError,
    SessionLostError,
    TransportError,
)
from broute_addon.messages import Message, message
from broute_addon.meter.client import MeterClient
from broute_addon.meter.energy import CounterGuard
from broute_addon.meter.half_hours import Memory
from broute_addon.meter.history import History
from broute_addon.meter.interruptions import Command, Interruptions
from broute_addon.meter.pacing import Pace, RetryTimer
from broute_addon.meter.poller import Poller
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import (
    Connection,
    DongleIdentified,
    MeterIdentified,
    PanJoined,
    Reading,
    ReadingsArrived,
    Update,
)
from broute_addon.meter.recovery import Attempt, Ladder, Rung
from broute_addon.meter.silences import Silences
from broute_addon.meter.status import Status
from broute_addon.meter.sticks import first_stick
from broute_addon.meter.survey import Survey, SurveyState
from broute_addon.wisun.events import (
    LinkEvent,
    PortLost,
    SessionEnded,
    SessionRenewed,
    SessionRenewing,
    TransmitHeld,
    TransmitReleased,
)
from broute_addon.wisun.link import Link
from broute_addon.wisun.ports import presence
from broute_addon.wisun.values import Connect, Credentials, Datagram, Pan

__all__ = ["Command", "Engine", "Known"]

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
"""While waiting for a stick, how often the list of ports is looked at."""


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier run learned: the PAN of these credentials and the meters' profiles."""

    pan: Pan | None = None
    profiles: Mapping[str, MeterProfile] = field(default_factory=lambda: MappingProxyType({}))


class Engine:
    """Everything between the serial ports and `emit`. `run()` ends only by cancellation.

    `memory` says what the ledger lacks; without it the meter's memory isn't read.
    """

    def __init__(
        self,
        *,
        connect: Connect,
        ports: Callable[[], Sequence[str]],
        credentials: Credentials,
        known: Known,
        emit: Callable[[Update], None],
        interval_s: float,
        clock: Clock,
        rng: random.Random,
        on_survey: Callable[[SurveyState], None] = lambda _: None,
        memory: Memory | None = None,
    ) -> None:
        self._connect = connect
        self._ports = ports
        self._credentials = credentials
        self._profiles = dict(known.profiles)
        self._guards: dict[str, dict[str, CounterGuard]] = {}  # of each meter, by MAC and key
        self._memory = memory
        self._histories: dict[str, History] = {}  # of each meter, by MAC
        self._wants_all = False  # of the memory to be read again, before there is a meter
        self._silences = Silences()
        self._was_silent = False  # the meter, before the present session
        self._was_read = False
        self._pan = known.pan
        self._emit_up = emit
        self._pace = Pace(interval_s)
        self._clock = clock
        self._ladder = Ladder(rng)
        self._survey = Survey(on_survey, clock)
        self._link: Link | None = None
        self._poller: Poller | None = None
        self._interruptions = Interruptions()
        self._status = Status(self._emit)
        self._client = MeterClient(
            self._send,
            self._notified,
            timer=RetryTimer(),
            pace=self._pace,
            first_tid=rng.randrange(0xFFFF),
        )

    async def run(self) -> NoReturn:
        """Keeps readings coming. On cancellation ends the session with SKTERM, bounded."""
        self._status.interval(self._pace.interval_s)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._client.confirm_notifications(), name="INFC_Res")
                await self._climb_for_ever()
        finally:
            await self._leave(terminate=True)
        raise AssertionError("unreachable")

    def submit(self, command: Command) -> None:
        """Takes a person's command; it is carried out at the next opportunity."""
        self._interruptions.submit(command)

    def survey(self, *, is_wanted: bool) -> None:
        """Begins or ends the search for the stick's best place; then the meter is read again."""
        self._survey.ask(is_wanted=is_wanted)
        if is_wanted:
            self.submit(Command.RECONNECT)

    async def _climb_for_ever(self) -> NoReturn:
        rung = Rung.REOPEN
        while True:
            try:
                pan = await self._climb(rung)
                rung = await self._poll(pan)
            except BRouteError as error:
                rung = await self._fell(error)

    async def _climb(self, rung: Rung) -> Pan:
        """Carries out a rung and all that follows from it, up to a joined session on a PAN."""
        if rung is Rung.REOPEN or self._link is None:
            await self._leave(terminate=False)
            self._link = await self._open()
        elif rung is Rung.RESET:
            self._status.go(Connection.IDENTIFYING_STICK)
            await self._link.reset()
        self._interruptions.fault = None
        if rung in (Rung.RESCAN, Rung.RESET):
            self._pan = None
        if self._survey.is_wanted:
            self._status.go(Connection.SCANNING)
            self._pan = await self._survey.run(self._link, self._credentials, self._pan)
        pan = self._pan or await self._scan(self._link)
        self._status.go(Connection.JOINING)
        is_scanned = self._pan is None
        await self._join(self._link, pan)
        if not self._survey.is_wanted:  # else it was asked for meanwhile
            self._interruptions.has_been_done(Command.RECONNECT)
        if is_scanned:
            self._interruptions.has_been_done(Command.RESCAN)
        return pan

    async def _scan(self, link: Link) -> Pan:
        self._status.go(Connection.SCANNING)
        pan = await link.scan(self._credentials)
        _LOGGER.info("%s", message("meter_found", channel=pan.channel, dbm=pan.rssi_dbm))
        if pan.rssi_dbm is not None:
            self._tell("signal_strength", pan.rssi_dbm)
        return pan

    async def _open(self) -> Link:
        self._status.go(Connection.LOOKING_FOR_STICK)
        try:
            link = await first_stick(self._ports(), self._ask)
        except BRouteError:
            self._emit(DongleIdentified(None))
            raise
        self._emit(DongleIdentified(link.identity))
        return link

    async def _ask(self, port: str) -> Link:
        self._status.go(Connection.IDENTIFYING_STICK)
        return await Link.open(
            self._connect, port, on_datagram=self._datagram, on_event=self._event
        )

    async def _join(self, link: Link, pan: Pan) -> None:
        if link.is_joined:
            await link.terminate()
        try:
            await link.join(pan, self._credentials)
        except (JoinRefusedError, JoinUnansweredError):
            self._pan = None  # suspect: to be found again by a scan
            raise
        self._pan = link.pan or pan
        _LOGGER.info("%s", message("meter_joined"))
        self._emit(PanJoined(self._pan))
        self._tell("transmit_limited", value=link.is_held)
        if link.is_held and self._was_read and not self._was_silent:
            self._status.go(Connection.ON_HOLD)  # the meter has just answered: it isn't lost

    async def _poll(self, pan: Pan) -> Rung:
        """Reads the meter; returns only for a command that asks for another rung."""
        cached = self._profiles.get(str(pan.address))
        if cached is None:
            self._status.go(Connection.INTERVIEWING)
        poller = self._poller = Poller(
            self._client,
            pan.address,
            cached,
            pace=self._pace,
            emit=self._emit,
            on_good=self._good,
            clock=self._clock,
            guards=self._guards.setdefault(str(pan.address), {}),
            history=self._history(pan),
            silences=self._silences,
            is_doubtful=self._was_silent,
        )
        try:
            await poller.run(self._pause)
        except _RungWanted as wanted:
            return wanted.rung
        finally:
            self._poller = None
        raise AssertionError("unreachable")

    def _read_history(self) -> None:
        now = asyncio.get_running_loop().time()
        self._wants_all = not self._histories  # else of the first meter
        for history in self._histories.values():
            history.read_all(now)
        if self._poller is not None:
            self._poller.plan_history()

    def _history(self, pan: Pan) -> History | None:
        if self._memory is None:
            return None
        wants_all, self._wants_all = self._wants_all, False
        return self._histories.setdefault(
            str(pan.address), History(self._memory, wants_all=wants_all)
        )

    async def _pause(self, seconds: float) -> None:
        """Sleeps until the time is over or something happened; raises a fault from below."""
        rung = self._obey(await self._interruptions.pause(seconds))
        if rung is not None:
            raise _RungWanted(rung)

    def _obey(self, command: Command | None) -> Rung | None:
        """Carries out a command, or gives the rung that does."""
        match command:
            case Command.READ_NOW:
                if self._poller is not None:
                    self._poller.hurry()
                return None
            case Command.READ_HISTORY:
                self._read_history()
                return None
            case Command.RECONNECT:
                return Rung.REJOIN
            case Command.RESCAN:
                return Rung.RESCAN
            case Command.REOPEN:
                return Rung.REOPEN
            case None:
                return None

    async def _fell(self, error: BRouteError) -> Rung:
        """A fault: says so, waits as the ladder asks, and gives the rung to try."""
        attempt = self._ladder.fell(error)
        self._was_silent |= isinstance(error, MeterError | JoinUnansweredError | PanNotFoundError)
        self._interruptions.fault = None
        if isinstance(error, TransportError):
            await self._leave(terminate=False)
            self._emit(DongleIdentified(None))
        self._status.fell(self._problem_of(error, attempt))
        wanted = await self._wait(attempt)
        return attempt.rung if wanted is None else wanted

    def _problem_of(self, error: BRouteError, attempt: Attempt) -> Message:
        if self._ladder.suspects_credentials:
            return message("credentials_refused")
        if isinstance(error, PanNotFoundError) and attempt.number > 2:
            return message("meter_not_found")
        if isinstance(error, JoinUnansweredError) and attempt.number > 5:
            return message("meter_too_far")
        return error.message

    async def _wait(self, attempt: Attempt) -> Rung | None:
        """The ladder's wait; ends early for a command, or for a stick when there is none."""
        loop = asyncio.get_running_loop()
        end = loop.time() + attempt.wait_s
        ports = presence(self._ports())
        while True:
            while (command := self._interruptions.take_command()) is not None:
                if (wanted := self._obey(command)) is not None:
                    return wanted
            if (left := end - loop.time()) <= 0:
                return None
            await self._interruptions.wait(min(left, LOOK_EVERY_S if self._link is None else left))
            if isinstance(self._interruptions.fault, TransportError):
                return Rung.REOPEN
            if self._link is None and presence(self._ports()) != ports:
                return None

    def _good(self, oddity: Message | None) -> None:
        """A live poll was answered: whatever was wrong is over."""
        failures = self._ladder.recovered()
        if failures:
            _LOGGER.info("%s", message("recovered", attempts=failures))
        self._was_silent, self._was_read = False, True
        self._status.interval(self._pace.interval_s)
        self._status.good(oddity)

    async def _send(self, edata: bytes) -> None:
        if self._link is None:
            raise SessionLostError(message("session_absent"))
        await self._link.send(edata)

    def _datagram(self, datagram: Datagram) -> None:
        if datagram.rssi_dbm is not None:
            self._client.signal_dbm = datagram.rssi_dbm
        self._client.received(datagram.payload)

    def _notified(self, frame: Frame) -> None:
        if self._poller is not None:
            self._poller.notified(frame)

    def _event(self, event: LinkEvent) -> None:
        match event:
            case SessionRenewing():
                self._status.renewing()
            case SessionRenewed():
                self._status.back_from(Connection.RENEWING)
            case TransmitHeld():
                self._held(is_held=True)
            case TransmitReleased():
                self._held(is_held=False)
            case SessionEnded(reason):
                self._break(SessionLostError(reason))
            case PortLost(error):
                self._break(error)

    def _held(self, *, is_held: bool) -> None:
        self._tell("transmit_limited", value=is_held)
        if not is_held:
            self._status.back_from(Connection.ON_HOLD)
        else:
            self._status.on_hold()

    def _break(self, error: BRouteError) -> None:
        self._client.abort(error)
        self._interruptions.broke(error)

    async def _leave(self, *, terminate: bool) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        try:
            if terminate:
                await link.terminate()
        except BRouteError as error:
            _LOGGER.debug("SKTERM: %s", error)
        finally:
            await link.close()

    def _tell(self, key: str, value: float | bool) -> None:
        self._emit(ReadingsArrived((Reading(key, value, self._clock()),)))

    def _emit(self, update: Update) -> None:
        if isinstance(update, MeterIdentified):
            self._profiles[str(update.profile.mac)] = update.profile
        self._emit_up(update)


class _RungWanted(Exception):  # noqa: N818 - a way out of the poll loop, not an error
    """A person asked for another rung."""

    def __init__(self, rung: Rung) -> None:
        super().__init__(rung.name)
        self.rung = rung
