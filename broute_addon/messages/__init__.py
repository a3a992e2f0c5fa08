"""Every sentence a household can meet, in English and Japanese, in one table of several files.

A `Message` is a key with its fields, so that one event reads in each reader's language: `str()`
is English, `text(Language.JA)` Japanese. Errors and log lines carry messages, never loose text.
Fields must never hold a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from broute_addon.messages import (
    app,
    echonet,
    home_assistant,
    journal,
    ledger,
    meter,
    options,
    remedies,
    steps,
    wisun,
)


class Language(Enum):
    """A language the product speaks."""

    EN = "en"
    JA = "ja"


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence: what is so, where, and what to do. `key` names a row of `SENTENCES`."""

    key: str
    fields: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def text(self, language: Language) -> str:
        """The sentence in a language. Raises KeyError for an unknown key or a missing field."""
        english, japanese = SENTENCES[self.key]
        template = japanese if language is Language.JA else english
        return template.format_map(self.fields)

    def __str__(self) -> str:
        return self.text(Language.EN)


def message(key: str, **fields: object) -> Message:
    """Shorthand: `message("option_missing", option="route_b_id")`."""
    return Message(key, fields)


SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    options.SENTENCES
    | echonet.SENTENCES
    | home_assistant.SENTENCES
    | ledger.SENTENCES
    | meter.SENTENCES
    | app.SENTENCES
    | journal.SENTENCES
    | remedies.SENTENCES
    | steps.SENTENCES
    | wisun.SENTENCES
)
