"""What the link does when a stick refuses: a scripted stick says FAIL at the chosen moment."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from broute_addon.errors import CommandFailedError, SessionLostError, TransmitFailedError
from broute_addon.redaction import Secret
from broute_addon.simulator import run_virtual
from broute_addon.wisun.events import LinkEvent, SessionEnded, TransmitHeld
from broute_addon.wisun.link import Link
from broute_addon.wisun.values import Credentials, MacAddress, Pan
from tests.support.mean_transports import Answer, MeanPort, ScriptedStick
from tests.wire import sk_sessions as wire

OK, ER10 = b"OK\r\n", b"FAIL ER10\r\n"
PAN = Pan(0x2D, 0x42A7, MacAddress.parse(wire.MAC))
CREDENTIALS = Credentials(Secret("0000009A4C1E77B20D95A3F8215C3E7F"), Secret("Q7W3K9X2M5T8"))
EVENT = b"EVENT %s " + wire.METER.encode() + b" 0%s\r\n"
JOINED = OK + EVENT % (b"25", b"")
CLOSED = OK + EVENT % (b"27", b"")
FOUND = OK + f"EPANDESC\r\n  Channel:2D\r\n  Pan ID:42A7\r\n  Addr:{wire.MAC}\r\n".encode()
FOUND += b"  LQI:B2\r\n  PairID:215C3E7F\r\n" + EVENT % (b"22", b"")
SENT = EVENT % (b"21", b" 00") + OK

TABLE: dict[bytes, Answer] = {
    b"SKVER": b"EVER 1.5.2\r\nOK\r\n",
    b"\r\nSKVER": b"EVER 1.5.2\r\nOK\r\n",
    b"SKINFO": f"EINFO {wire.DUAL_STICK} 001D129100DEF456 2D 42A7 0\r\nOK\r\n".encode(),
    b"\r\nSKINFO": f"EINFO {wire.DUAL_STICK} 001D129100DEF456 2D 42A7 0\r\nOK\r\n".encode(),
    b"ROPT": b"OK 00\r",
    b"SKRESET": OK,
    b"SKSREG": OK,
    b"SKSET": OK,
    b"SKJOIN": JOINED,
    b"SKTERM": CLOSED,
    b"SKSENDTO": SENT,
}


class Bench:
    """A link on a scripted stick."""

    def __init__(self, table: dict[bytes, Answer]) -> None:
        self.stick = ScriptedStick(TABLE | table)
        self.port = MeanPort(self.stick)
        self.events: list[LinkEvent] = []

    async def open(self) -> Link:
        return await Link.open(
            self.port.connect, "/dev/stick", on_datagram=lambda _: None, on_event=self.events.append
        )

    async def joined(self) -> Link:
        link = await self.open()
        await link.join(PAN, CREDENTIALS)
        return link

    def said(self, word: bytes) -> int:
        return sum(data.startswith(word) for data in self.stick.written)


def first(answer: bytes, then: bytes) -> Callable[[bytes], bytes]:
    queue = [answer]
    return lambda _: queue.pop() if queue else then


def on_bench(scenario: Callable[[Bench], Coroutine[None, None, None]], **table: Answer) -> None:
    run_virtual(scenario(Bench({word.encode(): answer for word, answer in table.items()})))


def test_a_datagram_refused_with_er10_means_that_the_session_is_gone() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        with pytest.raises(SessionLostError, match="no longer sends"):
            await link.send(wire.GET_POWER)
        assert [type(event) for event in bench.events] == [SessionEnded]
        assert not link.is_joined
        await link.close()

    on_bench(scenario, SKSENDTO=ER10)


def test_during_the_airtime_limit_er10_says_nothing_of_the_session() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        with pytest.raises(TransmitFailedError):
            await link.send(wire.GET_POWER)
        assert [type(event) for event in bench.events] == [TransmitHeld]
        assert link.is_joined
        await link.close()

    on_bench(scenario, SKSENDTO=EVENT % (b"32", b"") + ER10)


def test_another_refusal_of_a_datagram_is_the_sticks_fault() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        with pytest.raises(CommandFailedError):
            await link.send(wire.GET_POWER)
        await link.close()

    on_bench(scenario, SKSENDTO=b"FAIL ER01\r\n")


@pytest.mark.parametrize("code", [b"ER04", b"ER05", b"ER06", b"ER09"])
def test_a_datagram_of_which_a_character_got_lost_is_worth_asking_again(code: bytes) -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        await link.scan(CREDENTIALS)
        await link.join(PAN, CREDENTIALS)
        with pytest.raises(TransmitFailedError):
            await link.send(wire.GET_POWER)
        assert link.is_joined
        await link.send(wire.GET_POWER)
        assert bench.events == []
        await link.close()

    on_bench(scenario, SKSENDTO=first(b"FAIL " + code + b"\r\n", SENT), SKSCAN=FOUND)


def test_a_datagram_without_any_answer_is_asked_again_when_the_stick_is_alive() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        with pytest.raises(TransmitFailedError):
            await link.send(wire.GET_POWER)
        assert link.is_joined
        await link.close()

    on_bench(scenario, SKSENDTO=b"")


def test_a_join_refused_for_an_unknown_session_ends_that_one_first() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        assert (bench.said(b"SKTERM"), bench.said(b"SKJOIN")) == (1, 2)
        await link.send(wire.GET_POWER)
        await link.close()

    on_bench(scenario, SKJOIN=first(ER10, JOINED))


def test_a_join_refused_for_another_reason_is_the_sticks_fault() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(CommandFailedError):
            await bench.joined()
        assert bench.said(b"SKTERM") == 0

    on_bench(scenario, SKJOIN=b"FAIL ER06\r\n")


def test_a_reset_refused_for_a_session_ends_it_first() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.open()
        assert (bench.said(b"SKTERM"), bench.said(b"SKRESET")) == (1, 2)
        await link.close()

    on_bench(scenario, SKRESET=first(ER10, OK))


def test_a_start_without_trouble_says_nothing_needless() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        words = [data.split()[0] for data in bench.stick.written if data.strip()]
        assert b" ".join(words).decode() == (
            "SKVER SKINFO ROPT SKRESET SKSREG SKSREG SKSETPWD SKSETRBID SKSREG SKSREG SKJOIN"
        )
        await link.close()

    on_bench(scenario)


@pytest.mark.parametrize("register", [b"SFE", b"SA2"])
@pytest.mark.parametrize("code", [b"ER04", b"ER05", b"ER06", b"ER10"])
def test_a_stick_that_refuses_a_nicety_is_read_all_the_same(register: bytes, code: bytes) -> None:
    def refusing(line: bytes) -> bytes:
        return b"FAIL " + code + b"\r\n" if register in line else OK

    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        await link.send(wire.GET_POWER)
        assert bench.said(b"SKSREG " + register) in {1, 2}
        await link.close()

    on_bench(scenario, SKSREG=refusing)


@pytest.mark.parametrize("answer", [ER10, OK + EVENT % (b"28", b"")])
def test_leaving_never_fails_for_a_session_that_is_not_there(answer: bytes) -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        await link.terminate()
        assert not link.is_joined
        assert bench.events == []
        await link.close()

    on_bench(scenario, SKTERM=answer)


def test_leaving_waits_no_longer_than_it_may() -> None:
    async def scenario(bench: Bench) -> None:
        link = await bench.joined()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await link.terminate(2.0)
        assert loop.time() - began == pytest.approx(2.0, abs=0.1)
        await link.close()

    on_bench(scenario, SKTERM=OK)


@pytest.mark.parametrize("baud", [115_200, 57_600])
def test_an_odd_rate_is_used_and_named(baud: int, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(bench: Bench) -> None:
        bench.port.baud = baud
        link = await bench.joined()
        assert link.identity.baud == baud
        await link.close()

    on_bench(scenario)
    assert ("set to 57600 baud" in caplog.text) == (baud == 57_600)
