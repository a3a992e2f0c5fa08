"""Faults by name: the grammar, and that each kind does what it says."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from broute_addon.simulator import AirConfig, FaultSpec, MeterConfig, parse_fault, run_virtual
from broute_addon.simulator.faults import CONDITIONS, EVENTS
from broute_addon.simulator.household import DAY_S
from broute_addon.simulator.skstack import SkStack
from tests.simulator.bench import METER, Bench
from tests.simulator.test_skstack import GET_E7

POWER = "1081123405FF010288016201E700"
ANSWER = "1081123402880105FF017201E704"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("expire", FaultSpec("expire")),
        ("lost-answer=0.25", FaultSpec("lost-answer", "0.25")),
        ("unplug@30+5", FaultSpec("unplug", None, 30.0, 5.0)),
        ("late-answer=6@1.5", FaultSpec("late-answer", "6", 1.5)),
        ("clock-step=-90@10", FaultSpec("clock-step", "-90", 10.0)),
        ("move-channel=3B", FaultSpec("move-channel", "3B")),
        ("move-pan=12AB@9", FaultSpec("move-pan", "12AB", 9.0)),
        ("unplug@join+5", FaultSpec("unplug", None, 0.0, 5.0, "join")),
    ],
)
def test_fault_grammar(text: str, spec: FaultSpec) -> None:
    assert parse_fault(text) == spec


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "unplug@", "unplug+5", "lost-answer=often", "move-channel=99", "clock-step"],
)
def test_a_wrong_fault_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        parse_fault(text)


async def joined(config: dict[str, Any]) -> Bench:
    bench = Bench(**config)
    await bench.open()
    await bench.join()
    return bench


def with_joined(scenario: Callable[[Bench], Awaitable[None]], **config: Any) -> None:  # noqa: ANN401
    config.setdefault("meter", MeterConfig(inf="none"))

    async def run() -> None:
        bench = await joined(config)
        await scenario(bench)
        bench.house.close()

    run_virtual(run())


async def exchange(bench: Bench) -> bytes:
    return await bench.type(bench.sendto(bytes.fromhex(POWER)), 8)


def test_lost_requests_and_answers_are_sent_but_unanswered() -> None:
    async def scenario(bench: Bench) -> None:
        for kind in ("lost-request", "lost-answer", "mute-meter"):
            if kind == "mute-meter":
                bench.house.faults.hold(kind, for_s=7)
            else:
                bench.house.faults.next(kind)
            heard = await exchange(bench)
            assert f"EVENT 21 {METER} 0 00".encode() in heard, kind
            assert b"ERXUDP" not in heard, kind
            assert ANSWER.encode() in await exchange(bench), kind

    with_joined(scenario, states=("hex",))


@pytest.mark.parametrize(
    ("kind", "mark", "count"),
    [
        ("doubled-answer", ANSWER, 2),
        ("doubled-line", ANSWER, 2),
        ("wrong-tid", ANSWER[:4] + "4834" + ANSWER[8:], 1),
        ("cut-answer", " 0011 " + ANSWER, 1),
        ("wrong-length", " 0019 " + ANSWER, 1),
        ("no-data", ANSWER + "7FFFFFFE", 1),
        ("notification-first", "02880105FF017302EA0B", 1),
        ("missing-ok", "\r\nOK\r\n", 0),
        ("missing-event21", "EVENT 21", 0),
        ("unacknowledged", f"EVENT 21 {METER} 0 01", 1),
        ("busy-channel", f"EVENT 21 {METER} 0 01", 1),
        ("undeciphered", ANSWER, 0),
        ("cut-line", f"EVENT 21 {METER} 0 00\r\n", 0),
        ("overrun", "FAIL ER09", 1),
    ],
)
def test_a_fault_strikes_once_and_is_over(kind: str, mark: str, count: int) -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.next(kind)
        assert (await exchange(bench)).count(mark.encode()) == count
        if kind == "overrun":
            assert await bench.type(b"\r\n") == b""
        assert (await exchange(bench)).count(mark.encode()) != count or count == 1
        assert bench.house.faults.struck[kind] == 1

    with_joined(scenario, states=("hex",))


def test_a_command_that_lost_a_byte_is_short_of_it() -> None:
    async def scenario(bench: Bench) -> None:
        stick = bench.house.stick
        assert isinstance(stick, SkStack)
        line = b"SKSREG SFE 0\r\n"
        shorter = {line[:at] + line[at + 1 :] for at in range(len(line))}
        bench.house.faults.hold("cut-command")
        for _ in range(20):
            taken: list[bytes] = []
            monkeypatch.setattr(stick.editor, "receive", taken.append)
            bench.write(line)
            await bench.quiet(0.1)
            monkeypatch.undo()
            assert set(taken) <= shorter
            assert len(taken) == 1

    with pytest.MonkeyPatch.context() as monkeypatch:
        with_joined(scenario)


def test_a_stalled_log_in_ends_after_two_datagrams() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.type(b"SKTERM\r\n", 2)
        bench.house.faults.next("stalled-join")
        bench.write(f"SKJOIN {METER}\r\n".encode())
        heard = await bench.until(b"EVENT 24")
        assert heard.count(b"02CC 02CC") == 2

    with_joined(scenario)


def test_a_stick_can_be_made_to_renew_its_session() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("renew")
        assert f"EVENT 25 {METER} 0".encode() in await bench.quiet(4)
        assert await bench.ask(POWER) is not None

    with_joined(scenario)


def test_another_pan_id_is_silence_until_it_is_scanned() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("move-pan", "12AB")
        assert await bench.ask(POWER) is None
        assert b"Pan ID:12AB" in await bench.type(b"SKSCAN 2 FFFFFFFF 5 0\r\n", 10)

    with_joined(scenario)


def test_a_power_cut_takes_meter_and_stick() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("power-cut", for_s=10)
        await bench.quiet(1)
        assert isinstance(bench.lost_error, OSError)
        await bench.quiet(10)
        await bench.open()
        await bench.join()
        assert await bench.ask(POWER) is not None

    with_joined(scenario)


def test_a_notification_comes_twice_and_a_signal_fades() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.next("doubled-notification")
        bench.house.faults.hold("fade", 100)
        heard = await bench.quiet(1800)
        assert heard.count(b"02880105FF017302EA0B") == 2
        assert heard.count(b" 7D 1 0 ") + heard.count(b" 7E 1 0 ") + heard.count(b" 7C 1 0 ") == 2

    with_joined(
        scenario,
        states=("hex", "sa2"),
        meter=MeterConfig(),
        air=AirConfig(lqi=0xE1, lqi_jitter=1),
    )


def test_a_late_answer_comes_late() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.hold("late-answer", 25)
        began = bench.now()
        bench.write(bench.sendto(GET_E7))
        await bench.until(b"ERXUDP ")
        assert 25 < bench.now() - began < 30

    with_joined(scenario)


def test_noise_and_blank_lines_stand_before_a_line() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.hold("garbage")
        bench.house.faults.hold("blank-lines")
        heard = await exchange(bench)
        assert ANSWER.encode() in heard
        assert heard.count(b"\r\n\r\n") >= 2

    with_joined(scenario, states=("hex",))


@pytest.mark.parametrize("kind", ["mute-stick", "stalled-stick"])
def test_a_stick_that_hangs_says_nothing(kind: str) -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.hold(kind)
        assert await bench.type(b"SKVER\r\n", 5) == b""
        reset = await bench.type(b"SKRESET\r\n", 5)
        assert (reset == b"OK\r\n") == (kind == "stalled-stick")
        bench.house.faults.fire("unplug", for_s=1)
        await bench.quiet(3)
        await bench.open()
        assert b"EVER" in await bench.type(b"SKVER\r\n")

    with_joined(scenario)


def test_a_pulled_stick_has_lost_its_session_when_it_comes_back() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("unplug", for_s=5)
        await bench.quiet(1)
        assert isinstance(bench.lost_error, OSError)
        with pytest.raises(FileNotFoundError):
            await bench.open()
        await bench.quiet(5)
        await bench.open()
        assert b"FAIL ER10" in await bench.type(b"SKTERM\r\n")

    with_joined(scenario)


def test_a_new_stick_is_deaf_while_it_boots() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("unplug", for_s=1)
        await bench.quiet(1)
        await bench.open()
        assert await bench.type(b"SKVER\r\n", 2) == b""
        await bench.quiet(1)
        assert b"EVER" in await bench.type(b"SKVER\r\n")

    with_joined(scenario, module="rs-wsuha-p")


def test_a_brown_out_restarts_the_stick() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("reset-stick")
        assert b"FAIL ER10" in await bench.type(b"SKTERM\r\n")

    with_joined(scenario)


def test_an_exchanged_meter_has_another_serial_and_starts_at_zero() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("exchange", "ZZ99")
        assert await bench.ask(POWER) is None
        bench.write(f"SKJOIN {METER}\r\n".encode())
        await bench.until(b"EVENT 25")
        await bench.quiet(5)
        answer = await bench.ask("1081000105FF0102880162028D00E000")
        assert answer is not None
        assert answer[24:].startswith("8D0C" + b"ZZ99".hex().upper())
        assert answer.endswith("E00400000000")
        await bench.ask("1081000105FF010288016101E50101")
        history = await bench.ask("1081000105FF010288016201E200")
        assert history is not None
        assert history.endswith("FFFFFFFE" * 48)

    with_joined(scenario)


def test_a_meter_with_a_fault_announces_it_and_its_end() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("meter-fault", for_s=60)
        assert b"028801" + b"0EF001" + b"7301880141" in await bench.quiet(1)
        assert b"7301880142" in await bench.quiet(60)

    with_joined(scenario, states=("hex",))


def test_a_step_of_the_meters_clock_moves_its_day() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.fire("clock-step", str(DAY_S))
        answer = await bench.ask("1081000105FF0102880162019800")
        assert answer is not None
        assert answer.endswith("980407EA0406")

    with_joined(scenario)


def test_scheduled_faults_come_and_go() -> None:
    async def scenario(bench: Bench) -> None:
        began = bench.now()
        await bench.quiet(100 - began)
        assert await bench.ask(POWER) is None
        await bench.quiet(50)
        assert await bench.ask(POWER) is not None

    with_joined(scenario, faults=(parse_fault("mute-meter@90+40"),))


def test_probabilities_are_kept_and_repeat_with_the_seed() -> None:
    async def scenario(bench: Bench) -> None:
        bench.house.faults.hold("lost-answer", 0.3)
        for _ in range(200):
            bench.write(bench.sendto(GET_E7))
            await bench.quiet(5)
        lost.append(bench.house.faults.struck["lost-answer"])

    lost: list[int] = []
    for _ in range(2):
        with_joined(scenario)
    assert lost[0] == lost[1]
    assert 40 <= lost[0] <= 80


def test_every_kind_has_a_meaning_and_a_hook() -> None:
    """A kind that no code asks for would be a fault that never happens."""
    folder = Path(__file__).parents[2] / "broute_addon" / "simulator"
    code = {path.name: path.read_text() for path in folder.glob("*.py")}
    users = "".join(text for name, text in code.items() if name != "faults.py")
    for kind, meaning in {**CONDITIONS, **EVENTS}.items():
        assert meaning
        assert f'"{kind}"' in users, kind
