"""The stick's J11 language against wisun-modules.md part 3 and sections 6.3 and 6.4."""

import pytest

from broute_addon.simulator import Delivery, HouseConfig, MemoryPort, run_virtual
from broute_addon.simulator.house import House
from broute_addon.simulator.modules import find_module
from broute_addon.simulator.states import J11_STATES, TEXT_STATES
from tests.simulator.j11_bench import (
    CREDENTIALS,
    METER_IP,
    STARTUP,
    J11Bench,
    request,
    send_to_meter,
    with_stick,
)

SESSION_6_3 = [
    ("reset", "D0EA83FC 00D9 0004 0416 0000", STARTUP, 1.1),
    (
        "version",
        "D0EA83FC 006B 0004 03A8 0000",
        "D0F9EE5D 206B 000D 03AC 00A8 01040001030000158A",
        1,
    ),
    (
        "initial setting",
        "D0EA83FC 005F 0008 03A0 0009 05000400",
        "D0F9EE5D 205F 0005 0398 0001 01",
        1,
    ),
    (
        "credentials",
        "D0EA83FC 0054 0030 03BD 0A3B 3030303030303941344331453737423230443935413346383231354333"
        "453746513757334B3958324D355438",
        "D0F9EE5D 2054 0005 038D 0001 01",
        1,
    ),
    (
        "active scan",
        "D0EA83FC 0051 0012 039C 03C9 060003FFF0013231354333453746",
        "D0F9EE5D 4051 0006 03AB 0005 0104 D0F9EE5D 4051 0006 03AB 0006 0105"
        "D0F9EE5D 4051 0006 03AB 0007 0106 D0F9EE5D 4051 0006 03AB 0008 0107"
        "D0F9EE5D 4051 0006 03AB 0009 0108 D0F9EE5D 4051 0006 03AB 000A 0109"
        "D0F9EE5D 4051 0012 03B7 04EE 000A01D05EA55A0C1042A742A7C8"
        "D0F9EE5D 4051 0006 03AB 000C 010B D0F9EE5D 4051 0006 03AB 000D 010C"
        "D0F9EE5D 4051 0006 03AB 000E 010D D0F9EE5D 4051 0006 03AB 000F 010E"
        "D0F9EE5D 4051 0006 03AB 0010 010F D0F9EE5D 4051 0006 03AB 0011 0110"
        "D0F9EE5D 4051 0006 03AB 0012 0111 D0F9EE5D 2051 0005 038A 0001 01",
        12,
    ),
    (
        "initial setting with the channel",
        "D0EA83FC 005F 0008 03A0 000F 05000A00",
        "D0F9EE5D 205F 0005 0398 0001 01",
        1,
    ),
    (
        "start Route B",
        "D0EA83FC 0053 0004 0390 0000",
        "D0F9EE5D 2053 0011 0398 04EE 010A42A7D05EA55A0C1042A7C8",
        2.6,
    ),
    (
        "open a port",
        "D0EA83FC 0005 0006 0344 0028 0E1A",
        "D0F9EE5D 2005 0005 033E 0001 01",
        1,
    ),
    (
        "ports",
        "D0EA83FC 0007 0004 0344 0000",
        "D0F9EE5D 2007 0008 0343 002A 01010E1A",
        1,
    ),
    (
        "PAN ID",
        "D0EA83FC 005E 0004 039B 0000",
        "D0F9EE5D 205E 0007 0399 00EA 0142A7",
        1,
    ),
    (
        "PANA, then the instance list",
        "D0EA83FC 0056 0004 0393 0000",
        "D0F9EE5D 2056 0005 038F 0001 01 D0F9EE5D 6028 000D 03A9 0333 01D05EA55A0C1042A7"
        "D0F9EE5D 6018 0031 03BD 0B30 FE80000000000000D25EA55A0C1042A70E1A0E1A42A70102C80012"
        "108100000EF0010EF0017301D50401028801",
        9,
    ),
    (
        "renew",
        "D0EA83FC 00D2 0004 040F 0000",
        "D0F9EE5D 20D2 0005 040B 0001 01 D0F9EE5D 6028 000D 03A9 0333 01D05EA55A0C1042A7"
        "D0F9EE5D 6018 0031 03BD 0B30 FE80000000000000D25EA55A0C1042A70E1A0E1A42A70102C80012"
        "108100000EF0010EF0017301D50401028801",
        9,
    ),
    ("end PANA", "D0EA83FC 0057 0004 0394 0000", "D0F9EE5D 2057 0005 0390 0001 01", 1),
    (
        "close a port",
        "D0EA83FC 0006 0006 0345 0028 0E1A",
        "D0F9EE5D 2006 0005 033F 0001 01",
        1,
    ),
    ("stop Route B", "D0EA83FC 0058 0004 0395 0000", "D0F9EE5D 2058 0005 0391 0001 01", 1),
]


def test_documented_session() -> None:
    async def scenario(bench: J11Bench) -> None:
        for name, typed, heard, seconds in SESSION_6_3:
            answer = await bench.type(bytes.fromhex(typed), seconds)
            assert answer.hex().upper() == heard.replace(" ", ""), name

    with_stick(scenario)


EXCHANGES = [
    ("status", "fresh", "0001 0004 033E 0000", "2001 0008 033D 0005 01020101"),
    ("status", "started", "0001 0004 033E 0000", "2001 0008 033D 0006 01030101"),
    ("status", "operating", "0001 0004 033E 0000", "2001 0008 033D 0007 01030201"),
    ("status", "joined", "0001 0004 033E 0000", "2001 0008 033D 0008 01030301"),
    ("MAC", "fresh", "000E 0004 034B 0000", "200E 000D 034F 00EF 01001D12910A0B0C0D"),
    ("unset", "fresh", "0107 0004 0345 0000", "2107 0009 0345 01FF 01FF00FF00"),
    ("unknown command", "fresh", "7777 0004 042B 0000", "FFFF 0005 0517 0003 03"),
    ("header checksum", "joined", "0008 0004 0000 0000", "2FFF 0005 0447 00F0 F0"),
    ("scan before 005F", "fresh", "0051 0012 039C 03C9 060003FFF0013231354333453746",
     "2051 0005 038A 0037 37"),
    ("send while stopped", "started",
     "0008 0028 0369 087C FE80000000000000D25EA55A0C1042A70E1A0E1A000E1081000105FF01"
     "0288016201E700", "2008 0005 0341 0010 10"),
    ("send with a wrong data checksum", "joined",
     "0008 0028 0369 087D FE80000000000000D25EA55A0C1042A70E1A0E1A000E1081000105FF01"
     "0288016201E700", "2008 0005 0341 00F1 F1"),
    ("sample credentials", "started",
     "0054 0030 03BD 09D4 3030313132323333343435353636373738383939414142424343444445454646"
     "303132333435363738394142", "2054 0005 038D 0001 01"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "state", "typed", "heard"), EXCHANGES)
def test_documented_exchange(name: str, state: str, typed: str, heard: str) -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.house.faults.hold("lost-instance-list")
        answer = await bench.type(bytes.fromhex("D0EA83FC" + typed), 0.1)
        assert answer.hex().upper() == "D0F9EE5D" + heard.replace(" ", ""), name

    with_stick(scenario, state)


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        (None, "2008 000B 0347 0098 01001081000105"),
        ("budget", "2008 000B 0347 009A 01021081000105"),
        ("busy-channel", "2008 000B 0347 009B 01031081000105"),
        ("unacknowledged", "2008 000B 0347 009D 01051081000105"),
        ("out-of-reach", "2008 000B 0347 009D 01051081000105"),
    ],
)
def test_a_send_tells_how_it_went(fault: str | None, heard: str) -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(5)
        if fault == "budget":
            bench.house.faults.fire(fault)
        elif fault:
            bench.house.faults.hold(fault)
        bench.house.faults.hold("lost-answer")
        answer = await bench.type(request(0x0008, send_to_meter()), 0.9)
        assert answer.hex().upper() == "D0F9EE5D" + heard.replace(" ", "")

    with_stick(scenario, "joined")


ALL_MASK, ONE_MASK = "0003FFF0", "00000400"
PAIRING = b"215C3E7F".hex()
PING = METER_IP + "0002" + "00" + "ABCD"
o = None
MATRIX: list[tuple[int, str, tuple[int | None, int | None, int | None, int | None]]] = [
    (0x0001, "", (o, o, o, o)),
    (0x0009, "", (o, o, o, o)),
    (0x000E, "", (o, o, o, o)),
    (0x0011, "", (o, o, o, o)),
    (0x0100, "", (o, o, o, o)),
    (0x0102, "", (o, o, o, o)),
    (0x0107, "", (o, o, o, o)),
    (0x010B, "", (o, o, o, o)),
    (0x006B, "", (o, o, o, o)),
    (0x005F, "05000A00", (o, o, 0x34, 0x35)),
    (0x0101, "00", (o, o, 0x34, 0x35)),
    (0x010A, "00", (o, o, 0x34, 0x35)),
    (0x0051, f"01{ONE_MASK}01{PAIRING}", (0x37, o, o, o)),
    (0x00DB, ONE_MASK, (0x37, o, o, o)),
    (0x0054, CREDENTIALS, (0x37, o, o, 0x35)),
    (0x0053, "", (0x37, o, 0x34, 0x35)),
    (0x0005, "0E1B", (0x37, 0x10, o, o)),
    (0x0006, "0E1A", (0x37, 0x10, o, o)),
    (0x0007, "", (0x37, 0x10, o, o)),
    (0x0008, send_to_meter(), (0x37, 0x10, o, o)),
    (0x00D1, PING, (0x37, 0x10, o, o)),
    (0x005E, "", (0x37, 0x10, o, o)),
    (0x0056, "", (0x37, 0x10, o, 0x35)),
    (0x0058, "", (0x37, 0x10, o, 0x35)),
    (0x0057, "", (0x37, 0x10, 0x34, o)),
    (0x00D2, "", (0x37, 0x10, 0x34, o)),
    (0x0059, "", (0x37, 0x10, 0x34, o)),
    (0x00F0, "", (o, 0x14, 0x14, 0x14)),
]
"""Table 3.2: o is allowed, else the result that refuses."""

CASES = [
    (code, data, state, result)
    for code, data, results in MATRIX
    for state, result in zip(("fresh", "started", "operating", "joined"), results, strict=True)
]


@pytest.mark.parametrize(("code", "data", "state", "refusal"), CASES)
def test_state_table(code: int, data: str, state: str, refusal: int | None) -> None:
    async def scenario(bench: J11Bench) -> None:
        assert await bench.result(code, data, 3) == (refusal or 0x01)

    with_stick(scenario, state)


@pytest.mark.parametrize("state", J11_STATES)
def test_a_hardware_reset_works_always_and_loses_everything(state: str) -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.quiet(2)
        began = bench.now()
        bench.write(request(0x00D9))
        await bench.until(bytes.fromhex(STARTUP))
        assert 0.5 <= bench.now() - began <= 1.0
        assert await bench.give(0x0001) == [(0x2001, bytes.fromhex("01020101"))]
        assert await bench.give(0x0107) == [(0x2107, bytes.fromhex("01FF00FF00"))]
        assert await bench.result(0x005F, "05000A00") == 1
        assert await bench.result(0x0053, "", 3) == 0x0E

    with_stick(scenario, state)


def test_a_reset_ends_a_scan_and_a_log_in() -> None:
    async def scenario(bench: J11Bench) -> None:
        for code, data in ((0x0056, ""), (0x0051, f"06{ALL_MASK}01{PAIRING}")):
            bench.write(request(code, data))
            await bench.quiet(0.5)
            assert [code for code, _ in await bench.give(0x00D9, "", 20)] == [0x6019]
            await bench.give(0x005F, "05000A00")

    with_stick(scenario, "operating")


def test_a_second_command_before_the_response_is_refused_and_changes_nothing() -> None:
    async def scenario(bench: J11Bench) -> None:
        scan = f"04{ONE_MASK}01{PAIRING}"
        bench.write(request(0x0051, scan) + request(0x0051, scan) + request(0x0001))
        await bench.quiet_frames(0.1)
        busy = bytes.fromhex("D0F9EE5D 2051 0005 038A 003D 3D D0F9EE5D 2001 0005 033A 003D 3D")
        assert bench.take() == busy
        await bench.quiet_frames(1)
        assert [code for code, _ in bench.frames()] == [0x4051, 0x2051]
        assert await bench.result(0x0001) == 1

    with_stick(scenario, "started")


STATUS = "D0EA83FC00010004033E0000"
STATUS_ANSWER = (0x2001, bytes.fromhex("01020101"))


@pytest.mark.parametrize(
    ("name", "typed", "heard"),
    [
        ("noise", "00FF0D0A" + b"SKVER\r\n".hex(), []),
        ("half a unique code", "D0EA83", []),
        ("a response's unique code", "D0F9EE5D00010004033E0000", []),
        ("too short a length", "D0EA83FC00010003033D0000", [(0x2001, b"\xf2")]),
        ("too long a length", "D0EA83FC0001054A03890000", [(0x2001, b"\xf3")]),
        ("parameters too long", "D0EA83FC00010005033F000101", [(0x2001, b"\x11")]),
    ],
)
def test_the_next_good_frame_is_heard(
    name: str, typed: str, heard: list[tuple[int, bytes]]
) -> None:
    async def scenario(bench: J11Bench) -> None:
        await bench.type(bytes.fromhex(typed), 0)
        await bench.quiet_frames(0.1)
        assert bench.frames() == heard, name
        bench.write(bytes.fromhex(STATUS))
        await bench.quiet_frames(0.1)
        assert bench.frames() == [STATUS_ANSWER], name

    with_stick(scenario)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("D0EA83FC0001", 0x2FFF), ("D0EA83FC 0005 0006 0344 0028 0E", 0x2005)],
    ids=["within the header", "within the data"],
)
def test_a_frame_that_stops_is_given_up_after_a_second(typed: str, code: int) -> None:
    async def scenario(bench: J11Bench) -> None:
        for byte in bytes.fromhex(typed):
            assert await bench.type(bytes([byte]), 0.9) == b""
        await bench.quiet_frames(0.2)
        assert bench.frames() == [(code, b"\x13")]
        assert await bench.give(0x0001) == [STATUS_ANSWER]

    with_stick(scenario)


def test_half_a_frame_of_an_earlier_program_swallows_the_next_and_is_over_in_a_second() -> None:
    async def scenario(bench: J11Bench) -> None:
        assert await bench.type(b"SKVER\r\n", 0.5) == b""
        await bench.quiet_frames(1)
        assert bench.frames() == [(0x2008, b"\x13")]
        assert await bench.give(0x0001) == [STATUS_ANSWER]

    with_stick(scenario, "mid-frame")


@pytest.mark.parametrize("delivery", list(Delivery))
def test_frames_survive_any_cut_of_the_line(delivery: Delivery) -> None:
    async def scenario(bench: J11Bench) -> None:
        bench.port.delivery = delivery
        for byte in bytes.fromhex(STATUS):
            bench.write(bytes([byte]))
        await bench.quiet_frames(0.1)
        assert bench.frames() == [STATUS_ANSWER]

    with_stick(scenario)


@pytest.mark.parametrize(
    ("state", "code", "data", "result"),
    [
        ("started", 0x005F, "01000A00", 0x04),
        ("started", 0x005F, "05001200", 0x04),
        ("started", 0x005F, "05000A", 0x11),
        ("started", 0x0051, f"00{ALL_MASK}01{PAIRING}", 0x04),
        ("started", 0x0051, f"0F{ALL_MASK}01{PAIRING}", 0x04),
        ("started", 0x0051, f"06FFFFFFFF01{PAIRING}", 0x04),
        ("started", 0x0051, "06" + ALL_MASK, 0x11),
        ("started", 0x0054, CREDENTIALS[:-2], 0x11),
        ("started", 0x0054, CREDENTIALS.replace("41", "61", 1), 0x04),
        ("operating", 0x0005, "0E1A", 0x0A),
        ("operating", 0x0005, "02CC", 0x04),
        ("operating", 0x0006, "0E1B", 0x0B),
        ("joined", 0x0008, send_to_meter(port="0E1B"), 0x0B),
        ("joined", 0x0008, send_to_meter().replace("D25E", "D25F", 1), 0x02),
        ("joined", 0x0008, send_to_meter().replace("FE80", "2001", 1), 0x06),
        ("joined", 0x0008, send_to_meter()[:-2], 0x11),
        ("joined", 0x0008, send_to_meter(""), 0x11),
    ],
)
def test_bad_parameters_are_refused(state: str, code: int, data: str, result: int) -> None:
    async def scenario(bench: J11Bench) -> None:
        assert await bench.result(code, data, 1) == result

    with_stick(scenario, state)


def test_ten_ports_can_be_open() -> None:
    async def scenario(bench: J11Bench) -> None:
        for port in range(0x1000, 0x1009):
            assert await bench.result(0x0005, f"{port:04X}") == 1
        assert await bench.result(0x0005, "2000") == 0x12

    with_stick(scenario, "operating")


def test_values_set_are_told() -> None:
    async def scenario(bench: J11Bench) -> None:
        for setter, getter in ((0x0101, 0x0102), (0x010A, 0x010B)):
            assert await bench.give(getter) == [(getter + 0x2000, b"\x01\x00")]
            assert await bench.result(setter, "02") == 0x04
            assert await bench.result(setter, "01") == 1
            assert await bench.give(getter) == [(getter + 0x2000, b"\x01\x01")]
        assert await bench.give(0x0107) == [(0x2107, bytes.fromhex("0105000A00"))]
        assert await bench.give(0x0009) == [
            (0x2009, bytes.fromhex("01FE80000000000000021D12910A0B0C0D"))
        ]
        assert await bench.give(0x0011) == [(0x2011, bytes.fromhex("010000"))]

    with_stick(scenario, "started")


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("BP35C0-J11-T01", "bp35c0-j11"),
        ("bp35c1-j11-t01", "bp35c0-j11"),
        ("bp35c2-j11-t01", "bp35c2-j11"),
        ("rs-wsuha-j11", "rs-wsuha-j11"),
    ],
)
def test_every_name_of_a_j11_stick_is_known(alias: str, name: str) -> None:
    module = find_module(alias)
    assert (module.name, module.is_j11) == (name, True)


@pytest.mark.parametrize(
    ("module", "state"),
    [("bp35c2-j11", state) for state in TEXT_STATES if state not in J11_STATES]
    + [("bp35c2", state) for state in J11_STATES if state not in TEXT_STATES],
)
def test_a_state_of_the_other_language_is_refused_in_a_sentence(module: str, state: str) -> None:
    async def scenario() -> None:
        with pytest.raises(ValueError, match=f"'{state}': a {module} has only the states fresh, "):
            House(HouseConfig(module=module, states=(state,)), MemoryPort())

    run_virtual(scenario())
