"""A stick that each scan and each login finds in the same known state.

A scan or a join that was abandoned halfway leaves the stick in a state that nobody knows: it may
be listening, or be talking PANA. The next scan or join then begins with a reset. So every one of
them starts from the same known state, and an event that is late belongs to nothing any more. The
same is done where a stick that we think idle has a session of its own.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from broute_addon.errors import CommandFailedError, PanNotFoundError
from broute_addon.messages import message
from broute_addon.wisun.commands import (
    ALL_CHANNELS,
    ActiveScan,
    EchoOff,
    EnergyScan,
    Reset,
    SetCredentials,
    ShowSignal,
    Terminate,
    channel_bit,
)
from broute_addon.wisun.dialect import Dialect, Refusal
from broute_addon.wisun.dongle import Dongle
from broute_addon.wisun.events import EnergyScanned, Event, PanFound
from broute_addon.wisun.gate import Gate
from broute_addon.wisun.scanning import Progress, best, strength, sweeps
from broute_addon.wisun.session import Move
from broute_addon.wisun.values import Credentials, Pan, dbm_from_lqi

_LOGGER = logging.getLogger(__name__)

NOISE_DURATION = 4
_LEAVE_S = 11.0  # an unanswered SKTERM ends in EVENT 28 after 10 s


class Stick:
    """What a stick is told around a session; each method runs one thing to its end.

    `is_known`: nothing that we began is under way in it. `may_have_session`: a login was begun,
    and nothing has ended what came of it. `channels`: scan mask of those it can use.
    """

    def __init__(self, dongle: Dongle, gate: Gate, dialect: Dialect) -> None:
        self.channels = dialect.channels
        self.is_known = False
        self.may_have_session = False
        self._dongle = dongle
        self._gate = gate
        self._dialect = dialect
        self._credentials: Credentials | None = None

    async def reset(self) -> None:
        """Resets the stick and sets it up. Session and credentials are gone then.

        Raises DongleTimeoutError, CommandFailedError, TransportError.
        """
        self.is_known = False
        try:
            await self._dongle.run(Reset())
        except CommandFailedError:  # busy with a session
            await self.leave()
            await self._dongle.run(Reset())
        self._credentials = None
        self.may_have_session = False
        self._gate.move(Move.RESET)
        self._gate.release()
        await self._dongle.run(EchoOff())
        await self._dongle.run(ShowSignal())
        self.is_known = True

    async def prepare(self, credentials: Credentials | None) -> None:
        """Brings about the known state, and credentials in the stick. Raises as `reset` does."""
        if not self.is_known:
            await self.reset()
        is_sure = self._dialect.tells_restart and credentials == self._credentials
        if credentials is not None and not is_sure:
            await self._dongle.run(SetCredentials(credentials))
            self._credentials = credentials

    async def leave(self, confirm_s: float = _LEAVE_S) -> None:
        """Ends whatever session there is; a refusal means there is none, unless the stick hasn't
        understood: then a reset is due."""
        self._gate.move(Move.LEAVE)
        try:
            await self._dongle.run(Terminate(confirm_s))
        except CommandFailedError as refused:
            _LOGGER.debug("no session to end: %s", refused)
            if self._dialect.refusal(refused.code) is Refusal.AGAIN:
                self.is_known = False
        else:
            self.may_have_session = False
        finally:
            self._gate.move(Move.LEFT)

    async def scan(
        self,
        credentials: Credentials,
        durations: Sequence[int],
        on_progress: Callable[[float], None] | None,
        near: Pan | None,
    ) -> Pan:
        """Looks for our meter, first where it was (`near`). Raises PanNotFoundError."""
        await self.prepare(credentials)
        plan = sweeps(durations, self.channels, None if near is None else near.channel)
        with Progress(plan, on_progress) as progress:
            for sweep in plan:
                progress.begin(sweep)
                pans = await self._active_scan(sweep.duration, sweep.mask, paired=True)
                if pan := best(pans, credentials.pairing_id):
                    return pan
        raise PanNotFoundError(message("pan_not_found"))

    async def listen(self, credentials: Credentials, channel: int, duration: int) -> Pan | None:
        """Our meter's beacon on one channel; None where it isn't heard."""
        await self.prepare(credentials)
        pans = await self._active_scan(duration, channel_bit(channel), paired=True)
        return best(pans, credentials.pairing_id)

    async def scan_all(self, duration: int) -> tuple[Pan, ...]:
        """Every PAN in reach, whoever's it is; best signal first."""
        await self.prepare(None)
        pans = {pan.address: pan for pan in await self._active_scan(duration, paired=False)}
        return tuple(sorted(pans.values(), key=strength, reverse=True))

    async def energy_scan(self) -> Mapping[int, float]:
        """Noise in dBm by channel; takes about five seconds."""
        await self.prepare(None)
        events = await self._scan_command(EnergyScan(NOISE_DURATION))
        return {
            channel: dbm_from_lqi(level)
            for event in events
            if isinstance(event, EnergyScanned)
            for channel, level in event.levels
        }

    async def _active_scan(
        self, duration: int, mask: int = ALL_CHANNELS, *, paired: bool
    ) -> tuple[Pan, ...]:
        events = await self._scan_command(ActiveScan(duration, paired, mask))
        return tuple(event.pan for event in events if isinstance(event, PanFound))

    async def _scan_command(self, scan: ActiveScan | EnergyScan) -> tuple[Event, ...]:
        self.is_known = False
        events = await self._dongle.run(scan)
        self.is_known = True
        return events
