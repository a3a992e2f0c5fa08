"""Live values of the last hours -> columns for the charts. Pure."""

from collections.abc import Iterable

from broute_addon.ring import Sample

Columns = dict[str, list[int | float | None]]

HOURS = 6.0
MOST_HOURS = 48.0


def live(samples: Iterable[Sample]) -> Columns:
    """Power (W) and currents (A)."""
    return _columns(samples, "power", "current_r", "current_t")


def radio(samples: Iterable[Sample]) -> Columns:
    """Signal strength (dBm) and answer times (s)."""
    return _columns(samples, "rssi_dbm", "response_s")


def hours(asked: str | None) -> float:
    """How far back, out of what was asked; nonsense gets the default."""
    try:
        given = float(asked or HOURS)
    except ValueError:
        return HOURS
    return min(max(given, 0.1), MOST_HOURS) if given == given else HOURS  # noqa: PLR0124 - NaN


def _columns(samples: Iterable[Sample], *names: str) -> Columns:
    kept = [s for s in samples if any(getattr(s, name) is not None for name in names)]
    columns: Columns = {"at": [sample.at for sample in kept]}
    for name in names:
        columns[name] = [_rounded(getattr(sample, name)) for sample in kept]
    return columns


def _rounded(value: float | None) -> int | float | None:
    return round(value, 3) if isinstance(value, float) else value
