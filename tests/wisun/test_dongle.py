"""One command at a time: late answers, overruns, interleaving, cancellation, a vanished port."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from broute_addon.errors import CommandFailedError, DongleTimeoutError, TransportError
from broute_addon.simulator import run_virtual
from broute_addon.wisun.commands import ActiveScan, EchoOff, Reset, SendUdp, ShowSignal, Terminate
from broute_addon.wisun.dongle import Dongle
from broute_addon.wisun.events import (
    CommandAccepted,
    Event,
    ScanFinished,
    SessionExpired,
    TransmitResult,
    Transmitted,
)
from broute_addon.wisun.line import Line
from broute_addon.wisun.sk_variants import DUAL, SINGLE_HOP, SkVariant
from broute_addon.wisun.skstack import SkStack
from tests.support.mean_transports import (
    Answer,
    MeanPort,
    ScriptedStick,
    one_byte_at_a_time,
    random_cuts,
)
from tests.wire import sk_sessions as wire

OK = b"OK\r\n"
VERSION = b"EVER 1.5.2\r\nOK\r\n"
INFO = b"EINFO " + wire.DUAL_STICK.encode() + b" 001D129100DEF456 2D 42A7 0\r\nOK\r\n"
MARKERS: dict[bytes, Answer] = {b"\r\nSKVER": VERSION, b"\r\nSKINFO": INFO}
SENT = b"EVENT 21 " + wire.METER.encode() + b" 0 00\r\n"
SEND = SendUdp(wire.METER, wire.GET_POWER)


class Bench:
    """A dongle on a mean port with a scripted stick."""

    def __init__(self, table: dict[bytes, Answer], variant: SkVariant = DUAL) -> None:
        self.stick = ScriptedStick(MARKERS | table)
        self.port = MeanPort(self.stick)
        self.variant = variant
        self.events: list[Event] = []
        self.lost = 0
        self.dongle: Dongle

    async def open(self) -> Dongle:
        line = await Line.open(self.port.connect, "/dev/stick", 115_200)
        self.dongle = Dongle(line, SkStack(self.variant), self.events.append, self._lost)
        return self.dongle

    def _lost(self) -> None:
        self.lost += 1

    @property
    def lines(self) -> list[bytes]:
        return [data.strip() for data in self.stick.written]

    def said(self, word: bytes) -> list[bytes]:
        return [line for line in self.lines if line.startswith(word)]


def on_bench(
    scenario: Callable[[Bench], Coroutine[None, None, None]],
    table: dict[bytes, Answer],
    variant: SkVariant = DUAL,
) -> None:
    async def main() -> None:
        bench = Bench(table, variant)
        await bench.open()
        await scenario(bench)

    run_virtual(main())


def in_turn(*answers: bytes) -> Callable[[bytes], bytes]:
    queue = list(answers)
    return lambda _: queue.pop(0) if queue else b""


def test_a_late_answer_is_not_taken_for_the_next_command() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(DongleTimeoutError):
            await bench.dongle.run(SEND)
        with pytest.raises(CommandFailedError) as refused:
            await bench.dongle.run(Terminate(1.0))
        assert refused.value.code == 10

    late = SENT + b"FAIL ER06\r\n" + OK
    table: dict[bytes, Answer] = {b"\r\nSKVER": late + VERSION, b"SKTERM": b"FAIL ER10\r\n"}
    on_bench(scenario, table)


def test_a_late_marker_is_not_taken_for_the_next_one() -> None:
    async def scenario(bench: Bench) -> None:
        bench.stick.table[b"\r\nSKVER"] = b""
        with pytest.raises(DongleTimeoutError):
            await bench.dongle.run(SEND)
        bench.stick.table[b"SKRESET"] = OK
        bench.stick.table[b"\r\nSKINFO"] = lambda _: VERSION + INFO  # the SKVER's answer first
        await bench.dongle.run(Reset())
        assert bench.dongle.is_in_step

    on_bench(scenario, {})


def test_a_cancelled_command_leaves_nothing_behind() -> None:
    async def scenario(bench: Bench) -> None:
        command = asyncio.create_task(bench.dongle.run(SEND))
        await asyncio.sleep(0.1)
        command.cancel()
        with pytest.raises(asyncio.CancelledError):
            await command
        assert not bench.dongle.is_in_step
        await bench.dongle.run(EchoOff())
        assert bench.lines[-2:] == [b"SKVER", b"SKSREG SFE 0"]

    on_bench(scenario, {b"SKSREG SFE": OK})


@pytest.mark.parametrize("moment_s", [0.001, 2.0], ids=["the answer's", "the deadline's"])
def test_a_stop_at_the_very_moment_of_an_answer_or_a_deadline_is_a_stop(moment_s: float) -> None:
    async def scenario(bench: Bench) -> None:
        if moment_s == 2.0:
            bench.stick.table[b"SKSREG SFE"] = b""
        command = asyncio.create_task(bench.dongle.run(EchoOff()))
        loop = asyncio.get_running_loop()
        # Before, between and after what else happens at this moment.
        for tick in range(3):
            loop.call_at(moment_s, lambda tick=tick: _later(tick, command.cancel))  # type: ignore[misc]
        await asyncio.wait([command])
        assert command.cancelled()
        assert loop.time() == moment_s
        bench.stick.table[b"SKSREG SFE"] = OK
        await bench.dongle.run(EchoOff())

    on_bench(scenario, {b"SKSREG SFE": OK})


def _later(ticks: int, call: Callable[[], object]) -> None:
    if ticks:
        asyncio.get_running_loop().call_soon(_later, ticks - 1, call)
    else:
        call()


def test_a_line_lost_to_an_overrun_is_said_again() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.dongle.run(EchoOff())
        assert bench.lines == [b"SKSREG SFE 0", b"SKVER", b"SKSREG SFE 0"]

    on_bench(scenario, {b"SKSREG SFE": in_turn(b"SKSR\r\nFAIL ER09\r\n", OK)})


def test_a_datagram_is_never_sent_twice() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(DongleTimeoutError):
            await bench.dongle.run(SEND)
        assert sum(line.startswith(b"SKSENDTO") for line in bench.lines) == 1

    on_bench(scenario, {})


@pytest.mark.parametrize(
    "answer", [SENT + OK, OK + SENT, b"\r\n" + OK + SENT], ids=["21 first", "OK first", "bare CRLF"]
)
def test_ok_and_event_21_may_come_in_either_order(answer: bytes) -> None:
    async def scenario(bench: Bench) -> None:
        events = await bench.dongle.run(SEND)
        assert Transmitted(TransmitResult.SENT) in events

    on_bench(scenario, {b"SKSENDTO": answer})


def test_a_solicitation_is_not_the_end_of_a_send() -> None:
    async def scenario(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, bench.port.say, SENT)
        await bench.dongle.run(SEND)
        assert loop.time() >= 0.5

    on_bench(scenario, {b"SKSENDTO": SENT.replace(b" 00", b" 02") + OK})


def test_a_missing_event_21_does_not_make_the_stick_faulty() -> None:
    async def scenario(bench: Bench) -> None:
        events = await bench.dongle.run(SEND)
        assert not [event for event in events if isinstance(event, Transmitted)]

    on_bench(scenario, {b"SKSENDTO": OK})


def test_a_sent_datagram_whose_ok_was_lost_is_sent() -> None:
    async def scenario(bench: Bench) -> None:
        assert Transmitted(TransmitResult.SENT) in await bench.dongle.run(SEND)

    on_bench(scenario, {b"SKSENDTO": SENT})


def test_a_mute_stick_is_told_within_its_deadlines() -> None:
    async def scenario(bench: Bench) -> None:
        bench.stick.table.clear()
        with pytest.raises(DongleTimeoutError, match="no longer answers"):
            await bench.dongle.run(EchoOff())
        assert asyncio.get_running_loop().time() < 6

    on_bench(scenario, {})


def test_two_callers_never_interleave() -> None:
    async def scenario(bench: Bench) -> None:
        bench.port.delay_s = 0.1
        await asyncio.gather(*(bench.dongle.run(EchoOff()) for _ in range(3)))
        assert asyncio.get_running_loop().time() == pytest.approx(0.3)

    on_bench(scenario, {b"SKSREG SFE": OK})


FORMS = {SINGLE_HOP: b"SKSCAN 2 0FFFFFFF 4", DUAL: b"SKSCAN 2 0FFFFFFF 4 0"}
SCAN = ActiveScan(4, paired=True)
FINISHED = OK + b"EVENT 22 " + wire.DUAL_STICK.encode() + b"\r\n"
ER05, ER06 = b"FAIL ER05\r\n", b"FAIL ER06\r\n"

on_both_forms = pytest.mark.parametrize(
    ("variant", "other"), [(SINGLE_HOP, DUAL), (DUAL, SINGLE_HOP)], ids=lambda form: form.name
)


@on_both_forms
def test_er05_that_stays_tries_the_other_form_with_a_warning(
    variant: SkVariant, other: SkVariant, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = FORMS[variant], FORMS[other]

    async def scenario(bench: Bench) -> None:
        bench.stick.table[first + b"\r"] = ER05
        bench.stick.table[second + b"\r"] = FINISHED
        assert ScanFinished() in await bench.dongle.run(SCAN)
        await bench.dongle.run(SCAN)
        assert bench.said(b"SKSCAN") == [first, first, second, second]

    with caplog.at_level("WARNING"):
        on_bench(scenario, {}, variant)
    assert len(caplog.records) == 1


@on_both_forms
def test_er05_once_is_a_lost_character_and_said_again_as_it_was(
    variant: SkVariant, other: SkVariant, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        assert ScanFinished() in await bench.dongle.run(SCAN)
        assert bench.said(b"SKSCAN") == [FORMS[variant]] * 2
        assert FORMS[other] not in bench.lines

    with caplog.at_level("WARNING"):
        on_bench(scenario, {b"SKSCAN": in_turn(ER05, FINISHED)}, variant)
    assert not caplog.records


def test_er05_in_both_forms_is_an_error() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(CommandFailedError):
            await bench.dongle.run(SCAN)

    on_bench(scenario, {b"SKSCAN": ER05})


@on_both_forms
def test_a_form_that_the_stick_has_taken_is_never_doubted_again(
    variant: SkVariant, other: SkVariant
) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.dongle.run(SCAN)
        for _ in range(2):
            with pytest.raises(CommandFailedError):
                await bench.dongle.run(SCAN)
            with pytest.raises(CommandFailedError):
                await bench.dongle.run(SEND)
        assert FORMS[other] not in bench.lines
        assert {b" 0E1A 1 0 " in line for line in bench.said(b"SKSENDTO")} == {variant.side}

    scans = in_turn(FINISHED, *[ER05] * 4)
    on_bench(scenario, {b"SKSCAN": scans, b"SKSENDTO": ER06}, variant)


def test_a_wrong_guess_is_taken_back() -> None:
    """The first datagram loses a digit; the next one is said as the stick wants it again."""

    async def scenario(bench: Bench) -> None:
        with pytest.raises(CommandFailedError):
            await bench.dongle.run(SEND)
        await bench.dongle.run(ShowSignal())
        assert b"SKSREG SA2 1" not in bench.lines  # the transmit power of a single-hop stick
        await bench.dongle.run(SEND)
        await bench.dongle.run(SEND)
        sides = [b" 0E1A 1 0 " in line for line in bench.said(b"SKSENDTO")]
        assert sides == [False, True, True, False, False]

    sends = in_turn(ER06, ER05, ER05, OK + SENT, OK + SENT)
    on_bench(scenario, {b"SKSENDTO": sends, b"SKSREG": OK}, SINGLE_HOP)


@pytest.mark.parametrize(
    ("answer", "times"),
    [(b"FAIL ER04\r\n", 2), (ER05, 2), (ER06, 2), (b"FAIL ER10\r\n", 1)],
)
def test_a_stick_without_a_nicety_is_used_without_it(answer: bytes, times: int) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.dongle.run(EchoOff())
        await bench.dongle.run(ShowSignal())
        said = [b"SKSREG SFE 0"] * times + [b"SKSREG SA2 1"] * times
        assert bench.said(b"SKSREG") == said
        assert bench.dongle.is_in_step

    on_bench(scenario, {b"SKSREG": answer})


@pytest.mark.parametrize("answer", [b"FAIL ER04\r\n", ER05, ER06])
def test_a_nicety_of_which_a_character_got_lost_is_said_again(answer: bytes) -> None:
    async def scenario(bench: Bench) -> None:
        events = await bench.dongle.run(ShowSignal())
        assert events == (CommandAccepted(),)
        assert bench.said(b"SKSREG") == [b"SKSREG SA2 1"] * 2

    on_bench(scenario, {b"SKSREG": in_turn(answer, OK)})


def test_events_between_the_echo_and_ok_reach_everybody() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.dongle.run(EchoOff())
        assert bench.events == [SessionExpired()]

    expired = b"EVENT 29 " + wire.METER.encode() + b" 0\r\n"
    on_bench(scenario, {b"SKSREG SFE": b"SKSREG SFE 0\r\n" + expired + OK})


@pytest.mark.parametrize("dies_after", [0, 1, 2])
def test_a_port_that_dies_in_the_middle_of_an_answer_is_told_at_once(dies_after: int) -> None:
    async def scenario(bench: Bench) -> None:
        if dies_after:
            bench.port.dies_after = dies_after
        else:
            asyncio.get_running_loop().call_later(0.0005, bench.port.die)
        with pytest.raises(TransportError, match="has gone"):
            await bench.dongle.run(Reset())
        with pytest.raises(TransportError):
            await bench.dongle.run(Reset())
        assert bench.lost == 1
        assert asyncio.get_running_loop().time() < 0.1

    on_bench(scenario, {b"SKRESET": OK})


@pytest.mark.parametrize("cut", [one_byte_at_a_time, random_cuts(1), random_cuts(2)])
def test_no_chunking_confuses_an_exchange(cut: Callable[[bytes], object]) -> None:
    async def scenario(bench: Bench) -> None:
        bench.port.cut = cut  # type: ignore[assignment]
        for _ in range(3):
            await bench.dongle.run(SEND)
            await bench.dongle.run(EchoOff())

    answer = SENT + OK + wire.erxudp_binary(wire.POWER_3338_W)
    on_bench(scenario, {b"SKSENDTO": answer, b"SKSREG SFE": b"SKSREG SFE 0\r\n" + OK})
