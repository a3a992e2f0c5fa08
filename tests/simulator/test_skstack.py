"""The stick's text language, against the annotated sessions of wisun-modules.md section 6."""

import re
from typing import Any

import pytest

from broute_addon.simulator import AirConfig, Beacon, Delivery, HouseConfig, MemoryPort, run_virtual
from broute_addon.simulator.house import House
from tests.simulator.bench import DUAL, METER, SINGLE, Bench

ID, PASSWORD = "0000009A4C1E77B20D95A3F8215C3E7F", "Q7W3K9X2M5T8"
SINGLE_HOP = ("bp35a1", "wsr35a1", "rl7023-ips")
DUAL_STACK = ("bp35c0", "bp35c2", "rs-wsuha-p", "rl7023-dss")


def single_beacon(side: str) -> bytes:
    return (
        f"EVENT 20 {SINGLE}\r\nEPANDESC\r\n  Channel:2D\r\n  Channel Page:09\r\n  Pan ID:42A7\r\n"
        f"  Addr:D05EA55A0C1042A7\r\n  LQI:E1\r\n{side}  PairID:215C3E7F\r\nEVENT 22 {SINGLE}\r\n"
    ).encode()


SESSION_6_1: list[tuple[bytes, bytes, float]] = [
    (b"SKRESET\r\n", b"SKRESET\r\nOK\r\n", 1),
    (b"SKSREG SFE 0\r\n", b"SKSREG SFE 0\r\nOK\r\n", 1),
    (b"SKVER\r\n", b"EVER 1.2.10\r\nOK\r\n", 1),
    (b"SKAPPVER\r\n", b"EAPPVER rev26e\r\nOK\r\n", 1),
    (
        b"SKINFO\r\n",
        f"EINFO {SINGLE} 001D129000ABC123 21 FFFF FFFE\r\nOK\r\n".encode(),
        1,
    ),
    (b"ROPT\r", b"OK 00\r", 1),
    (f"SKSETPWD C {PASSWORD}\r\n".encode(), b"OK\r\n", 1),
    (f"SKSETRBID {ID}\r\n".encode(), b"OK\r\n", 1),
    (b"SKSCAN 2 FFFFFFFF 4\r\n", f"OK\r\nEVENT 22 {SINGLE}\r\n".encode(), 6),
    (b"SKSCAN 2 FFFFFFFF 6\r\n", b"OK\r\n" + single_beacon(""), 20),
    (b"SKLL64 D05EA55A0C1042A7\r\n", f"{METER}\r\n".encode(), 1),
    (b"SKSREG S2 2D\r\n", b"OK\r\n", 1),
    (b"SKSREG S3 42A7\r\n", b"OK\r\n", 1),
]

SESSION_6_2: list[tuple[bytes, bytes, float]] = [
    (b"\r\n", b"\r\n", 1),
    (b"SKVER\r\n", b"SKVER\r\nEVER 1.5.2\r\nOK\r\n", 1),
    (b"SKSREG SFE 0\r\n", b"SKSREG SFE 0\r\nOK\r\n", 1),
    (b"SKINFO\r\n", f"EINFO {DUAL} 001D129100DEF456 2D 42A7 0\r\nOK\r\n".encode(), 1),
    (b"ROPT\r", b"OK 01\r", 1),
    (
        b"SKTERM\r\n",
        f"OK\r\nEVENT 21 {METER} 0 00\r\nEVENT 27 {METER} 0\r\n".encode(),
        1,
    ),
    (b"SKRESET\r\n", b"OK\r\n", 1),
    (b"SKSREG SFE 0\r\n", b"SKSREG SFE 0\r\nOK\r\n", 1),
    (b"SKSREG SA2 1\r\n", b"OK\r\n", 1),
    (f"SKSETPWD C {PASSWORD}\r\n".encode(), b"OK\r\n", 1),
    (f"SKSETRBID {ID}\r\n".encode(), b"OK\r\n", 1),
    (
        b"SKSCAN 2 FFFFFFFF 6 0\r\n",
        (
            f"OK\r\nEVENT 20 {DUAL} 0\r\nEPANDESC\r\n  Channel:2D\r\n  Channel Page:09\r\n"
            "  Pan ID:42A7\r\n  Addr:D05EA55A0C1042A7\r\n  LQI:E1\r\n  Side:0\r\n"
            f"  PairID:215C3E7F\r\nEVENT 22 {DUAL} 0\r\n"
        ).encode(),
        20,
    ),
    (b"SKSREG S2 2D\r\n", b"OK\r\n", 1),
    (b"SKSREG S3 42A7\r\n", b"OK\r\n", 1),
]


@pytest.mark.parametrize(
    ("config", "session"),
    [
        ({"module": "bp35a1"}, SESSION_6_1),
        ({"module": "bp35c2", "states": ("joined", "hex")}, SESSION_6_2),
    ],
    ids=["6.1 single-hop", "6.2 dual, joined before"],
)
def test_documented_session(
    config: dict[str, Any], session: list[tuple[bytes, bytes, float]]
) -> None:
    async def scenario() -> None:
        async with Bench(**config, air=AirConfig(instance_list_most=0.0)) as bench:
            await bench.quiet(1)
            for typed, heard, seconds in session:
                assert await bench.type(typed, seconds) == heard, typed

    run_virtual(scenario())


def lines_of(heard: bytes) -> list[str]:
    """Text lines with binary or hex payloads reduced to their header."""
    heard = re.sub(rb"(ERXUDP (?:[^ ]+ )*?[0-9A-F]{4} )[^E]*?(?=EVENT|$)", rb"\1\r\n", heard)
    return [line.decode("latin-1").rstrip() for line in heard.split(b"\r\n") if line]


@pytest.mark.parametrize(("module", "side"), [("bp35a1", ""), ("bp35c2", " 0")])
def test_a_log_in_prints_neighbor_discovery_four_pana_datagrams_and_25(
    module: str, side: str
) -> None:
    async def scenario() -> None:
        async with Bench(module=module, states=("hex",)) as bench:
            await bench.prepare()
            began = bench.now()
            bench.write(f"SKJOIN {METER}\r\n".encode())
            heard = await bench.until(f"EVENT 25 {METER}{side}\r\n".encode())
            assert 3.0 < bench.now() - began < 4.0
        events = [line for line in lines_of(heard) if not line.startswith("ERXUDP")]
        assert events == [
            "OK",
            f"EVENT 21 {METER}{side} 02",
            f"EVENT 02 {METER}{side}",
            f"EVENT 21 {METER}{side} 00",
            *[f"EVENT 21 {METER}{side} 00"] * 4,
            f"EVENT 25 {METER}{side}",
        ]
        own = DUAL if side else SINGLE
        head = f"ERXUDP {METER} {own} 02CC 02CC D05EA55A0C1042A7 0{side}"
        received = [line for line in heard.decode().split("\r\n") if line.startswith("ERXUDP")]
        assert [line.rpartition(" ")[0] for line in received] == [
            f"{head} {length}" for length in ("0028", "0068", "0054", "0058")
        ]
        assert [len(line.rpartition(" ")[2]) for line in received] == [0x50, 0xD0, 0xA8, 0xB0]

    run_virtual(scenario())


GET_E7 = bytes.fromhex("1081000105FF010288016201E700")


@pytest.mark.parametrize(
    ("config", "offset", "digits"),
    [
        ({"module": "bp35a1"}, 121, 18),
        ({"module": "bp35c2"}, 123, 18),
        ({"module": "bp35c2", "states": ("sa2",)}, 126, 18),
        ({"module": "bp35c2", "states": ("sa2", "hex")}, 126, 36),
        ({"module": "rl7023-ips"}, 121, 36),
        ({"module": "rl7023-dss"}, 123, 36),
    ],
    ids=["single", "dual", "dual with RSSI", "dual with RSSI, hex", "IPS", "DSS"],
)
def test_an_answer_is_printed_in_the_modules_form(
    config: dict[str, Any], offset: int, digits: int
) -> None:
    async def scenario() -> None:
        async with Bench(**config) as bench:
            await bench.join()
            heard = await bench.type(bench.sendto(GET_E7), 5)
        line = heard[heard.index(b"ERXUDP") :]
        assert len(line) == offset + digits + 2
        assert line.endswith(b"\r\n")
        data = line[offset:-2]
        frame = data if digits == 18 else bytes.fromhex(data.decode())
        assert frame[:14].hex().upper() == "1081000102880105FF017201E704"

    run_virtual(scenario())


def test_a_transmission_ends_with_event_21_and_ok_then_the_answer() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35a1", states=("hex",)) as bench:
            await bench.join()
            for _ in range(20):
                began = bench.now()
                bench.write(bench.sendto(GET_E7))
                heard = await bench.until(b"OK\r\n")
                assert 0.115 <= bench.now() - began <= 0.36
                assert heard.lstrip() == f"EVENT 21 {METER} 00\r\nOK\r\n".encode()
                await bench.until(b"ERXUDP ")
                assert 0.33 <= bench.now() - began <= 4.1
                await bench.quiet(1)

    run_virtual(scenario())


def test_the_first_datagram_to_a_stranger_sends_a_solicitation_instead() -> None:
    async def scenario() -> None:
        async with Bench() as bench:
            await bench.prepare()
            heard = await bench.type(bench.sendto(GET_E7).replace(b"0E1A 1 ", b"0E1A 0 "), 2)
        assert lines_of(heard) == [
            f"EVENT 21 {METER} 0 02",
            "OK",
            f"EVENT 02 {METER} 0",
            f"EVENT 21 {METER} 0 00",
        ]

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("module", "typed", "heard"),
    [
        ("bp35c2", b"SKTERM\r\n", b"FAIL ER10\r\n"),
        ("bp35c2", b"SKREJOIN\r\n", b"FAIL ER10\r\n"),
        ("bp35c2", b"SKSCAN 2 FFFFFFFF 6\r\n", b"FAIL ER05\r\n"),
        ("bp35a1", b"SKSCAN 2 FFFFFFFF 6 0\r\n", b"FAIL ER05\r\n"),
        ("rl7023-ips", b"SKSCAN 2 FFFFFFFF 6 0\r\n", b"FAIL ER05\r\n"),
        ("rl7023-dss", b"ROPT\r", b"FAIL ER04\r\n"),
        ("rl7023-dss", b"WOPT 01\r", b"FAIL ER04\r\n"),
        ("rl7023-dss", b"SKAPPVER\r\n", b"FAIL ER04\r\n"),
        ("rl7023-ips", b"ROPT\r", b"FAIL ER04\r\n"),
        ("bp35a1", b"skver\r\n", b"FAIL ER04\r\n"),
        ("bp35a1", b"HELLO\r\n", b"FAIL ER04\r\n"),
        ("bp35a1", b"SKVER 1\r\n", b"FAIL ER05\r\n"),
        ("bp35a1", b"SKTABLE 9\r\n", b"FAIL ER06\r\n"),
        ("bp35a1", b"SKRFLO 00\r\n", b"FAIL ER04\r\n"),
        ("bp35a1", b"SKSREG S2 20\r\n", b"FAIL ER06\r\n"),
        ("bp35a1", b"SKSREG S2 0021\r\n", b"FAIL ER06\r\n"),
        ("bp35a1", b"SKSREG S99\r\n", b"FAIL ER06\r\n"),
        ("bp35a1", b"SKLL64 d05ea55a0c1042a7\r\n", b"FAIL ER06\r\n"),
        ("bp35a1", b"SKJOIN FE80::D25E:A55A:0C10:42A7\r\n", b"FAIL ER06\r\n"),
        ("bp35a1", f"SKJOIN {METER}\r\n".encode(), b"FAIL ER10\r\n"),
        ("bp35a1", b"SKSETRBID 0123\r\n", b"FAIL ER06\r\n"),
        ("bp35a1", b"SKSETPSK 10 0123\r\n", b"FAIL ER06\r\n"),
        ("bp35a1", b"SKUDPPORT 4 02CC\r\n", b"FAIL ER10\r\n"),
        ("bp35a1", b"SKLOAD\r\n", b"FAIL ER10\r\n"),
        ("bp35c2", b"SKSTART\r\n", b"FAIL ER10\r\n"),
        ("bp35a1", f"SKSENDTO 1 {METER} 0E1A 1 000E\r\n".encode(), b"FAIL ER05\r\n"),
        ("bp35a1", f"SKSENDTO 3 {METER} 0E1A 1 0001 x".encode(), b"FAIL ER10\r\n"),
        ("bp35a1", f"SKSENDTO 1 {METER} E1A 1 0001 x".encode(), b"FAIL ER06\r\n"),
        ("bp35a1", f"SKSENDTO 1 {METER} 0E1A 1 0 ".encode(), b"FAIL ER06\r\n"),
        ("bp35a1", b"SKSREG S0A\r\n", b"ESREG CCDDEEFF\r\nOK\r\n"),
        ("bp35a1", b"SKSREG S02\r\n", b"ESREG 21\r\nOK\r\n"),
        ("bp35a1", b"SKSREG S2\r\n", b"ESREG 21\r\nOK\r\n"),
        ("bp35a1", b"SKSREG S16\r\n", b"ESREG 00015180\r\nOK\r\n"),
        ("bp35a1", b"SKSREG SFD\r\n", b"ESREG 0000000000000000\r\nOK\r\n"),
        ("bp35a1", b"SKSREG SA2 1\r\n", b"OK\r\n"),
        ("bp35a1", b"SKTABLE 1\r\n", f"EADDR\r\n{SINGLE}\r\nOK\r\n".encode()),
        ("bp35a1", b"SKTABLE E\r\n",
         b"EPORT\r\n3610\r\n716\r\n0\r\n0\r\n0\r\n0\r\n\r\n3610\r\n0\r\n0\r\n0\r\nOK\r\n"),
        ("bp35c2", b"SKTABLE E\r\n",
         b"EPORT\r\n3610\r\n716\r\n19788\r\n0\r\n0\r\n0\r\n\r\nOK\r\n"),
        ("bp35a1", b"RUART\r", b"OK 00\r"),
        ("bp35a1", b"ROPT\r\n", b"OK 00\r"),
        ("bp35a1", b"SKVER\r", b"EVER 1.2.10\r\nOK\r\n"),
        ("bp35a1", b"SKVEX\x08R\r\n", b"EVER 1.2.10\r\nOK\r\n"),
        ("bp35a1", b"\r\n", b""),
        ("bp35a1", b"\x00\xff\r\n", b"FAIL ER04\r\n"),
    ],
)  # fmt: skip
def test_answer_to_a_line(module: str, typed: bytes, heard: bytes) -> None:
    async def scenario() -> None:
        async with Bench(module=module, states=("echo-off",)) as bench:
            assert await bench.type(typed) == heard

    run_virtual(scenario())


@pytest.mark.parametrize("module", [*SINGLE_HOP, *DUAL_STACK])
def test_the_last_field_of_skinfo_tells_the_dialect(module: str) -> None:
    async def scenario() -> None:
        async with Bench(module=module, states=("echo-off",)) as bench:
            heard = await bench.type(b"SKINFO\r\n")
            last = heard.split(b"\r\n")[0].split(b" ")[-1]
            assert last == (b"FFFE" if module in SINGLE_HOP else b"0")

    run_virtual(scenario())


def test_echo_is_per_character_and_spares_the_payload() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35c2", states=("joined",)) as bench:
            await bench.quiet(5)
            assert await bench.type(b"SKV") == b"SKV"
            assert await bench.type(b"ER\r") == b"ER\r\nEVER 1.5.2\r\nOK\r\n"
            heard = await bench.type(bench.sendto(GET_E7), 0.01)
            assert heard == f"SKSENDTO 1 {METER} 0E1A 1 0 000E \r\n".encode()

    run_virtual(scenario())


def test_a_payload_phase_swallows_everything_until_it_is_full() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35a1", states=("echo-off",)) as bench:
            await bench.type(f"SKSENDTO 1 {METER} 0E1A 1 0020 ".encode() + b"short", 60)
            assert await bench.type(b"SKVER\r\n", 5) == b""
            heard = await bench.type(b"\r" * 20, 1)
            assert lines_of(heard) == [f"EVENT 21 {METER} 02", f"EVENT 21 {METER} 01", "OK"] or (
                lines_of(heard) == [f"EVENT 21 {METER} 02", "OK", f"EVENT 21 {METER} 01"]
            )
            assert await bench.type(b"SKVER\r\n") == b"EVER 1.2.10\r\nOK\r\n"

    run_virtual(scenario())


def test_the_wrong_dialects_sendto_leaves_its_payload_as_a_command() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35a1", states=("echo-off",)) as bench:
            typed = f"SKSENDTO 1 {METER} 0E1A 1 0 000E ".encode() + GET_E7
            assert await bench.type(typed) == b"FAIL ER06\r\n"
            assert await bench.type(b"\r\n") == b"FAIL ER04\r\n"
            assert await bench.type(b"SKVER\r\n") == b"EVER 1.2.10\r\nOK\r\n"

    run_virtual(scenario())


def test_wopt_survives_a_reset_and_is_counted_as_a_flash_write() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35c2", states=("echo-off",)) as bench:
            assert bench.house.flash.writes == 0
            assert await bench.type(b"WOPT 01\r") == b"OK\r"
            await bench.type(b"SKRESET\r\n", 1)
            assert await bench.type(b"ROPT\r") == b"ROPT\r\nOK 01\r"
            assert bench.house.flash.writes == 1

    run_virtual(scenario())


def test_saved_registers_come_back_by_load_and_at_power_up_if_so_asked() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35c2", states=("echo-off",)) as bench:
            for line in (b"SKSREG S2 2F\r\n", b"SKSREG SFF 1\r\n", b"SKSAVE\r\n"):
                assert await bench.type(line) == b"OK\r\n"
            assert bench.house.flash.writes == 1
            await bench.type(b"SKRESET\r\n")
            assert b"ESREG 21" in await bench.type(b"SKSREG S2\r\n")
            await bench.type(b"SKLOAD\r\n")
            assert b"ESREG 2F" in await bench.type(b"SKSREG S2\r\n")
            bench.house.faults.fire("reset-stick")
            assert b"ESREG 2F" in await bench.type(b"SKSREG S2\r\n")
            await bench.type(b"SKERASE\r\n")
            assert b"FAIL ER10" in await bench.type(b"SKLOAD\r\n")

    run_virtual(scenario())


def test_a_reset_loses_everything_but_the_flash() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35c2", states=("joined", "sa2", "echo-off")) as bench:
            await bench.type(b"SKRESET\r\n", 1)
            info = await bench.type(b"SKINFO\r\n")
            assert info == (f"SKINFO\r\nEINFO {DUAL} 001D129100DEF456 21 FFFF 0\r\nOK\r\n".encode())
            assert b"ESREG 0\r\n" in await bench.type(b"SKSREG SA2\r\n")
            assert b"ESREG CCDDEEFF" in await bench.type(b"SKSREG S0A\r\n")
            assert b"FAIL ER10" in await bench.type(b"SKTERM\r\n")
            assert b"FAIL ER10" in await bench.type(f"SKJOIN {METER}\r\n".encode())

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("module", "woken"),
    [("bp35a1", b"EVENT C0\r\n"), ("bp35c2", f"EVENT C0 {DUAL} 0\r\n".encode())],
)
def test_a_sleeping_stick_wakes_at_the_first_character(module: str, woken: bytes) -> None:
    async def scenario() -> None:
        async with Bench(module=module, states=("echo-off", "asleep")) as bench:
            assert await bench.type(b"\r\n") == woken
            assert (await bench.type(b"SKVER\r\n")).endswith(b"OK\r\n")
            assert await bench.type(b"SKDSLEEP\r\n") == b"OK\r\n"
            assert await bench.type(b"\r\n") == woken

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("state", "typed", "heard"),
    [
        ("mid-line", b"\r\n", b"FAIL ER06\r\n"),
        ("mid-line", b"SKVER\r\n", b"FAIL ER06\r\n"),
        ("mid-payload", b"SKVER\r\n", b""),
    ],
)
def test_what_an_earlier_program_left(state: str, typed: bytes, heard: bytes) -> None:
    async def scenario() -> None:
        async with Bench(module="bp35c2", states=("echo-off", state)) as bench:
            assert await bench.type(typed) == heard

    run_virtual(scenario())


SCAN_SECONDS = [(4, 4.57), (5, 8.87), (6, 17.47), (7, 34.68)]


@pytest.mark.parametrize(("duration", "seconds"), SCAN_SECONDS)
def test_a_scan_takes_its_computed_time(duration: int, seconds: float) -> None:
    async def scenario() -> None:
        async with Bench(module="bp35a1", states=("echo-off",)) as bench:
            began = bench.now()
            bench.write(f"SKSCAN 2 FFFFFFFF {duration}\r\n".encode())
            await bench.until(b"EVENT 22")
            assert bench.now() - began == pytest.approx(seconds, abs=0.02)

    run_virtual(scenario())


def test_a_beacon_is_reported_when_its_channel_is_over_and_only_within_the_mask() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35a1", states=("joined", "echo-off")) as bench:
            await bench.quiet(5)
            began = bench.now()
            bench.write(b"SKSCAN 2 FFFFFFFF 6\r\n")
            await bench.until(b"EVENT 20")
            assert bench.now() - began == pytest.approx(13 * 0.0096 * 65, abs=0.02)
            await bench.until(b"EVENT 22")
            bench.take()
            heard = await bench.type(b"SKSCAN 2 00000001 6\r\n", 2)
            assert heard == f"OK\r\nEVENT 22 {SINGLE}\r\n".encode()

    run_virtual(scenario())


def test_only_mode_3_finds_a_foreign_meter() -> None:
    neighbor = Beacon(0x2F, 0x1234, "001C6400030C12A4", 0x40, "AABBCCDD", 3)

    async def scenario() -> None:
        air = AirConfig(foreign=(neighbor,))
        async with Bench(module="bp35c2", states=("echo-off",), air=air) as bench:
            await bench.type(f"SKSETRBID {ID}\r\n".encode())
            own = await bench.type(b"SKSCAN 2 FFFFFFFF 5 0\r\n", 10)
            assert own.count(b"EPANDESC") == 1
            assert b"PairID:215C3E7F" in own
            everybody = await bench.type(b"SKSCAN 3 FFFFFFFF 5 0\r\n", 10)
            assert everybody.count(b"EPANDESC") == 2
            assert b"PairID" not in everybody
            assert b"Addr:001C6400030C12A4" in everybody

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("module", "command", "first"),
    [("bp35a1", b"SKSCAN 0 00000003 0\r\n", b"EEDSCAN\r\n21 "),
     ("bp35c2", b"SKSCAN 0 00000003 0 0\r\n", b"EEDSCAN\r\n0 21 ")],
)  # fmt: skip
def test_an_energy_scan_lists_levels(module: str, command: bytes, first: bytes) -> None:
    async def scenario() -> None:
        async with Bench(module=module, states=("echo-off",)) as bench:
            heard = await bench.type(command, 2)
            assert b"EVENT 1F" in heard
            assert first in heard
            assert heard.endswith(b"\r\n\r\n") == (module == "bp35a1")

    run_virtual(scenario())


def test_a_command_typed_too_early_waits_for_the_one_before() -> None:
    async def scenario() -> None:
        async with Bench(module="bp35a1", states=("echo-off",)) as bench:
            heard = await bench.type(b"SKLL64 D05EA55A0C1042A7\r\nSKVER\r\nSKINFO\r\n")
            assert [line.split(" ")[0] for line in lines_of(heard)] == [
                METER, "EVER", "OK", "EINFO", "OK",
            ]  # fmt: skip

    run_virtual(scenario())


@pytest.mark.parametrize("delivery", [Delivery.BYTES, Delivery.RANDOM])
def test_mean_delivery_loses_nothing(delivery: Delivery) -> None:
    async def scenario() -> None:
        async with Bench(delivery, module="bp35a1", states=("echo-off",)) as bench:
            heard = await bench.type(b"SKINFO\r\n")
            assert bench.pieces > 2
            assert heard == f"EINFO {SINGLE} 001D129000ABC123 21 FFFF FFFE\r\nOK\r\n".encode()

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("bp35c2-j12", "is not one of"), ("toaster", "is not one of")],
)
def test_a_module_that_can_t_be_simulated_is_refused_in_a_sentence(
    name: str, sentence: str
) -> None:
    async def scenario() -> None:
        with pytest.raises(ValueError, match=sentence):
            House(HouseConfig(module=name), MemoryPort())

    run_virtual(scenario())
