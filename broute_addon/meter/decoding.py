"""From an answer's EDTs to readings: codecs from the table, energy scaled, doubtful counts out."""

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from broute_addon.echonet.codecs import Value
from broute_addon.errors import EdtError
from broute_addon.messages import Message, message
from broute_addon.meter.energy import Count, CounterGuard
from broute_addon.meter.profile import EnergyScale
from broute_addon.meter.properties import METER_ROWS
from broute_addon.meter.quantities import Quantity, Role
from broute_addon.meter.readings import Reading, Shown

_LOGGER = logging.getLogger(__name__)

_SHOWN_AS_THEY_ARE = (int, Decimal, str)


def decode_edt(epc: int, edt: bytes) -> Mapping[str, Value]:
    """The fields of one EDT of the meter; none where the EPC is unknown or the EDT is nonsense."""
    row = METER_ROWS.get(epc)
    if row is None:
        return {}
    try:
        return row.decode(edt)
    except EdtError as error:
        _LOGGER.debug("EPC %02X: %s", epc, error)
        return {}


def decode_all(values: Mapping[int, bytes]) -> Mapping[str, Value]:
    """The fields of several EDTs together."""
    return {
        key: value for epc, edt in values.items() for key, value in decode_edt(epc, edt).items()
    }


def nonsense(values: Mapping[int, bytes]) -> Message | None:
    """The sentence about the first EDT that doesn't fit its property, if there is one."""
    for epc, edt in values.items():
        row = METER_ROWS.get(epc)
        try:
            if row is not None:
                row.decode(edt)
        except EdtError:
            return message("meter_nonsense", epc=f"{epc:02X}", count=len(edt))
    return None


class Decoder:
    """Makes readings of one meter's EDTs. `scale` None: energy isn't told yet.

    `guards` belong to the meter, not to a session: they outlive the decoder.
    """

    def __init__(self, guards: dict[str, CounterGuard]) -> None:
        self.scale: EnergyScale | None = None
        self._guards = guards

    def doubts(self, epcs: Iterable[int]) -> bool:
        """A count of these registers was held back: read them again soon."""
        doubted = {key for key, guard in self._guards.items() if guard.is_doubting}
        if not doubted:
            return False
        rows = (METER_ROWS.get(epc) for epc in epcs)
        return any(field.key in doubted for row in rows if row is not None for field in row.fields)

    def readings(
        self, values: Mapping[int, bytes], arrived: datetime, arrived_s: float
    ) -> tuple[Reading, ...]:
        """The readings in an answer or notification.

        It arrived at `arrived` by the host's clock (UTC), which may be wrong and may jump, and at
        `arrived_s` of the event loop's time, which can't.
        """
        readings: list[Reading] = []
        for epc, edt in values.items():
            readings += self._of(epc, edt, arrived, arrived_s)
        return tuple(readings)

    def _of(self, epc: int, edt: bytes, arrived: datetime, arrived_s: float) -> list[Reading]:
        row = METER_ROWS.get(epc)
        values = decode_edt(epc, edt)
        if row is None or not values:
            return []
        at, stood_s, has_stamp = arrived, arrived_s, False
        for value in values.values():
            if isinstance(value, datetime):
                at, stood_s, has_stamp = value.astimezone(UTC), value.timestamp(), True
                break
        if row.has_energy and row.has_time and not has_stamp:
            return []  # a count of an unknown time: not for the guard either
        told: list[Reading] = []
        has_kwh = False
        for field in row.fields:
            value = values[field.key]
            if field.role is Role.NONE:
                continue
            if field.quantity is Quantity.ENERGY:
                if (kwh := self._energy(field.key, value, stood_s)) is not None:
                    told.append(Reading(field.key, kwh, at))
                    has_kwh = True
            elif field.quantity is Quantity.ENERGY_STEP and isinstance(value, int):
                told.append(Reading(field.key, Decimal(1).scaleb(value), at))
            else:
                told.append(Reading(field.key, _shown(value), at))
        # A fixed-time value and its time are told together or not at all.
        return told if has_kwh or not row.has_energy else []

    def _energy(self, key: str, raw: Value, stood_s: float) -> Decimal | None:
        """The kWh to tell of a count, if there is anything to tell."""
        if self.scale is None:
            return None
        if not isinstance(raw, int):
            # "No data" says nothing about the register: what was told last stays true.
            return None
        guard = self._guards.get(key)
        if guard is None:
            guard = self._guards[key] = CounterGuard()
        if not guard.accepts(Count(raw, stood_s), self.scale):
            _LOGGER.debug("%s: count %d held back until it is confirmed", key, raw)
            return None
        return self.scale.kwh(raw)


def _shown(value: Value) -> Shown:
    if value is None or isinstance(value, _SHOWN_AS_THEY_ARE):
        return value
    return value.astimezone(UTC) if isinstance(value, datetime) else str(value)
