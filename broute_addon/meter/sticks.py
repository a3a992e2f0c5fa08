"""Which of the ports holds the stick: the first that answers."""

import logging
from collections.abc import Awaitable, Callable, Iterable

from broute_addon.errors import BRouteError, DongleError, TransportError
from broute_addon.messages import message
from broute_addon.wisun.link import Link

_LOGGER = logging.getLogger(__name__)

_NOT_OURS_TO_USE = frozenset({"port_busy", "port_forbidden"})


async def first_stick(ports: Iterable[str], ask: Callable[[str], Awaitable[Link]]) -> Link:
    """Asks one port after the other, in their order, until a stick answers.

    Raises TransportError or DongleError where none does: that of a port that may not be used if
    there is one, since the household can do something about it, else that of the last one asked.
    """
    errors: list[BRouteError] = [TransportError(message("no_stick"))]
    for port in ports:
        try:
            link = await ask(port)
        except (TransportError, DongleError) as error:
            _LOGGER.debug("%s: %s", port, error)
            errors.append(error)
            continue
        found = link.identity
        identified = message(
            "stick_identified", port=port, dialect=found.dialect, firmware=found.firmware
        )
        _LOGGER.info("%s", identified)
        return link
    raise next((e for e in errors if e.message.key in _NOT_OURS_TO_USE), errors[-1])
