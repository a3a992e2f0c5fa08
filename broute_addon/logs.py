"""The log a household reads: short lines on standard output, in its language, without secrets.

Records carry `Message` objects; the handler renders them in the language in force. The redactor
goes over every finished line, traces included.
"""

import logging
import sys
from typing import TextIO

from broute_addon.messages import Language, Message
from broute_addon.redaction import Redactor


class _Formatter(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
        self.language = Language.EN
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple) and any(isinstance(a, Message) for a in record.args):
            told = tuple(self._told(argument) for argument in record.args)
            record = logging.makeLogRecord(record.__dict__ | {"args": told})
        return self._redactor.redact(super().format(record))

    def _told(self, argument: object) -> object:
        return argument.text(self.language) if isinstance(argument, Message) else argument


class HouseholdLog:
    """The root logger's only handler. Made once per process by whoever starts it."""

    def __init__(self, redactor: Redactor, stream: TextIO | None = None) -> None:
        self.level = "info"
        self._formatter = _Formatter(redactor)
        handler = logging.StreamHandler(stream or sys.stdout)
        handler.setFormatter(self._formatter)
        logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
        # Its debug lines repeat ours in other words; its warnings are worth having.
        for foreign in ("asyncio", "aiohttp.access", "paho"):
            logging.getLogger(foreign).setLevel(logging.WARNING)

    def set_level(self, name: str) -> None:
        """`debug`, `info`, `warning` or `error`."""
        self.level = name
        logging.getLogger("broute_addon").setLevel(name.upper())

    def set_language(self, language: Language) -> None:
        """The language of all sentences from now on."""
        self._formatter.language = language
