"""`/metrics` for Prometheus, on a listener of its own that serves nothing else (design.md 2.5).

Every number with an entity is a metric named after its key, in the unit of its quantity. What is
not known, or too old to be believed, is absent: a missing sample is Prometheus' word for that.
"""

import logging
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from broute_addon import __version__
from broute_addon.clock import Clock
from broute_addon.messages import message
from broute_addon.meter.half_hours import HISTORY_TERMS
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.quantities import Cadence, Quantity, Term
from broute_addon.meter.readings import LINK_TERMS, Connection, Reading
from broute_addon.store import Snapshot, Store

_LOGGER = logging.getLogger(__name__)

_SUFFIXES = {
    Quantity.POWER: "watts",
    Quantity.CURRENT: "amperes",
    Quantity.ENERGY: "kwh",
    Quantity.DAY_ENERGY: "kwh",
    Quantity.PAST_ENERGY: "kwh",
    Quantity.TIME: "timestamp_seconds",
    Quantity.SIGNAL_STRENGTH: "dbm",
    Quantity.DURATION: "seconds",
    Quantity.SHARE: "percent",
    Quantity.FAULT: "",
    Quantity.RUNNING: "",
    Quantity.LIMITED: "",
    Quantity.COUNT: "",
}
"""The unit at a metric's end; quantities without an entry are no metric."""

_LIVE = frozenset(
    row_field.key for row in PROPERTIES if row.cadence is Cadence.LIVE for row_field in row.fields
)
_FRESH_INTERVALS = 4


class MetricsServer:
    """Serves the store's snapshot as metrics; see `start`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(store, clock))
        self._expose = partial(generate_latest, registry)
        self._runner: web.AppRunner | None = None
        self.port: int | None = None

    async def start(self, host: str, port: int) -> bool:
        """Listens; `port` 0 takes a free one, found in `self.port`. False, after one warning,
        when the address can't be bound."""
        app = web.Application()
        app.add_routes([web.get("/metrics", self._metrics)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, UnicodeError) as error:
            await runner.cleanup()
            number = getattr(error, "errno", None)
            reason = os.strerror(number) if number and number > 0 else "not a host name"
            _LOGGER.warning(
                "%s", message("metrics_port_taken", host=host, port=port, reason=reason)
            )
            return False
        self._runner = runner
        self.port = int(runner.addresses[0][1])
        return True

    async def stop(self) -> None:
        """Gives the port back."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self.port = None

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._expose(), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Collector(Collector):
    """The snapshot at the moment of the question."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """All metrics; called by the registry."""
        return metrics(self._store.snapshot, self._clock())


def metrics(snapshot: Snapshot, now: datetime) -> Iterator[Metric]:
    """A snapshot as metrics, each labelled with the meter's uid. Pure."""
    about = GaugeMetricFamily("broute_info", "The program that reads the meter", labels=["version"])
    about.add_metric([__version__], 1)
    yield about
    state = GaugeMetricFamily(
        "broute_connection", "1 for the step that the way to the meter is at", labels=["state"]
    )
    for connection in Connection:
        state.add_metric([connection.value], snapshot.connection is connection)
    yield state
    yield GaugeMetricFamily("broute_reading", "1 while the meter is read", snapshot.is_reading)
    yield GaugeMetricFamily(
        "broute_poll_interval_seconds", "Poll interval in force", snapshot.poll_interval_s
    )
    if snapshot.meter is None:
        return
    uid = snapshot.meter.uid
    for term in _TERMS:
        reading = snapshot.readings.get(term.key)
        if reading is not None and not _is_stale(term, reading, snapshot, now):
            yield from _of(term, reading, uid)


def _terms() -> Iterator[Term]:
    for row in PROPERTIES:
        yield from (each for each in row.fields if each.quantity in _SUFFIXES)
    yield from (*LINK_TERMS, *HISTORY_TERMS)


_TERMS = tuple(_terms())


def _is_stale(term: Term, reading: Reading, snapshot: Snapshot, now: datetime) -> bool:
    """Power and currents of a while ago say nothing about now."""
    lifetime = timedelta(seconds=_FRESH_INTERVALS * snapshot.poll_interval_s)
    return term.key in _LIVE and abs(now - reading.at) > lifetime


def _of(term: Term, reading: Reading, uid: str) -> Iterator[Metric]:
    number = _number(reading)
    if number is None:
        return
    suffix = _SUFFIXES[term.quantity]
    name = f"broute_{term.key}_{suffix}" if suffix else f"broute_{term.key}"
    family = CounterMetricFamily if term.quantity is Quantity.ENERGY else GaugeMetricFamily
    metric = family(name, term.en, labels=["meter"])
    metric.add_metric([uid], number)
    yield metric


def _number(reading: Reading) -> float | None:
    match reading.value:
        case bool() | int() | float() | Decimal() as number:
            return float(number)
        case datetime() as instant:
            return instant.timestamp()
        case _:
            return None
