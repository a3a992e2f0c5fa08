"""Wall time. Waiting is asyncio's business: virtual time is an event loop, not a clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

JST = timezone(timedelta(hours=9), "JST")
"""The meter's time zone: fixed, Japan has no daylight saving time."""

Clock = Callable[[], datetime]
"""Gives the present instant as an aware UTC datetime."""


def system_clock() -> datetime:
    """The host's wall time, UTC."""
    return datetime.now(UTC)
