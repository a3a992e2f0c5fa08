"""The composition root: builds every part, joins them, and takes them down again.

    serial port ─▶ Engine ─▶ emit ─▶ Store ─▶ publisher (MQTT), notifier (Core), page (web)
                               └──▶ Storage (what the next start should know)

All tasks live in one group. A fault never leaves its own task; what does is a bug, and ends the
process with its trace.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from broute_addon import __version__
from broute_addon.clock import system_clock
from broute_addon.errors import HomeAssistantError
from broute_addon.home_assistant.broker_source import broker_source
from broute_addon.home_assistant.core import Core, language_of
from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.mqtt import MqttClient
from broute_addon.home_assistant.notifier import Notifier
from broute_addon.home_assistant.publisher import MqttPublisher
from broute_addon.home_assistant.states import last_will
from broute_addon.home_assistant.supervisor import Supervisor
from broute_addon.journal import Journal
from broute_addon.logs import HouseholdLog
from broute_addon.messages import Language, Message, message
from broute_addon.meter.engine import Command, Engine, Known
from broute_addon.meter.makers import maker_name
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    MeterIdentified,
    ReadingsArrived,
    Update,
)
from broute_addon.options import LoadedOptions, OptionsFileError, load_options
from broute_addon.redaction import Redactor, Secret
from broute_addon.ring import Ring
from broute_addon.storage import Storage, learned
from broute_addon.store import Snapshot, Store
from broute_addon.web.access import Access
from broute_addon.web.metrics import MetricsServer
from broute_addon.web.recorder import Recorder
from broute_addon.web.server import WebServer
from broute_addon.web.services import Services
from broute_addon.wisun.link import Link
from broute_addon.wisun.ports import candidates, serial_ports
from broute_addon.wisun.transport import connect_serial
from broute_addon.wisun.values import Credentials, DongleIdentity

_LOGGER = logging.getLogger(__name__)

EXIT_BUG = 1
EXIT_OPTIONS_UNUSABLE = 78

LOOK_AT_OPTIONS_EVERY_S = 5.0
ASK_LANGUAGE_EVERY_S = 3600.0
ASK_LANGUAGE_AGAIN_S = 30.0
GREETING_TIMEOUT_S = 5.0
"""What the Supervisor and Core tell is worth this wait at the start, no more."""

PAGE_PORT = 8099


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are: from the command line and the environment (design 2.1)."""

    options: Path
    data: Path
    ports: Path = Path("/dev/serial/by-id")
    web: tuple[str, int] | None = None
    web_password_file: Path | None = None
    metrics: tuple[str, int] | None = None
    supervisor_url: str = "http://supervisor"
    supervisor_token: Secret | None = None
    core_url: str | None = None
    core_token: Secret | None = None
    ready_fd: int | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The tokens, for the redactor."""
        return tuple(token for token in (self.supervisor_token, self.core_token) if token)


async def run_app(settings: Settings) -> int:
    """The command `run`: until cancelled. Gives the exit code, should it end by itself."""
    redactor = Redactor(settings.secrets)
    log = HouseholdLog(redactor)
    try:
        await App(settings, load_options(settings.options), redactor, log).run()
    except OptionsFileError as error:
        _LOGGER.critical("%s", error.message)
        return EXIT_OPTIONS_UNUSABLE
    except asyncio.CancelledError:
        _LOGGER.info("%s", message("stopped"))
        raise
    except Exception:  # through the log, since Python's own trace would pass the redactor by
        _LOGGER.critical("%s", message("bug"), exc_info=True)
    return EXIT_BUG


class App:
    """The running product. `store` may be watched; `run` ends by cancellation."""

    def __init__(
        self, settings: Settings, loaded: LoadedOptions, redactor: Redactor, log: HouseholdLog
    ) -> None:
        self._settings = settings
        self._loaded = loaded
        self._redactor = redactor
        self._log = log
        self._storage = Storage(settings.data)
        self._core_language: str | None = None
        self._engine: Engine | None = None
        self._has_read = False
        self._broker_problem: Message | None = None
        self._chosen_port: str | None = None  # on the page, for this run
        self.store = Store(Snapshot(poll_interval_s=loaded.options.poll_interval))
        self._recorder = Recorder(
            self.store,
            Journal(settings.data, redactor),
            Ring(settings.data),
            clock=system_clock,
            history_is_on=lambda: self._loaded.options.history != "off",
        )
        self._take_options(loaded)

    @property
    def instance(self) -> str:
        """This installation's name, as it stands in topics."""
        return self._storage.instance

    @property
    def meter_uids(self) -> tuple[str, ...]:
        """The uid of every meter ever read here."""
        return self._storage.meter_uids

    async def run(self) -> None:
        """Runs every part until cancelled."""
        key = "started" if self._settings.supervisor_token else "started_alone"
        _LOGGER.info("%s", message(key, version=__version__))
        for fault in self._loaded.faults:
            _LOGGER.error("%s", fault.message)
        async with aiohttp.ClientSession() as session:
            supervisor, core = self._supervisor(session), self._core(session)
            slug = await self._greet(supervisor, core)
            web = self._web(supervisor)
            host, port = self._web_address()
            if await web.start(host, port):
                _LOGGER.info("%s", message("page_served", host=host, port=web.port))
            metrics = MetricsServer(self.store, system_clock)
            if self._settings.metrics is not None:
                await metrics.start(*self._settings.metrics)
            self._tell_ready()
            try:
                await self._run_parts(supervisor, core, slug)
            finally:
                await metrics.stop()
                await web.stop()

    async def _run_parts(
        self, supervisor: Supervisor | None, core: Core | None, slug: str | None
    ) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run(), name="recorder")
            tasks.create_task(self._meter_side(), name="meter")
            tasks.create_task(self._publisher(supervisor, slug).run(), name="mqtt")
            if core is not None:
                tasks.create_task(self._notifier(core).run(), name="notifier")
                tasks.create_task(self._follow_language(core), name="language")

    # -- the meter -----------------------------------------------------------------------------

    async def _meter_side(self) -> None:
        """Waits for usable credentials, then lets the engine run."""
        async for _ in self._until_credentials():
            problem = self._loaded.faults[0].message if self._loaded.faults else None
            self.store.apply(ConnectionChanged(Connection.WAITING_FOR_OPTIONS, problem))
        options, facts = self._loaded.options, self._storage.facts
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
            on_survey=self.store.note_survey,
        )
        await self._engine.run()

    async def _until_credentials(self) -> AsyncIterator[None]:
        """Yields once, and after each change of the options file, while credentials lack."""
        changed_at = self._options_changed_at()
        while not self._loaded.has_credentials:
            yield
            while self._options_changed_at() == changed_at:  # noqa: ASYNC110 - files send no event
                await asyncio.sleep(LOOK_AT_OPTIONS_EVERY_S)
            changed_at = self._options_changed_at()
            with contextlib.suppress(OptionsFileError):  # half written: it changes once more
                self._take_options(load_options(self._settings.options))
                for fault in self._loaded.faults:
                    _LOGGER.error("%s", fault.message)

    def _options_changed_at(self) -> float | None:
        try:
            return self._settings.options.stat().st_mtime
        except OSError:
            return None

    def _take_options(self, loaded: LoadedOptions) -> None:
        self._loaded = loaded
        self._redactor.learn(*loaded.options.secrets)
        self._log.set_level(loaded.options.log_level)
        self._log.set_language(self.language())
        self._note()

    def _note(self) -> None:
        """Keeps the notices at what is wrong beside the meter: options and broker."""
        broker = [] if self._broker_problem is None else [self._broker_problem]
        self.store.note([*(fault.message for fault in self._loaded.faults), *broker])

    def _take_broker_problem(self, problem: Message | None) -> None:
        self._broker_problem = problem
        self._note()

    def _ports(self) -> tuple[str, ...]:
        chosen = self._chosen_port or self._loaded.options.device
        if chosen:
            return (chosen,)
        return tuple(candidates(self._settings.ports, last_good=self._storage.facts.port))

    def _emit(self, update: Update, pairing: str) -> None:
        before = self._storage.facts
        self.store.apply(update)
        match update:
            case MeterIdentified(profile) if str(profile.mac) not in before.profiles:
                _LOGGER.info("%s", _introduction(profile))
            case ReadingsArrived() if not self._has_read:
                self._tell_first_reading()
        self._storage.keep(learned(before, update, pairing))

    def _tell_first_reading(self) -> None:
        power = self.store.snapshot.readings.get("power")
        if power is None:
            return
        self._has_read = True
        interval = self._loaded.options.poll_interval
        _LOGGER.info("%s", message("first_reading", power=power.value, interval=interval))

    def _pairing(self, credentials: Credentials) -> str:
        """Tells one contract from another without keeping anything of it."""
        material = f"{self._storage.instance}:{credentials.route_b_id.reveal()}"
        return hashlib.sha256(material.encode()).hexdigest()[:16]

    def _command(self, name: str) -> None:
        """From a button or the page."""
        if self._engine is not None:
            self._engine.submit(Command(name))

    # -- Home Assistant ------------------------------------------------------------------------

    def language(self) -> Language:
        """The language in force."""
        return language_of(self._loaded.options.language, self._core_language)

    def _supervisor(self, session: aiohttp.ClientSession) -> Supervisor | None:
        token = self._settings.supervisor_token
        return Supervisor(self._settings.supervisor_url, token, session) if token else None

    def _core(self, session: aiohttp.ClientSession) -> Core | None:
        settings = self._settings
        if settings.supervisor_token:
            base_url = settings.supervisor_url.rstrip("/") + "/core/api"
            return Core(base_url, settings.supervisor_token, session)
        if settings.core_url and settings.core_token:
            return Core(settings.core_url.rstrip("/") + "/api", settings.core_token, session)
        return None

    async def _greet(self, supervisor: Supervisor | None, core: Core | None) -> str | None:
        """Asks for our slug and Home Assistant's language; what doesn't answer is left out."""
        slug = None
        with contextlib.suppress(HomeAssistantError, TimeoutError):
            async with asyncio.timeout(GREETING_TIMEOUT_S):
                if core is not None:
                    await self._ask_language(core)
                if supervisor is not None:
                    slug = (await supervisor.own_info()).slug
        return slug

    async def _ask_language(self, core: Core) -> None:
        self._core_language = (await core.config()).language
        self._log.set_language(self.language())

    async def _follow_language(self, core: Core) -> None:
        while True:
            known = self._core_language is not None
            await asyncio.sleep(ASK_LANGUAGE_EVERY_S if known else ASK_LANGUAGE_AGAIN_S)
            try:
                await self._ask_language(core)
            except HomeAssistantError as error:
                _LOGGER.debug("language: %s", error)

    def _publisher(self, supervisor: Supervisor | None, slug: str | None) -> MqttPublisher:
        instance = self._storage.instance
        address = broker_source(
            lambda: self._loaded.options, supervisor, learn=self._redactor.learn
        )
        mqtt = MqttClient(address, client_id=f"broute_{instance}", will=last_will(instance))
        return MqttPublisher(
            self.store,
            mqtt,
            AddOn(instance, __version__, slug),
            language=self.language,
            on_command=self._command,
            known_meters=self._storage.meter_uids,
            on_problem=self._take_broker_problem,
        )

    def _notifier(self, core: Core) -> Notifier:
        notification_id = f"broute_{self._storage.instance}"
        return Notifier(self.store, core, notification_id=notification_id, language=self.language)

    # -- the page ------------------------------------------------------------------------------

    def _web(self, supervisor: Supervisor | None) -> WebServer:
        services = Services(
            store=self.store,
            recorder=self._recorder,
            redactor=self._redactor,
            clock=system_clock,
            language=self.language,
            options=lambda: self._loaded,
            log_level=lambda: self._log.level,
            command=self._command,
            set_log_level=self._log.set_level,
            ports=lambda: serial_ports(self._settings.ports),
            try_port=self._try_port,
            survey=self._survey,
            save_options=None if supervisor is None else supervisor.change_options,
            restart=None if supervisor is None else supervisor.restart,
            options_place=str(self._settings.options),
            mode="stand-alone" if supervisor is None else "add-on",
        )
        has_supervisor = supervisor is not None
        return WebServer(services, access=Access(has_supervisor, self._web_password()))

    async def _try_port(self, port: str) -> DongleIdentity:
        """Asks what is at a port, and looks for the stick only there from then on."""
        present = self.store.snapshot.dongle
        if present is not None and present.port == port:
            return present
        link = await Link.open(
            connect_serial, port, on_datagram=lambda _: None, on_event=lambda _: None
        )
        await link.close()
        self._chosen_port = port
        if self._engine is not None:
            self._engine.submit(Command.REOPEN)
        return link.identity

    def _survey(self, is_wanted: bool) -> None:
        if self._engine is not None:
            self._engine.survey(is_wanted=is_wanted)

    def _web_password(self) -> Secret | None:
        """What `--web-password-file` holds; without it visitors from elsewhere may only look."""
        path = self._settings.web_password_file
        if path is None:
            return None
        try:
            password = Secret(path.read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            _LOGGER.warning("%s", message("web_password_unreadable", path=path, reason=reason))
            return None
        self._redactor.learn(password)
        return password

    def _web_address(self) -> tuple[str, int]:
        is_add_on = self._settings.supervisor_token is not None
        return self._settings.web or ("0.0.0.0" if is_add_on else "127.0.0.1", PAGE_PORT)  # noqa: S104 - guarded by peer address

    def _tell_ready(self) -> None:
        """s6 waits for a line on the descriptor that the service names."""
        if self._settings.ready_fd is None:
            return
        try:
            os.write(self._settings.ready_fd, b"\n")
            os.close(self._settings.ready_fd)
        except OSError as error:
            _LOGGER.debug("readiness: %s", error)


def _introduction(profile: MeterProfile) -> Message:
    maker = maker_name(profile.maker_code) if profile.maker_code else "?"
    return message("meter_identified", uid=profile.uid, maker=maker, count=len(profile.get_map))
