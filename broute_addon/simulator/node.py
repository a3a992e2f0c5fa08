"""The meter as the radio sees it: a PAN, a PANA server, and answers that take their time.

The node answers one request at a time, only inside the session it opened last, and speaks by
itself after a join and at every half hour. A stick that lost its session can still be addressed
by the meter, but has no key to read it: nothing arrives.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable

from broute_addon.simulator import frames, pana
from broute_addon.simulator.air import AirConfig, Beacon
from broute_addon.simulator.faults import Faults
from broute_addon.simulator.frames import Frame
from broute_addon.simulator.household import HALF_HOUR_S
from broute_addon.simulator.meter import SmartMeter
from broute_addon.simulator.meter_clock import MeterClock
from broute_addon.simulator.properties import HISTORY
from broute_addon.simulator.timers import Timers

Deliver = Callable[[int, bytes, bool], None]
"""Session, payload, and whether it went to all nodes."""

_QUEUED_MOST = 3


class MeterNode:
    """One meter on the air.

    `deliver` and `end_session` are set by the stick's radio, the only one in reach.
    """

    def __init__(
        self,
        config: AirConfig,
        credentials: tuple[str, str],
        meter: SmartMeter,
        *,
        clock: MeterClock,
        timers: Timers,
        faults: Faults,
        seed: int,
    ) -> None:
        self.config = config
        self.meter = meter
        self.channel, self.pan_id, self.mac = config.channel, config.pan_id, config.mac
        self.deliver: Deliver = lambda *_: None
        self.end_session: Callable[[int], None] = lambda _: None
        self.session: int | None = None
        self._route_b_id, self._password = credentials
        self._clock, self._timers, self._faults = clock, timers, faults
        self._rng = random.Random(f"node {seed}")  # noqa: S311 - a simulation
        self._powered = True
        self._sessions = 0
        self._requests: deque[tuple[int, Frame, float]] = deque()
        self._is_answering = False
        self._unconfirmed: tuple[int, bytes] | None = None
        self._half_hour_timers: tuple[asyncio.Handle, ...] = ()
        self._wait_for_half_hour()

    # -- the PAN -----------------------------------------------------------------------------

    @property
    def is_on_air(self) -> bool:
        return self._powered and not self._faults.value("out-of-reach")

    def beacons(self) -> list[Beacon]:
        """Everybody who answers a scan, this meter first."""
        return ([self.beacon()] if self.is_on_air else []) + list(self.config.foreign)

    def beacon(self) -> Beacon:
        """The meter's own."""
        config, pairing_id = self.config, self._route_b_id[-8:]
        return Beacon(self.channel, self.pan_id, self.mac, config.lqi, pairing_id, config.heard_at)

    def hears(self, channel: int, pan_id: int, mac: str) -> bool:
        """Whether a frame for `mac` sent there arrives."""
        here = (self.channel, self.pan_id, self.mac)
        return self.is_on_air and (channel, pan_id, mac) == here

    # -- PANA --------------------------------------------------------------------------------

    def log_in(self, route_b_id: str, password: str) -> tuple[bool, list[bytes]]:
        """Whether the credentials open a session, and the meter's side of the conversation.

        Call `open_session` when the conversation is over.
        """
        right = (route_b_id, password) == (self._route_b_id, self._password)
        if not right or self._faults.strikes("refused-join"):
            return False, pana.refusal(self._rng, self._route_b_id)
        return True, pana.conversation(self._rng, self._route_b_id, self.config.lifetime_s)

    def open_session(self) -> int:
        """A new session replaces any earlier one; the instance list follows."""
        self._sessions += 1
        session = self.session = self._sessions
        delay = self._rng.uniform(0.0, self.config.instance_list_most)
        self._timers.after(delay, lambda: self._announce_instances(session))
        return session

    def close_session(self, session: int) -> bool:
        """The controller says goodbye; whether the meter knew it."""
        if session != self.session:
            return False
        self.session = None
        return True

    def _announce_instances(self, session: int) -> None:
        if not self._faults.strikes("lost-instance-list"):
            self._transmit(session, self.meter.instance_list(), to_all=True)

    # -- requests ----------------------------------------------------------------------------

    def receive(self, session: int, data: bytes, elapsed: float) -> None:
        """A datagram arrives, `elapsed` seconds after the controller began to send it."""
        if session != self.session or not self.is_on_air or self._faults.strikes("lost-request"):
            return
        request = frames.parse(data)
        if request is None:
            return
        if request.esv == frames.INFC_RES:
            if self._unconfirmed is not None and request.tid == self._unconfirmed[0]:
                self._unconfirmed = None
            return
        if len(self._requests) < _QUEUED_MOST:
            self._requests.append((session, request, elapsed))
        if not self._is_answering:
            self._work()

    def _work(self) -> None:
        self._is_answering = bool(self._requests)
        if self._requests:
            session, request, elapsed = self._requests.popleft()
            delay = max(0.02, self._answer_time(request) - elapsed)
            self._timers.after(delay, lambda: self._answer(session, request))

    def _answer_time(self, request: Frame) -> float:
        config, rng = self.config, self._rng
        seconds = rng.triangular(config.answer_least, config.answer_most, config.answer_mode)
        if rng.random() < config.tail:
            seconds = rng.uniform(config.answer_most, config.tail_most)
        asked = request.first + (request.second or ())
        seconds += config.property_extra * (len(asked) - 1)
        if request.esv != frames.SET_C and any(epc in HISTORY for epc, _ in asked):
            seconds += config.history_extra
            if config.history_spread:
                seconds += rng.uniform(0.0, config.history_spread)
        return seconds

    def _answer(self, session: int, request: Frame) -> None:
        faults = self._faults
        answer = (
            None if faults.value("mute-meter") or not self._powered else self._answered(request)
        )
        if answer is not None and not faults.strikes("lost-answer"):
            if faults.strikes("notification-first"):
                self._notify_half_hour()
            late = faults.value("late-answer")
            if late:
                self._timers.after(late, lambda: self._transmit(session, answer))
            else:
                self._transmit(session, answer)
                if faults.strikes("doubled-answer"):
                    self._timers.after(0.05, lambda: self._transmit(session, answer))
        self._work()

    def _answered(self, request: Frame) -> bytes | None:
        state, strikes = self.meter.state, self._faults.strikes
        is_history = any(epc in HISTORY for epc, _ in request.first)
        state.measures = not strikes("no-data")
        state.takes_settings = request.esv != frames.SET_C or not strikes("refused-set")
        state.remembers = not is_history or not strikes("refused-history")
        answer = self.meter.answer_to(request)
        if answer is not None and self._faults.strikes("wrong-tid"):
            answer = answer[:2] + bytes([answer[2] ^ 0x5A, answer[3]]) + answer[4:]
        if answer is not None and self._faults.strikes("cut-answer"):
            answer = answer[:-1]
        return answer

    # -- notifications -----------------------------------------------------------------------

    def _wait_for_half_hour(self) -> None:
        now = self._clock.now()
        upcoming = now - now % HALF_HOUR_S + HALF_HOUR_S
        config, clock = self.meter.state.config, self._clock
        latest = max(config.fixed_time_lag_s, config.inf_delay_s)
        delay = self._rng.randint(config.fixed_time_lag_s, latest)
        timers = [clock.call_at(upcoming, self._wait_for_half_hour)]
        if config.inf != "none":
            timers.append(clock.call_at(upcoming + delay, self._notify_half_hour))
        self._half_hour_timers = tuple(timers)
        for timer in timers:
            self._timers.track(timer)

    def clock_stepped(self) -> None:
        """The meter's clock jumped: wait for the half hours anew."""
        for timer in self._half_hour_timers:
            timer.cancel()
        self._wait_for_half_hour()

    def announce(self, epc: int) -> None:
        """A status property changed: INF to all nodes."""
        if self.session is not None:
            self._transmit(self.session, self.meter.status_notification(epc), to_all=True)

    def _notify_half_hour(self) -> None:
        if self.session is None or not self._powered:
            return
        at = self.meter.state.latest_half_hour()
        data = self.meter.half_hour_notification(at)
        if self.meter.state.config.inf == "infc":
            self._unconfirmed = (int.from_bytes(data[2:4], "big"), data)
            self._repeat_unconfirmed(self._unconfirmed, self.meter.state.config.infc_repeats)
        elif not self._faults.strikes("lost-notification"):
            self._transmit(self.session, data)
            if self._faults.strikes("doubled-notification"):
                self._transmit(self.session, data)

    def _repeat_unconfirmed(self, notification: tuple[int, bytes], repeats: int) -> None:
        """INFC until it is confirmed, a few times."""
        if self._unconfirmed != notification or self.session is None:
            return
        if not self._faults.strikes("lost-notification"):
            self._transmit(self.session, notification[1])
        if repeats > 0:
            self._timers.lasting(
                self.config.infc_repeat_s,
                lambda: self._repeat_unconfirmed(notification, repeats - 1),
            )

    def _transmit(self, session: int, data: bytes, *, to_all: bool = False) -> None:
        if self.is_on_air and session == self.session:
            self.deliver(session, data, to_all)

    # -- what happens to meters --------------------------------------------------------------

    def terminate(self) -> None:
        """The meter ends the session and says so."""
        session, self.session = self.session, None
        if session is not None:
            self.end_session(session)

    def forget_session(self) -> None:
        """The meter loses the session and says nothing."""
        self.session = None
        self._requests.clear()
        self._unconfirmed = None

    def switch_off(self) -> None:
        self._powered = False
        self.forget_session()
        self.meter.state.reboot()

    def switch_on(self) -> None:
        self._powered = True

    def move(self, channel: int) -> None:
        """The meter forms its PAN anew on another channel."""
        self.channel = channel
        self.forget_session()

    def rename_pan(self, pan_id: int) -> None:
        """The meter forms its PAN anew under another number."""
        self.pan_id = pan_id
        self.forget_session()

    def replace_meter(self, meter: SmartMeter) -> None:
        """Another meter is installed behind the same address."""
        self.meter = meter
        self.forget_session()
