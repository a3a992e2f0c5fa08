"""Requests and their answers: matching, batches, repetition, notifications. Virtual time."""

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from broute_addon.echonet.frame import Esv, Frame
from broute_addon.errors import (
    MeterTimeoutError,
    PropertyRefusedError,
    SessionLostError,
    TransmitFailedError,
)
from broute_addon.messages import message
from broute_addon.meter.batch import DOUBTED_AFTER_S
from broute_addon.meter.client import REPLY_TIMEOUT_S, TRIES, MeterClient
from broute_addon.meter.pacing import BUDGET_S, FIRST_TIMEOUT_S, Airtime, Pace, RetryTimer
from broute_addon.simulator.virtual_time import run_virtual

Reply = Callable[[Frame], Sequence[tuple[float, str]]]
"""For a request: (seconds after it was sent, answer in hex with TTTT for its TID)."""


class Wire:
    """The meter's side: what was sent, and answers that come after a while."""

    def __init__(self, reply: Reply, first_tid: int = 0x0100) -> None:
        self.sent: list[Frame] = []
        self.notifications: list[Frame] = []
        self.fails = 0
        self.pace = Pace(30.0)
        self.reply = reply
        self.client = MeterClient(
            self._send,
            self.notifications.append,
            timer=RetryTimer(),
            pace=self.pace,
            first_tid=first_tid,
        )

    async def _send(self, edata: bytes) -> None:
        frame = Frame.parse(edata)
        self.sent.append(frame)
        if self.fails:
            self.fails -= 1
            raise TransmitFailedError(message("session_absent"))
        loop = asyncio.get_running_loop()
        for delay_s, answer in self.reply(frame):
            payload = bytes.fromhex(answer.replace("TTTT", f"{frame.tid:04X}"))
            loop.call_later(delay_s, self.client.received, payload)


def run(wire: Wire, work: Callable[[MeterClient], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401
    async def main() -> object:
        return await work(wire.client)

    return run_virtual(main())


POWER = "1081TTTT02880105FF017201E704000005AA"
LIVE = "1081TTTT02880105FF017202E704000005AAE8040053003E"


def live(wire: Wire) -> Any:  # noqa: ANN401
    return run(wire, lambda client: client.get((0xE7, 0xE8)))


def test_values_come_back_by_epc() -> None:
    answer = live(Wire(lambda _: [(0.5, LIVE)]))
    assert answer.values == {0xE7: bytes.fromhex("000005AA"), 0xE8: bytes.fromhex("0053003E")}
    assert not answer.refused


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param("1081FFF102880105FF017201E70400000001", id="wrong TID"),
        pytest.param("1081TTTT02890105FF017201E70400000001", id="wrong source object"),
        pytest.param("1081TTTT0288010EF0017201E70400000001", id="for another object of ours"),
        pytest.param("1081TTTT02880105FF017101E700", id="answer to another service"),
        pytest.param(
            "1081TTTT02880105FF017301EA0B07EA04050E00000001E243", id="notification with our TID"
        ),
        pytest.param("1082TTTT02880105FF017201E70400000001", id="format 2"),
        pytest.param("1081TTTT02880105FF017201E704000000", id="cut"),
        pytest.param("", id="empty"),
    ],
)
def test_what_does_not_fit_is_never_the_answer(foreign: str) -> None:
    wire = Wire(lambda _: [(0.1, foreign), (0.5, POWER)])
    answer = run(wire, lambda client: client.get((0xE7,)))
    assert answer.values == {0xE7: bytes.fromhex("000005AA")}
    assert len(wire.sent) == 1


def test_a_lost_answer_is_asked_again_with_a_new_tid() -> None:
    wire = Wire(lambda frame: [(0.5, LIVE)] if frame.tid != 0x0101 else [])
    assert live(wire).values
    assert [frame.tid for frame in wire.sent] == [0x0101, 0x0102]


def test_a_late_answer_to_the_first_transmission_still_counts() -> None:
    wire = Wire(lambda frame: [(FIRST_TIMEOUT_S + 1, LIVE)] if frame.tid == 0x0101 else [])
    assert live(wire).values
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    ("answered", "delay_s"), [(0x0101, FIRST_TIMEOUT_S + 1), (0x0102, 0.4)], ids=["late", "lost"]
)
def test_after_a_repetition_the_tid_says_how_long_the_answer_took(
    answered: int, delay_s: float
) -> None:
    wire = Wire(lambda frame: [(delay_s, LIVE)] if frame.tid == answered else [])
    live(wire)
    assert len(wire.sent) == 2
    assert wire.client.response_s == delay_s


def test_a_meter_that_became_slow_is_soon_asked_once_again() -> None:
    delays_s = [0.5] * 20
    wire = Wire(lambda _: [(delays_s.pop() if delays_s else 3.0, LIVE)])

    async def work(client: MeterClient) -> list[int]:
        """How often each request was sent."""
        times = []
        for _ in range(40):
            before = len(wire.sent)
            await client.get((0xE7, 0xE8))
            times.append(len(wire.sent) - before)
            await asyncio.sleep(30)
        return times

    times = run(wire, work)
    assert times[19:] == [1, 2] + [1] * 19
    assert wire.pace.interval_s == 30.0


def test_an_answer_that_came_while_its_repetition_was_held_back_ends_where_it_came() -> None:
    wire = Wire(lambda frame: [(FIRST_TIMEOUT_S + 4, LIVE)] if frame.tid == 0x0101 else [])
    hold_back(wire, lambda: 1800.0 if len(wire.sent) == 1 else 0.0)
    live(wire)
    assert wire.client.response_s == FIRST_TIMEOUT_S + 4


def test_a_stick_that_tells_late_of_the_sending_gives_no_answer_time() -> None:
    wire = Wire(lambda _: [(0.5, LIVE)])
    send = wire.client._send

    async def tells_late(edata: bytes) -> None:
        await send(edata)
        await asyncio.sleep(8.0)

    wire.client._send = tells_late
    assert live(wire).values
    assert wire.client.response_s is None


def hold_back(wire: Wire, wait_s: Callable[[], float]) -> None:
    """The link takes so many seconds to send."""
    send = wire.client._send

    async def later(edata: bytes) -> None:
        await asyncio.sleep(wait_s())
        await send(edata)

    wire.client._send = later


@pytest.mark.parametrize(("wait_s", "counted_s"), [(0.3, 0.3), (1800.0, 0.0)])
def test_the_answer_time_begins_when_the_stick_takes_the_request(
    wait_s: float, counted_s: float
) -> None:
    """The stick's own work counts; a transmission limit that holds the request back doesn't."""
    wire = Wire(lambda _: [(0.5, LIVE)])
    hold_back(wire, lambda: wait_s)
    live(wire)
    assert wire.client.response_s == pytest.approx(0.5 + counted_s)


def test_a_silent_meter_is_an_error_after_bounded_tries() -> None:
    wire = Wire(lambda _: [])
    with pytest.raises(MeterTimeoutError):
        live(wire)
    assert len(wire.sent) == TRIES


def test_a_datagram_that_could_not_be_transmitted_is_sent_again() -> None:
    wire = Wire(lambda _: [(0.5, LIVE)])
    wire.fails = TRIES - 1
    assert live(wire).values


def test_tids_wrap_and_skip_zero() -> None:
    wire = Wire(lambda _: [(0.1, POWER)], first_tid=0xFFFE)

    async def three(client: MeterClient) -> None:
        for _ in range(3):
            await client.get((0xE7,))

    run(wire, three)
    assert [frame.tid for frame in wire.sent] == [0xFFFF, 0x0001, 0x0002]


def test_a_partial_answer_keeps_the_good_values_and_refuses_only_what_is_refused_alone() -> None:
    replies = {
        (0xE0, 0xE3, 0xE7): "1081TTTT02880105FF015203E0040001E240E300E704000005AA",
        (0xE3,): "1081TTTT02880105FF015201E300",
    }
    wire = Wire(lambda frame: [(0.3, replies[tuple(p.epc for p in frame.properties)])])
    answer = run(wire, lambda client: client.get((0xE0, 0xE3, 0xE7)))
    assert set(answer.values) == {0xE0, 0xE7}
    assert answer.refused == {0xE3}
    assert wire.client.batch == 6


def test_an_epc_refused_in_a_batch_but_answered_alone_is_kept() -> None:
    replies = {
        (0xE7, 0xE8): "1081TTTT02880105FF015202E704000005AAE800",
        (0xE8,): "1081TTTT02880105FF017201E8040053003E",
    }
    wire = Wire(lambda frame: [(0.3, replies[tuple(p.epc for p in frame.properties)])])
    answer = live(wire)
    assert set(answer.values) == {0xE7, 0xE8}
    assert not answer.refused


def of_at_most(limit: int) -> Reply:
    """A meter that answers the first few properties only (example 5 of the documents)."""

    def reply(frame: Frame) -> Sequence[tuple[float, str]]:
        answered = frame.properties[:limit]
        esv = 0x72 if len(answered) == len(frame.properties) else 0x52
        body = "".join(f"{prop.epc:02X}0101" for prop in answered)
        return [(0.3, f"1081TTTT02880105FF01{esv:02X}{len(answered):02X}{body}")]

    return reply


def or_nothing(limit: int) -> Reply:
    """A meter that answers nothing of a request with more properties than it takes."""

    def reply(frame: Frame) -> Sequence[tuple[float, str]]:
        is_too_long = len(frame.properties) > limit
        return [(0.3, "1081TTTT02880105FF015200")] if is_too_long else of_at_most(limit)(frame)

    return reply


def once(reply: Reply, wire: Wire) -> Reply:
    """The meter's next answer only."""
    usual = wire.reply

    def replied(frame: Frame) -> Sequence[tuple[float, str]]:
        wire.reply = usual
        return reply(frame)

    return replied


WANTED = tuple(range(0xD0, 0xDA))


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
def test_the_batch_shrinks_to_what_the_meter_takes_and_nothing_is_lost(limit: int) -> None:
    wire = Wire(of_at_most(limit))

    async def twice(client: MeterClient) -> None:
        for _ in range(2):
            answer = await client.get(WANTED)
            assert set(answer.values) == set(WANTED)
            assert not answer.refused

    run(wire, twice)
    assert wire.client.batch == limit
    assert all(len(frame.properties) <= 6 for frame in wire.sent)
    assert len(wire.sent) == 2 * math.ceil(len(WANTED) / limit)  # too long a request costs nothing


def test_one_short_answer_says_nothing_of_the_meter() -> None:
    wire = Wire(of_at_most(6))

    async def work(client: MeterClient) -> None:
        for number in range(4):
            if number % 2:
                wire.reply = once(of_at_most(1), wire)
            assert len((await client.get(WANTED[:6])).values) == 6

    run(wire, work)
    assert [len(frame.properties) for frame in wire.sent] == [6, 6, 5, 6, 6, 5]
    assert wire.client.batch == 6


def test_a_spell_of_short_answers_is_forgotten_within_the_hour() -> None:
    wire = Wire(of_at_most(1))

    async def work(client: MeterClient) -> list[int]:
        """The batch after each Get."""
        sizes = []
        while asyncio.get_running_loop().time() < DOUBTED_AFTER_S + 200:
            await client.get(WANTED[:4])
            sizes.append(client.batch)
            wire.reply = of_at_most(1 if len(sizes) < 3 else 6)
            await asyncio.sleep(30)
        return sizes

    sizes = run(wire, work)
    assert sizes[:4] == [6, 1, 1, 1]
    assert sizes[-3:] == [6, 6, 6]


@pytest.mark.parametrize("limit", [1, 3])
def test_a_meter_that_takes_few_properties_is_hardly_asked_for_more(limit: int) -> None:
    wire = Wire(or_nothing(limit))

    async def work(client: MeterClient) -> None:
        for _ in range(24 * 120):
            assert len((await client.get(WANTED[:6])).values) == 6
            await asyncio.sleep(29)

    run(wire, work)
    too_long = [frame for frame in wire.sent[20:] if len(frame.properties) > limit]
    assert 1 <= len(too_long) <= 6


def test_a_limit_kept_from_an_earlier_session_is_doubted_once() -> None:
    wire = Wire(of_at_most(6))

    async def work(client: MeterClient) -> None:
        client.batch = 1
        await client.get(WANTED[:6])
        await client.get(WANTED[:6])

    run(wire, work)
    assert wire.client.batch == 6
    assert [len(frame.properties) for frame in wire.sent] == [1] * 6 + [6]


@pytest.mark.parametrize("service", ["72", "52"])
def test_an_answer_without_any_property_ends(service: str) -> None:
    wire = Wire(lambda _: [(0.1, f"1081TTTT02880105FF01{service}00")])
    answer = run(wire, lambda client: client.get((0xE0, 0xE3, 0xE7, 0xE8)))
    assert answer.refused == {0xE0, 0xE3, 0xE7, 0xE8}


def test_an_answer_with_other_properties_than_asked_ends() -> None:
    wire = Wire(lambda _: [(0.1, "1081TTTT02880105FF017202D00101D10101")])
    answer = live(wire)
    assert answer.refused == {0xE7, 0xE8}


def test_a_refused_set_names_its_epc() -> None:
    wire = Wire(lambda _: [(0.2, "1081TTTT02880105FF015101E50164")])
    with pytest.raises(PropertyRefusedError) as caught:
        run(wire, lambda client: client.set(0xE5, b"\x64"))
    assert caught.value.epcs == {0xE5}


def test_a_set_is_done_when_the_meter_accepts_it() -> None:
    wire = Wire(lambda _: [(0.2, "1081TTTT02880105FF017101E500")])
    run(wire, lambda client: client.set(0xE5, b"\x01"))
    assert wire.sent[0].esv is Esv.SET_C


def test_a_lost_session_ends_the_pending_request_at_once() -> None:
    wire = Wire(lambda _: [])

    async def cut(client: MeterClient) -> float:
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, client.abort, SessionLostError(message("session_absent")))
        with pytest.raises(SessionLostError):
            await client.get((0xE7,))
        return loop.time()

    assert run(wire, cut) == pytest.approx(1.0)


INF = "1081000102880105FF017302EA0B07EA04050E00000001E243EB0B07EA04050E000000000315"
INFC = "108102A002880105FF017402EA0B07EA04050E1E000001E24EEB0B07EA04050E1E0000000315"
INFC_RES = "108102A005FF010288017A02EA00EB00"


def test_a_notification_between_request_and_answer_goes_its_own_way() -> None:
    wire = Wire(lambda _: [(0.1, INF), (0.5, LIVE)])
    assert live(wire).values
    assert [frame.tid for frame in wire.notifications] == [0x0001]


def test_an_infc_is_answered_with_its_tid_and_epcs() -> None:
    wire = Wire(lambda _: [])

    async def work(client: MeterClient) -> None:
        async with asyncio.timeout(1):
            client.received(bytes.fromhex(INFC))
            await client.confirm_notifications()

    with pytest.raises(TimeoutError):
        run(wire, work)
    assert [frame.serialise().hex().upper() for frame in wire.sent] == [INFC_RES]
    assert len(wire.notifications) == 1


def test_an_inf_is_not_answered() -> None:
    wire = Wire(lambda _: [])

    async def work(client: MeterClient) -> None:
        async with asyncio.timeout(1):
            client.received(bytes.fromhex(INF))
            await client.confirm_notifications()

    with pytest.raises(TimeoutError):
        run(wire, work)
    assert not wire.sent


def test_a_reply_that_cannot_be_sent_is_dropped_and_the_value_is_kept() -> None:
    wire = Wire(lambda _: [])
    wire.fails = 1

    async def work(client: MeterClient) -> None:
        async with asyncio.timeout(60):
            client.received(bytes.fromhex(INFC))
            client.received(bytes.fromhex(INFC))
            await client.confirm_notifications()

    with pytest.raises(TimeoutError):
        run(wire, work)
    assert len(wire.notifications) == 2
    assert len(wire.sent) == 2  # the first failed, the repeated one was confirmed


def test_a_reply_waits_at_a_shut_gate_for_fifteen_seconds_at_most() -> None:
    wire = Wire(lambda _: [])
    gate = asyncio.Event()
    tried: list[float] = []

    async def shut(edata: bytes) -> None:
        tried.append(asyncio.get_running_loop().time())
        await gate.wait()

    wire.client._send = shut

    async def work(client: MeterClient) -> None:
        async with asyncio.timeout(60):
            client.received(bytes.fromhex(INFC))
            client.received(bytes.fromhex(INFC))
            await client.confirm_notifications()

    with pytest.raises(TimeoutError):
        run(wire, work)
    assert len(wire.notifications) == 2
    assert tried == [0.0, REPLY_TIMEOUT_S]


def test_the_timeout_follows_measured_answer_times() -> None:
    timer = RetryTimer()
    assert timer.timeout_s() == FIRST_TIMEOUT_S
    for _ in range(30):
        timer.sample(3.0)
    assert 3.0 < timer.timeout_s() < 4.0
    for _ in range(30):
        timer.sample(0.5)
    assert timer.timeout_s() == pytest.approx(2.0)
    assert timer.timeout_s(attempt=1) == pytest.approx(4.0)
    assert timer.timeout_s(attempt=9) == pytest.approx(20.0)


def test_one_answer_that_took_for_ever_lengthens_the_timeout_for_minutes_only() -> None:
    timer = RetryTimer()
    for _ in range(30):
        timer.sample(0.5)
    timer.sample(1800.0)
    for _ in range(20):
        timer.sample(0.5)
    assert timer.timeout_s() < 3.0


def test_there_is_no_gap_between_requests_until_time_outs_ask_for_one() -> None:
    wire = Wire(lambda _: [(0.5, LIVE)])

    async def thrice(client: MeterClient) -> list[float]:
        """Seconds for two requests: at first, after one lost answer, after another."""
        loop = asyncio.get_running_loop()
        took = []
        for _ in range(3):
            began = loop.time()
            await client.get((0xE7, 0xE8))
            await client.get((0xE7, 0xE8))
            took.append(loop.time() - began)
            wire.pace.asked(transmissions=2, airtime_s=0)
        return took

    at_first, after_one, after_two = run(wire, thrice)
    assert at_first == after_one == pytest.approx(1.0)  # a lone lost answer is chance
    assert after_two > 1.4


def test_the_pace_gives_way_to_time_outs_and_comes_back() -> None:
    pace = Pace(30.0)
    for _ in range(100):
        pace.asked(transmissions=1, airtime_s=0)
    assert (pace.interval_s, pace.gap_s) == (30.0, 0.0)
    for _ in range(40):
        pace.asked(transmissions=3, airtime_s=0)
    assert pace.interval_s == 240.0
    assert pace.gap_s == 2.0
    for _ in range(100):
        pace.asked(transmissions=1, airtime_s=0)
    assert (pace.interval_s, pace.gap_s) == (30.0, 0.0)


def test_a_lost_answer_now_and_then_changes_no_interval() -> None:
    pace = Pace(30.0)
    for number in range(600):
        pace.asked(transmissions=2 if number % 6 == 0 else 1, airtime_s=0)
        assert pace.interval_s == 30.0


def test_the_interval_is_never_shorter_than_asked_for_nor_stretched_beyond_reason() -> None:
    for base in (5.0, 60.0, 900.0):
        pace = Pace(base)
        for _ in range(200):
            pace.asked(transmissions=3, airtime_s=0)
            assert base <= pace.interval_s <= max(base, 300.0)


def test_much_airtime_stretches_the_interval() -> None:
    pace = Pace(5.0)
    pace.asked(transmissions=1, airtime_s=0.6 * BUDGET_S)
    assert pace.interval_s == 10.0


def test_airtime_counts_the_last_hour_only() -> None:
    airtime = Airtime()
    for second in range(0, 7200, 5):
        airtime.sent(16, float(second))
    # 720 requests of 16 octets and 64 around them, at 100 kbit/s
    assert airtime.used_s(7199.0) == pytest.approx(720 * 80 * 8 / 100_000, rel=0.03)
    assert airtime.used_s(7200.0 + 3700) == 0
