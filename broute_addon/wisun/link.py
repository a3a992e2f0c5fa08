"""The way to the meter: opens a stick, scans, joins, sends and hears EDATA.

A scan or a join that was abandoned halfway leaves the stick in a state that nobody knows: it may
be listening, or be talking PANA. The next scan or join then begins with a reset. So every one of
them starts from the same known state, and an event that is late belongs to nothing any more. The
same is done where a stick that we think idle has a session of its own.

A request that is to be sent while the keys are doubtful (`reception`) renews the session first; if
that was of no use, the session is given up.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence

from broute_addon.errors import (
    CommandFailedError,
    DongleTimeoutError,
    JoinUnansweredError,
    PanNotFoundError,
    SessionLostError,
    TransmitFailedError,
)
from broute_addon.messages import message
from broute_addon.wisun.commands import (
    ALL_CHANNELS,
    ActiveScan,
    EchoOff,
    EnergyScan,
    Join,
    Renew,
    Reset,
    SelectPan,
    SendUdp,
    SetCredentials,
    ShowSignal,
    Terminate,
)
from broute_addon.wisun.dialect import Refusal
from broute_addon.wisun.dongle import Dongle
from broute_addon.wisun.events import (
    EnergyScanned,
    Event,
    JoinFailed,
    JoinSucceeded,
    LinkEvent,
    Noise,
    PanFound,
    PortLost,
    Restarted,
    TransmitBudgetExhausted,
    TransmitResult,
    Transmitted,
    UdpReceived,
    Undecipherable,
)
from broute_addon.wisun.gate import Gate
from broute_addon.wisun.identify import close_quietly, identify
from broute_addon.wisun.line import Line
from broute_addon.wisun.probing import Found
from broute_addon.wisun.reception import Reception
from broute_addon.wisun.scanning import Progress, best, strength, sweeps
from broute_addon.wisun.session import Move, State
from broute_addon.wisun.values import (
    Connect,
    Credentials,
    Datagram,
    DongleIdentity,
    Pan,
    dbm_from_lqi,
)

_LOGGER = logging.getLogger(__name__)

NOISE_DURATION = 4
_LEAVE_S = 11.0  # an unanswered SKTERM ends in EVENT 28 after 10 s


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
        dialect = self._dialect = found.dialect
        self.identity = DongleIdentity(
            dialect=dialect.name,
            firmware=found.firmware,
            port=line.port,
            mac=found.mac,
            app_version=found.settings.app_version,
            hex_payload=found.hex_payload,
            baud=line.baud,
        )
        self._line = line
        self._on_datagram = on_datagram
        self._on_event = on_event
        self._gate = Gate(on_event)
        self._credentials: Credentials | None = None
        self._reception = Reception()
        self.ignored = self._reception.ignored
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

    @property
    def pan(self) -> Pan | None:
        """The PAN joined last, as the stick knows it."""
        return self._reception.pan

    @property
    def channels(self) -> int:
        """Scan mask of the channels that the stick can use."""
        return self._dialect.channels

    async def reset(self) -> None:
        """Resets the stick and sets it up. Session and credentials are gone then.

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
        plan = sweeps(durations, self.channels)
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
        return tuple(sorted(pans.values(), key=strength, reverse=True))

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
        """Opens the PANA session; about 3.3 s, a failure takes up to 40 s (J11: 70 s).

        Raises:
            JoinRefusedError: the meter talked and said no, probably wrong credentials.
            JoinUnansweredError: the meter said nothing, probably radio or another channel.
            DongleTimeoutError: the stick told neither success nor failure.
        """
        if not self.channels >> (pan.channel - 33) & 1:
            raise JoinUnansweredError(message("join_unanswered"))
        await self._prepare(credentials)
        self._reception.begin(await self._select(pan, credentials))
        self._has_joined = True
        self._gate.move(Move.JOIN)
        try:
            events = await self._run_join(pan)
        finally:
            if self._gate.state is State.JOINING:
                self._gate.move(Move.GIVE_UP)
        if not any(isinstance(event, JoinSucceeded) for event in events):
            raise self._reception.join_error(events)

    async def send(self, edata: bytes) -> None:
        """Sends a datagram to the meter; returns when the stick reports it as sent.

        One that the airtime limit has stopped is sent when the limit is over.

        Raises:
            SessionLostError: there is no session (any more), or it can't be sent through.
            TransmitFailedError: the radio couldn't deliver it: ask again.
            DongleTimeoutError, CommandFailedError, TransportError: the stick's fault.
        """
        while Transmitted(TransmitResult.FAILED) in (events := await self._send(edata)):
            if not any(isinstance(event, TransmitBudgetExhausted) for event in events):
                raise TransmitFailedError(message("transmit_failed"))

    async def _send(self, edata: bytes) -> tuple[Event, ...]:
        try:
            await self._gate.wait()
            if self._reception.keys_are_doubtful:
                await self._renew()
        except SessionLostError:
            self._line.check()  # a vanished port is the deeper reason
            raise
        assert self.pan is not None  # noqa: S101 - the gate lets only joined links pass
        try:
            return await self._dongle.run(SendUdp(self.pan.address.link_local, edata))
        except CommandFailedError as refused:
            # While the stick renews the session it refuses; the gate is shut by then.
            is_passing = self._gate.is_held or self._gate.state is State.RENEWING
            meaning = self._dialect.refusal(refused.code)
            if is_passing or meaning is Refusal.AGAIN:
                raise TransmitFailedError(message("transmit_failed")) from refused
            if meaning is not Refusal.IMPOSSIBLE:
                raise
            self._gate.move(Move.UNSENDABLE)
            raise self._gate.lost() from refused
        except DongleTimeoutError as late:
            if not self._dongle.is_in_step:
                raise
            raise TransmitFailedError(message("transmit_failed")) from late

    async def terminate(self, timeout_s: float = 4.0) -> None:
        """Ends the session politely, whether the meter answers or not.

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
        self, duration: int, mask: int = ALL_CHANNELS, *, paired: bool
    ) -> tuple[Pan, ...]:
        events = await self._scan_command(ActiveScan(duration, paired, mask))
        return tuple(event.pan for event in events if isinstance(event, PanFound))

    async def _scan_command(self, scan: ActiveScan | EnergyScan) -> tuple[Event, ...]:
        self._is_known = False
        events = await self._dongle.run(scan)
        self._is_known = True
        return events

    async def _select(self, pan: Pan, credentials: Credentials) -> Pan:
        """Tunes to the PAN; gives it as the stick found it, where it looks for it (J11)."""
        try:
            events = await self._dongle.run(SelectPan(pan))
        except CommandFailedError as refused:
            match self._dialect.refusal(refused.code):
                case Refusal.NO_METER:
                    raise JoinUnansweredError(message("join_unanswered")) from refused
                case Refusal.IMPOSSIBLE | Refusal.AGAIN:
                    await self.reset()  # it has a session that we don't know of
                    await self._prepare(credentials)
                    events = await self._dongle.run(SelectPan(pan))
                case Refusal.OTHER:
                    raise
        there = [event.pan for event in events if isinstance(event, PanFound)]
        if there and there[-1].address != pan.address:
            raise JoinUnansweredError(message("join_unanswered"))
        return there[-1] if there else pan

    async def _run_join(self, pan: Pan) -> tuple[Event, ...]:
        self._is_known = False
        join = Join(pan.address.link_local)
        try:
            events = await self._dongle.run(join)
        except CommandFailedError as refused:
            if self._dialect.refusal(refused.code) is not Refusal.IMPOSSIBLE:
                raise
            await self._leave(_LEAVE_S)  # a session that we don't know of
            self._has_joined = True
            self._gate.move(Move.JOIN)
            events = await self._dongle.run(join)
        # A stick that told neither is still at it.
        self._is_known = any(isinstance(event, JoinSucceeded | JoinFailed) for event in events)
        return events

    async def _renew(self) -> None:
        """Raises SessionLostError when the keys can't be made the same again."""
        if self._reception.renewed_in_vain:
            self._gate.move(Move.UNDECIPHERABLE)
            raise self._gate.lost()
        self._reception.renewal_begins()
        self._gate.move(Move.RENEW)
        try:
            await self._dongle.run(Renew())
        except CommandFailedError as refused:
            _LOGGER.debug("renewal: %s", refused)
        if self._gate.state is State.RENEWING:
            self._is_known = False  # it may still be at it
            self._gate.move(Move.OVERDUE)
        if not self.is_joined:
            raise self._gate.lost()

    async def _leave(self, confirm_s: float) -> None:
        self._gate.move(Move.LEAVE)
        try:
            await self._dongle.run(Terminate(confirm_s))
        except CommandFailedError as refused:
            _LOGGER.debug("no session to end: %s", refused)
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
            case Undecipherable(source):
                self._reception.undecipherable(source)
            case Restarted():
                self._is_known = False
                self._gate.heard(event)
            case _:
                self._gate.heard(event)

    def _datagram(self, udp: UdpReceived) -> None:
        datagram = self._reception.take(udp, is_joined=self.is_joined)
        if datagram is not None:
            self._on_datagram(datagram)

    def _lost(self) -> None:
        self._gate.close()
        if self._is_open and self._line.error is not None:
            self._on_event(PortLost(self._line.error))
