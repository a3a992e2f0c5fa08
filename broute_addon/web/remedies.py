"""The one table from a fault to the step that it stops and to what a household can do about it.

Every key that can stand as problem or notice in a snapshot has a row; a test walks through the
sources for them. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from broute_addon.journal import Kind
from broute_addon.messages import Message


class Step(Enum):
    """A step of the way from the stick to the meter's whole memory, in its order."""

    STICK = "stick"
    LANGUAGE = "language"
    METER_FOUND = "meter_found"
    LOGGED_IN = "logged_in"
    INTERVIEWED = "interviewed"
    READING = "reading"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Row:
    """What a fault means. `step` None: it is beside the way to the meter. `kind` ERROR: it doesn't
    pass by itself, somebody has to act; INFO: it is to be expected now and then."""

    step: Step | None
    remedy: str
    kind: Kind = Kind.WARNING


_PLUG_IN = Row(Step.STICK, "remedy_plug_in", kind=Kind.ERROR)
_PORT_OTHER = Row(Step.STICK, "remedy_port_other", kind=Kind.ERROR)
_REPLUG = Row(Step.LANGUAGE, "remedy_replug")
_RADIO = Row(Step.READING, "remedy_radio")
_WAIT_LOGIN = Row(Step.LOGGED_IN, "remedy_wait_login")
_WAIT_METER = Row(Step.INTERVIEWED, "remedy_wait_meter")
_OPTION = Row(None, "remedy_option", kind=Kind.ERROR)
_MQTT_WAIT = Row(None, "remedy_mqtt_wait")
_WAIT_HOME_ASSISTANT = Row(None, "remedy_wait_home_assistant")
_HOME_ASSISTANT_IS_BUSY = Row(None, "remedy_wait_home_assistant", kind=Kind.INFO)

REMEDIES: Mapping[str, Row] = MappingProxyType(
    {
        "no_stick": _PLUG_IN,
        "port_missing": _PLUG_IN,
        "port_lost": _PLUG_IN,
        "port_forbidden": Row(Step.STICK, "remedy_port_forbidden", kind=Kind.ERROR),
        "port_busy": Row(Step.STICK, "remedy_port_busy", kind=Kind.ERROR),
        "port_not_serial": _PORT_OTHER,
        "port_failed": Row(Step.STICK, "remedy_replug", kind=Kind.ERROR),
        "port_closed": Row(Step.STICK, "remedy_replug"),
        "dongle_silent": Row(Step.LANGUAGE, "remedy_stick_silent", kind=Kind.ERROR),
        "dongle_unknown": Row(Step.LANGUAGE, "remedy_stick_unknown", kind=Kind.ERROR),
        "dongle_timeout": _REPLUG,
        "dongle_mute": Row(Step.LANGUAGE, "remedy_replug", kind=Kind.ERROR),
        "command_refused": _REPLUG,
        "pan_not_found": Row(Step.METER_FOUND, "remedy_not_found"),
        "meter_not_found": Row(Step.METER_FOUND, "remedy_not_found", kind=Kind.ERROR),
        "join_refused": Row(Step.LOGGED_IN, "remedy_refused"),
        "credentials_refused": Row(Step.LOGGED_IN, "remedy_refused", kind=Kind.ERROR),
        "join_unanswered": Row(Step.LOGGED_IN, "remedy_radio"),
        "meter_too_far": Row(Step.LOGGED_IN, "remedy_radio", kind=Kind.ERROR),
        "not_joined": _WAIT_LOGIN,
        "session_absent": _WAIT_LOGIN,
        "session_terminated": _WAIT_LOGIN,
        "session_meter_lost": _WAIT_LOGIN,
        "session_stick_restarted": _WAIT_LOGIN,
        "session_undecipherable": _WAIT_LOGIN,
        "session_closed": _WAIT_LOGIN,
        "session_renewal_failed": _WAIT_LOGIN,
        "session_renewal_overdue": _WAIT_LOGIN,
        "session_unsendable": _WAIT_LOGIN,
        "transmit_failed": _RADIO,
        "meter_silent": _RADIO,
        "meter_without_map": _WAIT_METER,
        "energy_unit_unknown": _WAIT_METER,
        "meter_nonsense": Row(Step.READING, "remedy_wait_meter"),
        "property_refused": Row(Step.READING, "remedy_wait_meter"),
        "option_missing_credentials": Row(
            Step.LOGGED_IN, "remedy_get_credentials", kind=Kind.ERROR
        ),
        "route_b_id_length": Row(Step.LOGGED_IN, "remedy_route_b_id", kind=Kind.ERROR),
        "route_b_id_characters": Row(Step.LOGGED_IN, "remedy_route_b_id", kind=Kind.ERROR),
        "route_b_password_length": Row(Step.LOGGED_IN, "remedy_route_b_password", kind=Kind.ERROR),
        "route_b_password_characters": Row(
            Step.LOGGED_IN, "remedy_route_b_password", kind=Kind.ERROR
        ),
        "option_unknown": _OPTION,
        "option_wrong": _OPTION,
        "option_characters": _OPTION,
        "mqtt_ca_name": _OPTION,
        "mqtt_service_absent": Row(None, "remedy_mqtt_install", kind=Kind.ERROR),
        "mqtt_no_broker": Row(None, "remedy_mqtt_options", kind=Kind.ERROR),
        "mqtt_unreachable": _MQTT_WAIT,
        "mqtt_lost": _MQTT_WAIT,
        "mqtt_silent": _MQTT_WAIT,
        "mqtt_refused": _MQTT_WAIT,
        "mqtt_refused_credentials": Row(None, "remedy_mqtt_login", kind=Kind.ERROR),
        "mqtt_tls_failed": Row(None, "remedy_mqtt_tls", kind=Kind.ERROR),
        "mqtt_ca_unreadable": Row(None, "remedy_mqtt_tls", kind=Kind.ERROR),
        "supervisor_unreachable": _WAIT_HOME_ASSISTANT,
        "supervisor_not_ready": _WAIT_HOME_ASSISTANT,
        "supervisor_junk": _WAIT_HOME_ASSISTANT,
        "supervisor_refused": Row(None, "remedy_restart_app", kind=Kind.ERROR),
        "supervisor_denied": Row(None, "remedy_restart_app", kind=Kind.ERROR),
        "core_unreachable": _WAIT_HOME_ASSISTANT,
        "core_junk": _WAIT_HOME_ASSISTANT,
        "core_lost": _WAIT_HOME_ASSISTANT,
        "core_refused": _WAIT_HOME_ASSISTANT,
        "core_too_old": Row(None, "remedy_core_update", kind=Kind.ERROR),
        "core_starting": _HOME_ASSISTANT_IS_BUSY,
        "recorder_migrating": _HOME_ASSISTANT_IS_BUSY,
        "recorder_behind": _HOME_ASSISTANT_IS_BUSY,
        "recorder_absent": Row(None, "remedy_recorder", kind=Kind.ERROR),
        "import_not_kept": _WAIT_HOME_ASSISTANT,
        "ledger_full": Row(None, "remedy_disk_full", kind=Kind.ERROR),
        "ledger_unwritable": Row(None, "remedy_disk", kind=Kind.ERROR),
        "core_denied": Row(None, "remedy_core_token", kind=Kind.ERROR),
    }
)


def remedy_for(fault: Message | None) -> Message | None:
    """What to do about a fault, with the fault's own fields; None where nothing is known."""
    row = None if fault is None else REMEDIES.get(fault.key)
    return None if row is None or fault is None else Message(row.remedy, fault.fields)
