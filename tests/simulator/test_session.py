"""The life of a session: joins that work and fail, renewal, expiry, silence, notifications."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from broute_addon.simulator import AirConfig, MeterConfig, run_virtual
from tests.simulator.bench import METER, START, Bench
from tests.simulator.test_skstack import GET_E7

SESSION_BROKEN = b"EVENT 21 " + METER.encode() + b" 0 01\r\n"
POWER = "1081000105FF010288016201E700"


def with_bench(scenario: Callable[[Bench], Awaitable[None]], **config: Any) -> None:  # noqa: ANN401
    async def run() -> None:
        async with Bench(**config) as bench:
            await scenario(bench)

    run_virtual(run())


async def failing_join(bench: Bench) -> tuple[float, bytes]:
    began = bench.now()
    bench.write(f"SKJOIN {METER}\r\n".encode())
    heard = await bench.until(f"EVENT 24 {METER} 0\r\n".encode())
    return bench.now() - began, heard


def test_a_wrong_password_is_talked_about_before_it_is_refused() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.prepare()
        await bench.type(b"SKSETPWD C AAAABBBBCCCC\r\n")
        seconds, heard = await failing_join(bench)
        assert heard.count(b"02CC 02CC") == 3
        assert seconds < 10

    with_bench(scenario)


@pytest.mark.parametrize(
    "spoil",
    [b"SKSREG S2 2F\r\n", b"SKSREG S3 42A8\r\n", None],
    ids=["wrong channel", "wrong PAN", "absent meter"],
)
def test_nobody_there_is_silence_for_38_seconds(spoil: bytes | None) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.prepare()
        if spoil:
            await bench.type(spoil)
        else:
            bench.house.faults.hold("out-of-reach")
        seconds, heard = await failing_join(bench)
        assert b"ERXUDP" not in heard
        assert seconds == pytest.approx(38, abs=0.5)

    with_bench(scenario)


def test_a_join_takes_no_second_one_and_no_transmission_beside_it() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.prepare()
        bench.write(f"SKJOIN {METER}\r\n".encode())
        await bench.until(b"ERXUDP")
        assert b"FAIL ER10" in await bench.type(f"SKJOIN {METER}\r\n".encode(), 0.1)
        assert b"FAIL ER10" in await bench.type(bench.sendto(GET_E7), 0.1)
        await bench.until(b"EVENT 25")

    with_bench(scenario)


def test_a_join_ends_a_scan() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.prepare()
        assert b"OK" in await bench.type(b"SKSCAN 2 FFFFFFFF 6 0\r\n", 1)
        bench.write(f"SKJOIN {METER}\r\n".encode())
        assert b"EVENT 22" not in await bench.quiet(20)

    with_bench(scenario)


def test_the_instance_list_follows_a_join_within_four_seconds() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.prepare()
        bench.write(f"SKJOIN {METER}\r\n".encode())
        await bench.until(b"EVENT 25")
        heard = await bench.quiet(4.1)
        assert b"FF02:0000:0000:0000:0000:0000:0000:0001 0E1A 0E1A" in heard
        assert b"108100000EF0010EF0017301D50401028801" in heard

    with_bench(scenario, states=("hex",))


def test_the_module_renews_the_session_by_itself_at_four_fifths() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        await bench.quiet(69_120 - 10)
        assert b"EVENT 25" not in bench.heard
        heard = await bench.quiet(15)
        assert heard.count(b"02CC 02CC") == 4
        assert f"EVENT 25 {METER} 0".encode() in heard
        assert await bench.ask(POWER) is not None

    with_bench(scenario, meter=MeterConfig(inf="none"))


def test_without_renewal_the_session_expires_and_is_made_anew() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        await bench.type(b"SKSREG S17 0\r\n")
        heard = await bench.quiet(86_400)
        assert heard.count(b"EVENT 29") == 1
        assert heard.index(b"EVENT 29") < heard.index(b"EVENT 25")

    with_bench(scenario, meter=MeterConfig(inf="none"))


def test_a_lifetime_can_be_a_minute() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        assert (await bench.quiet(200)).count(b"EVENT 25") == 4  # every 48 s and the join itself

    with_bench(scenario, air=AirConfig(lifetime_s=60), meter=MeterConfig(inf="none"))


@pytest.mark.parametrize(
    ("fault", "events"),
    [
        ("expire", [b"EVENT 29", b"EVENT 25"]),
        ("expire-fail", [b"EVENT 29", b"EVENT 24"]),
        ("terminate", [b"EVENT 26"]),
    ],
)
def test_the_ends_of_a_session_are_told(fault: str, events: list[bytes]) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        bench.house.faults.fire(fault)
        heard = await bench.quiet(10)
        told = [line[:8] for line in heard.split(b"\r\n") if line[:8] in events]
        assert told == events
        works = await bench.ask(POWER) is not None
        assert works == (fault == "expire")
        if not works:
            assert SESSION_BROKEN in bench.take()

    with_bench(scenario)


def test_a_forgotten_session_is_acknowledged_silence() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        bench.house.faults.fire("forget-session")
        assert await bench.ask(POWER) is None
        assert SESSION_BROKEN not in bench.take()

    with_bench(scenario)


def test_a_meter_reads_nothing_from_a_session_it_did_not_open_last() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        stale = bench.house.node.session
        assert stale is not None
        bench.house.node.open_session()
        await bench.quiet(5)
        bench.house.node.receive(stale, bytes.fromhex("1081000105FF010288016101E50107"), 0.2)
        await bench.quiet(5)
        assert bench.house.meter.state.history_1_day == 0xFF

    with_bench(scenario)


def test_a_meter_without_power_is_unreachable_then_silent_until_a_new_join() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        bench.house.faults.fire("reboot", for_s=30)
        assert await bench.ask(POWER) is None
        assert SESSION_BROKEN in bench.take()
        await bench.quiet(30)
        assert await bench.ask(POWER) is None
        assert SESSION_BROKEN not in bench.take()
        terminated = await bench.type(b"SKTERM\r\n", 11)
        assert f"EVENT 28 {METER} 0".encode() in terminated
        bench.write(f"SKJOIN {METER}\r\n".encode())
        await bench.until(b"EVENT 25")
        await bench.quiet(5)
        assert await bench.ask(POWER) is not None

    with_bench(scenario)


def test_a_meter_that_moved_is_found_again_on_its_new_channel() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        bench.house.faults.fire("move-channel", "3B")
        assert await bench.ask(POWER) is None
        assert b"Channel:3B" in await bench.type(b"SKSCAN 2 FFFFFFFF 5 0\r\n", 10)

    with_bench(scenario)


def test_the_airtime_limit_cancels_transmissions_until_it_is_released() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        bench.house.faults.fire("budget", for_s=60)
        assert b"EVENT 32 " in await bench.quiet(1)
        assert b"ESREG 1\r\n" in await bench.type(b"SKSREG SFB\r\n")
        assert await bench.ask(POWER) is None
        assert SESSION_BROKEN in bench.take()
        assert b"EVENT 33 " in await bench.quiet(60)
        assert await bench.ask(POWER) is not None

    with_bench(scenario)


def test_six_minutes_of_transmission_in_an_hour_are_the_limit() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        airtime = bench.house.radio.airtime
        for _ in range(3700):
            airtime.count(1142)  # 97.76 ms each: 361.7 s
        assert b"EVENT 32 " in await bench.quiet(1)
        assert b"EVENT 33 " in await bench.quiet(3600)

    with_bench(scenario)


def test_half_hour_values_come_by_themselves_within_five_minutes() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        for _ in range(4):
            heard = await bench.quiet(1800)
            assert heard.count(b"02880105FF017302EA0B") == 1

    with_bench(scenario, states=("hex",), clock=START.replace(minute=29))


@pytest.mark.parametrize(("confirms", "repeats"), [(True, 0), (False, 3)])
def test_an_infc_is_repeated_until_it_is_confirmed(confirms: bool, repeats: int) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.join()
        heard = await bench.until(b"7402EA0B")
        if confirms:
            tid = heard[heard.rindex(b"1081") :][4:8].decode()
            bench.write(bench.sendto(bytes.fromhex(f"1081{tid}05FF010288017A02EA00EB00")))
        assert (await bench.quiet(300)).count(b"7402EA0B") == repeats

    with_bench(
        scenario,
        states=("hex",),
        clock=START.replace(minute=29),
        meter=MeterConfig(inf="infc", inf_delay_s=5),
    )


def test_answers_take_longer_for_more_properties_and_for_history() -> None:
    async def mean(bench: Bench, request: str) -> float:
        began = bench.now()
        for _ in range(40):
            assert await bench.ask(request) is not None
        return (bench.now() - began) / 40

    async def scenario(bench: Bench) -> None:
        await bench.join()
        await bench.ask("1081000105FF010288016101E50101")
        single = await mean(bench, POWER)
        double = await mean(bench, "1081000105FF010288016202E700E800")
        day = await mean(bench, "1081000105FF010288016201E200")
        assert 0.54 < single < 0.70
        assert 0.66 < double < 0.82
        assert 1.7 < day < 2.1

    with_bench(scenario, meter=MeterConfig(inf="none"))


def test_no_waiting_at_speed_0_and_ten_times_less_at_speed_10() -> None:
    async def scenario(bench: Bench) -> None:
        began = bench.now()
        bench.write(b"SKSCAN 2 FFFFFFFF 6 0\r\n")
        await bench.until(b"EVENT 22")
        seconds.append(bench.now() - began)

    seconds: list[float] = []
    for speed in (0, 10):
        with_bench(scenario, speed=speed)
    assert seconds == [0, pytest.approx(1.75, abs=0.01)]


def test_the_meters_clock_runs_at_its_rate() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.quiet(60)
        assert bench.house.clock.present_wall() - START == timedelta(hours=1)

    with_bench(scenario, rate=60)
