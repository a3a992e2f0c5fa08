"""Which ports are asked, and in which order."""

from pathlib import Path

import pytest

from broute_addon.wisun import ports

NAMES = [
    "usb-FTDI_FT230X_Basic_UART_D30ABCDE-if00-port0",
    "usb-RATOC_Systems__Ltd._RS-WSUHA-J11-if00-port0",
    "usb-RATOC_Systems_Something-if00",
    "usb-ROHM_BP35A1_12345678-if00",
    "usb-FTDI_FT232R_USB_UART_A1B2C3D4-if00-port0",
]
OTHER_RADIOS = [
    "usb-ITEAD_SONOFF_Zigbee_3.0_USB_Dongle_Plus_V2-if00-port0",
    "usb-Nabu_Casa_SkyConnect_v1.0_0123-if00-port0",
    "usb-Nabu_Casa_ZWA-2_0123-if00",
    "usb-dresden_elektronik_ingenieurtechnik_GmbH_ConBee_II_DE1-if00",
    "usb-Silicon_Labs_CC2652P_Zigbee-if00",
    "usb-0658_0200-if00",
    "usb-FTDI_FT230X_ConBee_III-if00-port0",
    "usb-FTDI_FT230X_ConBee_III_DE03188-if00-port0",
    "usb-FTDI_FT230X_Basic_UART_Zigbee_D30ABCDE-if00-port0",
    "usb-busware.de_CUL868-if00",
    "usb-1a86_electrolama_zzh_A1B2C3D4-if00-port0",
    "usb-eQ-3_HmIP-RFUSB_A1B2C3D4-if00",
    "usb-Texas_Instruments_CC2531_USB_CDC-if00",
    "usb-Silicon_Labs_EFR32_OpenThread-if00",
    "usb-RFXCOM_RFXtrx433_A1-if00-port0",
    "usb-Zooz_800_Z-Wave_Stick_533D-if00",
]


def put(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).symlink_to("/dev/null")


def names(paths: tuple[str, ...]) -> list[str]:
    return [Path(path).name for path in paths]


def test_the_last_good_name_comes_first_then_the_better_known(tmp_path: Path) -> None:
    put(tmp_path, *NAMES)
    assert names(ports.candidates(tmp_path)) == [
        NAMES[1], NAMES[3], NAMES[2], NAMES[0], NAMES[4],
    ]  # fmt: skip
    last_good = str(tmp_path / NAMES[0])
    assert names(ports.candidates(tmp_path, last_good))[0] == NAMES[0]
    assert len(ports.candidates(tmp_path, last_good)) == len(NAMES)


@pytest.mark.parametrize("name", OTHER_RADIOS)
def test_another_radio_is_never_asked(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    assert ports.candidates(tmp_path, str(tmp_path / name)) == ()
    assert str(tmp_path / name) in ports.others(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "usb-FTDI_FT230X_Basic_UART_DCZEQC8U-if00-port0",
        "usb-FTDI_FT230X_Basic_UART_D30ZZHAB-if00-port0",
        "usb-FTDI_FT230X_Basic_UART_DLORA123-if00-port0",
        "usb-ROHM_BP35A1_1EQC5678-if00",
        "usb-RATOC_Systems__Ltd._RS-WSUHA-J11_TUBE0001-if00-port0",
    ],
)
def test_a_serial_number_that_reads_like_another_radio_is_only_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    put(tmp_path, name)
    monkeypatch.setattr(ports, "BY_ID", tmp_path)
    assert names(ports.candidates(tmp_path)) == [name]
    [listed] = [port for port in ports.serial_ports(tmp_path) if port.name == name]
    assert not listed.is_foreign


def test_a_port_that_is_named_is_there_or_not(tmp_path: Path) -> None:
    put(tmp_path, "plugged")
    (tmp_path / "dangling").symlink_to(tmp_path / "ttyUSB9")
    paths = [str(tmp_path / name) for name in ("plugged", "dangling", "none", "plugged/inside")]
    assert ports.presence(paths) == tuple(zip(paths, [True, False, False, False], strict=True))


def test_in_the_systems_directory_only_known_names_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, *NAMES, "mystick")
    monkeypatch.setattr(ports, "BY_ID", tmp_path)
    assert set(names(ports.candidates(tmp_path))) == set(NAMES[:4])
    assert "mystick" in names(ports.candidates(tmp_path, str(tmp_path / "mystick")))
    monkeypatch.undo()
    assert "mystick" in names(ports.candidates(tmp_path))


def test_every_port_is_listed_with_whether_it_is_asked(tmp_path: Path) -> None:
    put(tmp_path, NAMES[3])
    (tmp_path / OTHER_RADIOS[0]).symlink_to("/dev/zero")
    listed = {port.name: port for port in ports.serial_ports(tmp_path)}
    assert listed[NAMES[3]].is_candidate
    assert not listed[OTHER_RADIOS[0]].is_candidate
    assert listed[OTHER_RADIOS[0]].is_foreign
    assert not listed[OTHER_RADIOS[0]].is_lasting


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert ports.candidates(tmp_path / "none") == ()


def test_only_a_real_device_node_has_an_age(tmp_path: Path) -> None:
    fresh = tmp_path / "ttyUSB0"
    fresh.touch()
    age = ports.node_age_s(str(fresh))
    assert age is not None
    assert age < 3
    assert ports.node_age_s(str(tmp_path / "none")) is None
