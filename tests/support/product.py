"""The product as `run` builds it, on a simulated house behind a real pseudo-terminal."""

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from broute_addon.app import App, Settings
from broute_addon.logs import HouseholdLog
from broute_addon.options import load_options
from broute_addon.redaction import Redactor
from broute_addon.simulator import PASSWORD, ROUTE_B_ID, House, HouseConfig, PtyPort

CREDENTIALS = {"route_b_id": ROUTE_B_ID, "route_b_password": PASSWORD}


@dataclass
class Product:
    """One running add-on with its house. `truth` are the lines of the simulator's truth file."""

    app: App
    house: House
    port: PtyPort
    truth: list[Mapping[str, object]]
    log: io.StringIO

    @property
    def uid(self) -> str:
        """The meter's, once it is known."""
        meter = self.app.store.snapshot.meter
        return "" if meter is None else meter.uid


@dataclass(frozen=True)
class Setting:
    """What a test chooses: the house, the options beside the credentials, further settings."""

    house: HouseConfig = field(default_factory=HouseConfig)
    options: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def running(folder: Path, setting: Setting) -> AsyncIterator[Product]:
    """Runs the product until the block ends; then it has said goodbye."""
    ports = folder / "by-id"
    ports.mkdir(parents=True, exist_ok=True)
    port = PtyPort(ports / "usb-Simulated_stick-if00")
    truth: list[Mapping[str, object]] = []
    config = replace(setting.house, truth=lambda line: truth.append(json.loads(line)))
    options = folder / "options.json"
    options.write_text(json.dumps(CREDENTIALS | dict(setting.options)))
    place = Settings(options=options, data=folder / "data", ports=ports, web=("127.0.0.1", 0))
    redactor, log = Redactor(), io.StringIO()
    with contextlib.closing(House(config, port)) as house:
        household_log = HouseholdLog(redactor, log)
        app = App(
            replace(place, **setting.settings),  # type: ignore[arg-type]
            load_options(options),
            redactor,
            household_log,
        )
        task = asyncio.create_task(app.run(), name="product")
        try:
            yield Product(app, house, port, truth, log)
        finally:
            task.cancel()
            await asyncio.wait([task])
            logging.getLogger().handlers.clear()
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
