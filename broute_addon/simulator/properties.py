"""The meter's own property tables: which EPC gives which bytes, which may be set, and how.

Class 0x0288 and the node profile, echonet-lite-meter.md 2, 3 and 4. A getter returns the EDT; a
setter returns whether the value is accepted. What a meter lacks is not in its table.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from broute_addon.clock import JST
from broute_addon.simulator.household import DAY_S, HALF_HOUR_S
from broute_addon.simulator.meter_clock import MeterClock, to_datetime, to_seconds
from broute_addon.simulator.meter_config import MeterConfig, half_hour_at_or_before
from broute_addon.simulator.registers import NO_COUNTS, Registers, edt

Getter = Callable[[], bytes]
Setter = Callable[[bytes], bool]

_UNSET_TIME = b"\xff" * 6 + b"\x01"
_MINUTE_S = 60
_HOUR_S = 3600

FAULT_STATUS = 0x88

HISTORY = frozenset({0xE2, 0xE4, 0xEC, 0xEE})


@dataclass(frozen=True, slots=True)
class Table:
    """What one object answers. `inf` are the EPCs of its status announcements."""

    getters: dict[int, Getter]
    setters: dict[int, Setter] = field(default_factory=dict)
    inf: tuple[int, ...] = ()


class State:
    """What a meter remembers besides its counters: selectors, location, and its registers.

    Selectors fall back to "never set" when the meter reboots.
    """

    def __init__(self, config: MeterConfig, registers: Registers, clock: MeterClock) -> None:
        self.config = config
        self.registers = registers
        self.clock = clock
        self.location = bytes.fromhex(config.location)
        self.measures = self.takes_settings = self.remembers = True
        self.has_fault = False
        self.reboot()

    def settled(self) -> int:
        """JST seconds up to which half-hour readings have reached the memory."""
        return self.clock.now() - self.config.fixed_time_lag_s

    def latest_half_hour(self) -> int:
        return half_hour_at_or_before(self.settled())

    def history_2_reach(self) -> int:
        """JST seconds of the oldest half hour that EC tells."""
        hours = self.config.history2_hours
        return 0 if hours is None else self.clock.now() - hours * _HOUR_S

    def reboot(self) -> None:
        self.history_1_day = 0xFF
        self.history_2_time = _UNSET_TIME
        self.history_3_time = _UNSET_TIME


def meter_table(state: State) -> Table:
    """Object 028801."""
    config, registers, clock = state.config, state.registers, state.clock
    getters: dict[int, Getter] = {
        0x80: lambda: b"\x30",
        0x81: lambda: state.location,
        0x82: lambda: b"\0\0R\x04" if config.is_second_generation else b"\0\0F\0",
        FAULT_STATUS: lambda: b"\x41" if state.has_fault else b"\x42",
        0x8A: lambda: bytes.fromhex(config.maker),
        0x97: lambda: _time_edt(clock.now()),
        0x98: lambda: _date_edt(clock.now()),
        0xD7: lambda: bytes([config.effective_digits]),
        0xE0: lambda: edt(registers.counts(clock.now()).bought),
        0xE1: lambda: bytes([config.unit_code]),
        0xE2: lambda: _history_1(state, "bought"),
        0xE5: lambda: bytes([state.history_1_day]),
        0xE7: lambda: _power(state),
        0xE8: lambda: _currents(state),
        0xEA: lambda: fixed_time_energy(state, state.latest_half_hour())[0],
    }
    setters: dict[int, Setter] = {
        0x81: lambda value: _set_location(state, value),
    }
    if config.history1:
        setters[0xE5] = lambda value: _set_history_1_day(state, value)
    if not config.clock:
        del getters[0x97], getters[0x98]
    if config.reverse:
        getters[0xE3] = lambda: edt(registers.counts(clock.now()).sold)
        if config.reverse_history:
            getters[0xE4] = lambda: _history_1(state, "sold")
        getters[0xEB] = lambda: fixed_time_energy(state, state.latest_half_hour())[1]
    if config.coefficient is not None:
        coefficient = config.coefficient
        getters[0xD3] = lambda: coefficient.to_bytes(4, "big")
    if config.serial is not None:
        serial = config.serial
        getters[0x8D] = lambda: serial.encode().ljust(12, b"\0")[:12]
    if config.has_history2:
        getters[0xEC] = lambda: _history(state, state.history_2_time, HALF_HOUR_S)
        getters[0xED] = lambda: state.history_2_time
        setters[0xED] = lambda value: _set_history_2(state, value)
    if config.is_second_generation:
        getters[0xC0] = lambda: b"\0" + bytes.fromhex(config.maker) + b"0123456789AB"
        getters[0xD0] = lambda: _one_minute(state)
        getters[0xEE] = lambda: _history(state, state.history_3_time, _MINUTE_S)
        getters[0xEF] = lambda: state.history_3_time
        setters[0xEF] = lambda value: _set_history_3(state, value)
    return with_maps(Table(getters, setters, (0x80, 0x81, FAULT_STATUS)))


def node_table(config: MeterConfig) -> Table:
    """Object 0EF001."""
    instances = b"\x01\x02\x88\x01"
    getters: dict[int, Getter] = {
        0x80: lambda: b"\x30",
        0x82: lambda: b"\x01\x0a\x01\0",
        0x83: lambda: b"\xfe" + bytes.fromhex(config.maker) + bytes(range(0x10, 0x1D)),
        0x8A: lambda: bytes.fromhex(config.maker),
        0xD3: lambda: b"\0\0\x01",
        0xD4: lambda: b"\0\x02",
        0xD6: lambda: instances,
        0xD7: lambda: b"\x01\x02\x88",
    }
    return with_maps(Table(getters, {}, (0x80, 0xD5)))


INSTANCE_LIST = (0xD5, b"\x01\x02\x88\x01")
"""D5: notified or asked for by INF_REQ, refused to Get."""


def with_maps(table: Table) -> Table:
    """The table with its own 9D, 9E and 9F."""
    getters = dict(table.getters)
    get_map = sorted({*getters, 0x9D, 0x9E, 0x9F})
    getters[0x9D] = lambda: property_map(table.inf)
    getters[0x9E] = lambda: property_map(sorted(table.setters))
    getters[0x9F] = lambda: property_map(get_map)
    return Table(getters, table.setters, table.inf)


def property_map(epcs: tuple[int, ...] | list[int]) -> bytes:
    """List form below sixteen properties, bitmap form from there (3.11)."""
    if len(epcs) < 16:
        return bytes([len(epcs), *epcs])
    bitmap = bytearray(16)
    for epc in epcs:
        bitmap[epc & 0x0F] |= 1 << ((epc >> 4) - 8)
    return bytes([len(epcs)]) + bytes(bitmap)


def fixed_time_energy(state: State, at: int) -> tuple[bytes, bytes]:
    """EDT of EA and EB for a half hour."""
    now = max(at, state.clock.now())
    counts = state.registers.stored(at, now, now)
    stamp = _date_edt(at) + _time_edt(at) + b"\0"
    return stamp + edt(counts.bought), stamp + edt(counts.sold)


def _power(state: State) -> bytes:
    if not state.measures:
        return b"\x7f\xff\xff\xfe"
    return state.registers.power(state.clock.now()).to_bytes(4, "big", signed=True)


def _currents(state: State) -> bytes:
    if not state.measures:
        return b"\x7f\xfe\x7f\xfe"
    on_r, on_t = state.registers.currents(state.clock.now())
    return on_r.to_bytes(2, "big", signed=True) + (
        b"\x7f\xfe" if on_t is None else on_t.to_bytes(2, "big", signed=True)
    )


def _date_edt(at: int) -> bytes:
    when = to_datetime(at)
    return when.year.to_bytes(2, "big") + bytes([when.month, when.day])


def _time_edt(at: int) -> bytes:
    when = to_datetime(at)
    return bytes([when.hour, when.minute])


def _history_1(state: State, direction: str) -> bytes:
    """E2 and E4: day selector and 48 slots; never selected gives 00FF and no data."""
    days_back, now = state.history_1_day, state.clock.now()
    head = days_back.to_bytes(2, "big")
    if days_back == 0xFF:
        return head + edt(None) * 48
    day = now // DAY_S - days_back
    slots = state.registers.half_hours(day, now, state.settled())
    return head + b"".join(edt(getattr(counts, direction)) for counts in slots)


def _history(state: State, selector: bytes, interval: int) -> bytes:
    """EC and EE: the selector echoed, then pairs, newest first."""
    if selector == _UNSET_TIME:
        return selector + edt(None) * 2
    newest, now = _selected(selector), state.clock.now()
    filled = state.settled() if interval == HALF_HOUR_S else now
    reach = state.history_2_reach() if interval == HALF_HOUR_S else 0
    out = selector
    for i in range(selector[6]):
        at = newest - i * interval
        counts = state.registers.stored(at, now, filled) if at >= reach else NO_COUNTS
        out += edt(counts.bought) + edt(counts.sold)
    return out


def _one_minute(state: State) -> bytes:
    at = state.clock.now() // _MINUTE_S * _MINUTE_S
    counts = state.registers.counts(at)
    return _date_edt(at) + _time_edt(at) + b"\0" + edt(counts.bought) + edt(counts.sold)


def _set_location(state: State, value: bytes) -> bool:
    if not (len(value) == 1 and value != b"\x01") and not (len(value) == 17 and value[0] == 1):
        return False
    state.location = value
    return True


def _set_history_1_day(state: State, value: bytes) -> bool:
    if len(value) != 1 or value[0] > 99:
        return False
    state.history_1_day = value[0]
    return True


def _set_history_2(state: State, value: bytes) -> bool:
    if not _is_selector(state, value, most=12) or value[5] not in {0, 30}:
        return False
    is_far = _selected(value) < state.history_2_reach()
    if is_far and state.config.history2_far == "refused":
        return False
    state.history_2_time = value
    return True


def _set_history_3(state: State, value: bytes) -> bool:
    if not _is_selector(state, value, most=10):
        return False
    state.history_3_time = value
    return True


def _is_selector(state: State, value: bytes, most: int) -> bool:
    """Seven bytes, a possible time that is not in the future, and a count within 1..most."""
    if len(value) != 7 or not 1 <= value[6] <= most:
        return False
    try:
        return _selected(value) <= state.clock.now()
    except ValueError:
        return False


def _selected(value: bytes) -> int:
    year = int.from_bytes(value[:2], "big")
    return to_seconds(datetime(year, value[2], value[3], value[4], value[5], tzinfo=JST))
