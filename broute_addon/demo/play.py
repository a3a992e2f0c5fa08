"""Builds the invented house and lets the product live in it."""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from broute_addon.app import App, Settings
from broute_addon.demo.broker import HOST, embedded_broker
from broute_addon.demo.watcher import Watcher
from broute_addon.errors import BRouteError, SimulationError
from broute_addon.home_assistant.mqtt import BrokerAddress
from broute_addon.logs import HouseholdLog
from broute_addon.messages import message
from broute_addon.options import load_options
from broute_addon.redaction import Redactor, Secret
from broute_addon.simulator import PASSWORD, ROUTE_B_ID, AirConfig, House, HouseConfig, PtyPort

POLL_INTERVAL_S = 5
BEACON_HEARD_AT = 4
"""The invented house stands next to its meter: the shortest scan finds it."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """What the command line chose. `mqtt` is `mqtt://[USER:PASSWORD@]HOST[:PORT]` or None for an
    embedded broker; `duration_s` None is for ever."""

    module: str = "bp35c2"
    seed: int = 1
    mqtt: str | None = None
    web: tuple[str, int] | None = None
    duration_s: float | None = None


async def play(settings: DemoSettings) -> int:
    """Runs the demo; 0 when values arrived, 1 when none did or it could not start."""
    log = HouseholdLog(Redactor(), sys.stderr)
    try:
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broute-demo-")))
            if settings.mqtt is None:
                broker = BrokerAddress(
                    HOST, await stack.enter_async_context(embedded_broker(folder))
                )
            else:
                broker = broker_of(settings.mqtt)
            return await _live(settings, folder, broker, log)
    except BRouteError as error:
        print(error.message, file=sys.stderr)
        return 1


async def _live(
    settings: DemoSettings, folder: Path, broker: BrokerAddress, log: HouseholdLog
) -> int:
    ports = folder / "by-id"
    ports.mkdir()
    port = PtyPort(ports / f"usb-Demo_{settings.module}-if00")
    try:
        air = AirConfig(heard_at=BEACON_HEARD_AT)
        house = House(HouseConfig(module=settings.module, seed=settings.seed, air=air), port)
    except ValueError as error:
        port.close()
        raise SimulationError(message("simulation_impossible", reason=error)) from None
    options = folder / "options.json"
    options.write_text(json.dumps(_options(broker)))
    place = Settings(options=options, data=folder / "data", ports=ports, web=settings.web)
    app = App(place, load_options(options), Redactor(), log)

    async def address() -> BrokerAddress:
        return broker

    watcher = Watcher(address, lambda text: print(text, flush=True))
    with contextlib.closing(house):
        await _until_over(app, watcher, settings.duration_s)
    return 0 if watcher.received else 1


async def _until_over(app: App, watcher: Watcher, duration_s: float | None) -> None:
    """Runs product and watcher for the time given, or until SIGINT or SIGTERM."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watcher.run(), name="watcher")
        living = tasks.create_task(app.run(), name="app")
        try:
            async with asyncio.timeout(duration_s):
                await over.wait()
        except TimeoutError:
            pass
        living.cancel()
        await asyncio.wait([living])
        watching.cancel()


def broker_of(url: str) -> BrokerAddress:
    """The broker in an MQTT URL. Raises SimulationError with one sentence."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise SimulationError(message("demo_mqtt_url"))
    tls = parts.scheme == "mqtts"
    password = Secret(parts.password) if parts.password else None
    return BrokerAddress(
        parts.hostname, port or (8883 if tls else 1883), parts.username, password, tls=tls
    )


def _options(broker: BrokerAddress) -> dict[str, object]:
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
    }
