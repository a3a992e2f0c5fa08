"""The truth file: every value the meter's registers truly have, and when.

JSON lines, one object each:

    {"kind": "value", "key": "power", "epc": "E7", "raw": 523, "value": "523", "unit": "W",
     "time": "2026-04-05T13:34:10+09:00"}

`kind` is `value` for a register as it stands now, or `half_hour` for the reading of a fixed time
(EA, EB, the slots of E2, E4 and EC). `key` is `power`, `current_r`, `current_t`, `energy_bought`,
`energy_sold`, and in the second generation `one_minute_energy_bought` and `..._sold`; for a half
hour `half_hour_energy_bought` and `half_hour_energy_sold`. `raw` is the count on the wire,
`value` the exact decimal after coefficient and unit, `time` the meter's own time (JST) from which
the value holds until the next line of the same key.

The lines come from the household, never from answers. Each is written up to two steps of the
household (twenty meter seconds) before it becomes true, so that no reader meets a value first.
The file begins with the whole memory and the values at the start. `{"kind": "meter"}` lines tell
scale and serial number, at the start and after an exchange.
"""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal

from broute_addon.simulator.household import DAY_S, HALF_HOUR_S, STEP_S
from broute_addon.simulator.meter_clock import MeterClock, to_datetime
from broute_addon.simulator.registers import Counts, Registers
from broute_addon.simulator.timers import Timers

Sink = Callable[[str], None]
"""Receives one line without its line end."""

_MINUTE_S = 60
_TENTH = Decimal("0.1")


class TruthTeller:
    """Writes the truth as the meter's clock goes on."""

    def __init__(self, sink: Sink, registers: Registers, clock: MeterClock, timers: Timers) -> None:
        self._sink, self._clock, self._timers = sink, clock, timers
        self._last: dict[str, int] = {}
        self.begin(registers)

    def begin(self, registers: Registers) -> None:
        """Start with a meter, at first or after an exchange: scale, memory, present values."""
        self._registers = registers
        self._last.clear()
        now = self._clock.now()
        config = registers.config
        self._line(
            kind="meter",
            serial=config.serial,
            coefficient=config.coefficient,
            unit=f"{config.unit_code:02X}",
            digits=config.effective_digits,
            time=_iso(now),
        )
        first = (now // DAY_S - config.memory_days) * DAY_S
        for at in range(first, now + 1, HALF_HOUR_S):
            self._half_hour(at)
        self._told = now - now % STEP_S
        self._values(self._told)
        self.go_on()

    def go_on(self) -> None:
        """Tell everything up to the end of the coming step, and come back by then."""
        now = self._clock.now()
        while self._told <= now + STEP_S:
            self._step(self._told)
            self._told += STEP_S
        self._timers.track(self._clock.call_at(self._told - STEP_S, self._again))

    def _again(self) -> None:
        if self._told - STEP_S <= self._clock.now():
            self.go_on()

    def clock_stepped(self) -> None:
        """The meter's clock jumped: tell from its new time on."""
        now = self._clock.now()
        self._told = min(self._told, now - now % STEP_S)
        self.go_on()

    def _step(self, start: int) -> None:
        """Changes within (start, start + STEP_S]."""
        end = start + STEP_S
        for second, counts in self._registers.changes(start, end):
            self._energy(second, counts)
        self._live(end)
        if end % _MINUTE_S == 0 and self._registers.config.is_second_generation:
            self._one_minute(end)
        if end % HALF_HOUR_S == 0:
            self._half_hour(end)

    def _values(self, at: int) -> None:
        self._energy(at, self._registers.counts(at))
        self._live(at)
        if self._registers.config.is_second_generation:
            self._one_minute(at - at % _MINUTE_S)

    def _live(self, at: int) -> None:
        watts = self._registers.power(at)
        self._change("power", "E7", at, raw=watts, value=Decimal(watts), unit="W")
        on_r, on_t = self._registers.currents(at)
        self._change("current_r", "E8", at, raw=on_r, value=on_r * _TENTH, unit="A")
        if on_t is not None:
            self._change("current_t", "E8", at, raw=on_t, value=on_t * _TENTH, unit="A")

    def _energy(self, at: int, counts: Counts) -> None:
        for key, epc, count in _directions("energy", "E0", "E3", counts):
            self._change(key, epc, at, raw=count, value=self._registers.kwh(count), unit="kWh")

    def _one_minute(self, at: int) -> None:
        counts = self._registers.counts(at)
        for key, epc, count in _directions("one_minute_energy", "D0", "D0", counts):
            self._change(key, epc, at, raw=count, value=self._registers.kwh(count), unit="kWh")

    def _half_hour(self, at: int) -> None:
        now = max(at, self._clock.now())
        counts = self._registers.stored(at, now, now)
        for key, epc, count in _directions("half_hour_energy", "EA", "EB", counts):
            entry = _entry(key, epc, at, raw=count, value=self._registers.kwh(count), unit="kWh")
            self._line(kind="half_hour", **entry)

    def _change(self, key: str, epc: str, at: int, *, raw: int, value: Decimal, unit: str) -> None:
        if self._last.get(key) != raw:
            self._last[key] = raw
            self._line(kind="value", **_entry(key, epc, at, raw=raw, value=value, unit=unit))

    def _line(self, **fields: str | int | None) -> None:
        self._sink(json.dumps(fields, separators=(",", ":")))


def _directions(
    name: str, bought_epc: str, sold_epc: str, counts: Counts
) -> Iterator[tuple[str, str, int]]:
    if counts.bought is not None:
        yield f"{name}_bought", bought_epc, counts.bought
    if counts.sold is not None:
        yield f"{name}_sold", sold_epc, counts.sold


def _entry(
    key: str, epc: str, at: int, *, raw: int, value: Decimal, unit: str
) -> dict[str, str | int]:
    text = f"{value:f}"
    return {"key": key, "epc": epc, "raw": raw, "value": text, "unit": unit, "time": _iso(at)}


def _iso(at: int) -> str:
    return to_datetime(at).isoformat()
