"""What must be true in every house at every moment. The first breach ends the run."""

import asyncio
from collections import deque
from functools import lru_cache
from typing import NamedTuple

from broute_addon.clock import JST
from broute_addon.meter.history.gaps import Gaps
from broute_addon.meter.history.history import History
from broute_addon.meter.readings import Connection
from broute_addon.simulator import frames
from broute_addon.simulator.household import HALF_HOUR_S
from broute_addon.soak.history_check import HistoryCheck
from broute_addon.soak.history_watch import HistoryWatch
from broute_addon.soak.kinds import POLL_S, REQUEST_S
from broute_addon.soak.log_watch import LogWatch, has_secret
from broute_addon.soak.truth import SHOWN_LATE_S
from broute_addon.soak.weight import weight
from broute_addon.soak.world import World

TICK_S = 60.0
LIFETIME_S = 4 * POLL_S
"""Of a live value, where discovery told of no other."""
UNSETTLED_S = 90.0
"""After a (re)connection what was read meanwhile is told; discovery may hold values back."""
SAID_AGAIN_S = 10.0
"""A moment after any discovery live values are said once more, those that still count."""
SILENT_MOST_S = REQUEST_S + 60.0
"""Longest time, beyond an interval, that a meter which says nothing may be called online; the
stick may be mute too."""
VALUE_LATE_S = 30.0
ENERGY_LATE_S = 180.0
PACE_BACK_S = 3 * 3600.0
"""Until a poll interval that was stretched is what the household asked for again."""
HALF_HOUR_DUE_S = 720
"""The notification comes within 5 minutes, a lost one is asked for each minute after that."""
JOINS_A_HOUR = 60
REFUSED_JOINS_A_HOUR = 10
WEIGHED_EACH = 120  # ticks, two hours
WEIGHT_MOST, WEIGHT_OF_A_METER = 2000, 300
"""Elements in all collections that engine and publisher hold; in a sound one some 1200 at most, and
250 more for each meter that hung here before: what the broker was told of it."""
TASKS_MOST = 24
COMPLETE_WITHIN_S = 4 * 3600.0
"""From the plan's end on, whatever was going on by then."""
BROKER_BACK_S = 75.0
"""What lay retained at a broker that comes back counts until the process has connected, which may
have lost power with it, or waits a minute between two tries."""
SAID_AFTER_S = 5.0
"""After its connection the process has said all that it knows."""
FORGOTTEN_S = 900.0
"""Until a process without memory has found the meter, and so its topics."""
_LIVE = frozenset({"power", "current_r", "current_t"})
_COUNTERS = frozenset({"energy_bought", "energy_sold"})
_HALF_HOURS = frozenset({"half_hour_energy_bought", "half_hour_energy_sold"})
_STAMPS = frozenset({f"{key}_time" for key in _HALF_HOURS})
_JUDGED = _LIVE | _COUNTERS | _HALF_HOURS | _STAMPS
_CLOCKS = ("host-clock-step", "wrong-clock-at-boot", "clock-step")


class _Topic(NamedTuple):
    """What a topic is for; `uid` and `key` of a meter's value, else empty."""

    has_secret: bool
    is_discovery: bool
    uid: str = ""
    key: str = ""


@lru_cache(maxsize=1024)  # some hundred topics, each of thousands of messages
def _topic_of(topic: str) -> _Topic:
    secret, discovery = has_secret(topic), topic.startswith("homeassistant/device/")
    if not topic.startswith("broute/broute_"):
        return _Topic(secret, discovery)
    _, uid, key = topic.split("/")
    return _Topic(secret, discovery, uid, key)


class Invariants:
    """Watches a world. `breach` is the first thing that was wrong: its name and what it was."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.breach: tuple[str, str] | None = None
        self.broken = asyncio.Event()
        self.is_stopping = False
        self.values = self.half_hours = 0
        self._heard_at = self._live_at = self._currents_at = float("-inf")
        self._value_at = world.now
        self._excused_at = world.now
        self._held_at = self._announced_at = float("-inf")
        self._joins: deque[float] = deque()
        self._confirming: dict[bytes, float] = {}
        self._checked_half_hour = 0
        self._history = HistoryWatch(world, self.broke)
        self._log = LogWatch(self.broke)
        world.broker.hooks.append(self._published)
        world.home_assistant.on_value = self._taken
        world.on_delivery = self._delivered
        world.on_write = self._written
        world.on_stop = self._stopped
        world.on_crash = lambda error: self.broke("never ends by itself", repr(error))
        world.starts.append(self._started)
        self._tap_joins()

    def broke(self, name: str, text: str) -> None:
        """Takes note of the first breach only."""
        if self.breach is None:
            self.breach = (name, f"{text} ({self._world.wall().astimezone(JST):%m-%d %H:%M:%S})")
            self.broken.set()

    # -- a: values -----------------------------------------------------------------------------

    def _published(self, topic: str, payload: str, _retain: bool) -> None:
        told = _topic_of(topic)
        if told.has_secret or has_secret(payload):
            self.broke("no secret gets out", topic)
        if told.is_discovery:
            self._announced_at = self._world.now
        if not told.uid:
            return
        if not self._world.truth.has_seen(told.uid):
            self.broke("identity", f"{told.uid} is no meter of this house")
            return
        self.values += 1
        if told.key in _JUDGED and (fault := self._value_fault(told.uid, told.key, payload)):
            self.broke("no wrong value", fault)

    def _value_fault(self, uid: str, key: str, payload: str) -> str:
        truth, now = self._world.truth, self._world.now
        if key in _LIVE:
            return self._live_fault(uid, key, payload)
        if key in _STAMPS:
            return truth.stamp_fault(payload, now)
        unsettled = self._is_unsettled(now)
        if key in _HALF_HOURS:
            return truth.half_hour_fault(uid, key, payload, now, 96 if unsettled else 2)
        within = 86_400.0 if unsettled else SHOWN_LATE_S
        return truth.energy_fault(uid, key, payload, now, within)

    def _live_fault(self, uid: str, key: str, payload: str) -> str:
        world, now = self._world, self._world.now
        if payload == "None" and world.timeline.was_recent("no-data", now, LIFETIME_S):
            return ""
        lifetime = self._lifetime(f"broute/{uid}/{key}")
        old = now - (self._live_at if key == "power" else self._currents_at)
        if old > lifetime + 5.0:
            return f"{key} {payload} is sent, {old:.0f} s old"
        said_again = now - self._announced_at < SAID_AGAIN_S or self._is_unsettled(now)
        within = lifetime + SHOWN_LATE_S if said_again else SHOWN_LATE_S
        return world.truth.live_fault(uid, key, payload, now, within)

    def _lifetime(self, topic: str) -> float:
        """How long the last announced discovery lets a live value count."""
        told = self._world.home_assistant.lifetimes.get(topic, 0.0)
        return min(max(LIFETIME_S, told), 8 * self._interval)

    @property
    def _interval(self) -> float:
        product = self._world.product
        return POLL_S if product is None else product.store.snapshot.poll_interval_s

    def _is_unsettled(self, now: float) -> bool:
        world = self._world
        since = max(world.broker.connected_at, world.home_assistant.born_at, world.started_at)
        mute = world.timeline.was_recent("broker-mute", now, UNSETTLED_S)
        return mute or now - since < UNSETTLED_S

    # -- b, c: availability and the ladder's bounds --------------------------------------------

    def _taken(self, topic: str, _payload: str, now: float) -> None:
        if topic.endswith("/power"):
            self._world.timeline.value_came(self._value_at, now)
            self._value_at = now

    async def watch(self) -> None:
        """Looks around each minute, until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            now = self._world.now
            if self._world.house.radio.airtime.is_held:
                self._held_at = now
                self._hold_is_no_loss()
            self._no_false_online(now)
            if self._world.timeline.is_excused(now - 2 * (self._interval - POLL_S)):
                self._excused_at = now
            else:
                self._all_is_well(now)
            self._history.look(now)
            self._bounded(now)

    def _topic(self, key: str) -> str:
        return f"broute/{self._world.truth.uid}/{key}"

    def _hold_is_no_loss(self) -> None:
        world = self._world
        available = world.home_assistant.is_available(self._topic("energy_bought"))
        if world.timeline.kinds == ("budget",) and not available:
            self.broke("availability is true", "a transmission hold is told as a lost meter")

    def _no_false_online(self, now: float) -> None:
        world = self._world
        shown = world.home_assistant
        power = self._topic("power")
        lifetime = self._lifetime(power)
        # Home Assistant counts a value's lifetime from when it was told, or told again.
        told_at = max(self._live_at, min(self._announced_at, self._live_at + lifetime))
        if shown.shown(power, now) and now - told_at > lifetime + TICK_S:
            self.broke("availability is true", "power is shown though the meter is silent")
        for uid in world.truth.uids:
            online = shown.is_available(f"broute/{uid}/energy_bought")
            if not online:
                continue
            silent = now - self._heard_at
            is_held = now - self._held_at < LIFETIME_S
            # Who lost power and memory together can't know what an earlier life left online.
            is_new = world.started_at > self._heard_at
            has_forgotten = is_new and now - world.forgot_at < FORGOTTEN_S
            is_told_late = has_forgotten or self._is_broker_just_back(now)
            if silent > SILENT_MOST_S + self._interval and not (is_held or is_told_late):
                self.broke("availability is true", f"{uid} is online, silent for {silent:.0f} s")
            if is_new and not has_forgotten:
                self.broke("availability is true", f"{uid} is online before it was heard")
            if uid != world.truth.uid and not world.timeline.is_excused(now):
                self.broke("availability is true", f"{uid} is online but hangs there no more")

    def _is_broker_just_back(self, now: float) -> bool:
        """What is retained is of before, and the process couldn't say otherwise yet."""
        broker = self._world.broker
        said = broker.connected_at + SAID_AFTER_S if broker.connected_at >= broker.up_since else now
        return now - broker.up_since < BROKER_BACK_S and now <= said

    def _all_is_well(self, now: float) -> None:
        """No fault is in force, and every bound has passed."""
        world, shown = self._world, self._world.home_assistant
        kinds = " + ".join(world.timeline.kinds)
        age = now - self._value_at
        if age > self._interval + VALUE_LATE_S or shown.shown(self._topic("power"), now) is None:
            self.broke("never stuck", f"no power for {age:.0f} s after {kinds}")
        energy = shown.shown(self._topic("energy_bought"), now)
        if energy is None or not world.truth.is_recent_energy(
            energy, now, self._interval + ENERGY_LATE_S
        ):
            self.broke("never stuck", f"energy stands at {energy} after {kinds}")
        product = world.product
        if product is not None:
            snapshot = product.store.snapshot
            if snapshot.connection is not Connection.READING or snapshot.problem is not None:
                told = f"{snapshot.connection.value}, {snapshot.problem}"
                self.broke("availability is true", f"all is well but told is {told}")
        if self._interval > POLL_S and now - self._excused_at > PACE_BACK_S:
            self.broke("never stuck", f"the interval is still {self._interval:.0f} s after {kinds}")
        if self._log.is_streak_open:
            self.broke("one warning, one relief", f"{kinds} is over, the relief was not told")
        self._half_hour_is_there(now)

    def _half_hour_is_there(self, now: float) -> None:
        """The newest half hour whose time for a notification passed without a fault."""
        world = self._world
        second = world.truth.second(now)
        at = (second - HALF_HOUR_DUE_S) // HALF_HOUR_S * HALF_HOUR_S
        undisturbed = now - self._excused_at > second - at + 60
        asked = world.house.config.meter.inf == "none"
        clocks = any(world.timeline.was_recent(kind, now, 25_000.0) for kind in _CLOCKS)
        if at == self._checked_half_hour or not undisturbed or (asked and clocks):
            return
        self._checked_half_hour = at
        expected = world.truth.half_hour(at)
        told = world.broker.retained.get(self._topic("half_hour_energy_bought"))
        self.half_hours += 1
        if expected is not None and told not in (expected, world.truth.half_hour(at + HALF_HOUR_S)):
            self.broke("every half hour is told", f"{told} instead of {expected}")

    # -- d, h, i: the radio --------------------------------------------------------------------

    def _delivered(self, data: bytes) -> None:
        now = self._world.now
        self._heard_at = now
        frame = frames.parse(data)
        if frame is None:
            return
        epcs = {epc for epc, _ in frame.first}
        if 0xE7 in epcs:
            self._live_at = now
        if 0xE8 in epcs:
            self._currents_at = now
        if frame.esv == frames.INFC:
            first = self._confirming.setdefault(data, now)
            if first < now and not self._world.timeline.is_excused(now):
                self.broke("every INFC is confirmed", f"repeated after {now - first:.0f} s")
            if len(self._confirming) > 8:
                self._confirming.pop(next(iter(self._confirming)))

    def _written(self, data: bytes) -> None:
        world = self._world
        product = world.product
        if (
            not self.is_stopping
            and world.house.stick.is_busy
            and not world.timeline.is_excused(world.now)
            and product is not None
            and product.store.snapshot.connection is Connection.READING
        ):
            self.broke("one command in flight", f"{data[:12]!r} while another is carried out")

    def _tap_joins(self) -> None:
        radio = self._world.house.radio
        join = radio.join

        def joined(address: str) -> None:
            now = self._world.now
            if radio.session is not None or radio.is_joining:
                self.broke("single-flight", "SKJOIN while a session stands or is being opened")
            self._joins.append(now)
            while self._joins[0] < now - 3600:
                self._joins.popleft()
            self._joins_bounded(now)
            join(address)

        radio.join = joined  # type: ignore[method-assign]

    def _joins_bounded(self, now: float) -> None:
        if len(self._joins) > JOINS_A_HOUR:
            self.broke("retries are bounded", f"{len(self._joins)} log-ins within an hour")
        timeline, faults = self._world.timeline, self._world.house.faults
        only_refused = timeline.kinds == ("refused-join",) and faults.value("refused-join")
        refused = sum(1 for at in self._joins if at > self._excused_since(now))
        if only_refused and refused > REFUSED_JOINS_A_HOUR:
            self.broke("retries are bounded", f"{refused} refused log-ins within an hour")

    def _excused_since(self, now: float) -> float:
        return max(now - 3600.0, 0.0)

    # -- e, f, g: flash, log, memory -----------------------------------------------------------

    def _bounded(self, now: float) -> None:
        world = self._world
        if world.house.flash.writes:
            self.broke("no flash write", f"{world.house.flash.writes} writes")
        if int(now / TICK_S) % WEIGHED_EACH == 0 and world.product is not None:
            # What is missing, or to be read again, of 99 days may be held half-hour by half-hour.
            held = weight(world.product.engine, world.product.publisher, without=(Gaps, History))
            if held > WEIGHT_MOST + WEIGHT_OF_A_METER * (len(world.truth.uids) - 1):
                self.broke("memory is bounded", f"{held} elements are held")
            tasks = len(asyncio.all_tasks())
            if tasks > TASKS_MOST:
                self.broke("memory is bounded", f"{tasks} tasks")

    def _started(self) -> None:
        self._log.process_started()
        self._history.process_started()

    def _stopped(self, in_time: bool) -> None:
        if not in_time:
            self.broke("stops in time", "still at work ten seconds after SIGTERM")

    async def until_complete(self) -> None:
        """At the end every half-hour that the meter still remembers comes to be in the ledger and
        in the statistics, and nothing else is there."""
        world, until = self._world, self._world.now + COMPLETE_WITHIN_S
        while self.breach is None:
            product = world.product
            missing = "there is no process"
            if product is not None and product.is_alive:
                check = HistoryCheck(world.truth, product.ledger, world.core)
                missing = check.missing(world.truth.second(world.now))
                if not missing:
                    if wrong := check.wrong():
                        self.broke("no wrong half-hour", wrong)
                    return
            if world.now > until:
                self.broke("nothing is ever missing", missing)
            await asyncio.sleep(TICK_S)

    def finish(self) -> None:
        """After the stop."""
        world = self._world
        left = [task.get_name() for task in asyncio.all_tasks() if task is not _current()]
        if left:
            self.broke("no task is left", ", ".join(sorted(left)))
        if world.house.flash.writes:
            self.broke("no flash write", f"{world.house.flash.writes} writes")
        instance = world.product.instance if world.product is not None else ""
        status = world.broker.retained.get(f"broute/{instance}/status")
        if world.broker.is_up and not world.broker.is_mute and status != "offline":
            self.broke("availability is true", f"after the stop the status is {status}")

    def close(self) -> None:
        """The log belongs to others again."""
        self._log.close()


def _current() -> "asyncio.Task[object] | None":
    return asyncio.current_task()
