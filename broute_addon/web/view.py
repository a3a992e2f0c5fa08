"""A snapshot -> JSON for the page and for a report. Pure.

Numbers keep their decimals as text ("12312.3"), as they stand at the broker; times are ISO 8601.
The meter's serial number and the addresses that a radio shows are personal: masked in all of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from broute_addon.messages import Language, Message, message
from broute_addon.messages.options import SENTENCES as OPTION_FAULTS
from broute_addon.meter.half_hours import HISTORY_TERMS, Coverage
from broute_addon.meter.makers import maker_name
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.properties import PROPERTIES
from broute_addon.meter.quantities import UNITS, Role, Term
from broute_addon.meter.readings import LINK_TERMS, Connection, Reading, Shown
from broute_addon.meter.survey import SurveyState
from broute_addon.options import LoadedOptions
from broute_addon.store import Snapshot
from broute_addon.web.remedies import REMEDIES, Step, remedy_for
from broute_addon.web.steps import Progress

Json = dict[str, Any]

AIRTIME_BUDGET_S = 360
"""What ARIB STD-T108 allows in an hour."""

_TERMS: Mapping[str, Term] = MappingProxyType(
    {field.key: field for row in PROPERTIES for field in row.fields if field.role is not Role.NONE}
    | {term.key: term for term in (*LINK_TERMS, *HISTORY_TERMS)}
)
_ROWS = MappingProxyType({row.epc: row for row in PROPERTIES})
_MASK = "****"
_NO_STICK = frozenset(
    key for key, row in REMEDIES.items() if row.step in (Step.STICK, Step.LANGUAGE)
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the page shows beside the snapshot."""

    steps: Sequence[tuple[Progress, datetime | None]]
    options: LoadedOptions
    log_level: str
    mode: str
    may_command: bool
    has_known_meter: bool
    has_core: bool


def state(snapshot: Snapshot, language: Language, scene: Scene) -> Json:
    """What `/api/state` and each event tell."""
    return {
        "language": language.value,
        "connection": snapshot.connection.value,
        "step": snapshot.step.text(language),
        "since": shown(snapshot.since),
        "is_reading": snapshot.is_reading,
        "problem": sentence(snapshot.problem, language),
        "remedy": sentence(remedy_for(snapshot.problem), language),
        "notices": [notice.text(language) for notice in snapshot.notices],
        "faults": [_fault(notice, language) for notice in snapshot.notices],
        "steps": [_step(progress, at, language) for progress, at in scene.steps],
        "stick": _stick(snapshot),
        "radio": _radio(snapshot),
        "airtime": _airtime(snapshot),
        "meter": _meter(snapshot.meter, language),
        "poll_interval_s": snapshot.poll_interval_s,
        "values": list(_values(snapshot.readings, language)),
        "history": _history(snapshot),
        "coverage": _coverage(snapshot.coverage),
        "import": _import(snapshot, scene, language),
        "survey": _survey(snapshot.survey),
        "setup_needed": _is_setup_needed(snapshot, scene),
        "log_level": scene.log_level,
        "mode": scene.mode,
        "may_command": scene.may_command,
    }


def health(snapshot: Snapshot) -> Json:
    """Which layers are up: the process answers, so it lives."""
    is_waiting = snapshot.connection is Connection.WAITING_FOR_OPTIONS
    is_wrong = any(notice.key in OPTION_FAULTS for notice in snapshot.notices)
    return {
        "status": "ok",
        "layers": {
            "options": not is_waiting and not is_wrong,
            "stick": snapshot.dongle is not None,
            "meter": snapshot.is_reading,
            "broker": snapshot.broker_is_up,
        },
    }


def masked(text: str | None) -> str | None:
    """A personal number: only its last two characters."""
    return None if text is None else _MASK + text[-2:]


def shown(value: Shown) -> str | float | None:
    """A value as JSON has it."""
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(timespec="seconds")
        case _:
            return value


def sentence(told: Message | None, language: Language) -> str | None:
    """A message in a language."""
    return None if told is None else told.text(language)


def _is_setup_needed(snapshot: Snapshot, scene: Scene) -> bool:
    """Something that only the household can bring is missing: credentials, or the first stick."""
    problem = snapshot.problem
    lacks_stick = snapshot.dongle is None and problem is not None and problem.key in _NO_STICK
    return not scene.options.has_credentials or (lacks_stick and not scene.has_known_meter)


def _fault(notice: Message, language: Language) -> Json:
    remedy = sentence(remedy_for(notice), language)
    return {"key": notice.key, "text": notice.text(language), "remedy": remedy}


def _step(progress: Progress, at: datetime | None, language: Language) -> Json:
    key = progress.step.value
    return {
        "key": key,
        "title": message(f"step_title_{key}").text(language),
        "state": progress.state.value,
        "at": shown(at),
        "text": sentence(progress.text, language),
        "remedy": sentence(progress.remedy, language),
    }


def _values(readings: Mapping[str, Reading], language: Language) -> Iterator[Json]:
    for key, term in _TERMS.items():
        reading = readings.get(key)
        if reading is not None:
            yield {
                "key": key,
                "name": term.ja if language is Language.JA else term.en,
                "value": shown(reading.value),
                "unit": UNITS.get(term.quantity, ""),
                "at": shown(reading.at),
                "is_main": term.role is Role.MAIN,
            }


def _stick(snapshot: Snapshot) -> Json | None:
    stick = snapshot.dongle
    if stick is None:
        return None
    return {"dialect": stick.dialect, "firmware": stick.firmware, "port": stick.port}


def _radio(snapshot: Snapshot) -> Json | None:
    pan = snapshot.pan
    if pan is None:
        return None
    newest = snapshot.readings.get("signal_strength")
    rssi = pan.rssi_dbm if newest is None else shown(newest.value)
    return {"channel": pan.channel, "rssi_dbm": rssi}


def _airtime(snapshot: Snapshot) -> Json | None:
    used = snapshot.readings.get("airtime")
    return None if used is None else {"used_s": shown(used.value), "budget_s": AIRTIME_BUDGET_S}


def _meter(profile: MeterProfile | None, language: Language) -> Json | None:
    if profile is None:
        return None
    return {
        "uid": profile.uid,
        "maker": maker_name(profile.maker_code) if profile.maker_code else None,
        "serial_number": masked(profile.serial_number),
        "standard_version": profile.standard_version,
        "properties": [_property(epc, language) for epc in sorted(profile.get_map)],
    }


def _property(epc: int, language: Language) -> Json:
    """An EPC with the labels of what it holds, or with the standard's name of what isn't shown."""
    row = _ROWS.get(epc)
    if row is None:
        return {"epc": f"{epc:02X}", "name": None}
    fields = [field for field in row.fields if field.role is not Role.NONE]
    names = [field.ja if language is Language.JA else field.en for field in fields]
    name = ", ".join(dict.fromkeys(names)) or row.name.replace("_", " ").capitalize()
    return {"epc": f"{epc:02X}", "name": name}


def _history(snapshot: Snapshot) -> Json | None:
    progress = snapshot.history
    if progress is None:
        return None
    left = progress.left_s
    return {
        "is_reading": progress.is_reading,
        "done": progress.done,
        "total": progress.total,
        "left_s": None if left is None else round(left),
    }


def _coverage(coverage: Coverage | None) -> Json | None:
    if coverage is None:
        return None
    return {
        "since": shown(coverage.since),
        "until": shown(coverage.until),
        "oldest": shown(coverage.oldest),
        "newest": shown(coverage.newest),
        "known": coverage.known,
        "missing": coverage.missing,
        "gone": coverage.gone,
        "percent": coverage.percent,
    }


def _survey(survey: SurveyState | None) -> Json | None:
    if survey is None:
        return None
    newest = survey.samples[-1] if survey.samples else None
    return {
        "is_running": survey.is_running,
        "progress": round(survey.progress, 3),
        "at": None if newest is None else shown(newest.at),
        "now_dbm": None if newest is None else newest.dbm,
        "best_dbm": None if survey.best is None else survey.best.dbm,
        "best_at": None if survey.best is None else shown(survey.best.at),
        "samples": [{"at": shown(heard.at), "dbm": heard.dbm} for heard in survey.samples],
    }


def _import(snapshot: Snapshot, scene: Scene, language: Language) -> Json:
    mode = scene.options.options.history
    last = snapshot.readings.get("last_import")
    return {
        "mode": mode if mode == "off" or scene.has_core else "nowhere",
        "last": None if last is None else shown(last.value),
        "problem": sentence(snapshot.import_problem, language),
    }
