"""The probe as a pure machine: what it asks, and what it makes of the answers."""

import pytest

from broute_addon.wisun.detect import probe
from broute_addon.wisun.probing import Found, Step
from broute_addon.wisun.sk_variants import DUAL, SINGLE_HOP, SkVariant
from broute_addon.wisun.skstack import SkStack
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


def variant_of(found: Found) -> SkVariant:
    assert isinstance(found.dialect, SkStack)
    return found.dialect.variant


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
    assert (variant_of(found), found.firmware, found.hex_payload) == (variant, "1.5.2", False)
    assert asked(steps) == [b"\r\n", b"SKVER\r\n", b"SKINFO\r\n", b"ROPT\r"]


@pytest.mark.parametrize(("answer", "variant"), [(b"OK\r\n", SINGLE_HOP), (b"FAIL ER05\r\n", DUAL)])
def test_a_one_channel_energy_scan_decides_where_skinfo_does_not(
    answer: bytes, variant: SkVariant
) -> None:
    info = SINGLE.replace(b"FFFE", b"1234")
    found, _ = play({b"SKVER": VERSION, b"SKINFO": info, b"SKSCAN 0 00000001 0": answer})
    assert found is not None
    assert variant_of(found) is variant


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
    assert sum(step.wait_s if step.quiet_s is None else step.quiet_s for step in steps) <= 6.5


VERSION_J11 = bytes.fromhex("D0F9EE5D206B000D03AC00A801040001030000158A")
MAC_J11 = bytes.fromhex("D0F9EE5D200E000D034F00EF01001D12910A0B0C0D")
STATUS = bytes.fromhex("D0EA83FC00010004033E0000")
ASK_VERSION = bytes.fromhex("D0EA83FC006B000403A80000")
ASK_MAC = bytes.fromhex("D0EA83FC000E0004034B0000")
RESET = bytes.fromhex("D0EA83FC00D9000404160000")
J11_ANSWERS: dict[bytes, bytes | list[bytes]] = {ASK_VERSION: VERSION_J11, ASK_MAC: MAC_J11}


@pytest.mark.parametrize(
    "answers",
    [
        {b"": bytes.fromhex("D0F9EE5D6019000403910000")},
        {STATUS: bytes.fromhex("D0F9EE5D20010008033D000501020101")},
        {STATUS: bytes.fromhex("D0F9EE5DFFFF00050517000303")},
        {STATUS: b"\x00\xd0" + bytes.fromhex("D0F9EE5D2FFF0005044700F0F0")},
    ],
    ids=["in the drain", "status", "unknown command", "header garbled, behind noise"],
)
def test_any_good_j11_frame_tells_a_j11_module(answers: dict[bytes, bytes]) -> None:
    found, steps = play({**J11_ANSWERS, **answers})
    assert found is not None
    assert (found.dialect.name, found.firmware, str(found.mac)) == (
        "J11",
        "1.3 (0000158A)",
        "001D12910A0B0C0D",
    )
    assert found.hex_payload is None
    assert RESET not in asked(steps)


def test_a_cut_j11_frame_in_the_drain_proves_nothing() -> None:
    found, _ = play({b"": VERSION_J11[:-1]})
    assert found is None


@pytest.mark.parametrize("thorough", [False, True])
def test_a_busy_j11_module_is_reset_by_who_means_to_use_it(thorough: bool) -> None:
    busy = bytes.fromhex("D0F9EE5D206B000503A4003D3D")
    answers: dict[bytes, bytes | list[bytes]] = {
        STATUS: bytes.fromhex("D0F9EE5D20010005033A003D3D"),
        ASK_VERSION: [busy, busy, busy, VERSION_J11],
        ASK_MAC: MAC_J11,
    }
    found, steps = play(answers, thorough=thorough)
    assert found is not None
    assert (RESET in asked(steps)) != thorough
    assert found.firmware == ("?" if thorough else "1.3 (0000158A)")


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
