"""From the credentials to readings: the engine, and what becomes of its updates."""

import asyncio
import hashlib
import logging
import random
from dataclasses import replace
from pathlib import Path

from broute_addon.app.in_force import InForce
from broute_addon.app.settings import Settings
from broute_addon.bookkeeping import Bookkeeper
from broute_addon.clock import system_clock
from broute_addon.errors import TransportError
from broute_addon.messages import Message, message
from broute_addon.meter.engine import Command, Engine, Known
from broute_addon.meter.half_hours import HistoryProgress, Memory
from broute_addon.meter.makers import maker_name
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    HalfHoursRead,
    HistoryProgressed,
    MeterIdentified,
    ReadingsArrived,
    Update,
)
from broute_addon.storage import Storage, learned
from broute_addon.store import Store
from broute_addon.wisun.link import Link
from broute_addon.wisun.ports import candidates
from broute_addon.wisun.transport import connect_serial
from broute_addon.wisun.values import Credentials, DongleIdentity

_LOGGER = logging.getLogger(__name__)

WORTH_TELLING = 10
"""Requests to the meter's memory: fewer fill a half-hour or two, as happens now and then."""

ASK_TIMES = 12
ASK_AGAIN_S = 1.0
"""A port that the engine asks at the moment is free again within ten seconds."""


class MeterSide:
    """Runs the engine once there are credentials, and takes a person's commands."""

    def __init__(
        self,
        *,
        settings: Settings,
        in_force: InForce,
        storage: Storage,
        store: Store,
        bookkeeper: Bookkeeper,
        memory: Memory,
    ) -> None:
        self._settings = settings
        self._in_force = in_force
        self._storage = storage
        self._store = store
        self._bookkeeper = bookkeeper
        self._memory = memory
        self._engine: Engine | None = None
        self._has_read = False
        self._has_told_memory = False
        self._chosen_port: str | None = None  # on the page, for this run

    async def run(self) -> None:
        """Waits for usable credentials, then lets the engine run for ever."""
        async for _ in self._in_force.until_credentials():
            self._store.apply(
                ConnectionChanged(Connection.WAITING_FOR_OPTIONS, self._in_force.problem)
            )
        options, facts = self._in_force.options, self._storage.facts
        if options.route_b_id is None or options.route_b_password is None:
            raise AssertionError("waited for credentials")
        credentials = Credentials(options.route_b_id, options.route_b_password)
        pairing = self._pairing(credentials)
        self._engine = Engine(
            connect=connect_serial,
            ports=self._ports,
            credentials=credentials,
            known=Known(facts.pan if facts.pairing == pairing else None, facts.profiles),
            emit=lambda update: self._emit(update, pairing),
            interval_s=options.poll_interval,
            clock=system_clock,
            rng=random.Random(),  # noqa: S311 - jitter
            memory=None if options.history == "off" else self._memory,
            on_survey=self._store.note_survey,
        )
        await self._engine.run()

    def command(self, name: str) -> None:
        """A value of `Command`, from a button or the page."""
        if self._engine is not None:
            self._engine.submit(Command(name))

    def survey(self, is_wanted: bool) -> None:
        """Whether to look for the best place for the stick."""
        if self._engine is not None:
            self._engine.survey(is_wanted=is_wanted)

    async def try_port(self, port: str) -> DongleIdentity:
        """Asks what is at a port, and looks for the stick only there from then on.

        Raises BRouteError where no stick answers.
        """
        present = self._store.snapshot.dongle
        if present is not None and _is_same(present.port, port):
            return present
        identity = await self._ask(port)
        self._chosen_port = port
        self._storage.keep(replace(self._storage.facts, port=port))
        if self._engine is not None:
            self._engine.submit(Command.REOPEN)
        return identity

    async def _ask(self, port: str) -> DongleIdentity:
        """What is at a port; while the engine itself is asking there, it is waited for."""
        for _ in range(ASK_TIMES):
            try:
                link = await Link.open(
                    connect_serial, port, on_datagram=lambda _: None, on_event=lambda _: None
                )
            except TransportError as error:
                is_ours = self._store.snapshot.connection is Connection.IDENTIFYING_STICK
                if error.message.key != "port_busy" or not is_ours:
                    raise
                await asyncio.sleep(ASK_AGAIN_S)
            else:
                await link.close()
                return link.identity
        raise TransportError(message("dongle_silent", port=port))

    def _ports(self) -> tuple[str, ...]:
        chosen = self._chosen_port or self._in_force.options.device
        if chosen:
            return (chosen,)
        return tuple(candidates(self._settings.ports, last_good=self._storage.facts.port))

    def _emit(self, update: Update, pairing: str) -> None:
        before = self._storage.facts
        self._store.apply(update)
        match update:
            case HalfHoursRead():
                self._bookkeeper.take(update)
            case MeterIdentified(profile) if str(profile.mac) not in before.profiles:
                _LOGGER.info("%s", _introduction(profile))
            case ReadingsArrived() if not self._has_read:
                self._tell_first_reading()
            case HistoryProgressed(progress):
                self._tell_memory(progress)
        self._storage.keep(learned(before, update, pairing))

    def _tell_first_reading(self) -> None:
        power = self._store.snapshot.readings.get("power")
        if power is None:
            return
        self._has_read = True
        interval = self._in_force.options.poll_interval
        _LOGGER.info("%s", message("first_reading", power=power.value, interval=interval))

    def _tell_memory(self, progress: HistoryProgress) -> None:
        """That much is read from the meter's memory, once at its begin and once at its end."""
        coverage = self._store.snapshot.coverage
        if coverage is None or progress.is_reading is self._has_told_memory:
            return
        if progress.is_reading and progress.total >= WORTH_TELLING:
            self._has_told_memory = True
            _LOGGER.info("%s", message("memory_reading", missing=coverage.missing))
        elif not progress.is_reading and coverage.missing == 0:
            self._has_told_memory = False
            known, gone = coverage.known, coverage.gone
            _LOGGER.info("%s", message("memory_read", known=known, gone=gone))

    def _pairing(self, credentials: Credentials) -> str:
        """Tells one contract from another without keeping anything of it."""
        material = f"{self._storage.instance}:{credentials.route_b_id.reveal()}"
        return hashlib.sha256(material.encode()).hexdigest()[:16]


def _is_same(one: str, other: str) -> bool:
    """Whether two paths lead to the same port."""
    return Path(one).resolve() == Path(other).resolve()


def _introduction(profile: MeterProfile) -> Message:
    maker = maker_name(profile.maker_code) if profile.maker_code else "?"
    return message("meter_identified", uid=profile.uid, maker=maker, count=len(profile.get_map))
