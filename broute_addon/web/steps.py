"""The way from the stick to the history, step by step, as a household sees it. Pure.

A step is done, under way, failed or not yet begun. A fault stands at the step that it stops
(`remedies`): while the way back is under way, steps before it are done anew, and it stays failed
until it is passed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from broute_addon.journal import Kind
from broute_addon.messages import Message, message
from broute_addon.meter.makers import maker_name
from broute_addon.meter.profile import MeterProfile
from broute_addon.meter.readings import Connection
from broute_addon.store import Snapshot
from broute_addon.web.remedies import REMEDIES, Step, remedy_for
from broute_addon.wisun.values import DongleIdentity


class State(Enum):
    """How far a step is."""

    DONE = "done"
    ACTIVE = "active"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step. `text` says what was found, what is under way or what went wrong."""

    step: Step
    state: State
    text: Message | None = None
    remedy: Message | None = None


_WAY = tuple(Step)
_AT: Mapping[Connection, int] = {
    Connection.WAITING_FOR_OPTIONS: -1,
    Connection.LOOKING_FOR_STICK: _WAY.index(Step.STICK),
    Connection.IDENTIFYING_STICK: _WAY.index(Step.LANGUAGE),
    Connection.SCANNING: _WAY.index(Step.METER_FOUND),
    Connection.JOINING: _WAY.index(Step.LOGGED_IN),
    Connection.INTERVIEWING: _WAY.index(Step.INTERVIEWED),
    Connection.RENEWING: _WAY.index(Step.HISTORY),
    Connection.ON_HOLD: _WAY.index(Step.HISTORY),
    Connection.READING: _WAY.index(Step.HISTORY),
}


def steps(snapshot: Snapshot, *, history_is_on: bool = True) -> tuple[Progress, ...]:
    """All steps in their order."""
    way = list(_to_reading(snapshot))
    return (*way, _history(snapshot, history_is_on=history_is_on))


def _to_reading(snapshot: Snapshot) -> Iterator[Progress]:
    problem = snapshot.problem
    row = None if problem is None else REMEDIES.get(problem.key)
    broken = _WAY.index(row.step) if row is not None and row.step is not None else None
    at = _at(snapshot, broken)
    for index, step in enumerate(_WAY[:-1]):
        if index == broken and index >= at:
            yield Progress(step, State.FAILED, problem, remedy_for(problem))
        elif index < at:
            yield Progress(step, State.DONE, _found(step, snapshot))
        elif index == at:
            yield Progress(step, State.ACTIVE, message(f"step_{step.value}_active"))
        else:
            yield Progress(step, State.WAITING)


def _at(snapshot: Snapshot, broken: int | None) -> int:
    """The index of the step that is under way, or has just failed."""
    if snapshot.connection is Connection.RECOVERING:
        if broken is not None:
            return broken
        return _WAY.index(Step.STICK if snapshot.dongle is None else Step.METER_FOUND)
    at = _AT[snapshot.connection]
    if at > _WAY.index(Step.READING) and "power" not in snapshot.readings:
        return _WAY.index(Step.READING)
    return at


def _found(step: Step, snapshot: Snapshot) -> Message | None:
    """What a step that is done has found."""
    match step:
        case Step.STICK | Step.LANGUAGE:
            return _stick(step, snapshot.dongle)
        case Step.METER_FOUND:
            return _pan(snapshot)
        case Step.LOGGED_IN:
            is_renewing = snapshot.connection is Connection.RENEWING
            return message(f"step_logged_in_{'renewing' if is_renewing else 'done'}")
        case Step.INTERVIEWED:
            return _meter(snapshot.meter)
        case _:
            if snapshot.connection is Connection.ON_HOLD:
                return message("step_reading_hold")
            return message("step_reading_done", interval=f"{snapshot.poll_interval_s:g}")


def _stick(step: Step, stick: DongleIdentity | None) -> Message | None:
    if stick is None:
        return None
    if step is Step.STICK:
        return message("step_stick_done", port=Path(stick.port).name)
    return message("step_language_done", dialect=stick.dialect, firmware=stick.firmware)


def _pan(snapshot: Snapshot) -> Message | None:
    """Where the meter is, and how well it is heard; before the log-in only the latter is known."""
    pan, newest = snapshot.pan, snapshot.readings.get("signal_strength")
    signal = newest.value if newest is not None else pan and pan.rssi_dbm
    dbm = f"{signal:.0f}" if isinstance(signal, float | int) else None
    if pan is None:
        return None if dbm is None else message("step_meter_found_signal", dbm=dbm)
    if dbm is None:
        return message("step_meter_found_done", channel=pan.channel)
    return message("step_meter_found_strength", channel=pan.channel, dbm=dbm)


def _meter(meter: MeterProfile | None) -> Message | None:
    if meter is None:
        return None
    maker = maker_name(meter.maker_code) if meter.maker_code else "?"
    return message("step_interviewed_done", maker=maker, count=len(meter.get_map))


def _history(snapshot: Snapshot, *, history_is_on: bool) -> Progress:
    progress, coverage, problem = snapshot.history, snapshot.coverage, snapshot.import_problem
    if not history_is_on:
        return Progress(Step.HISTORY, State.DONE, message("step_history_off"))
    if progress is not None and progress.is_reading and snapshot.is_reading:
        told = message("step_history_active", done=progress.done, total=progress.total)
        return Progress(Step.HISTORY, State.ACTIVE, told)
    if problem is not None:
        row = REMEDIES.get(problem.key)
        is_lasting = row is None or row.kind is Kind.ERROR
        state = State.FAILED if is_lasting else State.ACTIVE
        return Progress(Step.HISTORY, state, problem, remedy_for(problem))
    if coverage is None:
        return Progress(Step.HISTORY, State.WAITING)
    if coverage.missing == 0:
        return Progress(Step.HISTORY, State.DONE, message("step_history_done"))
    told = message("step_history_partly", percent=coverage.percent)
    return Progress(Step.HISTORY, State.WAITING, told)
