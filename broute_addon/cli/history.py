"""`history`: the ledger as a table of days, as CSV, or what is missing in it.

Reads only: `run` may hold the data meanwhile.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from broute_addon.cli.terminal import complain
from broute_addon.clock import JST
from broute_addon.errors import BRouteError
from broute_addon.ledger.energy import Day, days
from broute_addon.ledger.export import csv_lines
from broute_addon.ledger.read_only import ReadOnlyLedger
from broute_addon.ledger.reader import LedgerReader
from broute_addon.meter.half_hours import HALF_HOUR, Direction

_SLOTS = 48


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `history` takes."""
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("/data"),
        metavar="DIR",
        help="that of `run` (default /data)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="every value, as CSV")
    form.add_argument("--missing", action="store_true", help="what isn't there, in ranges")


def history(args: argparse.Namespace) -> int:
    """0, or 1 with one sentence when there is no ledger that can be read."""
    try:
        with ReadOnlyLedger(args.data) as ledger:
            sys.stdout.writelines(_chosen(ledger, args))
            sys.stdout.flush()
    except BRouteError as error:
        complain(error)
        return 1
    except BrokenPipeError:  # as `| head` does: nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _chosen(ledger: LedgerReader, args: argparse.Namespace) -> Iterator[str]:
    if args.csv:
        return csv_lines(ledger.rows())
    lines = _missing(ledger) if args.missing else _table(ledger)
    return (f"{line}\n" for line in lines)


def _table(ledger: LedgerReader) -> Iterator[str]:
    told = False
    for uid in ledger.uids():
        directions = ledger.directions(uid)
        coverage = ledger.completeness(uid, directions)
        if coverage is None:
            continue
        told = True
        yield f"Meter {uid}"
        yield "".join([f"{'day':10}", *(f"{f'{one.value} kWh':>14}  known" for one in directions)])
        by_day = [{day.date: day for day in days(ledger.series(uid, one))} for one in directions]
        for date in sorted(set().union(*by_day)):
            yield "".join([str(date), *(_cell(of_one.get(date)) for of_one in by_day)])
        yield (
            f"{coverage.known} half-hours known, {coverage.missing} missing, {coverage.gone} that"
            f" the meter doesn't remember, since {_local(coverage.since)}\n"
        )
    if not told:
        yield "No half-hours yet."


def _cell(day: Day | None) -> str:
    if day is None:
        return f"{'–':>14}  {0:2}/{_SLOTS}"
    kwh = "–" if day.kwh is None else f"{'' if day.is_whole else '≥ '}{day.kwh:f}"
    return f"{kwh:>14}  {day.known:2}/{_SLOTS}"


@dataclass(frozen=True, slots=True)
class _Range:
    """Half-hours one after the other, from the first to the last."""

    first: datetime
    last: datetime

    def __len__(self) -> int:
        return (self.last - self.first) // HALF_HOUR + 1


def _missing(ledger: LedgerReader) -> Iterator[str]:
    told = False
    for uid in ledger.uids():
        for direction in ledger.directions(uid):
            for one, why in _holes(ledger, uid, direction):
                told = True
                count = f"{len(one)} half-hour{'s' if len(one) > 1 else ''}"
                since, until = _local(one.first), _local(one.last)
                yield f"{uid}  {direction.value:6}  {since} … {until}  {count}, {why}"
    if not told:
        yield "Nothing is missing."


def _holes(ledger: LedgerReader, uid: str, direction: Direction) -> Sequence[tuple[_Range, str]]:
    """What isn't there, and why."""
    span, oldest = ledger.span(uid), ledger.oldest(uid)
    if span is None or oldest is None:
        return ()
    holes = [(one, "still to be read") for one in _ranges(ledger.holes(uid, (direction,), *span))]
    # What lies before the first value is no hole: there the meter's memory begins.
    gone = ledger.gone(uid, direction, oldest, span[1])
    holes += [(one, "the meter doesn't remember") for one in _ranges(gone)]
    return sorted(holes, key=lambda hole: hole[0].first)


def _ranges(instants: Iterable[datetime]) -> list[_Range]:
    ranges: list[_Range] = []
    for at in instants:
        if ranges and at - ranges[-1].last == HALF_HOUR:
            ranges[-1] = _Range(ranges[-1].first, at)
        else:
            ranges.append(_Range(at, at))
    return ranges


def _local(at: datetime) -> str:
    return at.astimezone(JST).isoformat(timespec="minutes")
