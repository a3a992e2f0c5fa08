"""Outages of the add-on, of Home Assistant, of the broker and of the stick, with a real Core.

    python -m tests.home_assistant_core.outages

Each of the four is away while 20 minutes, 7 hours and 3 days pass on the meter's clock: twelve
outages of one installation. After each, every half-hour must be in the ledger and every finished
hour in Core's statistics, both directions, as the meter's registers have it.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from broute_addon.clock import JST
from broute_addon.ledger.read_only import LedgerUnreadableError, ReadOnlyLedger
from broute_addon.meter.half_hours import Direction
from broute_addon.simulator import House, HouseConfig, MeterConfig
from broute_addon.simulator.household import DAY_S, HALF_HOUR_S
from broute_addon.simulator.meter_clock import to_datetime
from broute_addon.soak.truth import uid_of
from tests.home_assistant_core.at_rig import POLL_INTERVAL_S, is_value, until_state
from tests.home_assistant_core.site import Truth, check_against, statistic_id
from tests.rigs.home_assistant.processes import rigs_cache, why_unavailable
from tests.rigs.home_assistant.rig import HomeAssistantRig
from tests.support.process import Place, Running, broute, house_at
from tests.support.waiting import until

SHORT, LONG, LONGEST = timedelta(minutes=20), timedelta(hours=7), timedelta(days=3)

WHOLE_WITHIN_S = 90.0

_METER = MeterConfig(memory_days=6, inf_delay_s=3)
_HOUR_S = 3600
_BEFORE_THE_HOUR_S = 600


class Victim(Enum):
    """What is away."""

    ADD_ON = "add-on"
    CORE = "Home Assistant"
    BROKER = "broker"
    STICK = "stick"


@dataclass(frozen=True)
class Outage:
    """`victim` is away for `length` of the meter's time.

    A longer one goes on to ten minutes before an hour: so a short one that follows has the turn of
    an hour in it.
    """

    victim: Victim
    length: timedelta

    def ends_at(self, second: int) -> int:
        """When an outage ends that begins at that second of the meter."""
        end = second + int(self.length.total_seconds())
        if self.length == SHORT:
            return end
        return end + (-end - _BEFORE_THE_HOUR_S) % _HOUR_S


EACH = tuple(Outage(victim, length) for victim, length in product(Victim, (SHORT, LONG, LONGEST)))
"""All there are, the lengths in an order in which each short one has the turn of an hour in it."""


class Installation:
    """The product, as a process of its own, at the rig's broker and Core and a simulated house."""

    def __init__(self, rig: HomeAssistantRig, place: Place, house: House) -> None:
        self._rig, self._place, self._house = rig, place, house
        self._since = (house.clock.now() // DAY_S - _METER.memory_days) * DAY_S
        self._energy = f"sensor.{uid_of(_METER)}_energy_bought"
        self._process = contextlib.AsyncExitStack()
        self._running: Running | None = None
        self._log = ""

    async def start(self) -> None:
        """The add-on starts."""
        core = {"HOME_ASSISTANT_URL": self._rig.url, "HOME_ASSISTANT_TOKEN": self._rig.token}
        self._running = await self._process.enter_async_context(
            broute(*self._place.arguments(), environment=core)
        )

    async def stop(self) -> None:
        """The add-on is stopped as the Supervisor does it."""
        if self._running is not None:
            code = await self._running.stop()
            self._log += self._running.log
            await self._process.aclose()
            self._running = None
            assert code == 0, self._log

    async def suffer(self, outage: Outage) -> float:
        """One outage. How many seconds after its end all was there again.

        Raises AssertionError for what is missing or wrong, with the product's log.
        """
        await self._lose(outage.victim)
        await self._let_pass(outage)
        await self._bring_back(outage.victim)
        begin = time.monotonic()
        await self.until_whole()
        took_s = time.monotonic() - begin
        await self.until_shown()
        return took_s

    async def until_shown(self) -> None:
        """Until Core has a value of the energy sensor: all four are at work."""
        await until_state(self._rig, self._energy, is_value)

    async def until_whole(self) -> None:
        """Until nothing is missing and nothing wrong. Raises AssertionError with what is."""
        end = time.monotonic() + WHOLE_WITHIN_S
        while True:
            try:
                await self._check()
            except (AssertionError, LedgerUnreadableError) as error:
                if time.monotonic() > end:
                    error.add_note(self._log + (self._running.log if self._running else ""))
                    raise
            else:
                return
            await asyncio.sleep(0.25)

    async def _check(self) -> None:
        truth = self._truth()
        with ReadOnlyLedger(self._place.folder / "data") as ledger:
            for direction, stands in truth.items():
                known = ledger.series(uid_of(_METER), direction)
                kwh = {stand.at: stand.kwh for stand in known}
                odd = sorted(at for at, _ in kwh.items() ^ stands.items())
                assert not odd, f"{direction.value} in the ledger: {odd[0]} to {odd[-1]}"
        for direction, stands in truth.items():
            await check_against(self._rig, statistic_id(uid_of(_METER), direction), stands)

    def _truth(self) -> Truth:
        """What the registers stood at since the meter's memory began at the installation."""
        registers = self._house.registers
        counts = {
            to_datetime(second).astimezone(UTC): registers.counts(second)
            for second in range(self._since, self._house.clock.now() + 1, HALF_HOUR_S)
        }
        return {
            direction: {
                at: registers.kwh(raw)
                for at, both in counts.items()
                if (raw := getattr(both, direction.value)) is not None
            }
            for direction in Direction
        }

    async def _let_pass(self, outage: Outage) -> None:
        """The meter's time passes. Who reads the meter meanwhile is told of the last half hour in
        it: a session counts the time by itself, and wouldn't miss hours that were leaped over.
        """
        begin = self._house.clock.now()
        end = outage.ends_at(begin)
        assert begin // _HOUR_S < end // _HOUR_S, "no hour ended in it: it shows nothing"
        if outage.victim in (Victim.CORE, Victim.BROKER):
            turn = end // HALF_HOUR_S * HALF_HOUR_S
            self._leap(turn - 1)
            await until(lambda: self._house.clock.now() > turn + _METER.inf_delay_s)
        self._leap(end)

    def _leap(self, second: int) -> None:
        self._house.faults.fire("clock-step", str(second - self._house.clock.now()))

    async def _lose(self, victim: Victim) -> None:
        match victim:
            case Victim.CORE:
                await self._rig.stop_core()
                return
            case Victim.ADD_ON:
                await self.stop()
            case Victim.BROKER:
                await self._rig.stop_broker()
            case Victim.STICK:
                self._house.faults.fire("unplug")
        await self._rig.wait_for_state(self._energy, "unavailable", 30)

    async def _bring_back(self, victim: Victim) -> None:
        match victim:
            case Victim.ADD_ON:
                await self.start()
            case Victim.CORE:
                await self._rig.start_core()
            case Victim.BROKER:
                await self._rig.start_broker()
            case Victim.STICK:
                self._house.faults.fire("replug")


@contextlib.asynccontextmanager
async def installed(rig: HomeAssistantRig, folder: Path) -> AsyncIterator[Installation]:
    """A fresh installation that has read the whole memory of a meter, two weeks ago."""
    place = Place(folder)
    (folder / "data").mkdir()
    broker = {"mqtt_host": "127.0.0.1", "mqtt_port": rig.mqtt_port}
    place.write_options(poll_interval=POLL_INTERVAL_S, **broker)
    long_ago = datetime.now(JST) - timedelta(days=14)
    clock = long_ago.replace(hour=9, minute=50, second=0, microsecond=0)
    with house_at(place, HouseConfig(speed=0, clock=clock, meter=_METER)) as house:
        installation = Installation(rig, place, house)
        await installation.start()
        try:
            await installation.until_whole()
            await installation.until_shown()
            yield installation
        finally:
            await installation.stop()


async def _all(outages: Sequence[Outage]) -> None:
    if reason := why_unavailable(rigs_cache()):
        sys.exit(f"Home Assistant Core: {reason}")
    with TemporaryDirectory() as name:
        homes = [Path(name) / each for each in ("home_assistant", "add_on")]
        for home in homes:
            home.mkdir()
        async with HomeAssistantRig(rigs_cache(), homes[0]) as rig:
            await rig.add_mqtt()
            async with installed(rig, homes[1]) as installation:
                for outage in outages:
                    took_s = await installation.suffer(outage)
                    _show(f"{outage.victim.value}, {outage.length}: whole after {took_s:.1f} s\n")


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_all(EACH))
