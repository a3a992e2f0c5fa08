"""The life of a J11 session: scans, joins that work and fail, renewal, loss, faults."""

import asyncio
import random
from pathlib import Path

import pytest
import serial

from broute_addon.simulator import (
    AirConfig,
    Beacon,
    House,
    HouseConfig,
    MemoryPort,
    MeterConfig,
    PtyPort,
    parse_fault,
    run_virtual,
)
from broute_addon.simulator.j11_commands import COMMANDS
from tests.simulator.bench import METER, Bench
from tests.simulator.j11_bench import (
    CREDENTIALS,
    GET_E7,
    METER_IP,
    METER_MAC,
    Frame,
    J11Bench,
    request,
    send_to_meter,
    with_stick,
)

ALL = "0003FFF0"
PAIRING = b"215C3E7F".hex()
STATUS = {"operating": "01030201", "authenticated": "01030301"}
LOST = "D0F9EE5D 601A 000E 039C 03FE 04D05EA55A0C1042A7C8"


def told(result: int) -> Frame:
    return (0x6028, bytes([result]) + bytes.fromhex(METER_MAC))


async def status(bench: J11Bench) -> str:
    return (await bench.give(0x0001))[0][1].hex()


async def answers(bench: J11Bench) -> bool:
    """Whether a Get of E7 is answered by the meter."""
    await bench.quiet(5)
    heard = await bench.give(0x0008, send_to_meter(), 6)
    return any(code == 0x6018 and data[-7:-4] == b"\x01\xe7\x04" for code, data in heard)


@pytest.mark.parametrize(
    ("duration", "mask", "least", "most"),
    [(6, ALL, 8.6, 9.9), (7, ALL, 17.2, 18.5), (8, ALL, 34.5, 35.8), (8, "00000400", 2.4, 2.6)],
)
def test_a_scan_takes_its_documented_time(
    duration: int, mask: str, least: float, most: float
) -> None:
    async def scenario(bench: J11Bench) -> None:
        began = bench.now()
        bench.write(request(0x0051, f"{duration:02X}{mask}01{PAIRING}"))
        await bench.until(bytes.fromhex("D0F9EE5D2051"))
        assert least <= bench.now() - began <= most

    with_stick(scenario, "started")


@pytest.mark.parametrize(
    ("data", "heard"),
    [
        (f"05{ALL}01{PAIRING}", []),
        (f"06{ALL}01{b'CCDDEEFF'.hex()}", []),
        (f"06{ALL}01{PAIRING}", [METER_MAC]),
        (f"06{ALL}00", ["001C6400030C12A4", METER_MAC]),
        ("060000001001" + PAIRING, []),
    ],
    ids=["too short", "other pairing ID", "the meter", "everybody", "other channel"],
)
def test_who_is_heard_depends_on_duration_pairing_id_and_mask(data: str, heard: list[str]) -> None:
    async def scenario(bench: J11Bench) -> None:
        frames = await bench.give(0x0051, data, 12)
        channels = [one[1] for code, one in frames if code == 0x4051]
        assert channels == sorted(channels)
        found = [one[3:11].hex().upper() for code, one in frames if one[:1] == b"\0"]
        assert found == heard

    foreign = (Beacon(0x21, 0x1234, "001C6400030C12A4", 0x60, "AABBCCDD", 3),)
    with_stick(scenario, "started", air=AirConfig(heard_at=6, foreign=foreign))


def test_an_energy_scan_tells_each_channel() -> None:
    async def scenario(bench: J11Bench) -> None:
        ((code, data),) = await bench.give(0x00DB, ALL, 4.5)
        assert (code, data[:2]) == (0x20DB, b"\x01\x0e")
        assert list(data[2::2]) == list(range(4, 18))

    with_stick(scenario, "started")


def test_a_renewal_does_not_end_a_scan() -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        bench.write(request(0x0051, f"06{ALL}01{PAIRING}"))
        await bench.quiet_frames(1)
        bench.house.faults.fire("renew")
        await bench.quiet_frames(10)
        codes = [code for code, _ in bench.frames()]
        assert codes.count(0x4051) == 14
        assert {0x6028, 0x2051} < set(codes)

    with_stick(scenario, "joined")


@pytest.mark.parametrize("spoil", ["channel", "id", "credentials", "reach"])
def test_no_mac_connection_is_result_0e_within_its_time(spoil: str) -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.give(0x005F, "05000B00" if spoil == "channel" else "05000A00")
        if spoil != "credentials":
            end = "00" * 32 if spoil == "id" else ""
            await bench.give(0x0054, ("30" * 32 if end else CREDENTIALS[:64]) + CREDENTIALS[64:])
        if spoil == "reach":
            bench.house.faults.hold("out-of-reach")
        heard = await bench.type(request(0x0053), 2.6)
        assert heard == bytes.fromhex("D0F9EE5D 2053 0005 038C 000E 0E")

    with_stick(scenario)


def test_pana_without_credentials_is_refused() -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.house.radio.route_b_id = None
        assert await bench.result(0x0056) == 0x51

    with_stick(scenario, "operating")


def test_a_join_takes_about_three_seconds_and_bears_no_second_one() -> None:
    async def scenario(bench: J11Bench) -> None:
        assert await bench.result(0x0056) == 1
        assert await bench.result(0x0056) == 0x52
        assert await status(bench) == STATUS["operating"]
        await bench.until(bytes.fromhex("D0F9EE5D 6028 000D 03A9 0333 01D05EA55A0C1042A7"))
        assert 2.5 < bench.now() < 4.5
        assert await status(bench) == STATUS["authenticated"]
        assert await answers(bench)

    with_stick(scenario, "operating")


@pytest.mark.parametrize(
    ("fault", "heard", "least", "most"),
    [
        ("refused-join", "D0F9EE5D 6028 000D 03A9 0334 02D05EA55A0C1042A7", 1.0, 6.0),
        ("out-of-reach", "D0F9EE5D 6028 000D 03A9 0335 03D05EA55A0C1042A7", 491.9, 706.1),
        ("stalled-join", "D0F9EE5D 6028 000D 03A9 0335 03D05EA55A0C1042A7", 311.5, 316.0),
    ],
)
def test_a_failing_join_is_told_when_the_manual_says(
    fault: str, heard: str, least: float, most: float
) -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.house.faults.hold(fault)
        assert await bench.result(0x0056) == 1
        assert (await bench.until(bytes.fromhex(heard), 720)) == bytes.fromhex(heard)
        assert least <= bench.now() <= most
        assert await status(bench) == STATUS["operating"]

    with_stick(scenario, "operating")


@pytest.mark.parametrize(
    ("reading", "fault"), [("the wrong password", None), ("another channel", "move-channel")]
)
def test_what_the_host_told_decides_the_join(reading: str, fault: str | None) -> None:
    async def scenario(bench: J11Bench) -> None:
        if fault is None:
            await bench.give(0x0054, CREDENTIALS[:64] + b"AAAABBBBCCCC".hex())
        else:
            bench.house.faults.fire(fault, "3B")
        heard = await bench.give(0x0056, "", 710)
        assert heard[1:] == [told(2 if fault is None else 3)], reading

    with_stick(scenario, "operating")


def test_a_password_in_lower_case_is_converted() -> None:
    async def scenario(bench: J11Bench) -> None:
        lower = bytes.fromhex(CREDENTIALS).decode()
        await bench.give(0x0054, (lower[:32] + lower[32:].lower()).encode().hex())
        assert told(1) in await bench.give(0x0056, "", 5)

    with_stick(scenario, "operating")


def test_the_module_renews_by_itself_and_tells_it_unasked() -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(69_110)
        await bench.quiet_frames(15)
        assert told(1) in bench.frames()
        assert await answers(bench)

    with_stick(scenario, "joined")


def test_a_renewal_without_answer_leaves_the_session_until_its_lifetime() -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.house.faults.hold("out-of-reach")
        await bench.quiet(69_119)
        await bench.quiet_frames(180)
        assert bench.frames() == []
        await bench.quiet_frames(60)
        assert bench.frames() == [told(3)]
        assert await status(bench) == STATUS["authenticated"]
        bench.house.faults.release("out-of-reach")
        assert await answers(bench)
        await bench.quiet(86_400 - bench.now() - 1)
        assert await bench.type(b"", 2) == bytes.fromhex(LOST)
        assert await status(bench) == STATUS["operating"]
        assert told(1) in await bench.give(0x0056, "", 5)
        assert await answers(bench)

    with_stick(scenario, "joined")


@pytest.mark.parametrize(
    ("fault", "frames"),
    [
        ("terminate", [LOST]),
        ("expire", [LOST]),
        ("expire-fail", ["D0F9EE5D 6028 000D 03A9 0335 03D05EA55A0C1042A7", LOST]),
    ],
)
def test_the_ends_of_a_session_are_told(fault: str, frames: list[str]) -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        bench.house.faults.fire(fault)
        assert await bench.type(b"", 1) == bytes.fromhex("".join(frames))
        assert await status(bench) == STATUS["operating"]
        assert not await answers(bench)
        assert told(1) in await bench.give(0x0056, "", 5)
        assert await answers(bench)

    with_stick(scenario, "joined")


@pytest.mark.parametrize("fault", ["forget-session", "reboot", "move-channel", "move-pan"])
def test_silent_ends_are_not_told(fault: str) -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        bench.house.faults.fire(fault)
        await bench.quiet(30)
        assert not await answers(bench)
        assert await status(bench) == STATUS["authenticated"]

    with_stick(scenario, "joined")


def test_a_pan_of_another_number_is_found_by_scan_and_joined() -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.house.faults.fire("move-pan", "1234")
        await bench.give(0x0057, "", 1)
        await bench.give(0x0058)
        ((_, data),) = await bench.give(0x0053, "", 2.6)
        assert data[:4] == bytes.fromhex("010A1234")
        assert told(1) in await bench.give(0x0056, "", 5)

    with_stick(scenario, "joined")


def test_after_80_minutes_without_pana_the_meter_leaves_the_device_list() -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet_frames(80 * 60 - 1)
        assert bench.frames() == []
        await bench.quiet_frames(2)
        assert bench.frames() == [(0x601A, bytes.fromhex("03D05EA55A0C1042A7C8"))]
        assert await bench.result(0x0008, send_to_meter()) == 0x02
        assert await bench.result(0x0058) == 1
        assert await bench.result(0x0053, "", 2) == 1

    with_stick(scenario, "operating")


def test_a_datagram_for_a_closed_port_is_a_failure_of_udp() -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        bench.house.faults.next("notification-first")
        bench.write(request(0x0008, send_to_meter()))
        await bench.until(bytes.fromhex("D0F9EE5D2008"), 1)
        bench.stick.memory.ports.clear()
        bench.take()
        await bench.quiet_frames(5)
        failures = [data for code, data in bench.frames() if code == 0x6038]
        assert [one[0] for one in failures] == [0x40, 0x40]
        assert failures[1][1:17].hex().upper() == METER_IP
        assert failures[1][18:] == bytes.fromhex("000000 1081000102")

    with_stick(scenario, "joined")


def test_what_cannot_be_decrypted_is_a_failure_of_decryption() -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        bench.house.faults.next("undeciphered")
        heard = await bench.give(0x0008, send_to_meter(), 3)
        ((_, failure),) = [one for one in heard if one[0] == 0x6038]
        assert failure == bytes.fromhex(f"01{METER_IP}01000000 1081000102")
        assert await answers(bench)

    with_stick(scenario, "joined")


def test_a_session_of_before_the_reset_cannot_be_read_any_more() -> None:
    """The meter still speaks in the session that the stick forgot."""

    async def scenario(bench: J11Bench) -> None:
        await bench.give(0x00D9, "", 2)
        await bench.give(0x005F, "05000A00")
        await bench.give(0x0054, CREDENTIALS)
        await bench.give(0x0053, "", 3)
        await bench.give(0x0005, "0E1A")
        bench.house.faults.fire("meter-fault")
        await bench.quiet_frames(1)
        ((code, data),) = bench.frames()
        assert (code, data[0]) == (0x6038, 0x01)

    with_stick(scenario, "joined")


def test_a_ping_is_answered_or_not() -> None:
    async def scenario(bench: J11Bench) -> None:
        ping = METER_IP + "0002" + "00" + "ABCD"
        heard = await bench.give(0x00D1, ping, 2)
        assert heard == [
            (0x20D1, b"\x01"),
            (0x60D1, bytes.fromhex(f"01{METER_IP}02C80002ABCD")),
        ]
        bench.house.faults.hold("out-of-reach")
        await bench.give(0x00D1, ping)
        assert await bench.result(0x00D1, ping) == 0x3C
        await bench.quiet_frames(10.9)
        assert bench.frames() == [(0x60D1, b"\x00")]

    with_stick(scenario, "joined")


def test_half_hour_values_come_by_themselves() -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet_frames(1800)
        (values,) = [data for code, data in bench.frames() if b"\x73\x02\xea\x0b" in data]
        assert values[:22] == bytes.fromhex(f"{METER_IP}0E1A0E1A42A7")
        assert values[22:24] == b"\x00\x02"

    with_stick(scenario, "joined", meter=MeterConfig())


# -- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    ["lost-request", "lost-answer", "mute-meter", "wrong-length", "cut-line", "cut-command"],
)
def test_a_lost_or_spoiled_answer(kind: str) -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        bench.write(request(0x0008, send_to_meter()))
        await bench.until(bytes.fromhex("D0F9EE5D2008"), 1)
        await bench.quiet(3)
        bench.house.faults.hold(kind)
        heard = await bench.type(request(0x0008, send_to_meter()), 4)
        header_is_whole = b"\xd0\xf9\xee\x5d\x60\x18" in heard
        if kind == "wrong-length":
            at = heard.index(b"\x60\x18") - 4
            assert header_is_whole
            assert sum(heard[at + 12 :]) % 65536 != int.from_bytes(heard[at + 10 : at + 12], "big")
        else:
            assert header_is_whole == (kind == "cut-line")
        bench.house.faults.release(kind)
        assert await answers(bench)

    with_stick(scenario, "joined", seed=11)


def test_doubled_late_and_garbled_frames() -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        for kind in ("doubled-line", "doubled-answer"):
            bench.house.faults.next(kind)
            heard = await bench.give(0x0008, send_to_meter(), 4)
            assert [code for code, _ in heard] == [0x2008, 0x6018, 0x6018], kind
        bench.house.faults.next("missing-ok")
        assert [code for code, _ in await bench.give(0x0008, send_to_meter(), 4)] == [0x6018]
        bench.house.faults.next("overrun")
        assert await bench.give(0x0001) == [(0x2FFF, b"\xf0")]
        bench.house.faults.next("garbage")
        heard_bytes = await bench.type(request(0x0001))
        assert heard_bytes[-4:].hex() == STATUS["authenticated"]
        assert not heard_bytes.startswith(b"\xd0\xf9\xee\x5d")

    with_stick(scenario, "joined")


@pytest.mark.parametrize("kind", ["mute-stick", "stalled-stick"])
def test_a_stick_that_hangs_until_reset_or_until_replugged(kind: str) -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.house.faults.hold(kind)
        assert await bench.give(0x0001, "", 3) == []
        reset = await bench.give(0x00D9, "", 3)
        assert reset == ([(0x6019, b"")] if kind == "stalled-stick" else [])
        bench.house.faults.fire("unplug", for_s=1)
        await bench.quiet(1.1)
        await bench.open()
        await bench.quiet_frames(4)
        assert bench.frames() == [(0x6019, b"")]
        assert await bench.give(0x0001) == [(0x2001, bytes.fromhex("01020101"))]

    with_stick(scenario, "operating")


def test_a_brown_out_is_told_by_6019() -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.house.faults.fire("reset-stick")
        assert await bench.give(0x0001, "", 1.1) == [(0x6019, b"")]
        assert await status(bench) == "01020101"

    with_stick(scenario, "joined")


def test_a_power_cut_takes_meter_and_stick() -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.house.faults.fire("power-cut", for_s=10)
        await bench.quiet(1)
        assert isinstance(bench.lost_error, OSError)
        assert bench.house.node.beacons() == []
        await bench.quiet(10)
        assert bench.house.node.beacons() != []
        await bench.open()
        await bench.quiet(2)
        assert await status(bench) == "01020101"

    with_stick(scenario, "joined")


@pytest.mark.parametrize(
    ("moment", "code", "data"),
    [
        ("scan", 0x0051, f"06{ALL}01{PAIRING}"),
        ("join", 0x0056, ""),
        ("send", 0x0008, send_to_meter()),
        ("receive", 0x0008, send_to_meter()),
        ("print", 0x0001, ""),
        ("command", 0x0001, ""),
    ],
)
def test_the_stick_can_be_pulled_at_a_moment(moment: str, code: int, data: str) -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        bench.house.faults.schedule(parse_fault(f"unplug@{moment}+5"))
        await bench.quiet(5)
        assert "unplug" not in bench.house.faults.struck
        bench.write(request(code, data))
        await bench.quiet_frames(3)
        assert isinstance(bench.lost_error, OSError)
        sizes = {"join": 13, "receive": 19, "print": 8}  # 2056, 2008, half of 2001
        assert len(bench.take()) == sizes.get(moment, 0)
        assert bench.house.faults.struck["unplug"] == 1
        await bench.quiet(5)
        await bench.open()

    with_stick(scenario, "operating" if moment == "join" else "joined")


def test_a_text_stick_can_be_pulled_in_the_middle_of_a_line() -> None:
    async def scenario() -> None:
        async with Bench(states=("joined", "hex")) as bench:
            await bench.quiet(5)
            bench.house.faults.schedule(parse_fault("unplug@print"))
            heard = await bench.type(bench.sendto(bytes.fromhex(GET_E7)), 3)
            assert heard.endswith(b"EVENT 21 " + METER[:18].encode())
            assert isinstance(bench.lost_error, OSError)

    run_virtual(scenario())


@pytest.mark.parametrize("text", ["unplug@sunrise", "lost-answer@join", "move-pan=12", "move-pan"])
def test_a_wrong_moment_or_value_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="--fault"):
        parse_fault(text)


# -- beside each other -----------------------------------------------------------------------


def test_two_sticks_of_different_languages_live_side_by_side() -> None:
    async def scenario() -> None:
        text = Bench(module="bp35a1", states=("baud-9600", "echo-off"))
        async with J11Bench(module="rs-wsuha-j11", states=("joined",)) as binary:
            await text.open(9600)
            heard = asyncio.create_task(text.type(b"SKVER\r\n"))
            assert await answers(binary)
            assert await heard == b"EVER 1.2.10\r\nOK\r\n"
        text.house.close()

    run_virtual(scenario())


async def test_pyserial_reads_a_j11_stick_on_a_pty(tmp_path: Path) -> None:
    def blocking() -> bytes:
        with serial.Serial(str(link), 115200, timeout=2, exclusive=True) as host:
            host.write(request(0x006B))
            return bytes(host.read(21))

    link = tmp_path / "stick"
    async with House(HouseConfig(module="bp35c0-j11", speed=0), PtyPort(link)):
        heard = await asyncio.get_running_loop().run_in_executor(None, blocking)
    assert heard.hex().upper() == "D0F9EE5D206B000D03AC00A801040001030000158A"


def test_no_waiting_at_speed_0() -> None:
    async def scenario() -> None:
        port = MemoryPort()
        async with House(HouseConfig(module="bp35c2-j11", states=("started",), speed=0), port):
            host = J11Bench()
            transport = await port.connect("/dev/stick", 115200, host)
            transport.write(request(0x0051, f"06{ALL}01{PAIRING}"))
            await host.until(bytes.fromhex("D0F9EE5D2051"))
            assert host.now() == 0
            host.house.close()

    run_virtual(scenario())


@pytest.mark.parametrize("seed", range(8))
def test_whatever_a_host_sends_the_stick_answers_in_frames_and_a_reset_helps(seed: int) -> None:
    """No request, sane or not, at any moment, leaves the stick busy for ever."""

    async def scenario(bench: J11Bench) -> None:
        rng = random.Random(seed)
        for _ in range(60):
            code = rng.choice([*(COMMANDS.keys() - {0x00F0}), 0x1234])
            whole = bytearray(request(code, rng.choice(parameters)))
            if rng.random() < 0.2:
                whole[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
            bench.write(bytes(whole[: rng.choice((None, None, None, rng.randrange(len(whole))))]))
            await bench.quiet_frames(rng.choice((0.0, 0.01, 0.5, 3.0)))
        await bench.quiet_frames(20)
        bench.frames()
        await bench.give(0x00D9, "", 2)
        assert await status(bench) == "01020101"

    parameters = ("", "0E1A", "05000A00", CREDENTIALS, send_to_meter(), f"05{ALL}01{PAIRING}", "00")
    with_stick(scenario, "operating", seed=seed)
