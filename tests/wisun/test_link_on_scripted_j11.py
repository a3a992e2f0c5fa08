"""What the link makes of a J11 module's refusals, silences and notifications: a scripted one."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from broute_addon.errors import (
    CommandFailedError,
    DongleTimeoutError,
    JoinRefusedError,
    JoinUnansweredError,
    SessionLostError,
    TransmitFailedError,
)
from broute_addon.redaction import Secret
from broute_addon.simulator import run_virtual
from broute_addon.wisun.events import (
    LinkEvent,
    SessionEnded,
    SessionRenewed,
    SessionRenewing,
    TransmitHeld,
    TransmitReleased,
)
from broute_addon.wisun.j11 import LIMIT_RETRY_S
from broute_addon.wisun.link import Link
from broute_addon.wisun.values import Credentials, Datagram, MacAddress, Pan
from tests.support.mean_transports import Answer, MeanPort, ScriptedStick, random_cuts
from tests.wire import j11_frames as wire

PAN = Pan(0x2D, 0x42A7, MacAddress.parse(wire.MAC))
CREDENTIALS = Credentials(Secret(wire.ROUTE_B_ID), Secret(wire.PASSWORD))


def refused(response: bytes, result: int) -> bytes:
    """A response of which only the result is another."""
    head = response[:6] + b"\x00\x05"
    return head + sum(head).to_bytes(2, "big") + bytes([0, result, result])


def asked(request: bytes) -> bytes:
    """What a script recognizes a command by."""
    return request[:6]


TABLE: dict[bytes, Answer] = {
    asked(wire.GET_STATUS): wire.STATUS_STARTED,
    asked(wire.GET_VERSION): wire.VERSION,
    asked(wire.GET_MAC): wire.MAC_ANSWER,
    asked(wire.RESET): wire.STARTED_UP,
    asked(wire.SET_CHANNEL_4): wire.CHANNEL_SET,
    asked(wire.SET_CREDENTIALS): wire.CREDENTIALS_SET,
    asked(wire.SCAN): wire.NO_BEACON_4 + wire.BEACON_10 + wire.NO_BEACON_17 + wire.SCAN_FINISHED,
    asked(wire.START): wire.STARTED,
    asked(wire.OPEN_PORT): wire.PORT_OPENED,
    asked(wire.AUTHENTICATE): wire.AUTHENTICATE_ACCEPTED + wire.JOINED,
    asked(wire.SEND_GET_POWER): wire.SENT + wire.POWER,
    asked(wire.RENEW): wire.RENEW_ACCEPTED + wire.JOINED,
    asked(wire.END_SESSION): wire.SESSION_ENDED,
    asked(wire.STOP): wire.STOPPED,
}
NAMES = (
    *("GET_STATUS", "GET_VERSION", "GET_MAC", "RESET", "SET_CHANNEL_4", "SET_CREDENTIALS", "SCAN"),
    *("START", "OPEN_PORT", "AUTHENTICATE", "SEND_GET_POWER", "RENEW", "END_SESSION", "STOP"),
)
WORDS = {asked(getattr(wire, name)): name for name in NAMES}


class Bench:
    """A link on a scripted module."""

    def __init__(self, table: dict[bytes, Answer]) -> None:
        self.stick = ScriptedStick(TABLE | table)
        self.port = MeanPort(self.stick, cut=random_cuts(3))
        self.events: list[LinkEvent] = []
        self.datagrams: list[Datagram] = []

    async def open(self) -> Link:
        return await Link.open(
            self.port.connect,
            "/dev/stick",
            on_datagram=self.datagrams.append,
            on_event=self.events.append,
        )

    async def joined(self) -> Link:
        link = await self.open()
        await link.join(PAN, CREDENTIALS)
        return link

    def answers(self, request: bytes, answer: Answer) -> None:
        self.stick.table[asked(request)] = answer

    def said(self, request: bytes) -> int:
        return sum(asked(data) == asked(request) for data in self.stick.written)

    @property
    def words(self) -> list[str]:
        return [WORDS[asked(data)] for data in self.stick.written if asked(data) in WORDS]

    @property
    def kinds(self) -> list[type[LinkEvent]]:
        return [type(event) for event in self.events]


def now() -> float:
    return asyncio.get_running_loop().time()


def first(answer: bytes, then: bytes) -> Callable[[bytes], bytes]:
    queue = [answer]
    return lambda _: queue.pop() if queue else then


Scenario = Callable[[Bench], Coroutine[None, None, None]]


def on_bench(scenario: Scenario, *answers: tuple[bytes, Answer]) -> None:
    run_virtual(scenario(Bench({asked(request): answer for request, answer in answers})))


def test_a_start_says_nothing_needless() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        assert bench.words == [
            *("GET_STATUS", "GET_VERSION", "GET_MAC"),
            *("RESET", "SET_CHANNEL_4", "SET_CREDENTIALS"),
            *("STOP", "SET_CHANNEL_4", "START", "OPEN_PORT", "AUTHENTICATE"),
        ]
        identity = link.identity
        assert (identity.dialect, identity.firmware) == ("J11", "1.3 (0000158A)")
        assert (identity.hex_payload, identity.baud) == (None, 115_200)
        await link.send(wire.GET_POWER)
        await asyncio.sleep(0.1)
        assert [(d.payload, d.rssi_dbm) for d in bench.datagrams] == [(wire.POWER_420_W, -56)]
        await link.terminate()
        assert bench.words[-2:] == ["END_SESSION", "STOP"]
        assert bench.events == []
        await link.close()

    on_bench(scenario)


def test_a_scan_gives_the_pan_with_its_signal() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        pan = await link.scan(CREDENTIALS)
        assert (pan.channel, pan.pan_id, pan.rssi_dbm) == (0x2D, 0x42A7, -56)
        await link.close()

    on_bench(scenario)


def test_a_scan_that_hears_nobody_never_asks_for_channels_that_are_not_there() -> None:
    async def scenario(bench: Bench) -> None:
        bench.answers(wire.SCAN, wire.SCAN_FINISHED)
        link = await bench.open()
        with pytest.raises(Exception, match="No meter"):
            await link.scan(CREDENTIALS)
        assert bench.said(wire.SCAN) == 4
        await link.close()

    on_bench(scenario)


def test_the_pan_found_at_the_start_of_route_b_is_the_one_joined() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        await link.join(Pan(0x2D, 0x1111, PAN.address), CREDENTIALS)
        assert link.pan is not None
        assert link.pan.pan_id == 0x42A7
        await link.close()

    on_bench(scenario)


def test_another_meter_on_the_channel_is_not_joined() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        stranger = Pan(0x2D, 0x42A7, MacAddress.parse("D05EA55A0C1042A8"))
        with pytest.raises(JoinUnansweredError):
            await link.join(stranger, CREDENTIALS)
        assert bench.said(wire.AUTHENTICATE) == 0
        await link.close()

    on_bench(scenario)


def test_a_channel_that_the_module_does_not_have_is_told_without_a_word_to_it() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        with pytest.raises(JoinUnansweredError):
            await link.join(Pan(0x2E, 0x42A7, PAN.address), CREDENTIALS)
        assert bench.said(wire.START) == 0
        await link.close()

    on_bench(scenario)


def test_a_meter_out_of_reach_is_radio() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(JoinUnansweredError):
            await bench.joined()

    on_bench(scenario, (wire.START, wire.START_NO_METER))


@pytest.mark.parametrize(
    ("answer", "error", "most"),
    [
        (wire.JOIN_REFUSED, JoinRefusedError, 1),
        (wire.JOIN_UNANSWERED, JoinUnansweredError, 1),
        (b"", JoinUnansweredError, 71),
        (wire.METER_LOST.replace(b"\x04\xd0", b"\x03\xd0"), JoinUnansweredError, 71),
    ],
    ids=["refused", "unanswered", "nothing within our deadline", "a mutilated notification"],
)
def test_a_join_fails_by_its_result_code_or_within_our_own_deadline(
    answer: bytes, error: type[Exception], most: float
) -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        began = now()
        with pytest.raises(error):
            await link.join(PAN, CREDENTIALS)
        assert now() - began < most
        resets = bench.said(wire.RESET)
        bench.answers(wire.AUTHENTICATE, wire.AUTHENTICATE_ACCEPTED + wire.JOINED)
        await link.join(PAN, CREDENTIALS)
        assert link.is_joined
        # A module that has told nothing is still at it, for minutes.
        assert bench.said(wire.RESET) - resets == (most > 1)
        await link.close()

    on_bench(scenario, (wire.AUTHENTICATE, wire.AUTHENTICATE_ACCEPTED + answer))


@pytest.mark.parametrize("result", [0x34, 0x35, 0x52])
def test_a_session_that_we_do_not_know_of_is_ended_by_a_reset(result: int) -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        bench.answers(wire.STOP, refused(wire.STOPPED, result))

        def reset(_: bytes) -> bytes:
            bench.answers(wire.STOP, refused(wire.STOPPED, 0x10))
            return wire.STARTED_UP

        bench.answers(wire.RESET, reset)
        await link.join(PAN, CREDENTIALS)
        assert link.is_joined
        assert bench.said(wire.RESET) == 2
        await link.close()

    on_bench(scenario)


def test_a_reset_is_obeyed_while_another_command_is_under_way() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        bench.answers(wire.SCAN, b"")
        bench.answers(wire.GET_STATUS, refused(wire.STATUS_STARTED, 0x3D))
        scan = asyncio.create_task(link.scan(CREDENTIALS))
        await asyncio.sleep(1)
        scan.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scan
        began = now()
        await link.join(PAN, CREDENTIALS)
        assert now() - began < 1
        await link.close()

    on_bench(scenario)


def test_a_module_that_is_busy_is_waited_for_and_a_mute_one_is_told() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        bench.answers(wire.SEND_GET_POWER, b"")
        busy_until = now() + 6
        busy = refused(wire.STATUS_STARTED, 0x3D)
        bench.answers(
            wire.GET_STATUS, lambda _: busy if now() < busy_until else wire.STATUS_AUTHENTICATED
        )
        with pytest.raises(TransmitFailedError):
            await link.send(wire.GET_POWER)
        assert busy_until < now() < busy_until + 1
        assert link.is_joined
        assert bench.said(wire.SEND_GET_POWER) == 1
        bench.stick.table.clear()
        began = now()
        with pytest.raises(DongleTimeoutError, match="no longer answers"):
            await link.send(wire.GET_POWER)
        assert now() - began < 15
        await link.close()

    on_bench(scenario)


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (0x10, SessionLostError),
        (0x02, SessionLostError),
        (0x37, SessionLostError),
        (0x3D, TransmitFailedError),
        (0xF1, TransmitFailedError),
        (0x06, CommandFailedError),
    ],
)
def test_a_refused_datagram_tells_what_to_do(result: int, error: type[Exception]) -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        bench.answers(wire.SEND_GET_POWER, refused(wire.SENT, result))
        with pytest.raises(error):
            await link.send(wire.GET_POWER)
        assert link.is_joined == (error is not SessionLostError)
        await link.close()

    on_bench(scenario)


def test_no_acknowledgment_is_worth_asking_again() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        bench.answers(wire.SEND_GET_POWER, first(wire.SEND_NO_ACK, wire.SENT))
        with pytest.raises(TransmitFailedError):
            await link.send(wire.GET_POWER)
        await link.send(wire.GET_POWER)
        await link.close()

    on_bench(scenario)


def test_the_airtime_limit_holds_and_is_tried_each_minute_without_a_false_relief() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        limited = [wire.SEND_LIMITED] * 3
        bench.answers(wire.SEND_GET_POWER, lambda _: limited.pop() if limited else wire.SENT)
        began = now()
        sending = asyncio.create_task(link.send(wire.GET_POWER))
        await asyncio.sleep(2.5 * LIMIT_RETRY_S)
        assert bench.kinds == [TransmitHeld]
        assert bench.said(wire.SEND_GET_POWER) == 3
        await sending
        assert now() - began == pytest.approx(3 * LIMIT_RETRY_S, abs=1)
        assert bench.kinds == [TransmitHeld, TransmitReleased]
        assert link.is_joined
        await link.close()

    on_bench(scenario)


@pytest.mark.parametrize(
    ("said", "kinds", "joined"),
    [
        (wire.JOINED, [SessionRenewed], True),
        (wire.JOIN_REFUSED, [SessionEnded], False),
        (wire.JOIN_UNANSWERED, [SessionEnded], False),
        (wire.METER_LOST, [SessionEnded], False),
        (wire.STARTED_UP, [SessionEnded], False),
        (wire.SCAN_FINISHED, [], True),
    ],
    ids=["renewed", "renewal refused", "renewal unanswered", "lost", "restarted", "late answer"],
)
def test_what_the_module_tells_unasked(said: bytes, kinds: list[type], joined: bool) -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        resets = bench.said(wire.RESET)
        bench.port.say(said)
        assert (bench.kinds, link.is_joined) == (kinds, joined)
        if not joined:
            with pytest.raises(SessionLostError):
                await link.send(wire.GET_POWER)
            await link.join(PAN, CREDENTIALS)
        await link.send(wire.GET_POWER)
        # One that has restarted has lost every setting.
        assert bench.said(wire.RESET) - resets == (said == wire.STARTED_UP)
        await link.close()

    on_bench(scenario)


def test_a_stray_frame_that_cannot_be_decrypted_changes_nothing() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        bench.port.say(wire.UNDECIPHERABLE + wire.POWER)
        foreign = wire.UNDECIPHERABLE.replace(b"\x42\xa7\x5a", b"\x42\xa8\x59")
        bench.port.say(foreign)
        await link.send(wire.GET_POWER)
        assert bench.said(wire.RENEW) == 0
        assert link.ignored["undecipherable"] == 2
        await link.close()

    on_bench(scenario)


def test_doubtful_keys_are_made_anew_before_the_next_request_and_then_given_up() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        bench.answers(wire.SEND_GET_POWER, wire.SENT)
        bench.port.say(wire.UNDECIPHERABLE)
        await link.send(wire.GET_POWER)
        assert bench.words[-2:] == ["RENEW", "SEND_GET_POWER"]
        assert bench.kinds == [SessionRenewing, SessionRenewed]
        bench.port.say(wire.UNDECIPHERABLE)
        with pytest.raises(SessionLostError, match="decrypted"):
            await link.send(wire.GET_POWER)
        assert bench.kinds[2:] == [SessionEnded]
        assert bench.said(wire.RENEW) == 1
        await link.close()

    on_bench(scenario)


@pytest.mark.parametrize(
    ("answer", "most"),
    [
        (wire.RENEW_ACCEPTED + wire.JOIN_UNANSWERED, 0.1),
        (wire.RENEW_ACCEPTED, 46),
        (refused(wire.RENEW_ACCEPTED, 0x10), 0.1),
    ],
    ids=["told", "untold", "refused"],
)
def test_a_renewal_that_fails_ends_the_session(answer: bytes, most: float) -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        bench.answers(wire.RENEW, answer)
        bench.port.say(wire.UNDECIPHERABLE)
        began = now()
        with pytest.raises(SessionLostError):
            await link.send(wire.GET_POWER)
        assert now() - began < most
        assert bench.kinds == [SessionRenewing, SessionEnded]
        await link.join(PAN, CREDENTIALS)
        await link.send(wire.GET_POWER)
        await link.close()

    on_bench(scenario)


def test_a_module_that_never_starts_up_is_told() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        bench.stick.table.clear()
        began = now()
        with pytest.raises(DongleTimeoutError):
            await link.reset()
        assert now() - began < 20
        await link.close()

    on_bench(scenario)
