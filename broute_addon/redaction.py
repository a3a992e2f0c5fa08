"""Secrets and the last line of defence against their escape.

`Secret` wraps a credential from the moment it is read. `Redactor` is the backstop: it knows all
secrets in force and masks them, also spelled in hex (a stick prints PANA datagrams that carry
the Route-B ID so), in whatever text passes through it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MASK = "****"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A credential. Prints as `****`; only `reveal()` gives the text."""

    _text: str

    def reveal(self) -> str:
        """The secret itself; only for the wire it belongs to."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"


class Redactor:
    """Masks known secrets in text. Words under four characters are left alone."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._words: tuple[str, ...] = ()
        self.learn(*secrets)

    def learn(self, *secrets: Secret) -> None:
        """Adds secrets, for instance a broker password that the Supervisor gave later."""
        words = set(self._words)
        for secret in secrets:
            text = secret.reveal()
            if len(text) >= 4:
                as_hex = text.encode().hex()
                words |= {text, text.lower(), text.upper(), as_hex, as_hex.upper()}
        self._words = tuple(sorted(words, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """The text with every known secret masked, longest first."""
        for word in self._words:
            text = text.replace(word, MASK)
        return text
