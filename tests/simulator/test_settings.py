"""`--meter KEY=VALUE`: every key reaches its field."""

import pytest

from broute_addon.simulator import AirConfig, MeterConfig
from broute_addon.simulator.settings import AIR_SETTINGS, METER_SETTINGS, apply_settings

SETTINGS = [
    ("coefficient=10", "coefficient", 10),
    ("coefficient=none", "coefficient", None),
    ("unit=0B", "unit", 0x0B),
    ("unit=0.001", "unit", 0x03),
    ("unit=0.01kWh", "unit", 0x02),
    ("unit=1", "unit", 0x00),
    ("unit=10", "unit", 0x0A),
    ("unit=01", "unit", 0x01),
    ("digits=8", "digits", 8),
    ("bought=999990", "bought", 999_990),
    ("sold=0", "sold", 0),
    ("reverse=no", "reverse", False),
    ("t_phase=no", "t_phase", False),
    ("serial=none", "serial", None),
    ("serial=XY 1", "serial", "XY 1"),
    ("clock=no", "clock", False),
    ("history1=no", "history1", False),
    ("reverse_history=no", "reverse_history", False),
    ("history2=yes", "history2", True),
    ("history2_hours=6", "history2_hours", 6),
    ("history2_far=empty", "history2_far", "empty"),
    ("lost=22-20", "lost_days", (20, 22)),
    ("memory=45", "memory_days", 45),
    ("set_get=yes", "set_get", True),
    ("maker=0000cb", "maker", "0000CB"),
    ("location=61", "location", "61"),
    ("inf=infc", "inf", "infc"),
    ("inf_delay=10", "inf_delay_s", 10),
    ("infc_repeats=0", "infc_repeats", 0),
    ("fixed_time_lag=60", "fixed_time_lag_s", 60),
    ("opc=1", "opc_limit", 1),
    ("currents=whole", "currents", "whole"),
    ("mac=001C6400030C12A4", "mac", "001C6400030C12A4"),
    ("channel=3B", "channel", 0x3B),
    ("pan=1234", "pan_id", 0x1234),
    ("lqi=40", "lqi", 0x40),
    ("beacon=6", "heard_at", 6),
    ("lifetime=3600", "lifetime_s", 3600),
    ("join=1.5", "join_s", 1.5),
    ("unanswered_join=5", "unanswered_join_s", 5.0),
    ("renewal=1", "renewal_s", 1.0),
    ("instance_list=0", "instance_list_most", 0.0),
    ("answer_least=0.1", "answer_least", 0.1),
    ("answer_mode=0.2", "answer_mode", 0.2),
    ("answer_most=0.3", "answer_most", 0.3),
    ("tail=0.5", "tail", 0.5),
    ("tail_most=8", "tail_most", 8.0),
    ("property_extra=0", "property_extra", 0.0),
    ("history_extra=0", "history_extra", 0.0),
    ("history_spread=6", "history_spread", 6.0),
    ("infc_repeat=20", "infc_repeat_s", 20.0),
]


@pytest.mark.parametrize(("text", "field", "value"), SETTINGS)
def test_a_setting_reaches_its_field(text: str, field: str, value: object) -> None:
    meter, air = apply_settings(MeterConfig(), AirConfig(), [text])
    assert getattr(meter if hasattr(meter, field) else air, field) == value


def test_every_key_is_tried_above() -> None:
    tried = {text.partition("=")[0] for text, _, _ in SETTINGS}
    assert tried == {*METER_SETTINGS, *AIR_SETTINGS}


def test_other_meters_and_fixed_answer_times() -> None:
    settings = ["foreign=2F:1234:001C6400030C12A4:AABBCCDD:40:3", "answer=2"]
    _, air = apply_settings(MeterConfig(), AirConfig(), settings)
    assert air.foreign[0].pairing_id == "AABBCCDD"
    assert (air.answer_least, air.answer_most, air.tail) == (2, 2, 0)
