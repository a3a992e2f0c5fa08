"""What the page shows and moves, given to it by whoever builds the product."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broute_addon.clock import Clock
from broute_addon.ledger.reader import LedgerReader
from broute_addon.messages import Language
from broute_addon.options import LoadedOptions
from broute_addon.redaction import Redactor
from broute_addon.store import Store
from broute_addon.web.recorder import Recorder
from broute_addon.wisun.ports import SerialPort
from broute_addon.wisun.values import DongleIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything behind the page.

    `language`, `options`, `log_level` and `ports` give what is in force. `command` gets a value of
    `Command`, `set_log_level` a level, `survey` whether to look for the best place.
    `has_known_meter`: one was read here, be it long ago.
    `try_port` asks what is at a port and uses it from then on; raises BRouteError.
    `save_options` merges changes into the options (None takes one away) and `restart` starts the
    app again; both raise HomeAssistantError, and are None where there is no Supervisor to ask.
    `options_place` is where the options are then. `ledger` None: there is no history. `mode`:
    "add-on" or "stand-alone". `has_core`: there is a Home Assistant to write the history to.
    """

    store: Store
    recorder: Recorder
    redactor: Redactor
    clock: Clock
    language: Callable[[], Language]
    options: Callable[[], LoadedOptions]
    log_level: Callable[[], str]
    command: Callable[[str], None]
    set_log_level: Callable[[str], None]
    ports: Callable[[], Sequence[SerialPort]]
    try_port: Callable[[str], Awaitable[DongleIdentity]]
    survey: Callable[[bool], None]
    has_known_meter: Callable[[], bool]
    save_options: Callable[[Mapping[str, object]], Awaitable[None]] | None = None
    restart: Callable[[], Awaitable[None]] | None = None
    ledger: LedgerReader | None = None
    repair: Callable[[], Awaitable[Mapping[str, Any]]] | None = None
    options_place: str = ""
    mode: str = "stand-alone"
    has_core: bool = True
