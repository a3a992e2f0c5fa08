"""The whole product beside the rig."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from broute_addon.redaction import Secret
from broute_addon.simulator import HouseConfig
from tests.rigs.home_assistant.processes import until
from tests.rigs.home_assistant.rig import HomeAssistantRig
from tests.support.product import Product, Setting, running

POLL_INTERVAL_S = 5


@contextlib.asynccontextmanager
async def product_at(
    rig: HomeAssistantRig, folder: Path, **options: object
) -> AsyncIterator[Product]:
    """The product at the rig's broker and Core (stand-alone: by Core's URL and a token)."""
    broker = {"mqtt_host": "127.0.0.1", "mqtt_port": rig.mqtt_port}
    setting = Setting(
        HouseConfig(speed=0),
        {"poll_interval": POLL_INTERVAL_S} | broker | options,
        {"core_url": rig.url, "core_token": Secret(rig.token)},
    )
    async with running(folder, setting) as product:
        await until_so(lambda: product.uid != "", "no meter was met")
        yield product


async def until_so(is_so: Callable[[], bool], complaint: str, limit_s: float = 30) -> None:
    """Until something in the product is so."""

    async def check() -> bool:
        return is_so()

    await until(check, limit_s, complaint)
