"""The composition root: builds every part, joins them, and takes them down again."""

import asyncio
import logging
import os

import aiohttp

from broute_addon import __version__
from broute_addon.app.home_side import HomeSide
from broute_addon.app.in_force import InForce
from broute_addon.app.meter_side import MeterSide
from broute_addon.app.repair_view import repair_view
from broute_addon.app.settings import Settings
from broute_addon.bookkeeping import Bookkeeper
from broute_addon.clock import system_clock
from broute_addon.journal import Journal
from broute_addon.ledger import Ledger
from broute_addon.logs import HouseholdLog
from broute_addon.messages import Language, message
from broute_addon.options import LoadedOptions, OptionsFileError, load_options
from broute_addon.redaction import Redactor, Secret
from broute_addon.ring import Ring
from broute_addon.storage import Storage
from broute_addon.store import Snapshot, Store
from broute_addon.web.access import Access
from broute_addon.web.metrics import MetricsServer
from broute_addon.web.recorder import Recorder
from broute_addon.web.server import WebServer
from broute_addon.web.services import Services
from broute_addon.wisun.ports import serial_ports

_LOGGER = logging.getLogger(__name__)

EXIT_BUG = 1
EXIT_OPTIONS_UNUSABLE = 78


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
    """The running product. `store` and `ledger` may be watched; `run` ends by cancellation."""

    def __init__(
        self, settings: Settings, loaded: LoadedOptions, redactor: Redactor, log: HouseholdLog
    ) -> None:
        self._settings = settings
        self._redactor = redactor
        self._log = log
        self._storage = Storage(settings.data)
        self.store = Store(Snapshot(poll_interval_s=loaded.options.poll_interval))
        self.ledger = Ledger(settings.data)
        self._in_force = InForce(settings.options, loaded, self.store, redactor, log)
        self._recorder = Recorder(
            self.store,
            Journal(settings.data, redactor),
            Ring(settings.data),
            clock=system_clock,
            history_is_on=lambda: self._in_force.options.history != "off",
        )
        self._bookkeeper = Bookkeeper(
            self.ledger,
            self.store,
            system_clock,
            on_problem=self._in_force.take_ledger_problem,
        )
        self.meter_side = MeterSide(
            settings=settings,
            in_force=self._in_force,
            storage=self._storage,
            store=self.store,
            bookkeeper=self._bookkeeper,
            memory=self.ledger,
        )

    @property
    def instance(self) -> str:
        """This installation's name, as it stands in topics."""
        return self._storage.instance

    @property
    def meter_uids(self) -> tuple[str, ...]:
        """The uid of every meter ever read here."""
        return self._storage.meter_uids

    def language(self) -> Language:
        """The language in force."""
        return self._in_force.language()

    async def run(self) -> None:
        """Runs every part until cancelled."""
        key = "started" if self._settings.supervisor_token else "started_alone"
        _LOGGER.info("%s", message(key, version=__version__))
        self._in_force.tell_faults()
        try:
            async with aiohttp.ClientSession() as session:
                home_side = self._home_side(session)
                await home_side.greet()
                await self._serve(home_side)
        finally:
            self.ledger.close()

    async def _serve(self, home_side: HomeSide) -> None:
        web, metrics = self._web(home_side), MetricsServer(self.store, system_clock)
        host, port = self._settings.web_address
        if await web.start(host, port):
            _LOGGER.info("%s", message("page_served", host=host, port=web.port))
        if self._settings.metrics is not None:
            await metrics.start(*self._settings.metrics)
        self._tell_ready()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._recorder.run(), name="recorder")
                tasks.create_task(self._bookkeeper.run(), name="bookkeeper")
                tasks.create_task(home_side.run(self.meter_side.command), name="home")
                tasks.create_task(self.meter_side.run(), name="meter")
        finally:
            await metrics.stop()
            await web.stop()

    def _home_side(self, session: aiohttp.ClientSession) -> HomeSide:
        return HomeSide(
            settings=self._settings,
            in_force=self._in_force,
            storage=self._storage,
            store=self.store,
            ledger=self.ledger,
            redactor=self._redactor,
            session=session,
        )

    def _web(self, home_side: HomeSide) -> WebServer:
        supervisor, statistics = home_side.supervisor, home_side.statistics
        repairer = None if statistics is None else statistics.repairer
        services = Services(
            store=self.store,
            recorder=self._recorder,
            redactor=self._redactor,
            clock=system_clock,
            language=self._in_force.language,
            options=lambda: self._in_force.loaded,
            log_level=self._in_force.log_level,
            command=self.meter_side.command,
            set_log_level=self._log.set_level,
            ports=lambda: serial_ports(self._settings.ports),
            try_port=self.meter_side.try_port,
            survey=self.meter_side.survey,
            has_known_meter=lambda: bool(self._storage.meter_uids),
            save_options=None if supervisor is None else supervisor.change_options,
            restart=None if supervisor is None else supervisor.restart,
            ledger=self.ledger,
            repair=lambda: repair_view(repairer, self.ledger, self.language()),
            options_place=str(self._settings.options),
            mode="stand-alone" if supervisor is None else "add-on",
            has_core=home_side.core is not None,
        )
        has_supervisor = supervisor is not None
        return WebServer(services, access=Access(has_supervisor, self._web_password()))

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

    def _tell_ready(self) -> None:
        """s6 waits for a line on the descriptor that the service names."""
        if self._settings.ready_fd is None:
            return
        try:
            os.write(self._settings.ready_fd, b"\n")
            os.close(self._settings.ready_fd)
        except OSError as error:
            _LOGGER.debug("readiness: %s", error)
