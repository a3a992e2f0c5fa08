"""Speaks to whoever sits at the terminal, in the language of the environment."""

import os
import sys

from broute_addon.errors import BRouteError
from broute_addon.messages import Language


def terminal_language() -> Language:
    """Japanese where the locale is, else English; the variables in the order of POSIX."""
    names = (os.environ.get(variable) for variable in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    return Language.JA if locale.startswith("ja") else Language.EN


def complain(error: BRouteError) -> None:
    """Its sentence, on standard error."""
    print(error.message.text(terminal_language()), file=sys.stderr)
