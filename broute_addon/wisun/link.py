"""The way to the meter: opens a stick, scans, joins, sends and hears EDATA.

A scan or a join that was abandoned halfway leaves the stick in a state that nobody knows: it may
be listening, or be talking PANA. The next scan or join then begins with a reset. So every one of
them starts from the same known state, and an event that is late belongs to nothing any more.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from broute_addon.errors import (
    CommandFailedError,
    DongleTimeoutError,
    JoinRefusedError,
    JoinUnansweredError,
    PanNotFoundError,
    SessionLostError,
    TransmitFailedError,
)
from broute_addon.messages import message
from broute_addon.wisun.commands import (
    ActiveScan,
    EchoOff,
    EnergyScan,
    Join,
    Reset,
    SelectPan,
    SendUdp,
    SetCredentials,
    ShowSignal,
    Terminate,
)
from broute_addon.wisun.detect import Found
from broute_addon.wisun.dongle import Dongle
from broute_addon.wisun.events import (
    EnergyScanned,
    Event,
    JoinFailed,
    LinkEvent,
    Noise,
    PanFound,
    PortLost,
    TransmitResult,
    Transmitted,
    UdpReceived,
)
from broute_addon.wisun.gate import Gate
from broute_addon.wisun.identify import close_quietly, identify
from broute_addon.wisun.line import Line
from broute_addon.wisun.scanning import Progress, best, sweeps
from broute_addon.wisun.session import Move, State
from broute_addon.wisun.skstack import SkStack
from broute_addon.wisun.values import (
    Connect,
    Credentials,
    Datagram,
    DongleIdentity,
    Pan,
    dbm_from_lqi,
)

_LOGGER = logging.getLogger(__name__)

ECHONET_PORT = 0x0E1A
PANA_PORT = 0x02CC
NOISE_DURATION = 4
_LEAVE_S = 11.0  # an unanswered SKTERM ends in EVENT 28 after 10 s
_EXECUTION_FAILED, _UART_OVERRUN = 10, 9
_OTHER_PORTS: Mapping[int, str] = {PANA_PORT: "PANA", 0x4D4C: "MLE"}


class Link:
    """One opened stick and, once joined, one meter. See the methods for what each raises."""

    def __init__(
        self,
        line: Line,
        found: Found,
        *,
        on_datagram: Callable[[Datagram], None],
        on_event: Callable[[LinkEvent], None],
    ) -> None:
        dialect = SkStack(found.variant)
        self.identity = DongleIdentity(
            dialect=dialect.name,
            firmware=found.firmware,
            port=line.port,
            mac=found.mac,
            app_version=found.settings.app_version,
            hex_payload=found.hex_payload,
        )
        self.pan: Pan | None = None
        self.ignored: Counter[str] = Counter()
        self._line = line
        self._on_datagram = on_datagram
        self._on_event = on_event
        self._gate = Gate(on_event)
        self._credentials: Credentials | None = None
        self._pana_heard = 0
        self._is_known = False
        self._is_open = False
        self._has_joined = False
        self._dongle = Dongle(line, dialect, self._heard, self._lost)

    @classmethod
    async def open(
        cls,
        connect: Connect,
        port: str,
        *,
        on_datagram: Callable[[Datagram], None],
        on_event: Callable[[LinkEvent], None],
    ) -> "Link":
        """Opens the port, finds out what is there and brings it to a known state.

        Raises:
            TransportError: the port is absent, busy, no serial port, or vanished.
            UnknownDialectError: what is there is no stick that we can speak to.
            DongleTimeoutError, CommandFailedError: it is one, but stopped answering.
        """
        line, found = await identify(connect, port)
        try:
            link = cls(line, found, on_datagram=on_datagram, on_event=on_event)
            await link.reset()
        except BaseException:
            await close_quietly(line)
            raise
        link._is_open = True
        return link

    @property
    def is_joined(self) -> bool:
        """True while a session stands, also while it is being renewed."""
        return self._gate.is_joined

    async def reset(self) -> None:
        """SKRESET and back to the known state. Session and credentials are gone then.

        Raises DongleTimeoutError, CommandFailedError, TransportError.
        """
        self._is_known = False
        try:
            await self._dongle.run(Reset())
        except CommandFailedError:  # busy with a session
            await self._leave(_LEAVE_S)
            await self._dongle.run(Reset())
        self._credentials = None
        self._has_joined = False
        self._gate.move(Move.RESET)
        self._gate.release()
        await self._dongle.run(EchoOff())
        await self._dongle.run(ShowSignal())
        self._is_known = True

    async def scan(
        self,
        credentials: Credentials,
        durations: Sequence[int] = (4, 5, 6, 7),
        on_progress: Callable[[float], None] | None = None,
    ) -> Pan:
        """Looks for our meter, longer and longer; `on_progress` gets 0.0 to 1.0.

        Raises:
            PanNotFoundError: no beacon with our pairing ID.
            DongleError, TransportError: the stick's fault.
        """
        await self._prepare(credentials)
        plan = sweeps(durations)
        with Progress(plan, on_progress) as progress:
            for sweep in plan:
                progress.begin(sweep)
                pans = await self._active_scan(sweep.duration, sweep.mask, paired=True)
                if pan := best(pans, credentials.pairing_id):
                    return pan
        raise PanNotFoundError(message("pan_not_found"))

    async def scan_all(self, duration: int) -> tuple[Pan, ...]:
        """Every PAN in reach, whoever's it is; best signal first."""
        await self._prepare(None)
        pans = {pan.address: pan for pan in await self._active_scan(duration, paired=False)}
        return tuple(sorted(pans.values(), key=lambda pan: -(pan.lqi or 0)))

    async def energy_scan(self) -> Mapping[int, float]:
        """Noise in dBm by channel; takes about five seconds."""
        await self._prepare(None)
        events = await self._scan_command(EnergyScan(NOISE_DURATION))
        return {
            channel: dbm_from_lqi(level)
            for event in events
            if isinstance(event, EnergyScanned)
            for channel, level in event.levels
        }

    async def join(self, pan: Pan, credentials: Credentials) -> None:
        """Opens the PANA session; about 3.3 s, a failure takes up to 40 s.

        Raises:
            JoinRefusedError: the meter talked and said no, probably wrong credentials.
            JoinUnansweredError: the meter said nothing, probably radio or another channel.
            DongleTimeoutError: the stick told neither success nor failure.
        """
        await self._prepare(credentials)
        await self._dongle.run(SelectPan(pan))
        self.pan = pan
        self._pana_heard = 0
        self._has_joined = True
        self._gate.move(Move.JOIN)
        try:
            events = await self._run_join(pan)
        finally:
            if self._gate.state is State.JOINING:
                self._gate.move(Move.GIVE_UP)
        if any(isinstance(event, JoinFailed) for event in events):
            if self._pana_heard:
                raise JoinRefusedError(message("join_refused"))
            raise JoinUnansweredError(message("join_unanswered"))

    async def send(self, edata: bytes) -> None:
        """Sends a datagram to the meter; returns when the stick reports it as sent.

        Raises:
            SessionLostError: there is no session (any more), or it can't be sent through.
            TransmitFailedError: the radio couldn't deliver it: ask again.
            DongleTimeoutError, CommandFailedError, TransportError: the stick's fault.
        """
        try:
            await self._gate.wait()
        except SessionLostError:
            self._line.check()  # a vanished port is the deeper reason
            raise
        assert self.pan is not None  # noqa: S101 - the gate lets only joined links pass
        try:
            events = await self._dongle.run(SendUdp(self.pan.address.link_local, edata))
        except CommandFailedError as refused:
            # While the stick renews the session it refuses; the gate is shut by then.
            is_passing = self._gate.is_held or self._gate.state is State.RENEWING
            if is_passing or refused.code == _UART_OVERRUN:
                raise TransmitFailedError(message("transmit_failed")) from refused
            if refused.code != _EXECUTION_FAILED:
                raise
            self._gate.move(Move.UNSENDABLE)
            raise self._gate.lost() from refused
        except DongleTimeoutError as late:
            if not self._dongle.is_in_step:
                raise
            raise TransmitFailedError(message("transmit_failed")) from late
        if Transmitted(TransmitResult.FAILED) in events:
            raise TransmitFailedError(message("transmit_failed"))

    async def terminate(self, timeout_s: float = 4.0) -> None:
        """Ends the session politely: SKTERM, whether the meter answers or not.

        Raises only TransportError and, where the stick is mute, DongleTimeoutError.
        """
        if not self._has_joined:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._leave(timeout_s)

    async def close(self) -> None:
        """Gives the port back; bounded, may be called twice, at any moment."""
        self._gate.close()
        await close_quietly(self._line)

    async def _prepare(self, credentials: Credentials | None) -> None:
        """A known state (a cancelled scan or join leaves none) and credentials in the stick."""
        if not self._is_known:
            await self.reset()
        if credentials is not None and credentials != self._credentials:
            await self._dongle.run(SetCredentials(credentials))
            self._credentials = credentials

    async def _active_scan(
        self, duration: int, mask: int | None = None, *, paired: bool
    ) -> tuple[Pan, ...]:
        scan = ActiveScan(duration, paired) if mask is None else ActiveScan(duration, paired, mask)
        events = await self._scan_command(scan)
        return tuple(event.pan for event in events if isinstance(event, PanFound))

    async def _scan_command(self, scan: ActiveScan | EnergyScan) -> tuple[Event, ...]:
        self._is_known = False
        events = await self._dongle.run(scan)
        self._is_known = True
        return events

    async def _run_join(self, pan: Pan) -> tuple[Event, ...]:
        self._is_known = False
        join = Join(pan.address.link_local)
        try:
            events = await self._dongle.run(join)
        except CommandFailedError as refused:
            if refused.code != _EXECUTION_FAILED:
                raise
            await self._leave(_LEAVE_S)  # a session that we don't know of
            self._has_joined = True
            self._gate.move(Move.JOIN)
            events = await self._dongle.run(join)
        self._is_known = True
        return events

    async def _leave(self, confirm_s: float) -> None:
        self._gate.move(Move.LEAVE)
        try:
            await self._dongle.run(Terminate(confirm_s))
        except CommandFailedError as refused:
            _LOGGER.debug("SKTERM: %s", refused)  # ER10: there was no session
        else:
            self._has_joined = False
        finally:
            self._gate.move(Move.LEFT)

    def _heard(self, event: Event) -> None:
        match event:
            case UdpReceived():
                self._datagram(event)
            case Noise():
                self.ignored["noise"] += 1
            case _:
                self._gate.heard(event)

    def _datagram(self, udp: UdpReceived) -> None:
        ours = self.pan is not None and udp.source == self.pan.address.link_local
        if udp.port == PANA_PORT and ours:
            self._pana_heard += 1
        if udp.port != ECHONET_PORT:
            self.ignored[_OTHER_PORTS.get(udp.port, "other port")] += 1
        elif not udp.secured:
            self.ignored["unencrypted"] += 1
        elif not (ours and self.is_joined):
            self.ignored["not from our meter"] += 1
        else:
            rssi = None if udp.lqi is None else dbm_from_lqi(udp.lqi)
            self._on_datagram(Datagram(udp.source, udp.payload, rssi))

    def _lost(self) -> None:
        self._gate.close()
        if self._is_open and self._line.error is not None:
            self._on_event(PortLost(self._line.error))
