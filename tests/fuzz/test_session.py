"""State machines over the session: the gate alone, and the whole link on a simulated stick.

Whatever comes in whatever order, late, doubled or never: one command at a time, nobody waits for
ever, and the way back to a joined session always exists.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broute_addon.errors import BRouteError, SessionLostError
from broute_addon.redaction import Secret
from broute_addon.simulator import PASSWORD, ROUTE_B_ID, House, HouseConfig, MemoryPort
from broute_addon.simulator.virtual_time import VirtualTimeLoop
from broute_addon.wisun.events import (
    Event,
    JoinFailed,
    JoinSucceeded,
    LinkEvent,
    MeterLost,
    Noise,
    Notice,
    Restarted,
    SessionClosed,
    SessionEnded,
    SessionExpired,
    SessionRenewed,
    SessionRenewing,
    TerminatedByMeter,
    TransmitBudgetExhausted,
    TransmitBudgetRestored,
    TransmitHeld,
    TransmitReleased,
    TransmitResult,
    Transmitted,
)
from broute_addon.wisun.gate import HOLD_S, RENEWAL_S, Gate
from broute_addon.wisun.link import Link
from broute_addon.wisun.session import Move, State
from broute_addon.wisun.values import (
    Credentials,
    Datagram,
    MacAddress,
    Pan,
    Receiver,
    Transport,
)
from tests.fuzz.effort import tries
from tests.wire import sk_sessions as wire


class Virtual(RuleBasedStateMachine):
    """A machine with an event loop in virtual time that runs only within its rules."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.complaints: list[str] = []
        self.loop.set_exception_handler(lambda _, told: self.complaints.append(str(told)))

    def go(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401
        """Runs the loop until `work` is done."""
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        try:
            self.go(self.way_back())
            assert not self.complaints
        finally:
            self.go(self._end())
            self.loop.close()

    async def way_back(self) -> None:
        """The last thing to be tried; ends what the machine has begun."""

    async def _end(self) -> None:
        """Nothing of a run that has failed is left over for the next."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_heard: list[Event] = [
    JoinSucceeded(),
    JoinFailed(),
    TerminatedByMeter(),
    SessionClosed(confirmed=True),
    SessionClosed(confirmed=False),
    SessionExpired(),
    TransmitBudgetExhausted(),
    TransmitBudgetRestored(),
    MeterLost(),
    Restarted(),
    Transmitted(TransmitResult.SENT),
    Notice(0x45),
    Noise(3),
]


class GateMachine(Virtual):
    """Any event and any move of our own, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[LinkEvent] = []
        self.gate = Gate(self.told.append)
        self.waiting: list[tuple[float, asyncio.Task[None]]] = []
        self.held_at = self.renewing_at = 0.0

    @rule(event=st.sampled_from(_heard))
    def hear(self, event: Event) -> None:
        self._do(lambda: self.gate.heard(event))
        if isinstance(event, TransmitBudgetExhausted):
            self.held_at = self.loop.time()

    @rule(move=st.sampled_from(Move))
    def move(self, move: Move) -> None:
        self._do(lambda: self.gate.move(move))

    @rule()
    def join(self) -> None:
        """Else chance would see a session too seldom."""
        self.move(Move.JOIN)
        self.hear(JoinSucceeded())

    @precondition(lambda self: self.gate.state is State.JOINED)
    @rule()
    def expire(self) -> None:
        self.hear(SessionExpired())

    def _do(self, act: Callable[[], None]) -> None:
        async def within_the_loop() -> None:
            act()

        was_renewing = self.gate.state is State.RENEWING
        self.go(within_the_loop())
        if not was_renewing:
            self.renewing_at = self.loop.time()

    @rule(seconds=st.sampled_from([0.0, 1.0, RENEWAL_S - 1, RENEWAL_S + 1, HOLD_S + 1]))
    def time_passes(self, seconds: float) -> None:
        self.go(asyncio.sleep(seconds))

    @precondition(lambda self: len(self.waiting) < 3)
    @rule()
    def somebody_wants_to_send(self) -> None:
        self.waiting.append((self.loop.time(), self.loop.create_task(self.gate.wait())))

    @invariant()
    def nobody_waits_longer_than_a_renewal_and_a_hold(self) -> None:
        now = self.loop.time()
        is_renewing = self.gate.state is State.RENEWING
        assert not is_renewing or now - self.renewing_at <= RENEWAL_S
        is_held = self.gate.is_held and self.gate.is_joined and now - self.held_at <= HOLD_S
        for since, task in self.waiting:
            assert task.done() or is_held or is_renewing or now == since
            if task.done() and (error := task.exception()) is not None:
                assert isinstance(error, SessionLostError)
        self.waiting = [(since, task) for since, task in self.waiting if not task.done()]

    @invariant()
    def what_is_told_makes_sense(self) -> None:
        held = [e for e in self.told if isinstance(e, TransmitHeld | TransmitReleased)]
        assert all(isinstance(e, TransmitHeld) == (i % 2 == 0) for i, e in enumerate(held))
        assert self.gate.is_held == (len(held) % 2 == 1)
        session = [
            e for e in self.told if isinstance(e, SessionRenewing | SessionRenewed | SessionEnded)
        ]
        if session and isinstance(session[-1], SessionEnded):
            assert self.gate.state is not State.RENEWING
        assert (self.gate.state is State.RENEWING) <= (
            bool(session) and isinstance(session[-1], SessionRenewing)
        )

    async def way_back(self) -> None:
        self.gate.move(Move.RESET)
        self.gate.release()
        self.gate.move(Move.JOIN)
        self.gate.heard(JoinSucceeded())
        async with asyncio.timeout(1):
            await self.gate.wait()
        assert self.gate.state is State.JOINED
        await asyncio.gather(*(task for _, task in self.waiting), return_exceptions=True)
        self.gate.close()
        try:
            await self.gate.wait()
        except SessionLostError:
            pass
        else:
            raise AssertionError("a closed gate lets nobody through")


CREDENTIALS = Credentials(Secret(ROUTE_B_ID), Secret(PASSWORD))
PAN = Pan(0x2D, 0x42A7, MacAddress.parse(wire.MAC))
GET_POWER = bytes.fromhex("1081000105FF010288016201E700")
METER = wire.METER.encode()
LATE = [
    b"OK\r\n",
    b"FAIL ER10\r\n",
    b"EVER 1.5.2\r\nOK\r\n",
    *(b"EVENT %02X %s 0\r\n" % (number, METER) for number in (0x21, 0x22, 0x24, 0x25, 0x27, 0x28)),
    wire.erxudp_binary(wire.POWER_420_W),
    wire.erxudp_binary(wire.POWER_420_W)[:60],
    b"\xff\0\r\n",
]
FAULTS = ["expire", "expire-fail", "terminate", "forget-session", "reset-stick"]
PASSING = ["missing-ok", "missing-event21", "overrun", "garbage", "wrong-length", "unacknowledged"]
_ANSWER = re.compile(rb"(?:^|[\r\n])(?:OK(?: \w+)?|FAIL ER\d+)[\r\n]")
_LAST_RESORT = b"SKRESET\r\n"
_MARKERS = (b"\r\nSKVER\r\n", b"\r\nSKINFO\r\n")


class Watch:
    """The host's end of the port: is a command written while another has no answer?

    It sits where the product does, for an answer that is said while a command is on its way to
    the stick is an answer to whoever hears it. A command that was given up (its caller left, its
    deadline passed) may be followed only after a marker was asked and answered; or by SKRESET,
    the only word that a stalled stick still hears.
    """

    def __init__(self, port: MemoryPort) -> None:
        self.unanswered = b""
        self.doubled: list[tuple[bytes, bytes]] = []
        self.is_on = False
        self._port = port
        self._heard = b""

    async def connect(self, port: str, baud: int, receiver: Receiver) -> Transport:
        self._receiver = receiver
        self._transport = await self._port.connect(port, baud, self)
        return self

    def write(self, data: bytes) -> None:
        if data not in _MARKERS:
            if self.is_on and self.unanswered and data != _LAST_RESORT:
                self.doubled.append((self.unanswered, data))
            self.unanswered = data
        self._heard = b""
        self._transport.write(data)

    def received(self, data: bytes) -> None:
        self._heard = (self._heard + data)[-4000:]
        if _ANSWER.search(self._heard):
            self.unanswered = b""
        self._receiver.received(data)

    def lost(self, error: Exception | None) -> None:
        self._receiver.lost(error)

    async def close(self) -> None:
        await self._transport.close()


class LinkMachine(Virtual):
    """Commands, cancelled at any moment, on a stick that lies, forgets, restarts and is late."""

    @initialize(
        module=st.sampled_from(["bp35a1", "bp35c2"]), form=st.sampled_from(["hex", "binary"])
    )
    def open(self, module: str, form: str) -> None:
        self.events: list[LinkEvent] = []
        self.datagrams: list[Datagram] = []
        self.tasks: list[asyncio.Task[object]] = []
        self.port = MemoryPort(seed=3)
        self.watch = Watch(self.port)

        async def opened() -> Link:
            self.house = House(HouseConfig(module=module, states=(form,)), self.port)
            await self.house.__aenter__()
            await asyncio.sleep(3)
            link = await Link.open(
                self.watch.connect,
                "/dev/stick",
                on_datagram=self.datagrams.append,
                on_event=self.events.append,
            )
            self.watch.is_on = True
            return link

        self.link: Link = self.go(opened())

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        self.tasks.append(self.loop.create_task(work))

    @rule()
    def join(self) -> None:
        self._begin(self.link.join(PAN, CREDENTIALS))

    @rule()
    def send(self) -> None:
        self._begin(self.link.send(GET_POWER))

    @rule()
    def scan(self) -> None:
        self._begin(self.link.scan(CREDENTIALS, (4,)))

    @rule()
    def leave(self) -> None:
        self._begin(self.link.terminate())

    @rule()
    def reset(self) -> None:
        self._begin(self.link.reset())

    @rule(seconds=st.sampled_from([0.0, 0.004, 0.05, 0.3, 2.0, 4.0, 45.0]))
    def time_passes(self, seconds: float) -> None:
        self.go(asyncio.sleep(seconds))

    @rule()
    def all_is_done(self) -> None:
        async def done() -> None:
            async with asyncio.timeout(600 * (len(self.tasks) + 1)):
                await asyncio.gather(*self.tasks, return_exceptions=True)

        self.go(done())

    @precondition(lambda self: self.tasks)
    @rule(which=st.integers(0, 9))
    def somebody_gives_up(self, which: int) -> None:
        self.tasks[which % len(self.tasks)].cancel()

    @rule(seconds=st.sampled_from([0.001, 0.003, 0.03, 0.2]), following=st.booleans())
    def a_call_is_cut_short(self, seconds: float, following: bool) -> None:
        """Given up while its command is under way, and another call comes at once."""

        async def cut() -> None:
            task = asyncio.create_task(self.link.join(PAN, CREDENTIALS))
            await asyncio.sleep(seconds)
            task.cancel()
            if following:
                self._begin(self.link.scan(CREDENTIALS, (4,)))
            await asyncio.wait([task])

        self.go(cut())

    @rule(kind=st.sampled_from(FAULTS))
    def fault(self, kind: str) -> None:
        async def fired() -> None:
            self.house.faults.fire(kind)

        self.go(fired())

    @rule(kind=st.sampled_from(PASSING))
    def passing_fault(self, kind: str) -> None:
        self.house.faults.next(kind)

    @rule()
    def airtime_is_used_up(self) -> None:
        async def fired() -> None:
            self.house.faults.fire("budget", for_s=30)

        self.go(fired())

    @rule(said=st.sampled_from(LATE))
    def something_late_is_said(self, said: bytes) -> None:
        async def heard() -> None:
            self.port.send(said)

        self.go(heard())

    @invariant()
    def one_command_at_a_time(self) -> None:
        if hasattr(self, "watch"):
            assert self.watch.doubled == []

    @invariant()
    def only_told_errors(self) -> None:
        for task in [task for task in getattr(self, "tasks", ()) if task.done()]:
            self.tasks.remove(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                assert isinstance(error, BRouteError), error

    async def way_back(self) -> None:
        if not hasattr(self, "link"):
            return
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for kind in PASSING:
            self.house.faults.release(kind)
            self.house.faults._next.clear()
        await asyncio.sleep(60)
        await self.link.reset()
        await self.link.join(PAN, CREDENTIALS)
        assert self.link.is_joined
        heard = len(self.datagrams)
        await self.link.send(GET_POWER)
        await asyncio.sleep(6)
        assert len(self.datagrams) > heard
        await self.link.close()
        await self.house.__aexit__(None, None, None)
        assert self.watch.doubled == []


TestGate = GateMachine.TestCase
TestGate.settings = tries(60, steps=30)
TestLink = LinkMachine.TestCase
TestLink.settings = tries(25, steps=25)
