"""Waiting for a state that sends no event, in real time."""

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """Looks every 10 ms. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
