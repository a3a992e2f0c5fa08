"""Builds the invented house and lets the product live in it."""

import asyncio
import contextlib
import json
import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from broute_addon.app import App, Settings
from broute_addon.demo.broker import HOST, embedded_broker
from broute_addon.demo.watcher import Watcher
from broute_addon.errors import BRouteError, HomeAssistantError
from broute_addon.home_assistant import topics
from broute_addon.home_assistant.forget import forget
from broute_addon.home_assistant.mqtt import AddressSource, BrokerAddress, MqttClient
from broute_addon.logs import HouseholdLog
from broute_addon.messages import Language, message
from broute_addon.options import load_options
from broute_addon.redaction import Redactor
from broute_addon.simulator import PASSWORD, ROUTE_B_ID, AirConfig, House, HouseConfig, PtyPort

_LOGGER = logging.getLogger(__name__)

POLL_INTERVAL_S = 5
TIDY_WITHIN_S = 2.0
BEACON_HEARD_AT = 4
"""The invented house stands next to its meter: the shortest scan finds it."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What the command line chose. `broker` None is an embedded one; `duration_s` None is for
    ever."""

    module: str = "bp35c2"
    seed: int = 1
    broker: BrokerAddress | None = None
    web: tuple[str, int] | None = None
    duration_s: float | None = None
    language: Language = Language.EN


async def play(settings: DemoSettings) -> int:
    """Runs the demo; 0 when a power value arrived, 1 when none did or it could not start."""
    redactor = Redactor()
    log = HouseholdLog(redactor, sys.stderr)
    try:
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broute-demo-")))
            broker = settings.broker or BrokerAddress(
                HOST, await stack.enter_async_context(embedded_broker(folder))
            )
            ports = folder / "by-id"
            stack.enter_context(contextlib.closing(_house(settings, ports)))
            options = folder / "options.json"
            options.write_text(json.dumps(_options(broker, settings.language)))
            place = Settings(options=options, data=folder / "data", ports=ports, web=settings.web)
            app = App(place, load_options(options), redactor, log)
            return await _live(app, broker, settings)
    except BRouteError as error:
        print(error.message.text(settings.language), file=sys.stderr)
    except Exception:  # through the log, since Python's own trace would pass the redactor by
        _LOGGER.critical("%s", message("bug"), exc_info=True)
    return 1


def _house(settings: DemoSettings, ports: Path) -> House:
    ports.mkdir()
    port = PtyPort(ports / f"usb-Demo_{settings.module}-if00")
    air = AirConfig(heard_at=BEACON_HEARD_AT)
    return House(HouseConfig(module=settings.module, seed=settings.seed, air=air), port)


async def _live(app: App, broker: BrokerAddress, settings: DemoSettings) -> int:
    """Runs product and watcher for the time given, or until cancelled."""

    async def address() -> BrokerAddress:
        return broker

    def devices() -> tuple[str, ...]:
        return topics.device_id(app.instance), *app.meter_uids

    watcher = Watcher(
        address,
        lambda text: print(text, flush=True),
        devices,
        client_id=f"broute_{app.instance}_watcher",
    )
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watcher.run(), name="watcher")
        living = tasks.create_task(app.run(), name="app")
        try:
            await asyncio.wait([living], timeout=settings.duration_s)
        finally:
            living.cancel()
            await asyncio.wait([living])
            watching.cancel()
            if settings.broker is not None:
                await _tidy(app, address)
    return 0 if watcher.has_power else 1


async def _tidy(app: App, address: AddressSource) -> None:
    """Takes back what the demo left at a broker that is not its own."""
    mqtt = MqttClient(address, client_id=f"broute_{app.instance}_forget", will=None)
    try:
        async with asyncio.timeout(TIDY_WITHIN_S):
            await forget(mqtt, app.instance, app.meter_uids)
    except (HomeAssistantError, TimeoutError) as error:
        _LOGGER.warning("%s", message("demo_left", instance=app.instance))
        _LOGGER.debug("%s", error)


def _options(broker: BrokerAddress, language: Language) -> dict[str, object]:
    password = broker.password.reveal() if broker.password else ""
    return {
        "route_b_id": ROUTE_B_ID,
        "route_b_password": PASSWORD,
        "poll_interval": POLL_INTERVAL_S,
        "mqtt_host": broker.host,
        "mqtt_port": broker.port,
        "mqtt_username": broker.username or "",
        "mqtt_password": password,
        "mqtt_tls": broker.tls,
        "language": language.value,
    }
