"""The commands of Core's recorder that statistics and repair use (home-assistant-addon.md 6.1).

An answer to an import means that it is queued, not written: who imports reads back.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import repeat
from typing import Any

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.statistics import HOUR, UNIT, Row, batches, differing, is_too_old
from broute_addon.home_assistant.websocket import CoreCalls, CoreRefusedError
from broute_addon.messages import Message, message

_LOGGER = logging.getLogger(__name__)

MOST_BACKLOG = 1000
"""With more in its queue than that the recorder is behind; it is left alone."""

ASK_AGAIN_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between the looks at what became of an import."""

ASK_BUSY_TIMES = 40
"""So many more, the last pause apart, while the recorder has something to do: five minutes."""

WAIT_S = (1.0, 2.0, 5.0, 10.0)
"""Seconds between the looks whether Core is ready; the last again and again."""


_MOST = Decimal(10) ** 15
"""A sum in kWh is below: 99,999,999 counts of at most 999,999 kWh, thrice a century."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What Core has on record about a statistic."""

    name: str | None
    unit: str | None
    unit_class: str | None
    source: str
    has_sum: bool


async def wait_until_ready(core: CoreCalls, tell: Callable[[Message], None]) -> None:
    """Waits until Core has started and its recorder keeps up. Raises CoreError.

    `tell` gets why it is waited for: at once when only the household can end it, else from the
    second look on.
    """
    if is_too_old(core.version):
        tell(message("core_too_old", version=core.version))
        await core.until_closed()
    waits = iter(WAIT_S)
    wait_s = 0.0
    while (reason := await _why_not_ready(core)) is not None:
        if wait_s:
            tell(reason)
        wait_s = next(waits, WAIT_S[-1])
        await asyncio.sleep(wait_s)


async def _why_not_ready(core: CoreCalls) -> Message | None:
    try:
        config = await core.call("get_config")
        if str(config.get("state")) != "RUNNING":
            return message("core_starting")
        recorder = await core.call("recorder/info")
    except CoreRefusedError as error:
        if error.code == "unknown_command":
            return message("recorder_absent")
        raise
    except AttributeError:
        raise _junk() from None
    return _recorder_problem(recorder)


def _recorder_problem(recorder: object) -> Message | None:
    if not isinstance(recorder, dict):
        raise _junk()
    if recorder.get("migration_in_progress"):
        return message("recorder_migrating")
    if not recorder.get("recording", True) or not recorder.get("thread_running", True):
        return message("recorder_absent")
    backlog = recorder.get("backlog") or 0
    if not isinstance(backlog, int | float):
        raise _junk()
    if backlog > MOST_BACKLOG:
        return message("recorder_behind")
    return None


async def metadata_of(core: CoreCalls, statistic_id: str) -> Metadata | None:
    """What Core knows of a statistic; None when it doesn't know it. Raises CoreError."""
    found = await core.call("recorder/get_statistics_metadata", statistic_ids=[statistic_id])
    try:
        for entry in found:
            if entry["statistic_id"] == statistic_id:
                return Metadata(
                    name=_text(entry.get("name")),
                    unit=_text(entry.get("statistics_unit_of_measurement")),
                    unit_class=_text(entry.get("unit_class")),
                    source=str(entry.get("source")),
                    has_sum=bool(entry.get("has_sum")),
                )
    except (KeyError, TypeError, AttributeError):
        raise _junk() from None
    return None


async def rows_of(
    core: CoreCalls, statistic_id: str, since: datetime, before: datetime | None = None
) -> dict[datetime, Row]:
    """The hourly rows that begin from `since` on and before `before`, in kWh whatever the unit
    they are kept in; rows without a sum are left out. Raises CoreError."""
    period = {"start_time": since.isoformat()}
    if before is not None:
        period["end_time"] = before.isoformat()
    found = await core.call(
        "recorder/statistics_during_period",
        **period,
        statistic_ids=[statistic_id],
        period="hour",
        types=["state", "sum"],
        units={"energy": UNIT},
    )
    try:
        rows = [_row(entry) for entry in found.get(statistic_id, ())]
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError, OSError):
        raise _junk() from None
    return {row.start: row for row in rows if row is not None}


def _row(entry: Mapping[str, Any]) -> Row | None:
    total = entry.get("sum")
    if total is None:
        return None
    state = entry.get("state")
    return Row(
        datetime.fromtimestamp(entry["start"] / 1000, UTC),
        _number(total if state is None else state),
        _number(total),
    )


def _number(told: object) -> Decimal:
    """Raises ArithmeticError for what isn't a number, ValueError for one that no meter reaches."""
    number = Decimal(str(told))
    if not number.is_finite() or abs(number) >= _MOST:
        raise ValueError(told)
    return number


def _text(told: object) -> str | None:
    return None if told is None else str(told)


async def import_rows(
    core: CoreCalls,
    metadata: Mapping[str, object],
    rows: Iterable[Row],
    factor: Decimal = Decimal(1),
) -> None:
    """Queues rows. `factor`: how many of the metadata's unit are in a kWh. Raises CoreError."""
    for piece in batches(rows):
        sent = [row.sent(factor) for row in piece]
        await core.call("recorder/import_statistics", metadata=metadata, stats=sent)


async def until_written(core: CoreCalls, statistic_id: str, rows: Sequence[Row]) -> list[Row]:
    """Looks until Core has the rows; gives those that it still hasn't after a while.

    As long as the recorder has something in its queue it is waited for: after Core's own downtime
    it first compiles what it missed. Raises CoreError.
    """
    since, before = rows[0].start, rows[-1].start + HOUR
    for number, wait_s in enumerate((*ASK_AGAIN_S, *repeat(ASK_AGAIN_S[-1], ASK_BUSY_TIMES))):
        await asyncio.sleep(wait_s)
        missing = differing(rows, await rows_of(core, statistic_id, since, before))
        if not missing or (number >= len(ASK_AGAIN_S) - 1 and not await _is_busy(core)):
            break
    return missing


async def _is_busy(core: CoreCalls) -> bool:
    recorder = await core.call("recorder/info")
    return _recorder_problem(recorder) is not None or bool(recorder.get("backlog"))


async def until_recorder_idle(core: CoreCalls) -> None:
    """Waits until the recorder has nothing left to do, twice in a row. Raises CoreError."""
    idle = 0
    while idle < 2:
        idle = 0 if await _is_busy(core) else idle + 1
        await asyncio.sleep(1.0)


def _junk() -> CoreError:
    return CoreError(message("core_junk", status="websocket"))
