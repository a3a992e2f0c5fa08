"""The probe as a pure machine: what it asks, and what it makes of the answers."""

import pytest

from broute_addon.errors import UnknownDialectError
from broute_addon.wisun.detect import Found, Step, probe
from broute_addon.wisun.sk_variants import DUAL, SINGLE_HOP, SkVariant
from tests.wire import sk_sessions as wire

VERSION = b"EVER 1.5.2\r\nOK\r\n"
SINGLE = b"EINFO " + wire.SINGLE_HOP_STICK.encode() + b" 001D129000ABC123 21 FFFF FFFE\r\nOK\r\n"
DUAL_INFO = b"EINFO " + wire.DUAL_STICK.encode() + b" 001D129100DEF456 2D 42A7 0\r\nOK\r\n"
FAIL = b"FAIL ER04\r\n"
FLASH = (b"WOPT", b"WUART", b"SKSAVE", b"SKERASE", b"SKSREG SFD")


def play(
    answers: dict[bytes, bytes | list[bytes]], *, thorough: bool = False
) -> tuple[Found | None, list[Step]]:
    """Answers each step by the beginning of what it writes ("" is the drain)."""
    queues = {k: list(v) if isinstance(v, list) else [v] * 99 for k, v in answers.items()}
    machine = probe("/dev/stick", thorough=thorough)
    steps: list[Step] = []
    try:
        step = next(machine)
        while True:
            steps.append(step)
            queue = queues.get(step.send.rstrip(b"\r\n"), [])
            step = machine.send(queue.pop(0) if queue else b"")
    except StopIteration as end:
        found: Found | None = end.value
        return found, steps


def asked(steps: list[Step]) -> list[bytes]:
    return [step.send for step in steps if step.send]


@pytest.mark.parametrize(
    ("info", "variant"),
    [
        pytest.param(SINGLE, SINGLE_HOP, id="FFFE"),
        pytest.param(DUAL_INFO, DUAL, id="0"),
        pytest.param(DUAL_INFO.replace(b" 0\r", b" 1\r"), DUAL, id="1"),
        pytest.param(b"SKINFO\r\n" + DUAL_INFO, DUAL, id="echoed"),
        pytest.param(b"EVENT 21 FE80::1 0 00\r\n" + SINGLE, SINGLE_HOP, id="behind an event"),
    ],
)
def test_the_last_field_of_skinfo_decides(info: bytes, variant: SkVariant) -> None:
    found, steps = play({b"SKVER": VERSION, b"SKINFO": info, b"ROPT": b"OK 00\r"})
    assert found is not None
    assert (found.variant, found.firmware, found.hex_payload) == (variant, "1.5.2", False)
    assert asked(steps) == [b"\r\n", b"SKVER\r\n", b"SKINFO\r\n", b"ROPT\r"]


@pytest.mark.parametrize(("answer", "variant"), [(b"OK\r\n", SINGLE_HOP), (b"FAIL ER05\r\n", DUAL)])
def test_a_one_channel_energy_scan_decides_where_skinfo_does_not(
    answer: bytes, variant: SkVariant
) -> None:
    info = SINGLE.replace(b"FFFE", b"1234")
    found, _ = play({b"SKVER": VERSION, b"SKINFO": info, b"SKSCAN 0 00000001 0": answer})
    assert found is not None
    assert found.variant is variant


@pytest.mark.parametrize(
    ("answer", "is_hex"),
    [(b"OK 00\r", False), (b"OK 01\r", True), (FAIL, True), (b"ROPT\r\r\nOK 01\r", True)],
)
def test_the_payload_form_is_read_and_er04_means_hexadecimal(answer: bytes, is_hex: bool) -> None:
    found, _ = play({b"SKVER": VERSION, b"SKINFO": SINGLE, b"ROPT": answer})
    assert found is not None
    assert found.hex_payload is is_hex


def test_the_rest_of_another_line_may_spoil_the_first_skver() -> None:
    found, steps = play({b"SKVER": [FAIL, VERSION], b"SKINFO": SINGLE})
    assert found is not None
    assert asked(steps).count(b"SKVER\r\n") == 2


def test_a_sleeper_is_woken() -> None:
    found, steps = play(
        {b"": [b"", b"EVENT C0\r\n", b"\r\n"], b"SKVER": VERSION, b"SKINFO": SINGLE}
    )
    assert found is not None
    assert asked(steps)[:3] == [b"\r\n", b"\r\n", b"SKVER\r\n"]


def test_a_stick_in_a_payload_is_fed_until_it_answers() -> None:
    blocks = [b"", b"", b"", b"EVENT 21 FE80::1 0 01\r\nOK\r\n"]
    found, steps = play({b"SKVER": [b"", VERSION], b"SKINFO": SINGLE, b"": [b""] * 3 + blocks})
    assert found is not None
    assert 0 < asked(steps).count(b"\r" * 64) <= 20


def test_silence_asks_in_j11_and_ends_without_a_find() -> None:
    found, steps = play({})
    assert found is None
    assert bytes.fromhex("D0EA83FC00010004033E0000") in asked(steps)
    assert sum(step.wait_s if step.quiet_s is None else step.quiet_s for step in steps) < 6.5


@pytest.mark.parametrize("moment", ["in the drain", "to the status request"])
def test_a_j11_stick_is_named(moment: str) -> None:
    frame = bytes.fromhex("D0F9EE5D20010008033D000501020101")
    status = bytes.fromhex("D0EA83FC00010004033E0000")
    with pytest.raises(UnknownDialectError, match="J11"):
        play({b"" if moment == "in the drain" else status: frame})


def test_a_thorough_probe_reads_settings() -> None:
    found, steps = play(
        {
            b"SKVER": VERSION,
            b"SKINFO": DUAL_INFO,
            b"SKAPPVER": b"EAPPVER rev26e\r\nOK\r\n",
            b"RUART": b"OK 80\r",
            b"SKSREG SA2": b"ESREG 1\r\nOK\r\n",
        },
        thorough=True,
    )
    assert found is not None
    assert found.settings.app_version == "rev26e"
    assert found.settings.uart == 0x80
    assert found.settings.shows_signal is True
    assert (found.channel, found.pan_id) == (0x2D, 0x42A7)
    assert not [data for data in asked(steps) if data.startswith(FLASH)]
