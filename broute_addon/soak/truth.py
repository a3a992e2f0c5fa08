"""What the meter's registers really held: asked of the simulated household, never of answers."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from broute_addon.simulator import METER_MAC, House, MeterConfig
from broute_addon.simulator.household import HALF_HOUR_S, STEP_S
from broute_addon.simulator.meter_clock import to_seconds
from broute_addon.simulator.registers import Registers

SHOWN_LATE_S = 40
"""From the meter's answer to the broker: an answer may be 12 s late, discovery waits 2 s."""
_TENTH = Decimal("0.1")


def uid_of(config: MeterConfig) -> str:
    """The uid of design 2.3, computed from the meter itself."""
    if config.serial is None:
        material = bytes.fromhex(METER_MAC)
    else:
        material = bytes.fromhex(config.maker) + config.serial.encode()
    return "broute_" + hashlib.sha256(material).hexdigest()[:10]


@dataclass(slots=True)
class _Told:
    payload: str
    second: int


class Truth:
    """Judges values against registers; `now` is the loop's time, seconds are the meter's."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._offsets = [(0.0, float(house.clock.now()))]
        self._meters: dict[str, Registers] = {}
        self._told: dict[str, _Told] = {}
        self.uid = ""
        self.installed(0.0)

    @property
    def registers(self) -> Registers:
        """Those of the meter that hangs there now."""
        return self._meters[self.uid]

    @property
    def uids(self) -> tuple[str, ...]:
        """All meters that hung there, the newest last."""
        return tuple(self._meters)

    def has_seen(self, uid: str) -> bool:
        """Whether this meter hangs there, or hung there once."""
        return uid in self._meters

    def registers_of(self, uid: str) -> Registers:
        """Those of a meter that hung there once, or the present one's."""
        return self._meters.get(uid, self.registers)

    def installed(self, now: float) -> None:
        """Another meter hangs there."""
        self.uid = uid_of(self._house.registers.config)
        self._meters.pop(self.uid, None)
        self._meters[self.uid] = self._house.registers
        for topic in [topic for topic in self._told if self.uid in topic]:
            del self._told[topic]
        self.clock_stepped(now)

    def clock_stepped(self, now: float) -> None:
        self._offsets.append((now, self._house.clock.exact() - now))

    def second(self, now: float) -> int:
        """The meter's second at a moment of the loop."""
        since, offset = self._offsets[-1]
        if now < since:
            offset = next(off for since, off in reversed(self._offsets) if since <= max(now, 0.0))
        return int(now + offset + 1e-6)

    def live_fault(self, uid: str, key: str, payload: str, now: float, within_s: float) -> str:
        """What is wrong about a power or a current, or nothing."""
        registers = self._meters.get(uid, self.registers)
        end = self.second(now)
        newest = end - end % STEP_S
        if payload in self._live(registers, key, newest):  # nearly always
            return ""
        start = self.second(now - within_s)
        if self._clock_moved(now, within_s):
            start = min(start, end - int(within_s))
        for second in range(newest - STEP_S, start - STEP_S, -STEP_S):
            if payload in self._live(registers, key, second):
                return ""
        return f"{key} {payload} was never true within {within_s:.0f} s"

    def _clock_moved(self, now: float, within_s: float) -> bool:
        return self._offsets[-1][0] > now - within_s

    @staticmethod
    def _live(registers: Registers, key: str, second: int) -> tuple[str, ...]:
        if key == "power":
            return (str(registers.power(second)),)
        on_r, on_t = registers.currents(second)
        raw = on_r if key == "current_r" else on_t
        return ("None",) if raw is None else (f"{raw * _TENTH:f}",)

    def energy_fault(self, uid: str, key: str, payload: str, now: float, within_s: float) -> str:
        """What is wrong about a counter's value, or nothing: true now or as told before."""
        topic = f"{uid}/{key}"
        told = self._told.get(topic)
        if told is not None and told.payload == payload:
            return ""
        registers = self._meters[uid]
        start, end = self.second(now - within_s), self.second(now)
        if told is not None:
            start = max(told.second, min(start, end))
        second = self._reached(registers, key, payload, min(start, end), end)
        if second is None:
            before = "" if told is None else f" after {told.payload}"
            return f"{key} {payload}{before} was never true within {within_s:.0f} s"
        self._told[topic] = _Told(payload, second)
        return ""

    def _reached(
        self, registers: Registers, key: str, payload: str, start: int, end: int
    ) -> int | None:
        """The second within start..end at which the counter first stood there."""
        raw = raw_count(registers, payload)
        first, modulus = _count(registers, key, start), registers.modulus
        if raw is None or first is None or not 0 <= raw < modulus:
            return None
        wanted = (raw - first) % modulus

        def grown(second: int) -> int:
            return ((_count(registers, key, second) or 0) - first) % modulus

        if grown(end) < wanted:
            return None
        low, high = start, end
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if grown(middle) < wanted else (low, middle)
        return low if grown(low) == wanted else None

    def half_hour_fault(self, uid: str, key: str, payload: str, now: float, back: int) -> str:
        """What is wrong about a fixed-time value; `back`: half hours that it may be old."""
        topic = f"{uid}/{key}"
        told, registers = self._told.get(topic), self._meters[uid]
        if told is not None and told.payload == payload:
            return ""
        newest = self.second(now) // HALF_HOUR_S * HALF_HOUR_S
        raw = raw_count(registers, payload)
        for at in range(newest, newest - back * HALF_HOUR_S, -HALF_HOUR_S):
            if _count(registers, key.removeprefix("half_hour_"), at) == raw:
                self._told[topic] = _Told(payload, at)
                return ""
        return f"{key} {payload} is the reading of no half hour"

    def stamp_fault(self, payload: str, now: float) -> str:
        """What is wrong about the time of a fixed-time value."""
        try:
            second = to_seconds(datetime.fromisoformat(payload))
        except ValueError:
            return f"{payload} is no time"
        if second % HALF_HOUR_S or second > self.second(now):
            return f"{payload} is no half hour that has been"
        return ""

    def half_hour(self, at: int) -> str | None:
        """The payload that belongs to a half hour of the present meter."""
        registers = self.registers
        count = registers.stored(at, at, at).bought
        return None if count is None else f"{registers.kwh(count):f}"

    def is_recent_energy(self, payload: str, now: float, within_s: float) -> bool:
        """Whether the counter of bought energy stood there within the last seconds."""
        start, end = self.second(now - within_s), self.second(now)
        raw = raw_count(self.registers, payload)
        first = _count(self.registers, "energy_bought", min(start, end))
        last = _count(self.registers, "energy_bought", end)
        modulus = self.registers.modulus
        if raw is None or first is None or last is None or not 0 <= raw < modulus:
            return False
        return (raw - first) % modulus <= (last - first) % modulus


def raw_count(registers: Registers, payload: str) -> int | None:
    """The register's count behind a payload in kWh; None for what is none."""
    try:
        count = Decimal(payload) / registers.count_kwh
    except InvalidOperation:
        return None
    return int(count) if count == count.to_integral_value() else None


def _count(registers: Registers, key: str, second: int) -> int | None:
    counts = registers.counts(second)
    return counts.bought if key.endswith("bought") else counts.sold
