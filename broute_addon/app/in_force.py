"""What is in force now: the options, the language, and what is wrong beside the meter."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from broute_addon.errors import HomeAssistantError
from broute_addon.home_assistant.core import Core, language_of
from broute_addon.logs import HouseholdLog
from broute_addon.messages import Language, Message
from broute_addon.options import LoadedOptions, Options, OptionsFileError, load_options
from broute_addon.redaction import Redactor
from broute_addon.store import Store

_LOGGER = logging.getLogger(__name__)

LOOK_AT_OPTIONS_EVERY_S = 5.0
ASK_LANGUAGE_EVERY_S = 3600.0
ASK_LANGUAGE_AGAIN_S = 30.0


class InForce:
    """Owns the options and the language; the log and the store's notices follow them."""

    def __init__(
        self, path: Path, loaded: LoadedOptions, store: Store, redactor: Redactor, log: HouseholdLog
    ) -> None:
        self._path = path
        self._store = store
        self._redactor = redactor
        self._log = log
        self._core_language: str | None = None
        self._broker_problem: Message | None = None
        self._ledger_problem: Message | None = None
        self.loaded = loaded
        self._take(loaded)

    @property
    def options(self) -> Options:
        """The options, as far as they can be used."""
        return self.loaded.options

    @property
    def problem(self) -> Message | None:
        """What is wrong with the options, the first of it."""
        return self.loaded.faults[0].message if self.loaded.faults else None

    def language(self) -> Language:
        """The language in force."""
        return language_of(self.options.language, self._core_language)

    def log_level(self) -> str:
        """The log's level, as the panel names it."""
        return self._log.level

    def tell_faults(self) -> None:
        """Each of the options' faults in the log."""
        for fault in self.loaded.faults:
            _LOGGER.error("%s", fault.message)

    async def until_credentials(self) -> AsyncIterator[None]:
        """Yields once, and after each change of the options file, while credentials lack."""
        # At first unknown: what was loaded may be older than the first look at the file.
        seen_at: float | None = -1.0
        while not self.loaded.has_credentials:
            yield
            while (changed_at := self._changed_at()) == seen_at:  # noqa: ASYNC110 - no event
                await asyncio.sleep(LOOK_AT_OPTIONS_EVERY_S)
            seen_at = changed_at
            with contextlib.suppress(OptionsFileError):  # half written: it changes once more
                self._take_news(load_options(self._path))

    async def ask_language(self, core: Core) -> None:
        """Asks for Home Assistant's language. Raises HomeAssistantError."""
        self._core_language = (await core.config()).language
        self._log.set_language(self.language())

    async def follow_language(self, core: Core) -> None:
        """Asks for ever, now and then."""
        while True:
            is_known = self._core_language is not None
            await asyncio.sleep(ASK_LANGUAGE_EVERY_S if is_known else ASK_LANGUAGE_AGAIN_S)
            try:
                await self.ask_language(core)
            except HomeAssistantError as error:
                _LOGGER.debug("language: %s", error)

    def take_broker_problem(self, problem: Message | None) -> None:
        """Why Home Assistant can't be told; None once it can."""
        self._broker_problem = problem
        self._note()

    def take_ledger_problem(self, problem: Message | None) -> None:
        """What is wrong with the ledger's file; None if nothing."""
        if problem != self._ledger_problem:
            self._ledger_problem = problem
            self._note()

    def _take_news(self, loaded: LoadedOptions) -> None:
        told = [fault.message for fault in self.loaded.faults]
        if loaded.options != self.options or [each.message for each in loaded.faults] != told:
            self._take(loaded)
            self.tell_faults()

    def _take(self, loaded: LoadedOptions) -> None:
        self.loaded = loaded
        self._redactor.learn(*loaded.options.secrets)
        self._log.set_level(loaded.options.log_level)
        self._log.set_language(self.language())
        self._note()

    def _note(self) -> None:
        faults = [fault.message for fault in self.loaded.faults]
        others = (self._broker_problem, self._ledger_problem)
        self._store.note([*faults, *(problem for problem in others if problem is not None)])

    def _changed_at(self) -> float | None:
        try:
            return self._path.stat().st_mtime
        except OSError:
            return None
