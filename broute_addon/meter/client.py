"""Asks the meter, one request at a time, and sorts what comes back.

A frame is the answer to the pending request only if TID, both EOJs and the ESV fit: meters number
their notifications too, and those TIDs collide with ours. Every transmission has a TID of its
own; all TIDs of the pending request stay acceptable, so that a late answer still counts. Its TID
says to which transmission it is the answer, so a repetition leaves no doubt about the time that it
took (Karn's rule isn't needed): a meter that became slow lengthens the time-out by that.

A meter takes only so many EPCs in a Get and may answer the first few only: what came is kept, the
rest is asked again at once. Only an EPC refused when asked alone counts as refused.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broute_addon.echonet.frame import (
    CONTROLLER,
    METER,
    NODE_PROFILE,
    Eoj,
    Esv,
    Frame,
    PropertyData,
)
from broute_addon.errors import (
    BRouteError,
    FrameError,
    MeterTimeoutError,
    PropertyRefusedError,
    TransmitFailedError,
)
from broute_addon.messages import message
from broute_addon.meter.batch import Batch
from broute_addon.meter.pacing import Airtime, Pace, RetryTimer

_LOGGER = logging.getLogger(__name__)

TRIES = 3
"""Transmissions of one request before the session is suspected."""

HANDOVER_S = 1.0
"""In this time a stick has taken a datagram that isn't held back."""

REPLY_TIMEOUT_S = 15.0
"""An INFC_Res that can't be sent within this is dropped; the meter repeats its INFC."""

Send = Callable[[bytes], Awaitable[None]]
"""Sends EDATA to the meter and returns when the stick reports it as sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a Get brought: EDT by EPC, and the EPCs that the meter refused one by one."""

    values: Mapping[int, bytes]
    refused: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Pending:
    """The request in flight: what its answer must look like.

    `tids` has the second at which each transmission was handed to the stick, `sent` that at which
    the stick was done with it.
    """

    eoj: Eoj
    esv: Esv
    answer: asyncio.Future[Frame]
    tids: dict[int, float] = field(default_factory=dict)
    sent: dict[int, float] = field(default_factory=dict)
    answered: float = 0.0

    def accepts(self, frame: Frame) -> bool:
        return (
            frame.tid in self.tids
            and frame.seoj == self.eoj
            and frame.deoj == CONTROLLER
            and frame.esv in self.esv.answers
        )


class MeterClient:
    """Requests to one meter over one PANA session.

    `batch` is how many EPCs go into one Get: it shrinks when the meter answers fewer. `response_s`
    is the time of the newest answer in seconds, from handing the request to the stick, or from
    sending it where it was held back before; `signal_dbm` the strength at which its datagrams
    came, where the stick tells that.
    """

    def __init__(
        self,
        send: Send,
        on_notification: Callable[[Frame], None],
        *,
        timer: RetryTimer,
        pace: Pace,
        first_tid: int,
        batch: int = 6,
    ) -> None:
        self._batch = Batch(batch)
        self.response_s: float | None = None
        self.signal_dbm: float | None = None
        self._send = send
        self._on_notification = on_notification
        self._timer = timer
        self._pace = pace
        self._airtime = Airtime()
        self._quiet_since = 0.0
        self._tid = first_tid % 0xFFFF
        self._pending: _Pending | None = None
        self._replies: asyncio.Queue[Frame] = asyncio.Queue(maxsize=16)

    @property
    def batch(self) -> int:
        """How many EPCs go into one Get."""
        return self._batch.size

    @batch.setter
    def batch(self, size: int) -> None:
        self._batch.size = size

    async def get(
        self,
        epcs: Sequence[int],
        eoj: Eoj = METER,
        *,
        tell: Callable[[Mapping[int, bytes]], None] = lambda _: None,
    ) -> Answer:
        """Gets properties, in as many requests as the meter needs; `tell` is called with what
        each of them brings: between two, a transmission limit may hold for an hour.

        Raises MeterTimeoutError when a request stays unanswered, SessionLostError and the like
        from below; values of earlier batches are then asked again by whoever asked.
        """
        values: dict[int, bytes] = {}
        refused: set[int] = set()
        waiting = deque(epcs)
        alone: deque[int] = deque()
        size, largest_cut, most_came = self.batch, 0, 0
        while waiting or alone:
            asked = _next_batch(waiting, size) if waiting else [alone.popleft()]
            frame = await self._transact(Esv.GET, [PropertyData(epc, b"") for epc in asked], eoj)
            got = {
                prop.epc: prop.edt for prop in frame.properties if prop.edt and prop.epc in asked
            }
            values |= got
            tell(got)
            came = min(len(frame.properties), len(asked))
            most_came = max(most_came, came)
            if len(asked) == 1:
                refused |= set(asked) - got.keys()
                continue
            # What was cut off is asked again; what came back empty is asked alone.
            cut = asked[came:]
            for epc in asked:
                if epc not in got:
                    (waiting if epc in cut else alone).append(epc)
            if cut:
                _LOGGER.debug("%d of %d EPCs were answered", came, len(asked))
                largest_cut = max(largest_cut, len(asked))
            if not came:  # else too long a request costs nothing: the first few are answered
                size = len(asked) // 2
        self._batch.learn(largest_cut, most_came, asyncio.get_running_loop().time())
        return Answer(values, frozenset(refused))

    async def set(self, epc: int, edt: bytes, eoj: Eoj = METER) -> None:
        """SetC of one property. Raises PropertyRefusedError when the meter says SetC_SNA."""
        frame = await self._transact(Esv.SET_C, [PropertyData(epc, edt)], eoj)
        if frame.esv is Esv.SET_C_SNA:
            refusal = message("property_refused", epc=f"{epc:02X}")
            raise PropertyRefusedError(refusal, frozenset({epc}))

    async def try_once(
        self, epcs: Sequence[int], edt: bytes | None, deadline: float
    ) -> Mapping[int, bytes]:
        """A Get of `epcs` (with `edt` a SetC of the only one), sent once and waited for until the
        loop's second `deadline`: for what may be lost. It doesn't disturb what is learned of the
        answers to live requests.

        Gives EDT by EPC, without those that were refused; empty for one that was set. Raises
        MeterTimeoutError, SessionLostError and the like from below.
        """
        loop = asyncio.get_running_loop()
        await self._keep_gap()
        esv = Esv.GET if edt is None else Esv.SET_C
        pending = self._pending = _Pending(METER, esv, loop.create_future())
        properties = [PropertyData(epc, edt or b"") for epc in epcs]
        try:
            async with asyncio.timeout_at(deadline):
                await self._transmit(self._request(pending, properties), 0)
                frame = await pending.answer
        except (TimeoutError, TransmitFailedError) as error:
            raise MeterTimeoutError(message("meter_silent", tries=1)) from error
        finally:
            pending.answer.cancel()
            self._pending = None
            self._quiet_since = loop.time()
        if edt is not None:
            return dict.fromkeys(epcs, b"") if frame.esv is Esv.SET_RES else {}
        return {prop.epc: prop.edt for prop in frame.properties if prop.edt and prop.epc in epcs}

    async def _transact(self, esv: Esv, properties: Sequence[PropertyData], eoj: Eoj) -> Frame:
        """One request until its answer; up to `TRIES` transmissions. Raises MeterTimeoutError."""
        loop = asyncio.get_running_loop()
        await self._keep_gap()
        pending = self._pending = _Pending(eoj, esv, loop.create_future())
        try:
            for attempt in range(TRIES):
                request = self._request(pending, properties)
                try:
                    if attempt == 0:
                        await self._transmit(request, attempt)
                    else:
                        await self._retransmit(request, attempt, pending)
                    patience_s = self._timer.timeout_s(attempt)
                except TransmitFailedError as error:
                    _LOGGER.debug("%s: %s", request, error)
                    patience_s = 1.0 + attempt
                pending.sent[request.tid] = loop.time()
                await asyncio.wait([pending.answer], timeout=patience_s)
                if not pending.answer.done():
                    _LOGGER.debug("no answer to %s", request)
                    continue
                frame = pending.answer.result()
                self._learn_time(pending, frame.tid)
                return frame
            raise MeterTimeoutError(message("meter_silent", tries=TRIES))
        finally:
            pending.answer.cancel()
            self._pending = None
            self._quiet_since = loop.time()
            self._pace.asked(len(pending.tids), self.airtime_s)

    def _learn_time(self, pending: _Pending, tid: int) -> None:
        """How long the transmission with this TID waited for its answer, whichever it was."""
        sent, answered = pending.sent.get(tid), pending.answered
        if sent is None:
            return
        handed_over = pending.tids[tid]
        was_held = sent - handed_over > HANDOVER_S  # by the airtime limit, or for a renewal
        if was_held and answered < sent:
            return  # the stick's word that it was sent came too late to count from
        self._timer.sample(max(0.0, answered - sent))
        self.response_s = round(answered - (sent if was_held else handed_over), 2)

    @property
    def airtime_s(self) -> float:
        """Seconds that our datagrams were on the air within the last hour, estimated."""
        return self._airtime.used_s(asyncio.get_running_loop().time())

    async def _keep_gap(self) -> None:
        rest_s = self._quiet_since + self._pace.gap_s - asyncio.get_running_loop().time()
        if rest_s > 0:
            await asyncio.sleep(rest_s)

    async def _transmit(self, request: Frame, attempt: int) -> None:
        _LOGGER.debug("→ %s%s", request, f", try {attempt + 1}" if attempt else "")
        edata = request.serialise()
        await self._send(edata)
        self._airtime.sent(len(edata), asyncio.get_running_loop().time())

    async def _retransmit(self, request: Frame, attempt: int, pending: _Pending) -> None:
        """Sends a request again, unless an answer to the earlier one comes while it may not go
        out: a transmission limit may hold for an hour, and what was answered would grow old."""

        async def send() -> BRouteError | None:
            try:
                await self._transmit(request, attempt)
            except BRouteError as error:
                return error
            return None

        # An error inside a group would hide a cancellation of this task (before Python 3.13).
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(send(), name="repetition")
            either: list[asyncio.Future[Any]] = [sending, pending.answer]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                await asyncio.wait([sending], timeout=HANDOVER_S)
            sending.cancel()
        if not sending.cancelled() and (error := sending.result()) is not None:
            raise error

    def _request(self, pending: _Pending, properties: Sequence[PropertyData]) -> Frame:
        # 0000 is what meters use for the instance list after a join.
        self._tid = self._tid % 0xFFFF + 1
        pending.tids[self._tid] = asyncio.get_running_loop().time()
        return Frame(self._tid, CONTROLLER, pending.eoj, pending.esv, tuple(properties))

    def abort(self, error: BRouteError) -> None:
        """Ends the pending request with an error: its session or port is gone."""
        if self._pending and not self._pending.answer.done():
            self._pending.answer.set_exception(error)

    def received(self, payload: bytes) -> None:
        """Takes a datagram's payload from the meter; never raises for what is in it."""
        try:
            frame = Frame.parse(payload)
        except FrameError as error:
            _LOGGER.debug("dropped %d bytes: %s", len(payload), error)
            return
        _LOGGER.debug("← %s", frame)
        if self._pending and self._pending.accepts(frame):
            if not self._pending.answer.done():
                self._pending.answered = asyncio.get_running_loop().time()
                self._pending.answer.set_result(frame)
        elif frame.esv in (Esv.INF, Esv.INFC) and frame.seoj in (METER, NODE_PROFILE):
            self._notified(frame)
        else:
            _LOGGER.debug("nobody waits for tid %04X", frame.tid)

    def _notified(self, frame: Frame) -> None:
        if frame.deoj not in (CONTROLLER, NODE_PROFILE):
            return
        if frame.esv is Esv.INFC and not self._replies.full():
            confirmed = tuple(PropertyData(prop.epc, b"") for prop in frame.properties)
            self._replies.put_nowait(
                Frame(frame.tid, CONTROLLER, frame.seoj, Esv.INFC_RES, confirmed)
            )
        self._on_notification(frame)

    async def confirm_notifications(self) -> None:
        """Sends the INFC_Res that are due, for as long as it runs."""
        while True:
            reply = await self._replies.get()
            try:
                async with asyncio.timeout(REPLY_TIMEOUT_S):
                    await self._transmit(reply, 0)
            except (TimeoutError, BRouteError) as error:
                _LOGGER.debug("%s not sent: %s", reply, error)


def _next_batch(waiting: deque[int], size: int) -> list[int]:
    return [waiting.popleft() for _ in range(min(size, len(waiting)))]
