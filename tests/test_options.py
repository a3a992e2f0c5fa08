"""Options: what is forgiven, what is told, and that nothing secret is told."""

import json
from pathlib import Path

import pytest

from broute_addon.options import (
    OPTIONS_SCHEMA,
    Options,
    OptionsFileError,
    load_options,
    parse_options,
)
from broute_addon.redaction import Secret

ROUTE_B_ID = "0000009A4C1E77B20D95A3F8215C3E7F"
PASSWORD = "Q7W3K9X2M5T8"
GOOD = {"route_b_id": ROUTE_B_ID, "route_b_password": PASSWORD}


def faults(**options: object) -> list[str]:
    return [str(fault.message) for fault in parse_options(GOOD | options).faults]


@pytest.mark.parametrize(
    "typed",
    [
        ROUTE_B_ID,
        ROUTE_B_ID.lower(),
        "0000009A 4C1E77B2 0D95A3F8 215C3E7F",
        "0000009A-4C1E77B2-0D95A3F8-215C3E7F",
        "０００００09a4c1e77b20d95a3f8215c3e7f",
        f"  {ROUTE_B_ID}\u3000",
        "0000009A‐4C1E77B2ー0D95A3F8−215C3E7F",
    ],
)
def test_an_id_is_taken_however_it_was_typed(typed: str) -> None:
    loaded = parse_options(GOOD | {"route_b_id": typed})
    assert loaded.options.route_b_id == Secret(ROUTE_B_ID)
    assert not loaded.faults
    assert loaded.has_credentials


def test_a_password_keeps_its_case_and_loses_only_what_is_no_part_of_it() -> None:
    loaded = parse_options(GOOD | {"route_b_password": " ｑ7w3-K9x2 m5t8 "})
    assert loaded.options.route_b_password == Secret("q7w3K9x2m5t8")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"route_b_id": "12345"}, "The option route_b_id has 5 characters instead of 32"),
        ({"route_b_id": "G" * 32}, "The option route_b_id may hold only"),
        ({"route_b_password": "あ" * 12}, "The option route_b_password may hold only"),
        ({"route_b_password": "1234567890123"}, "route_b_password has 13 characters"),
        ({"route_b_password": 123456789012}, "route_b_password must be text in quotation marks"),
        ({"poll_interval": 4}, "poll_interval must be a whole number from 5 to 3600"),
        ({"poll_interval": "30"}, "poll_interval must be a whole number"),
        ({"mqtt_tls": "yes"}, "mqtt_tls must be true or false"),
        ({"language": "fr"}, "language must be one of auto, en, ja"),
        ({"mqtt_ca": "certs/ca.pem"}, "mqtt_ca must be the name of a file"),
        ({"poll_intervall": 1}, "The option poll_intervall is unknown"),
        ({"colour": 1}, "The option col… is unknown"),
        ({"a\x1b\ud800b": 1}, "The option a??… is unknown"),
        ({"mqtt_host": "broker\x00"}, "mqtt_host has characters that can't be used"),
        ({"mqtt_username": "us\ud800er"}, "mqtt_username has characters that can't be used"),
        ({"mqtt_password": "pass\udfffword"}, "mqtt_password has characters that can't be used"),
        ({"mqtt_password": "password\n"}, "mqtt_password has characters that can't be used"),
        ({"mqtt_ca": "ca\x7f.pem"}, "mqtt_ca has characters that can't be used"),
        ({"device": "/dev/\x00"}, "device has characters that can't be used"),
        ({"route_b_id": "\ud800" * 32}, "The option route_b_id may hold only"),
        ({"route_b_password": "\x00" * 12}, "The option route_b_password may hold only"),
        ({"language": "\ud800"}, "language must be one of"),
    ],
)
def test_each_fault_is_one_sentence_that_names_the_option(
    options: dict[str, object], sentence: str
) -> None:
    (told,) = faults(**options)
    assert sentence in told


def test_a_faulty_value_costs_only_itself() -> None:
    loaded = parse_options(GOOD | {"poll_interval": 1, "language": "ja"})
    assert loaded.options.poll_interval == Options().poll_interval
    assert loaded.options.language == "ja"
    assert loaded.has_credentials


@pytest.mark.parametrize("absent", [{}, {"route_b_id": ""}, {"route_b_id": None}])
def test_missing_credentials_are_told_one_by_one(absent: dict[str, object]) -> None:
    loaded = parse_options(absent)
    told = [str(fault.message) for fault in loaded.faults]
    assert ["route_b_id is empty" in text for text in told] == [True, False]
    assert "route_b_password is empty" in told[1]
    assert not loaded.has_credentials


def test_empty_text_from_the_panel_is_as_good_as_nothing() -> None:
    assert not faults(mqtt_host="", device="", mqtt_password="")
    assert parse_options(GOOD | {"device": ""}).options.device is None


@pytest.mark.parametrize("raw", [[], "text", 5, None, True])
def test_a_file_that_holds_no_object_is_a_fault_not_a_crash(raw: object) -> None:
    assert parse_options(raw).faults


@pytest.mark.parametrize(
    "options",
    [
        {"route_b_id": "planted-secret"},
        {"route_b_password": "planted-secret!"},
        {"mqtt_password": ["planted-secret"]},
        {"planted-secret": 1},
        {"mqtt_port": "planted-secret"},
        {PASSWORD: "pasted as a key"},
        {"hunter2": "pasted as a key"},
    ],
)
def test_a_fault_never_quotes_what_was_typed(options: dict[str, object]) -> None:
    assert faults(**options)
    told = "".join(faults(**options))
    assert "planted-secret" not in told
    assert PASSWORD not in told
    assert "hunter2" not in told


def test_a_whole_number_may_have_a_decimal_point() -> None:
    options = parse_options(GOOD | {"poll_interval": 30.0, "mqtt_port": 1883.0}).options
    assert [repr(options.poll_interval), repr(options.mqtt_port)] == ["30", "1883"]


@pytest.mark.parametrize("depth", [1, 100, 900, 5_000, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["[", "{"])
def test_a_deeply_nested_value_is_a_sentence_at_any_depth(
    depth: int, opening: str, closing: str, tmp_path: Path
) -> None:
    path = tmp_path / "options.json"
    nested = opening * depth + "1" + closing * depth
    path.write_text(f'{{"route_b_id": "{ROUTE_B_ID}", "device": {nested}}}')
    try:
        told = [str(fault.message) for fault in load_options(path).faults]
    except OptionsFileError as error:
        told = [str(error)]
    assert any("device must be text" in text or "is not JSON" in text for text in told)


def test_secrets_hide_in_the_options_however_they_are_printed() -> None:
    options = parse_options(GOOD | {"mqtt_password": "planted"}).options
    assert {secret.reveal() for secret in options.secrets} == {ROUTE_B_ID, PASSWORD, "planted"}
    for text in (repr(options), str(options), f"{options}"):
        assert not [secret for secret in options.secrets if secret.reveal() in text]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8-sig")
    assert load_options(path).has_credentials


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"route_b_password": "planted-secret"', "is not JSON (line 1)"),
        (b'{\n\n"route_b_password": planted-secret}', "is not JSON (line 3)"),
        (b"\xff\xfe\x00planted-secret", "can't be read (not UTF-8 text)"),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_without_its_content(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "options.json"
    path.write_bytes(content)
    with pytest.raises(OptionsFileError) as caught:
        load_options(path)
    assert sentence in str(caught.value)
    assert "planted-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_absent_file_or_a_folder_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(OptionsFileError, match="can't be read"):
            load_options(path)


def test_the_schema_and_the_dataclass_name_the_same_options() -> None:
    assert set(OPTIONS_SCHEMA["properties"]) == set(Options.__dataclass_fields__)
