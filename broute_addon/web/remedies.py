"""The one table from a fault to the step that it stops and to what a household can do about it.

Every key that can stand as problem or notice in a snapshot has a row; a test walks through the
sources for them. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

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
    """What a fault means. `step` None: it is beside the way to the meter. `needs_person`: it
    doesn't pass by itself."""

    step: Step | None
    remedy: str
    needs_person: bool = False


_PLUG_IN = Row(Step.STICK, "remedy_plug_in", needs_person=True)
_PORT_OTHER = Row(Step.STICK, "remedy_port_other", needs_person=True)
_REPLUG = Row(Step.LANGUAGE, "remedy_replug")
_NOT_FOUND = Row(Step.METER_FOUND, "remedy_not_found", needs_person=True)
_RADIO_AT_LOGIN = Row(Step.LOGGED_IN, "remedy_radio", needs_person=True)
_RADIO = Row(Step.READING, "remedy_radio")
_WAIT_LOGIN = Row(Step.LOGGED_IN, "remedy_wait_login")
_WAIT_METER = Row(Step.INTERVIEWED, "remedy_wait_meter")
_OPTION = Row(None, "remedy_option", needs_person=True)
_MQTT_WAIT = Row(None, "remedy_mqtt_wait")
_WAIT_HOME_ASSISTANT = Row(None, "remedy_wait_home_assistant")

REMEDIES: Mapping[str, Row] = MappingProxyType(
    {
        "no_stick": _PLUG_IN,
        "port_missing": _PLUG_IN,
        "port_lost": _PLUG_IN,
        "port_forbidden": Row(Step.STICK, "remedy_port_forbidden", needs_person=True),
        "port_busy": Row(Step.STICK, "remedy_port_busy", needs_person=True),
        "port_not_serial": _PORT_OTHER,
        "port_failed": Row(Step.STICK, "remedy_replug", needs_person=True),
        "port_closed": Row(Step.STICK, "remedy_replug"),
        "dongle_silent": Row(Step.LANGUAGE, "remedy_stick_silent", needs_person=True),
        "dongle_unknown": Row(Step.LANGUAGE, "remedy_stick_unknown", needs_person=True),
        "dongle_timeout": _REPLUG,
        "dongle_mute": Row(Step.LANGUAGE, "remedy_replug", needs_person=True),
        "command_refused": _REPLUG,
        "pan_not_found": _NOT_FOUND,
        "meter_not_found": _NOT_FOUND,
        "join_refused": Row(Step.LOGGED_IN, "remedy_refused"),
        "credentials_refused": Row(Step.LOGGED_IN, "remedy_refused", needs_person=True),
        "join_unanswered": _RADIO_AT_LOGIN,
        "meter_too_far": _RADIO_AT_LOGIN,
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
            Step.LOGGED_IN, "remedy_get_credentials", needs_person=True
        ),
        "route_b_id_length": Row(Step.LOGGED_IN, "remedy_route_b_id", needs_person=True),
        "route_b_id_characters": Row(Step.LOGGED_IN, "remedy_route_b_id", needs_person=True),
        "route_b_password_length": Row(
            Step.LOGGED_IN, "remedy_route_b_password", needs_person=True
        ),
        "route_b_password_characters": Row(
            Step.LOGGED_IN, "remedy_route_b_password", needs_person=True
        ),
        "option_unknown": _OPTION,
        "option_wrong": _OPTION,
        "option_characters": _OPTION,
        "mqtt_ca_name": _OPTION,
        "mqtt_service_absent": Row(None, "remedy_mqtt_install", needs_person=True),
        "mqtt_no_broker": Row(None, "remedy_mqtt_options", needs_person=True),
        "mqtt_unreachable": _MQTT_WAIT,
        "mqtt_lost": _MQTT_WAIT,
        "mqtt_silent": _MQTT_WAIT,
        "mqtt_refused": _MQTT_WAIT,
        "mqtt_refused_credentials": Row(None, "remedy_mqtt_login", needs_person=True),
        "mqtt_tls_failed": Row(None, "remedy_mqtt_tls", needs_person=True),
        "mqtt_ca_unreadable": Row(None, "remedy_mqtt_tls", needs_person=True),
        "supervisor_unreachable": _WAIT_HOME_ASSISTANT,
        "supervisor_not_ready": _WAIT_HOME_ASSISTANT,
        "supervisor_junk": _WAIT_HOME_ASSISTANT,
        "supervisor_refused": Row(None, "remedy_restart_app", needs_person=True),
        "supervisor_denied": Row(None, "remedy_restart_app", needs_person=True),
        "core_unreachable": _WAIT_HOME_ASSISTANT,
        "core_junk": _WAIT_HOME_ASSISTANT,
        "core_lost": _WAIT_HOME_ASSISTANT,
        "import_not_kept": _WAIT_HOME_ASSISTANT,
        "ledger_full": Row(None, "remedy_disk_full", needs_person=True),
        "ledger_unwritable": Row(None, "remedy_disk", needs_person=True),
        "core_denied": Row(None, "remedy_core_token", needs_person=True),
    }
)


def remedy_for(fault: Message | None) -> Message | None:
    """What to do about a fault, with the fault's own fields; None where nothing is known."""
    row = None if fault is None else REMEDIES.get(fault.key)
    return None if row is None or fault is None else Message(row.remedy, fault.fields)
