"""The ledger as CSV, for the command and for the page (design 2.5)."""

from collections.abc import Iterable, Iterator

from broute_addon.clock import JST
from broute_addon.ledger.reader import Row

CSV_HEADER = "time,meter,direction,raw,kwh,source"


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """The header and a line for each value, each with its line end. `time` is the instant at which
    the register stood there, in the meter's time zone."""
    yield f"{CSV_HEADER}\n"
    for row in rows:
        time = row.at.astimezone(JST).isoformat()
        yield (f"{time},{row.uid},{row.direction.value},{row.raw},{row.kwh:f},{row.source.value}\n")
