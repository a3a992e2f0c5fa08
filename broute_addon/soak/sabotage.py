"""Defects planted on purpose, each at one place: a campaign that misses one proves nothing.

Each is a fault that a system of this kind really had or could have (lessons.md).
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from broute_addon.echonet.codecs import Value
from broute_addon.echonet.frame import CONTROLLER, METER, Esv, Frame
from broute_addon.errors import BRouteError, SessionLostError
from broute_addon.home_assistant import discovery, states
from broute_addon.home_assistant.mqtt import Publication
from broute_addon.home_assistant.publisher import MqttPublisher
from broute_addon.messages import message
from broute_addon.meter import client, decoding, engine, recovery
from broute_addon.meter.client import MeterClient
from broute_addon.meter.decoding import Decoder
from broute_addon.meter.energy import Count, CounterGuard
from broute_addon.meter.engine import Engine
from broute_addon.meter.poller import Poller
from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.meter.readings import Connection, Reading
from broute_addon.meter.recovery import Ladder, Rung
from broute_addon.meter.status import Status
from broute_addon.soak.patch import Patch
from broute_addon.soak.sabotage_history import HISTORY_SABOTAGES
from broute_addon.store import Snapshot
from broute_addon.wisun.link import Link
from broute_addon.wisun.values import Credentials, Pan

_POWER, _COUNTER = 0xE7, 0xE0


def _no_data_published() -> Patch:
    decode = decoding.decode_edt

    def decoded(epc: int, edt: bytes) -> Mapping[str, Value]:
        values = decode(epc, edt)
        if epc == _POWER and values.get("power") is None:
            return {"power": int.from_bytes(edt, "big", signed=True)}
        return values

    return Patch(decoding, "decode_edt", decoded)


def _sign_lost() -> Patch:
    readings = Decoder._of

    def unsigned(self: Decoder, epc: int, *rest: Any) -> list[Reading]:  # noqa: ANN401
        told = readings(self, epc, *rest)
        return [
            each._replace(value=each.value & 0xFFFFFFFF)
            if each.key == "power" and isinstance(each.value, int)
            else each
            for each in told
        ]

    return Patch(Decoder, "_of", unsigned)


def _t_phase_zero() -> Patch:
    readings = Decoder._of

    def zero(self: Decoder, *rest: Any) -> list[Reading]:  # noqa: ANN401
        return [
            each._replace(value=Decimal("0.0"))
            if each.key == "current_t" and each.value is None
            else each
            for each in readings(self, *rest)
        ]

    return Patch(Decoder, "_of", zero)


def _half_hour_overwrites_counter() -> Patch:
    readings = Decoder._of

    def both(self: Decoder, *rest: Any) -> list[Reading]:  # noqa: ANN401
        told = readings(self, *rest)
        fixed = [each for each in told if each.key == "half_hour_energy_bought"]
        return told + [each._replace(key="energy_bought") for each in fixed]

    return Patch(Decoder, "_of", both)


def _infc_unanswered() -> Patch:
    def only_told(self: MeterClient, frame: Frame) -> None:
        self._on_notification(frame)

    return Patch(MeterClient, "_notified", only_told)


def _tid_ignored() -> Patch:
    def accepts(self: client._Pending, frame: Frame) -> bool:
        return frame.seoj == self.eoj and frame.deoj == CONTROLLER and frame.esv in self.esv.answers

    return Patch(client._Pending, "accepts", accepts)


def _notification_as_answer() -> Patch:
    def accepts(self: client._Pending, frame: Frame) -> bool:
        is_notification = frame.seoj == METER and frame.esv in (Esv.INF, Esv.INFC)
        is_answer = frame.tid in self.tids and frame.esv in self.esv.answers
        return is_notification or (is_answer and frame.seoj == self.eoj)

    return Patch(client._Pending, "accepts", accepts)


def _rollover_hidden() -> Patch:
    accepts = CounterGuard.accepts

    def only_upwards(self: CounterGuard, count: Count, scale: EnergyScale) -> bool:
        accepted = self._accepted
        return not (accepted and count.raw < accepted.raw) and accepts(self, count, scale)

    return Patch(CounterGuard, "accepts", only_upwards)


def _scale_unconfirmed() -> Patch:
    identified = Poller._identified

    def believed(self: Poller, profile: MeterProfile, **more: bool) -> None:
        self._decoder.scale = profile.scale
        identified(self, profile, **more)

    return Patch(Poller, "_identified", believed)


def _exchange_unnoticed() -> Patch:
    def address(self: MeterProfile) -> str:
        return "broute_" + hashlib.sha256(self.mac.octets).hexdigest()[:10]

    return Patch(MeterProfile, "uid", property(address))


def _stale_live_republished() -> Patch:
    def always(_at: datetime, _now: datetime, _lifetime: timedelta) -> bool:
        return True

    return Patch(states, "_is_fresh", always)


def _expiry_forgotten() -> Patch:
    return Patch(discovery, "expire_after", lambda _interval_s: 86_400)


def _unavailable_never_told() -> Patch:
    def reading(self: Snapshot) -> bool:
        return self.meter is not None

    return Patch(Snapshot, "is_reading", property(reading))


def _offline_forgotten() -> Patch:
    availability = states.Announcer.availability

    def only_online(self: states.Announcer, snapshot: Snapshot) -> Iterator[Publication]:
        return (
            each
            for each in availability(self, snapshot)
            if each.payload == "online" or snapshot.is_reading
        )

    return Patch(states.Announcer, "availability", only_online)


def _session_not_resumed() -> Patch:
    publish = MqttPublisher._publish_for_ever

    async def once(self: MqttPublisher, session: Any) -> None:  # noqa: ANN401
        if self.__dict__.setdefault("first_session", session) is not session:
            await asyncio.sleep(1e9)
        await publish(self, session)

    return Patch(MqttPublisher, "_publish_for_ever", once)


def _pan_cache_never_dropped() -> Patch:
    climb, join = Engine._climb, Engine._join

    async def again(self: Engine, rung: Rung) -> Pan:
        pan: Pan | None = getattr(self, "first_pan", None)
        if pan is not None and self._link is not None and rung in (Rung.REJOIN, Rung.RESCAN):
            self._interruptions.fault = None
            await join(self, self._link, pan)
            return pan
        found = await climb(self, rung)
        self.__dict__.setdefault("first_pan", found)
        self._pan = self.__dict__["first_pan"]
        return found

    return Patch(Engine, "_climb", again)


def _stuck_on_a_rung() -> Patch:
    def stuck(self: Ladder, _wanted: Rung) -> None:
        self._rung = Rung.REJOIN

    return Patch(Ladder, "_climb", stuck)


def _hold_is_loss() -> Patch:
    held = Engine._held

    def lost(self: Engine, *, is_held: bool) -> None:
        held(self, is_held=is_held)
        if is_held:
            self._break(SessionLostError(message("session_unsendable")))

    return Patch(Engine, "_held", lost)


def _double_recovery() -> Patch:
    join = Link.join

    async def twice(self: Link, pan: Pan, credentials: Credentials) -> None:
        await join(self, pan, credentials)
        await join(self, pan, credentials)

    return Patch(Link, "join", twice)


def _join_hammering() -> Patch:
    def soon(_self: Ladder, _error: BRouteError) -> float:
        return 1.0

    return Patch(Ladder, "_wait_s", soon)


def _waits_never_end() -> Patch:
    return Patch(recovery, "LONGEST_WAIT_S", 86_400.0)


def _secret_in_log() -> Patch:
    join = Engine._join

    async def chatty(self: Engine, link: Link, pan: Pan) -> None:
        logging.getLogger(engine.__name__).debug("as %s", self._credentials.route_b_id.reveal())
        await join(self, link, pan)

    return Patch(Engine, "_join", chatty)


def _warning_each_time() -> Patch:
    fell = Ladder.fell

    def loud(self: Ladder, error: BRouteError) -> recovery.Attempt:
        logging.getLogger(recovery.__name__).warning("%s", error.message)
        return fell(self, error)

    return Patch(Ladder, "fell", loud)


def _leaking() -> Patch:
    received = MeterClient.received

    def keeping(self: MeterClient, payload: bytes) -> None:
        self.__dict__.setdefault("seen", []).append(payload)
        received(self, payload)

    return Patch(MeterClient, "received", keeping)


def _half_hour_missed() -> Patch:
    readings = Decoder._of

    def others(self: Decoder, *rest: Any) -> list[Reading]:  # noqa: ANN401
        return [each for each in readings(self, *rest) if not each.key.startswith("half_hour")]

    return Patch(Decoder, "_of", others)


def _always_reading() -> Patch:
    go = Status.go

    def reading(self: Status, connection: Connection) -> None:
        go(self, Connection.READING if connection is Connection.RECOVERING else connection)

    return Patch(Status, "go", reading)


def _counter_not_asked() -> Patch:
    epcs = Poller._epcs

    def fewer(self: Poller, cadence: Any) -> Sequence[int]:  # noqa: ANN401
        return tuple(epc for epc in epcs(self, cadence) if epc != _COUNTER)

    return Patch(Poller, "_epcs", fewer)


SABOTAGES: Mapping[str, Callable[[], Patch]] = {
    "no-data-published": _no_data_published,
    "sign-lost": _sign_lost,
    "t-phase-zero": _t_phase_zero,
    "half-hour-overwrites-counter": _half_hour_overwrites_counter,
    "half-hour-missed": _half_hour_missed,
    "infc-unanswered": _infc_unanswered,
    "tid-ignored": _tid_ignored,
    "notification-as-answer": _notification_as_answer,
    "rollover-hidden": _rollover_hidden,
    "scale-unconfirmed": _scale_unconfirmed,
    "exchange-unnoticed": _exchange_unnoticed,
    "counter-not-asked": _counter_not_asked,
    "stale-live-republished": _stale_live_republished,
    "expiry-forgotten": _expiry_forgotten,
    "unavailable-never-told": _unavailable_never_told,
    "offline-forgotten": _offline_forgotten,
    "recovering-called-reading": _always_reading,
    "broker-session-not-resumed": _session_not_resumed,
    "pan-cache-never-dropped": _pan_cache_never_dropped,
    "ladder-stuck-on-a-rung": _stuck_on_a_rung,
    "waits-never-end": _waits_never_end,
    "hold-treated-as-loss": _hold_is_loss,
    "double-recovery": _double_recovery,
    "join-hammering": _join_hammering,
    "secret-in-log": _secret_in_log,
    "warning-each-time": _warning_each_time,
    "memory-leak": _leaking,
    **HISTORY_SABOTAGES,
}
"""Name to the patch that plants it."""


@contextlib.contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The defect is there within; None: none is."""
    if name is None:
        yield
        return
    patch = SABOTAGES[name]()
    original = getattr(patch.owner, patch.name)
    setattr(patch.owner, patch.name, patch.replacement)
    _forget_payloads()
    try:
        yield
    finally:
        setattr(patch.owner, patch.name, original)
        _forget_payloads()


def _forget_payloads() -> None:
    """What was computed without the defect must not hide it, nor what was with it outlive it."""
    discovery.meter_config.cache_clear()
    discovery.add_on_config.cache_clear()
    discovery.meter_terms.cache_clear()
