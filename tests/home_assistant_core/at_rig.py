"""The whole product beside the rig."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from broute_addon.redaction import Secret
from broute_addon.simulator import HouseConfig
from tests.rigs.home_assistant.processes import until
from tests.rigs.home_assistant.rig import HomeAssistantRig
from tests.support.product import Product, Setting, running

POLL_INTERVAL_S = 5
GONE = ("unavailable", "unknown")


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


async def until_state(
    rig: HomeAssistantRig, entity_id: str, is_wanted: Callable[[str], bool], limit_s: float = 40
) -> dict[str, Any]:
    """The entity's state once its value is as wanted."""

    async def wanted() -> dict[str, Any] | None:
        state = (await rig.states()).get(entity_id)
        return state if state is not None and is_wanted(state["state"]) else None

    return await until(wanted, limit_s, f"{entity_id} never got there")


def is_value(state: str) -> bool:
    return state not in GONE
