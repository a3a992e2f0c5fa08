"""The dry run of the repair, and what it has done, as the page shows it."""

import asyncio
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.repair import Kind, RepairPlan
from broute_addon.home_assistant.repairer import Repairer
from broute_addon.ledger import JournalEntry, Ledger
from broute_addon.messages import Language, Message, message

SHOWN = 200
"""Hours at most, the newest of them."""

PATIENCE_S = 10.0

_KINDS = frozenset(kind.value for kind in Kind)


async def repair_view(
    repairer: Repairer | None, ledger: Ledger, language: Language
) -> Mapping[str, Any]:
    """What would be mended now and what was. `past` are rows before a sensor's first one, by
    sensor; a plan that can't be made is told as `problem`."""
    plans: tuple[RepairPlan, ...] = ()
    problem: Message | None = None
    if repairer is not None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                plans = await repairer.plan()
        except CoreError as error:
            problem = error.message
        except TimeoutError:
            problem = message("core_unreachable", reason="no answer")
    mended = [entry for entry in ledger.journal() if entry.kind in _KINDS]  # the rest are marks
    refusals = [refusal for plan in plans for refusal in plan.refusals]
    told = ([] if problem is None else [problem]) + refusals
    return {
        "problem": " ".join(each.text(language) for each in told) or None,
        "hours": [hour for plan in plans for hour in _planned(plan)][-SHOWN:],
        "past": {plan.statistic_id: len(plan.past) for plan in plans if plan.past},
        "done": [_done(entry) for entry in reversed(mended[-SHOWN:])],
    }


def _planned(plan: RepairPlan) -> Iterator[Mapping[str, object]]:
    for change in plan.changes:
        yield {
            "statistic_id": plan.statistic_id,
            "start": change.row.start.isoformat(),
            "kind": change.kind.value,
            "old_sum": _number(change.old_sum),
            "new_sum": _number(change.row.sum),
        }


def _done(entry: JournalEntry) -> Mapping[str, object]:
    return {
        "at": entry.at.isoformat(timespec="seconds"),
        "statistic_id": entry.statistic_id,
        "start": entry.start.isoformat(),
        "kind": entry.kind,
        "old_sum": _number(entry.old_sum),
        "new_sum": _number(entry.new_sum),
    }


def _number(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
