"""Snapshots of an invented house, for whoever publishes or shows them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    MeterIdentified,
    Reading,
    ReadingsArrived,
    Shown,
    Update,
)
from broute_addon.store import Snapshot, Store
from broute_addon.wisun.values import MacAddress

NOON = datetime(2026, 5, 1, 3, 0, tzinfo=UTC)
SERIAL_NUMBER = "S19TESTSERIAL"
PROFILE = MeterProfile(
    mac=MacAddress.parse("001D129012345678"),
    get_map=frozenset({0x80, 0x88, 0xD3, 0xE0, 0xE1, 0xE3, 0xE7, 0xE8, 0xEA, 0xEB}),
    scale=EnergyScale(),
    maker_code="000016",
    serial_number=SERIAL_NUMBER,
    has_t_phase=True,
)
VALUES: Mapping[str, Shown] = {
    "power": 523,
    "current_r": Decimal("5.2"),
    "current_t": Decimal("0.3"),
    "energy_bought": Decimal("12312.3"),
    "energy_sold": Decimal("0.0"),
}


class HandClock:
    """Wall time that a test moves."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += timedelta(seconds=seconds)


def readings(at: datetime = NOON, values: Mapping[str, Shown] = VALUES) -> ReadingsArrived:
    """An answer with these values."""
    return ReadingsArrived(tuple(Reading(key, value, at) for key, value in values.items()))


def reading_house(profile: MeterProfile = PROFILE, at: datetime = NOON) -> tuple[Update, ...]:
    """What happens until a meter is being read."""
    return (
        MeterIdentified(profile),
        ConnectionChanged(Connection.READING),
        readings(at),
    )


def store_of(*updates: Update) -> Store:
    """A store that has seen these updates."""
    store = Store(Snapshot(), lambda: NOON)
    for update in updates:
        store.apply(update)
    return store
