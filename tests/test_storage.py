"""What outlives the process: kept whole, or begun anew; never an end of the program."""

import json
from collections.abc import Callable
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
    assert (storage.instance == "0badcafe") == (b"0badcafe" in content)
    assert len(caplog.records) == 1


def kept(folder: Path) -> str:
    """What a run leaves, and where."""
    storage = Storage(folder)
    storage.keep(replace(storage.facts.with_profile(PROFILE), pan=PAN, pairing="abc"))
    return (folder / "state.json").read_text()


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(lambda text: text.replace('"version": 1', '"version": 2'), id="version"),
        pytest.param(lambda text: text[: len(text) // 2], id="cut off"),
        pytest.param(lambda text: text + "}", id="too long"),
        pytest.param(lambda text: text.replace('"batch"', '"botch"'), id="a field's name"),
        pytest.param(lambda text: text.replace('"channel": 45', '"channel": 0'), id="a value"),
        pytest.param(lambda text: text.replace('"uids"', '"gone"'), id="the list of ids"),
        pytest.param(lambda text: text.replace("abc", "\ud800"), id="not UTF-8"),
        pytest.param(lambda text: text + "[" * 100_000, id="too deep"),
    ],
)
def test_a_damaged_file_still_tells_its_names(
    damaged: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    whole = kept(tmp_path)
    instance = json.loads(whole)["instance"]
    path.write_text(damaged(whole), encoding="utf-8", errors="surrogatepass")
    storage = Storage(tmp_path)
    assert storage.instance == instance
    assert storage.meter_uids == (PROFILE.uid,)
    again = Storage(tmp_path)
    assert again.facts == storage.facts


def test_an_id_lives_on_when_its_profile_is_lost_or_replaced(tmp_path: Path) -> None:
    kept(tmp_path)
    storage = Storage(tmp_path)
    exchanged = replace(PROFILE, serial_number="OTHER")
    storage.keep(storage.facts.with_profile(exchanged))
    assert set(Storage(tmp_path).meter_uids) == {PROFILE.uid, exchanged.uid}


def test_a_profile_of_an_older_file_without_a_list_of_ids_has_its_id(tmp_path: Path) -> None:
    raw = json.loads(kept(tmp_path))
    del raw["uids"]
    (tmp_path / "state.json").write_text(json.dumps(raw))
    assert Storage(tmp_path).meter_uids == (PROFILE.uid,)
    assert not (tmp_path / "state.damaged").exists()


def test_a_file_that_cannot_be_read_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state.json").mkdir()  # reading it is an OSError, whoever asks
    storage = Storage(tmp_path)
    storage.keep(replace(storage.facts, pan=PAN))
    assert storage.facts.pan == PAN
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    (record,) = caplog.records
    assert "can't be read (Is a directory)" in record.getMessage()


def test_a_full_disk_costs_no_name(tmp_path: Path) -> None:
    whole = kept(tmp_path)
    (tmp_path / "state.json").write_text(whole[:-10])
    (tmp_path / "state.new").mkdir()  # the new file can't come about
    name = Storage(tmp_path).instance
    assert name == json.loads(whole)["instance"]
    assert Storage(tmp_path).instance == name


def test_nothing_is_written_while_nothing_changes(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.keep(replace(storage.facts, pan=PAN))
    before = (tmp_path / "state.json").stat().st_mtime_ns
    for _ in range(100):
        storage.keep(replace(storage.facts, pan=PAN))
    assert (tmp_path / "state.json").stat().st_mtime_ns == before


def test_what_could_not_be_written_is_written_once_that_is_possible(tmp_path: Path) -> None:
    (tmp_path / "state.new").mkdir()  # in the way
    storage = Storage(tmp_path)
    (tmp_path / "state.new").rmdir()
    storage.keep(storage.facts)
    assert Storage(tmp_path).instance == storage.instance


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
