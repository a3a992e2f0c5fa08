"""What the module's chip does, whatever language it speaks to the host.

Scanning, PANA log-in, the life of a session, sending, the airtime limit. A dialect calls the
methods and receives `RadioEvent`s; it adds nothing but its grammar.

A session ends in six ways: the host says SKTERM; the meter terminates (26); the lifetime passes
(29, then the module logs in anew by itself); a renewal fails; the module restarts; or the meter
forgets it without a word, which nobody notices but by silence.
"""

import random
from collections.abc import Callable

from broute_addon.simulator.air import (
    ALL_NODES,
    ECHONET_PORT,
    FIRST_CHANNEL,
    PANA_PORT,
    Datagram,
    link_local,
)
from broute_addon.simulator.airtime import Airtime
from broute_addon.simulator.faults import Faults
from broute_addon.simulator.firmware import Firmware, Span
from broute_addon.simulator.node import MeterNode
from broute_addon.simulator.radio_events import Kind, Outcome, RadioEvent
from broute_addon.simulator.scanner import Scanner
from broute_addon.simulator.timers import Timers

RENEWAL_SHARE = 0.8
_PCI_RETRIES_S = (2.0, 4.0, 8.0, 8.0, 8.0)
_TERMINATION_S, _TERMINATION_TIMEOUT_S = 0.4, 10.0


class Radio:
    """One radio beside one meter.

    Args:
        mac: the stick's own MAC address, 16 hexadecimal digits.
        firmware: what the module does by itself.
        emit: receives every event.
    """

    def __init__(
        self,
        mac: str,
        node: MeterNode,
        *,
        timers: Timers,
        faults: Faults,
        seed: int,
        firmware: Firmware,
        emit: Callable[[RadioEvent], None],
    ) -> None:
        self.mac, self.address = mac, link_local(mac)
        self._node, self._timers, self._faults, self._emit = node, timers, faults, emit
        self._firmware = firmware
        self._rng = random.Random(f"radio {seed}")  # noqa: S311 - a simulation
        node.deliver, node.end_session = self._delivered, self._ended_by_meter
        self._epoch = self._life = 0
        self.renews = True
        self.airtime = Airtime(timers, emit)
        self.scanner = Scanner(node.beacons, timers, self._rng, emit)
        self.reset()

    @property
    def is_joined(self) -> bool:
        return self.session is not None

    @property
    def can_join(self) -> bool:
        """Whether SKJOIN is possible: credentials are there and nothing is under way."""
        return bool(self.route_b_id and self.password) and not self.is_joining

    @property
    def peer_mac(self) -> str:
        """MAC address of the meter, as ERXUDP prints it."""
        return self._node.mac

    def reset(self) -> None:
        """Forget everything; whatever was under way will not report."""
        self._epoch += 1
        self._life += 1
        self.channel, self.pan_id = FIRST_CHANNEL, 0xFFFF
        self.route_b_id: str | None = None
        self.password: str | None = None
        self.peer = ""
        self.session: int | None = None
        self.is_joining = False
        self.scanner.stop()
        self.neighbors: set[str] = set()
        self.airtime.total_ms = 0

    # -- joining -----------------------------------------------------------------------------

    def join(self, address: str) -> None:
        """Begin a PANA log-in; `can_join` must hold."""
        self.session, self.peer = None, address
        self.scanner.stop()
        self._log_in(address, self._node.config.join_s)

    def _log_in(self, address: str, seconds: float) -> None:
        self._epoch += 1
        self.is_joining = True
        if not self._is_reachable(address):
            self._fail_unanswered(address)
            return
        self._faults.moment("join")
        is_right, messages = self._node.log_in(self.route_b_id or "", self.password or "")
        is_stalled = self._faults.strikes("stalled-join")
        if is_stalled:
            messages = messages[:2]
        share = seconds / (len(messages) + 1)
        steps: list[tuple[float, Callable[[], None]]] = []
        if address not in self.neighbors:
            steps += [
                (share / 3, lambda: self._report(Kind.SOLICITED, address)),
                (share / 3, lambda: self._meet(address)),
            ]
        steps.append((share / 3, lambda: self._report(Kind.SENT, address)))
        for message in messages:
            steps.append((share, lambda data=message: self._pana(address, data)))  # type: ignore[misc]
        if is_stalled:
            steps.append((share, lambda: self._fail_unanswered(address, is_midway=True)))
        elif is_right:
            steps.append((share / 3, lambda: self._joined(address)))
        else:
            refusal = self._node.config.refusal_s
            steps.append((refusal, lambda: self._failed(Kind.JOIN_REFUSED, address)))
        self._chain(steps)

    def _fail_unanswered(self, address: str, *, is_midway: bool = False) -> None:
        """Nobody there: PCI again and again, never a datagram back."""
        span = self._patience(is_midway=is_midway)
        if span is not None:
            seconds = self._rng.uniform(*span)
            self._chain([(seconds, lambda: self._failed(Kind.JOIN_UNANSWERED, address))])
            return
        kind = Kind.NOT_SENT if address in self.neighbors else Kind.SOLICITED
        rest = self._node.config.unanswered_join_s - 0.1 - sum(_PCI_RETRIES_S)
        steps = [(delay, lambda: self._report(kind, address)) for delay in (0.1, *_PCI_RETRIES_S)]
        self._chain([*steps, (rest, lambda: self._failed(Kind.JOIN_UNANSWERED, address))])

    def _patience(self, *, is_midway: bool) -> Span | None:
        firmware = self._firmware
        if self.session is not None:
            return firmware.stalled_renewal if is_midway else firmware.unanswered_renewal
        return firmware.stalled_join if is_midway else firmware.unanswered_join

    def _pana(self, address: str, data: bytes) -> None:
        node = self._node
        if not self._is_reachable(address):
            return
        datagram = Datagram(
            link_local(node.mac), self.address, PANA_PORT, PANA_PORT, False, self._lqi(), data
        )
        self._emit(RadioEvent(Kind.RECEIVED, datagram=datagram))
        self._report(Kind.SENT, address)

    def _meet(self, address: str) -> None:
        self.neighbors.add(address)
        self._report(Kind.ADVERTISED, address)

    def _joined(self, address: str) -> None:
        if not self._is_reachable(address):
            self._fail_unanswered(address, is_midway=True)
            return
        self.is_joining = False
        self._open_session()
        self._report(Kind.JOINED, address)

    def adopt_session(self, route_b_id: str, password: str) -> None:
        """Be in a session that an earlier program opened; channel and PAN are set already."""
        self.route_b_id, self.password = route_b_id, password
        self.peer = link_local(self._node.mac)
        self.neighbors.add(self.peer)
        self._open_session()

    def _open_session(self) -> None:
        session = self.session = self._node.open_session()
        lifetime = self._node.config.lifetime_s
        self._timers.lasting(lifetime * RENEWAL_SHARE, lambda: self._renew(session))
        self._timers.lasting(lifetime, lambda: self._lifetime_ends(session))

    def _failed(self, kind: Kind, address: str) -> None:
        self.is_joining = False
        if not self._firmware.outlives_failed_renewal:
            self.session = None
        self._report(kind, address)

    # -- the session's life ------------------------------------------------------------------

    def _renew(self, session: int) -> None:
        """Automatic re-authentication at 80 % of the lifetime (S17)."""
        if session == self.session and self.renews:
            self.rejoin()

    def _lifetime_ends(self, session: int) -> None:
        if session == self.session:
            self.expire()

    def rejoin(self) -> None:
        """SKREJOIN, 00D2: authenticate anew within the session."""
        if self.session is not None:
            self._log_in(self.peer, self._node.config.renewal_s)

    def expire(self, *, succeeds: bool = True) -> None:
        """The lifetime is over: the module says so and logs in by itself."""
        if self.session is None:
            return
        if not succeeds and not self._firmware.logs_in_after_expiry:
            self._report(Kind.JOIN_UNANSWERED, self.peer)
        self.session = None
        self._node.forget_session()
        self._report(Kind.EXPIRED, self.peer)
        if not self._firmware.logs_in_after_expiry:
            self._epoch += 1
            self.is_joining = False
        elif succeeds:
            self._log_in(self.peer, self._node.config.renewal_s)
        else:
            self._epoch += 1
            self.is_joining = True
            seconds = self._node.config.renewal_s
            self._chain([(seconds, lambda: self._failed(Kind.JOIN_UNANSWERED, self.peer))])

    def terminate(self) -> None:
        """SKTERM: the session is over, whether the meter confirms or not."""
        session, self.session = self.session, None
        self._epoch += 1
        self.is_joining = False
        peer = self.peer
        if session and self._is_reachable(peer) and self._node.close_session(session):
            self._chain(
                [
                    (_TERMINATION_S / 2, lambda: self._report(Kind.SENT, peer)),
                    (_TERMINATION_S / 2, lambda: self._report(Kind.TERMINATED, peer)),
                ]
            )
        else:
            self._chain(
                [
                    (_TERMINATION_S, lambda: self._report(Kind.NOT_SENT, peer)),
                    (
                        _TERMINATION_TIMEOUT_S - _TERMINATION_S,
                        lambda: self._report(Kind.TERMINATION_TIMED_OUT, peer),
                    ),
                ]
            )

    def _ended_by_meter(self, session: int) -> None:
        if session == self.session:
            self.session = None
            self._epoch += 1
            self.is_joining = False
            self._report(Kind.TERMINATED_BY_METER, self.peer)

    # -- sending and receiving ---------------------------------------------------------------

    def send(
        self, address: str, port: int, secure: int, data: bytes, done: Callable[[Outcome], None]
    ) -> None:
        """Transmit a datagram; events first, then `done`, when the radio has finished.

        `secure`: 0 plain, 1 encrypted or not at all, 2 encrypted if there is a key.
        """
        seconds = self._rng.uniform(self._node.config.sent_least, self._node.config.sent_most)
        epoch, life = self._epoch, self._life
        is_new = address not in self.neighbors and address != ALL_NODES

        def transmit() -> Outcome:
            if epoch != self._epoch and self.is_joining and self.session is None:
                self._report(Kind.NOT_SENT, address)
                return Outcome.OTHER
            outcome = self._transmit(address, secure, len(data))
            self._report(Kind.NOT_SENT if outcome else Kind.SENT, address)
            if not outcome and self.session is not None and port == ECHONET_PORT and secure:
                self._node.receive(self.session, data, seconds)
            return outcome

        def after_solicitation() -> None:
            if life != self._life:
                return
            if self._is_reachable(address):
                self._meet(address)
            transmit()

        def finish() -> None:
            if life != self._life:
                return
            if is_new:
                self._report(Kind.SOLICITED, address)
                self._timers.after(0.1, after_solicitation)
                done(Outcome.OK)
            else:
                done(transmit())

        self._faults.moment("send")
        self._timers.after(seconds, finish)

    def ping(self, address: str, done: Callable[[], None]) -> None:
        """ICMP echo; `done` when the peer answers, else nothing."""
        if self._is_reachable(address):
            self._timers.after(self._node.config.answer_mode, done)

    def _transmit(self, address: str, secure: int, size: int) -> Outcome:
        """A datagram goes out, or not."""
        if self.session is None and secure == 1 and address != ALL_NODES:
            return Outcome.OTHER
        if self._faults.strikes("busy-channel"):
            return Outcome.CARRIER_BUSY
        self.airtime.count(size)
        if self.airtime.is_held:
            return Outcome.DUTY_LIMIT
        if self._faults.strikes("unacknowledged"):
            return Outcome.NO_ACKNOWLEDGMENT
        if address == ALL_NODES or self._is_reachable(address):
            return Outcome.OK
        return Outcome.NO_ACKNOWLEDGMENT

    def _delivered(self, session: int, data: bytes, to_all: bool) -> None:
        self._faults.moment("receive")
        if not self._is_reachable(link_local(self._node.mac)):
            return
        destination = ALL_NODES if to_all else self.address
        datagram = Datagram(
            link_local(self._node.mac),
            destination,
            ECHONET_PORT,
            ECHONET_PORT,
            True,
            self._lqi(),
            data,
        )
        is_readable = session == self.session and not self._faults.strikes("undeciphered")
        kind = Kind.RECEIVED if is_readable else Kind.UNDECIPHERED
        self._emit(RadioEvent(kind, datagram=datagram))

    # -- helpers -----------------------------------------------------------------------------

    def _is_reachable(self, address: str) -> bool:
        return address == link_local(self._node.mac) and self._node.hears(
            self.channel, self.pan_id, self._node.mac
        )

    def random(self, least: float, most: float) -> float:
        """A number from the seeded source of this stick."""
        return self._rng.uniform(least, most)

    def _lqi(self) -> int:
        config = self._node.config
        jitter = self._rng.randint(-config.lqi_jitter, config.lqi_jitter)
        return max(1, min(255, config.lqi + jitter - int(self._faults.value("fade"))))

    def _report(self, kind: Kind, address: str) -> None:
        self._emit(RadioEvent(kind, address))

    def _chain(self, steps: list[tuple[float, Callable[[], None]]]) -> None:
        """Run steps one after the other, each after its delay, until something newer begins."""
        epoch = self._epoch

        def run(index: int) -> None:
            if epoch != self._epoch:
                return
            steps[index][1]()
            if index + 1 < len(steps):
                self._timers.after(steps[index + 1][0], lambda: run(index + 1))

        self._timers.after(steps[0][0], lambda: run(0))
