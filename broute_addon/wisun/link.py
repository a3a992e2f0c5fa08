"""The way to the meter: opens a stick, scans, joins, sends and hears EDATA.

A meter that is away, or on another channel, is silent, and a stick that calls it says so only after
half a minute or more. Where it shows the meter's PANA datagrams, a login to a PAN that we only
remember is therefore given up early if there is none, and a look around comes next. A PAN whose
beacon was heard just now gets the stick's whole patience, as does a meter that has talked.

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
    SessionLostError,
    TransmitFailedError,
)
from broute_addon.messages import message
from broute_addon.wisun.commands import Join, Renew, SelectPan, SendUdp, channel_bit
from broute_addon.wisun.dialect import Refusal
from broute_addon.wisun.dongle import Dongle
from broute_addon.wisun.events import (
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
from broute_addon.wisun.session import Move, State
from broute_addon.wisun.stick import Stick
from broute_addon.wisun.values import (
    Connect,
    Credentials,
    Datagram,
    DongleIdentity,
    Pan,
)

_LOGGER = logging.getLogger(__name__)


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
        self._reception = Reception()
        self.ignored = self._reception.ignored
        self._found: Pan | None = None  # by the scan just done
        self._patience: asyncio.Timeout | None = None  # with a meter that has said nothing yet
        self._is_open = False
        self._dongle = Dongle(line, dialect, self._heard, self._lost)
        self._stick = Stick(self._dongle, self._gate, dialect)

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
    def is_held(self) -> bool:
        """True while the airtime limit lets nothing out."""
        return self._gate.is_held

    @property
    def pan(self) -> Pan | None:
        """The PAN joined last, as the stick knows it."""
        return self._reception.pan

    @property
    def channels(self) -> int:
        """Scan mask of the channels that the stick can use."""
        return self._stick.channels

    async def reset(self) -> None:
        """Resets the stick and sets it up. Session and credentials are gone then.

        Raises DongleTimeoutError, CommandFailedError, TransportError.
        """
        await self._stick.reset()

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
        pan = await self._stick.scan(credentials, durations, on_progress, self.pan)
        self._found = pan
        return pan

    async def listen(self, credentials: Credentials, channel: int, duration: int) -> Pan | None:
        """Whether our meter is heard on a channel, and how well. Raises DongleError,
        TransportError."""
        self._found = await self._stick.listen(credentials, channel, duration)
        return self._found

    async def scan_all(self, duration: int) -> tuple[Pan, ...]:
        """Every PAN in reach, whoever's it is; best signal first."""
        return await self._stick.scan_all(duration)

    async def energy_scan(self) -> Mapping[int, float]:
        """Noise in dBm by channel; takes about five seconds."""
        return await self._stick.energy_scan()

    async def join(self, pan: Pan, credentials: Credentials) -> None:
        """Opens the PANA session; about 3.3 s, a failure takes up to 40 s (J11: 70 s).

        A silent meter costs 10 s where PANA is shown, unless the last scan has just found it.

        Raises:
            JoinRefusedError: the meter talked and said no, probably wrong credentials.
            JoinUnansweredError: the meter said nothing, probably radio or another channel.
            DongleTimeoutError: the stick told neither success nor failure.
        """
        if not self.channels & channel_bit(pan.channel):
            raise JoinUnansweredError(message("join_unanswered"))
        patience_s = None if pan == self._found else self._dialect.pana_silence_s
        self._found = None
        await self._stick.prepare(credentials)
        self._reception.begin(await self._select(pan, credentials))
        self._stick.may_have_session = True
        self._gate.move(Move.JOIN)
        try:
            events = await self._run_join(Join(pan.address.link_local), patience_s)
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
        if not self._stick.may_have_session:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._stick.leave(timeout_s)

    async def close(self) -> None:
        """Gives the port back; bounded, may be called twice, at any moment."""
        self._gate.close()
        await close_quietly(self._line)

    async def _select(self, pan: Pan, credentials: Credentials) -> Pan:
        """Tunes to the PAN; gives it as the stick found it, where it looks for it (J11)."""
        try:
            events = await self._dongle.run(SelectPan(pan))
        except CommandFailedError as refused:
            match self._dialect.refusal(refused.code):
                case Refusal.NO_METER:
                    raise JoinUnansweredError(message("join_unanswered")) from refused
                case Refusal.IMPOSSIBLE | Refusal.AGAIN:
                    await self._stick.reset()  # it has a session that we don't know of
                    await self._stick.prepare(credentials)
                    events = await self._dongle.run(SelectPan(pan))
                case Refusal.OTHER:
                    raise
        there = [event.pan for event in events if isinstance(event, PanFound)]
        if there and there[-1].address != pan.address:
            raise JoinUnansweredError(message("join_unanswered"))
        return there[-1] if there else pan

    async def _run_join(self, join: Join, patience_s: float | None) -> tuple[Event, ...]:
        self._stick.is_known = False
        try:
            events = await self._call(join, patience_s)
        except CommandFailedError as refused:
            if self._dialect.refusal(refused.code) is not Refusal.IMPOSSIBLE:
                raise
            await self._stick.leave()  # a session that we don't know of
            self._stick.may_have_session = True
            self._gate.move(Move.JOIN)
            events = await self._call(join, patience_s)
        # A stick that told neither is still at it.
        is_done = any(isinstance(event, JoinSucceeded | JoinFailed) for event in events)
        self._stick.is_known = is_done
        return events

    async def _call(self, join: Join, patience_s: float | None) -> tuple[Event, ...]:
        """The login itself. Raises JoinUnansweredError if there was no PANA for `patience_s`."""
        try:
            async with asyncio.timeout(patience_s) as self._patience:
                return await self._dongle.run(join)
        except TimeoutError as silent:
            raise JoinUnansweredError(message("join_unanswered")) from silent
        finally:
            self._patience = None

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
            self._stick.is_known = False  # it may still be at it
            self._gate.move(Move.OVERDUE)
        if not self.is_joined:
            raise self._gate.lost()

    def _heard(self, event: Event) -> None:
        match event:
            case UdpReceived():
                self._datagram(event)
            case Noise():
                self.ignored["noise"] += 1
            case Undecipherable(source):
                self._reception.undecipherable(source)
            case Restarted():
                self._stick.is_known = False
                self._gate.heard(event)
            case _:
                self._gate.heard(event)

    def _datagram(self, udp: UdpReceived) -> None:
        datagram = self._reception.take(udp, is_joined=self.is_joined)
        talks = self._reception.pana_heard > 0
        if talks and self._patience is not None and not self._patience.expired():
            self._patience.reschedule(None)
        if datagram is not None:
            self._on_datagram(datagram)

    def _lost(self) -> None:
        self._gate.close()
        if self._is_open and self._line.error is not None:
            self._on_event(PortLost(self._line.error))
