"""Plain values that go up from the engine: readings and what else changed.

`Update` is a closed union; `Store.apply` matches on it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from broute_addon.messages import Message
from broute_addon.meter.half_hours import HalfHour, HistoryProgress
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.quantities import Quantity, Role, Term
from broute_addon.wisun.values import DongleIdentity, Pan

Shown = Decimal | float | int | str | bool | datetime | None
"""A decoded value as it is shown: kWh and A are Decimal, W int, dBm and seconds float, times
aware datetimes."""


class Reading(NamedTuple):
    """A value at an instant. `at` is UTC: the meter's own time if the frame has one, else the
    time of arrival. `value` None is "the meter has no such value", never 0.

    A tuple, because building three of them cost as much as decoding the frame they came in.
    """

    key: str
    value: Shown
    at: datetime


class Connection(Enum):
    """How far the way to the meter is built."""

    WAITING_FOR_OPTIONS = "waiting_for_options"
    LOOKING_FOR_STICK = "looking_for_stick"
    IDENTIFYING_STICK = "identifying_stick"
    SCANNING = "scanning"
    JOINING = "joining"
    INTERVIEWING = "interviewing"
    READING = "reading"
    RENEWING = "renewing"
    ON_HOLD = "on_hold"
    RECOVERING = "recovering"


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The engine went on to another step; `problem` says why it is not reading, else None."""

    connection: Connection
    problem: Message | None = None


@dataclass(frozen=True, slots=True)
class DongleIdentified:
    """A stick answered the probe. None: it is gone."""

    identity: DongleIdentity | None


@dataclass(frozen=True, slots=True)
class PanJoined:
    """A PANA session is up on this PAN."""

    pan: Pan


@dataclass(frozen=True, slots=True)
class MeterIdentified:
    """An interview ended (or its result was known from before)."""

    profile: MeterProfile


@dataclass(frozen=True, slots=True)
class ReadingsArrived:
    """One answer or notification, decoded."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class PollIntervalChanged:
    """Seconds between live polls in force now."""

    interval_s: float


@dataclass(frozen=True, slots=True)
class HalfHoursRead:
    """Half-hour values of the meter `uid`, counted in `scale`, for the ledger."""

    uid: str
    scale: EnergyScale
    values: tuple[HalfHour, ...]


@dataclass(frozen=True, slots=True)
class HistoryProgressed:
    """The reading of the meter's memory went on, ended or was given up for now."""

    progress: HistoryProgress


Update = (
    ConnectionChanged
    | DongleIdentified
    | PanJoined
    | MeterIdentified
    | ReadingsArrived
    | PollIntervalChanged
    | HalfHoursRead
    | HistoryProgressed
)

LINK_TERMS = (
    Term(
        "signal_strength", Quantity.SIGNAL_STRENGTH, "Signal strength", "電波強度", Role.DIAGNOSTIC
    ),
    Term("response_time", Quantity.DURATION, "Response time", "応答時間", Role.DIAGNOSTIC),
    Term("last_answer", Quantity.TIME, "Last answer", "最終応答", Role.DIAGNOSTIC),
    Term("transmit_limited", Quantity.LIMITED, "Airtime limit", "送信時間制限", Role.DIAGNOSTIC),
    Term(
        "airtime", Quantity.DURATION, "Airtime in the last hour", "直近1時間の送信時間", Role.EXPERT
    ),
    Term("clock_difference", Quantity.DURATION, "Clock difference", "時計のずれ", Role.EXPERT),
)
"""Readings that the link itself yields; they go up as any other reading."""
