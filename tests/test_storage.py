"""What outlives the process: kept whole, or begun anew; never an end of the program."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from broute_addon.meter.profile import EnergyScale, MeterProfile
from broute_addon.storage import Storage
from broute_addon.wisun.values import MacAddress, Pan

MAC = MacAddress.parse("D05EA55A0C1042A7")
PAN = Pan(0x2D, 0x42A7, MAC)
PROFILE = MeterProfile(
    mac=MAC,
    get_map=frozenset({0xE7, 0xE8}),
    set_map=frozenset({0xE5}),
    inf_map=frozenset({0x80}),
    scale=EnergyScale(3, -1, 6),
    maker_code="000016",
    serial_number="AB12C345678",
    standard_version="F.0",
    batch=4,
    has_t_phase=True,
)


def test_facts_come_back_as_they_were(tmp_path: Path) -> None:
    first = Storage(tmp_path)
    first.keep(
        replace(first.facts.with_profile(PROFILE), pan=PAN, pairing="abc", port="/dev/stick")
    )
    second = Storage(tmp_path)
    assert second.facts == first.facts
    assert second.meter_uids == (PROFILE.uid,)


def test_the_instance_is_random_and_stays(tmp_path: Path) -> None:
    name = Storage(tmp_path / "a").instance
    assert Storage(tmp_path / "a").instance == name
    assert Storage(tmp_path / "b").instance != name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 99}',
        b'{"version": 1}',
        b'{"version": 1, "instance": "../../x", "meters": {}}',
        b'{"version": 1, "instance": "0badcafe", "port": null, "pairing": null,'
        b' "pan": {"channel": 99, "pan_id": 1, "address": "D05EA55A0C1042A7"}, "meters": {}}',
        b'{"version": 1, "instance": "0badcafe", "port": null, "pairing": null, "pan": null,'
        b' "meters": {"nonsense": {}}}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_or_foreign_file_is_set_aside_and_begun_anew(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    storage = Storage(tmp_path)
    assert storage.facts.pan is None
    assert (tmp_path / "state.damaged").read_bytes() == content
    assert json.loads(path.read_text())["instance"] == storage.instance
    assert len(caplog.records) == 1


def test_nothing_is_written_while_nothing_changes(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.keep(replace(storage.facts, pan=PAN))
    before = (tmp_path / "state.json").stat().st_mtime_ns
    for _ in range(100):
        storage.keep(replace(storage.facts, pan=PAN))
    assert (tmp_path / "state.json").stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    storage = Storage(tmp_path / "file")
    for channel in range(33, 40):
        storage.keep(replace(storage.facts, pan=replace(PAN, channel=channel)))
    assert storage.facts.pan == replace(PAN, channel=39)
    assert len(caplog.records) == 1


def test_a_meter_is_known_by_its_serial_number_whatever_its_radio_is() -> None:
    other_radio = replace(PROFILE, mac=MacAddress.parse("D05EA55A0C100001"))
    assert other_radio.uid == PROFILE.uid
    assert replace(PROFILE, serial_number="OTHER").uid != PROFILE.uid
    assert replace(PROFILE, maker_code="000035").uid != PROFILE.uid
    nameless = replace(PROFILE, serial_number=None)
    assert nameless.uid != replace(other_radio, serial_number=None).uid


def test_an_id_holds_neither_serial_number_nor_mac() -> None:
    assert "AB12C345678" not in PROFILE.uid
    assert str(MAC)[-6:].lower() not in PROFILE.uid
    assert len(PROFILE.uid) == len("broute_") + 10
