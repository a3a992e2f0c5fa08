"""A simulated meter that notes what of its memory is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from broute_addon.clock import JST
from broute_addon.simulator import House, frames
from broute_addon.simulator.frames import Frame
from broute_addon.simulator.household import DAY_S, HALF_HOUR_S
from broute_addon.simulator.meter import SmartMeter
from broute_addon.simulator.meter_clock import to_datetime, to_seconds

_DIRECTIONS = {0xE2: ("bought",), 0xE4: ("sold",), 0xEC: ("bought", "sold")}


@dataclass(frozen=True, slots=True)
class Told:
    """An answer out of the memory: in which session, and about which half-hours (direction, JST
    second)."""

    what: str
    session: int | None
    half_hours: frozenset[tuple[str, int]]


class WatchedMeter(SmartMeter):
    """Takes the place of a house's meter. `told` grows with each answer of E2, E4 and EC;
    half-hours yet to come don't count."""

    def __init__(self, house: House) -> None:
        super().__init__(house.meter.state)
        self.told: list[Told] = []
        self._node = house.node
        house.meter = self
        house.node.replace_meter(self)

    def answer_to(self, request: Frame) -> bytes | None:
        answer = super().answer_to(request)
        if request.esv == frames.GET and answer is not None:
            self.told += [self._told(epc) for epc, _ in request.first if epc in _DIRECTIONS]
        return answer

    def _told(self, epc: int) -> Told:
        newest = self.state.latest_half_hour()
        slots = [at for at in self._slots(epc) if at <= newest]
        what = f"{epc:02X} of {to_datetime(max(slots, default=0)):%m-%d %H:%M}"
        return Told(
            what,
            self._node.session,
            frozenset((each, at) for each in _DIRECTIONS[epc] for at in slots),
        )

    def _slots(self, epc: int) -> Iterator[int]:
        state = self.state
        if epc != 0xEC:
            day = state.clock.now() // DAY_S - state.history_1_day
            yield from range(day * DAY_S, (day + 1) * DAY_S, HALF_HOUR_S)
            return
        year = int.from_bytes(state.history_2_time[:2], "big")
        month, day, hour, minute, count = state.history_2_time[2:]
        newest = to_seconds(datetime(year, month, day, hour, minute, tzinfo=JST))
        yield from (newest - step * HALF_HOUR_S for step in range(count))
