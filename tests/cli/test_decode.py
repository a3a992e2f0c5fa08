"""`decode`: what a user pastes, and what they get to read."""

import argparse
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broute_addon.cli.decode import add_arguments, decode
from tests.wire.echonet_frames import FRAMES, MALFORMED, TODAY

METER = "FE80:0000:0000:0000:D25E:A55A:0C10:42A7"
OURS = "FE80:0000:0000:0000:021D:1291:00DE:F456"
POWER = "1081000102880105FF017201E704000001A4"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> "Run":
    return Run(capsys)


class Run:
    """The command as from a shell: exit code, what went to each stream."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, command: str) -> tuple[int, list[str], str]:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        code = decode(parser.parse_args(shlex.split(command)))
        out, err = self._capsys.readouterr()
        return code, out.splitlines(), err


def test_an_answer_is_told_with_raw_counts_and_decimals(run: Run) -> None:
    code, lines, _ = run("1081010302880105FF017203E704000005AAE80400140016E0040001E240")
    assert code == 0
    assert lines == [
        "Get_Res 028801 to 05FF01, tid 0103",
        "E7 instantaneous_power: power 1450 = 1450 W",
        "E8 instantaneous_current: current_r 20 = 2.0 A",
        "E8 instantaneous_current: current_t 22 = 2.2 A",
        "E0 cumulative_energy_normal: energy_bought 123456 counts (--unit gives kWh)",
    ]


def test_energy_is_in_kwh_where_the_frame_tells_unit_and_coefficient(run: Run) -> None:
    _, lines, _ = run("1081010302880105FF017203E10103D3040000000AE0040001E240")
    assert lines[1:] == [
        "E1 energy_unit: energy_unit 03 = 0.001 kWh",
        "D3 coefficient: coefficient 10",
        "E0 cumulative_energy_normal: energy_bought 123456 = 1234.560 kWh",
    ]


def test_energy_is_in_kwh_where_the_user_tells_the_unit(run: Run) -> None:
    assert run("--epc E0 --unit 0.1 0001E240")[1] == [
        "E0 cumulative_energy_normal: energy_bought 123456 = 12345.6 kWh"
    ]
    assert "= 12345600 kWh" in run("--epc E3 --unit 10 --coefficient 10 0001E240")[1][0]


def test_a_sign_is_kept_and_no_data_is_not_a_number(run: Run) -> None:
    assert run("--epc E7 FFFFF6F5")[1] == ["E7 instantaneous_power: power -2315 = -2315 W"]
    assert run("--epc E7 7FFFFFFE")[1] == ["E7 instantaneous_power: power 7FFFFFFE = no data"]
    assert run("--epc E0 05F5E100")[1] == [
        "E0 cumulative_energy_normal: energy_bought 05F5E100 = not a valid value"
    ]
    assert run("--epc E8 00227FFE")[1][1].endswith("current_t 7FFE = no data")


def test_times_are_written_with_date_hour_and_minute(run: Run) -> None:
    _, lines, _ = run("--epc EA 07EA04050D1E000001E23A")
    assert lines[0].endswith("= 2026-04-05 13:30")
    assert run("--epc 98 07EA0405")[1] == ["98 current_date: current_date 07EA0405 = 2026-04-05"]
    assert run("--epc 97 0D22")[1] == ["97 current_time: current_time 0D22 = 13:34"]


def test_every_slot_of_a_day_is_told(run: Run) -> None:
    _, lines, _ = run(f"1081011002880105FF017201E2C2{TODAY} --unit 0.1")
    assert lines[1] == "E2 history_1_normal: history_1_day 0"
    assert lines[2] == "E2 history_1_normal: 00:00  120096 = 12009.6 kWh"
    assert lines[29] == "E2 history_1_normal: 13:30  120177 = 12017.7 kWh"
    assert lines[49] == "E2 history_1_normal: 23:30  FFFFFFFE = no data"
    assert len(lines) == 50


def test_slots_that_go_back_in_time_carry_their_own(run: Run) -> None:
    _, lines, _ = run("--epc EC 07EA04060000 02 0001E23A00000315 FFFFFFFEFFFFFFFE")
    assert lines == [
        "EC history_2: history_2_time 07EA04060000 = 2026-04-06 00:00",
        "EC history_2: 2026-04-06 00:00  bought 123450, sold 789",
        "EC history_2: 2026-04-05 23:30  bought FFFFFFFE = no data, sold FFFFFFFE = no data",
    ]
    _, lines, _ = run("--epc EE 07EA04050D22 02 00BC5F2300013440 00BC5F0B00013440 --unit 0.001")
    assert lines[2] == (
        "EE history_3: 2026-04-05 13:33  bought 12345099 = 12345.099 kWh, sold 78912 = 78.912 kWh"
    )


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ("1081010105FF010288016201E700", "E7 instantaneous_power: asked for"),
        ("1081010105FF010288016201E70100", "E7 instantaneous_power: asked for"),
        ("1081010D02880105FF017101E500", "E5 history_1_day: accepted"),
        ("1081010E02880105FF015101E50164", "E5 history_1_day: refused"),
        ("1081010802880105FF015201D300", "D3 coefficient: refused"),
        ("1081010802880105FF017201D300", "D3 coefficient: no value"),
        ("108102A005FF010288017A01EA00", "EA fixed_time_energy_normal: received"),
        ("1081011C02880105FF015E01E5010101E200", "E5 history_1_day: refused"),
        ("1081011C02880105FF015E01E5010101E200", "E2 history_1_normal: refused"),
        ("1081010802880105FF017201F0020102", "F0 unknown property: 0102"),
        ("108100000EF0010EF0017301D50401028801", "D5 instance_list_notification: 028801"),
        ("1081010102880105FF017201E704000005AA00", "1 bytes too many behind the last property"),
    ],
)
def test_an_empty_edt_means_what_its_service_says(run: Run, frame: str, says: str) -> None:
    code, lines, _ = run(frame)
    assert code == 0
    assert says in lines


@pytest.mark.parametrize("frame", FRAMES)
def test_every_example_frame_is_decoded(run: Run, frame: str) -> None:
    code, lines, err = run(frame)
    assert (code, err) == (0, "")
    assert len(lines) >= 2


def test_the_same_epc_of_the_node_profile_is_another_property(run: Run) -> None:
    assert run("--epc 82 00004600")[1] == ["82 standard_version: standard_version 00004600 = F.0"]
    assert run("--epc 82 --node 010A0100")[1][1] == "82 version_information: version_minor 10"
    assert run("--epc D6 --class 0EF0 01028801")[1] == ["D6 instance_list: 028801"]


def test_nothing_is_masked(run: Run) -> None:
    assert run("--epc 8D 414231324333343536373800")[1][0].endswith("= AB12C345678")
    _, lines, _ = run(
        "D0EA83FC 0054 0030 03BD 09D4 3030313132323333343435353636373738383939"
        "414142424343444445454646303132333435363738394142"
    )
    assert lines[1:] == ["ID 00112233445566778899AABBCCDDEEFF", "password 0123456789AB"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"ERXUDP {METER} {OURS} 0E1A 0E1A D05EA55A0C1042A7 1 0012 {POWER}", "D05EA55A0C1042A7)"),
        (f"ERXUDP {METER} {OURS} 0E1A 0E1A D05EA55A0C1042A7 1 0 0012 {POWER}", "side B-route"),
        (f"ERXUDP {METER} {OURS} 0E1A 0E1A D05EA55A0C1042A7 DF 1 0 0012 {POWER}", "-42.9 dBm"),
        (f"ERXUDP {METER} {OURS} 0e1a 0e1a d05ea55a0c1042a7 1 0012 {POWER.lower()}", "18 bytes"),
        (
            f"12:00:05 D < ERXUDP {METER} {OURS} 0E1A 0E1A D05EA55A0C1042A7 1 0012 "
            "<10 81 00 01 02 88 01 05 FF 01 72 01 E7 04 00 00 01 A4>",
            "encrypted",
        ),
        (f"SKSENDTO 1 {METER} 0E1A 1 0 0012 {POWER}", "SKSENDTO sent to"),
        (f"SKSENDTO 1 {METER} 0E1A 1 0012 {POWER}", "18 bytes"),
    ],
)
def test_a_datagram_in_a_log_is_decoded_in_every_layout(run: Run, line: str, says: str) -> None:
    for command in (shlex.quote(line), shlex.join(line.split())):
        code, lines, _ = run(command)
        assert code == 0
        assert says in " ".join(lines)
        assert lines[-1] == "E7 instantaneous_power: power 420 = 420 W"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"EVENT 21 {METER} 00", "EVENT 21: UDP transmission finished: sent"),
        (f"EVENT 21 {METER} 0 01", "EVENT 21: UDP transmission finished: failed"),
        (f"EVENT 21 {METER} 0 02", "EVENT 21: UDP transmission finished: neighbor solicitation"),
        (f"EVENT 24 {METER}", "EVENT 24: PANA connection failed: wrong credentials or no answer"),
        (f"EVENT 25 {METER} 0", "EVENT 25: PANA connection succeeded"),
        (f"EVENT 29 {METER}", "EVENT 29: session lifetime expired"),
        (f"EVENT 32 {OURS} FF", "EVENT 32: transmit-time limit active"),
        ("EVENT C0", "EVENT C0: woke up from sleep"),
        (f"EVENT 41 {METER} 1", "EVENT 41: an event of the home network (HAN)"),
        ("FAIL ER10", "FAIL ER10: command accepted, but its execution failed"),
        ("< FAIL ER04", "FAIL ER04: command not supported"),
        ("FAIL ER01", "FAIL ER01: reserved"),
        ("EPANDESC Channel:2D LQI:E1", "beacon: Channel 2D = 924.9 MHz beacon: LQI E1 = -42.4 dBm"),
        (f"SKSENDTO 1 {METER} 0E1A 1 0 0012 ", "the payload is never echoed"),
        (f"ERXUDP {METER} {OURS} 02CC 02CC D05EA55A0C1042A7 0 0004 00000028", "(PANA)"),
    ],
)
def test_a_line_of_a_stick_is_explained(run: Run, line: str, says: str) -> None:
    code, lines, _ = run(shlex.quote(line))
    assert code == 0
    assert says in " ".join(lines)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ("D0EA83FC00D9000404160000", "J11 request 00D9 hardware reset"),
        ("D0F9EE5D6019000403910000", "J11 notification 6019 start-up complete"),
        ("D0F9EE5D2053000503 8C000E0E", "result 0E = MAC connection failed"),
        ("D0F9EE5D 2008 000B 0347 009D 01051081000105", "transmission 05 = no acknowledgement"),
        (
            "D0F9EE5D 6028 000D 03A9 0334 02D05EA55A0C1042A7",
            "result 02 = failed: wrong credentials",
        ),
        ("D0F9EE5D 601A 000E 039C 03FE 04D05EA55A0C1042A7C8", "state 04 = PANA lost"),
        ("D0F9EE5D 601A 000E 039C 03FE 04D05EA55A0C1042A7C8", "signal -56 dBm"),
        ("D0F9EE5D 2FFF 0005 0447 00F0 F0", "result F0 = header checksum wrong"),
        ("D0F9EE5D FFFF 0005 0517 0003 03", "result 03 = bad command code"),
        ("D0F9EE5D 206B 000D 03AC 00A8 01040001030000158A", "revision 0000158A"),
        ("D0F9EE5D 4051 0006 03AB 0005 0104", "channel 4"),
        ("D0F9EE5D 4051 0012 03B7 04EE 000A01D05EA55A0C1042A742A7C8", "MAC D05EA55A0C1042A7"),
        ("D0EA83FC 0051 0012 039C 03C9 060003FFF0013231354333453746", "pairing ID 215C3E7F"),
        (
            "D0EA83FC 0008 0028 0369 087C FE80000000000000D25EA55A0C1042A70E1A0E1A000E"
            "1081000105FF010288016201E700",
            "E7 instantaneous_power: asked for",
        ),
        (
            "D0F9EE5D 6018 0031 03BD 0AEC FE80000000000000D25EA55A0C1042A70E1A0E1A42A70002C80012"
            "1081000102880105FF017201E704000001A4",
            "E7 instantaneous_power: power 420 = 420 W",
        ),
        (
            "D0F9EE5D 2056 0005 038F 0001 01 D0F9EE5D 6028 000D 03A9 0333 01D05EA55A0C1042A7",
            "J11 notification 6028 PANA result",
        ),
    ],
)
def test_a_j11_frame_is_decoded_in_either_direction(run: Run, frame: str, says: str) -> None:
    code, lines, _ = run(frame)
    assert code == 0
    assert any(line.startswith(says) for line in lines)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("hello", "hello is neither hexadecimal nor a line"),
        ("''", "neither hexadecimal"),
        ("1081010102880105FF017201E704000005A", "one is missing"),
        ("--epc E7 0005", "The value has 2 bytes instead of 4."),
        ("--epc E9 0005", "The property E9 of class 0288 is not known here."),
        (f"ERXUDP {METER}", "is cut"),
        (f"ERXUDP {METER} {OURS} 0E1A 0E1A D05EA55A0C1042A7 1 0013 {POWER}", "announces 19"),
        ("D0EA83FC 00D9 0004 0417 0000", "header checksum of this J11 frame is 0417"),
        ("D0F9EE5D 2056 0005 038F 0002 01", "data checksum of this J11 frame is 0002"),
        ("D0F9EE5D 2056 0005 038F 0001", "is cut: it has 12 of 13 bytes"),
        ("D0F9EE5D 2056", "is cut"),
        ("D0F9EE5D 2056 0003 038D 0000", "is cut"),
        ("D0F9EE5D 2056 0005 038F 0001 01 FF", "is cut"),
    ],
)
def test_what_cannot_be_decoded_is_one_sentence_and_exit_code_1(
    run: Run, command: str, sentence: str
) -> None:
    code, lines, err = run(command)
    assert (code, lines) == (1, [])
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("frame", [each for each in MALFORMED if each])
def test_a_malformed_frame_is_told_as_such(run: Run, frame: str) -> None:
    code, _, err = run(frame)
    assert code == 1
    assert MALFORMED[frame] in err


def test_one_bad_property_does_not_hide_the_others(run: Run) -> None:
    code, lines, _ = run("1081010102880105FF017202E7020005E80400140000")
    assert code == 1
    assert lines[1] == "E7 instantaneous_power: 0005 The value has 2 bytes instead of 4."
    assert lines[2] == "E8 instantaneous_current: current_r 20 = 2.0 A"


@given(
    st.text(max_size=60)
    | st.binary(max_size=60).map(bytes.hex)
    | st.binary(max_size=40).map(lambda noise: "D0F9EE5D6018" + noise.hex())
    | st.text("0123456789ABCDEF: ", max_size=80).map("ERXUDP ".__add__)
    | st.text("0123456789ABCDEF: ", max_size=80).map("EVENT ".__add__)
    | st.text("0123456789ABCDEFLQI: ", max_size=80).map("EPANDESC LQI:".__add__)
)
def test_whatever_is_pasted_nothing_breaks(text: str) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert decode(parser.parse_args(["--", text])) in (0, 1)
