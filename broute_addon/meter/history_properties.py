"""Rows of the meter's memory: E2/E4 by day, EC by half-hour, EE by minute, and their selectors.

A selector (E5, ED, EF) is set first, then its history is read; the answer repeats the selector.
E2 and E4 ascend in time from 00:00 of the day; EC and EE descend from the time asked for, each
item being (normal, reverse). Absent readings are None.
"""

from datetime import datetime

from broute_addon.clock import JST
from broute_addon.echonet.codecs import Counted, DateTime, Number, Repeated, Value
from broute_addon.meter.codecs import ENERGY_COUNT
from broute_addon.meter.quantities import Cadence
from broute_addon.meter.rows import Property, Values, internal

_DAYS_BACK = 99
_SLOTS = 48
_DAY = Number(1, 0, _DAYS_BACK, (0xFF,))
_DAY_ECHO = Number(2, 0, _DAYS_BACK, (0x00FF,))
_BOTH_DIRECTIONS = Repeated(ENERGY_COUNT, 2)
_NEVER_SELECTED = "FFFFFFFFFFFF 01 FFFFFFFE FFFFFFFE"


def _day_edt(day: str, first: int, step: int, filled: int) -> str:
    counts = [f"{first + step * slot:08X}" for slot in range(filled)]
    return day + "".join(counts) + "FFFFFFFE" * (_SLOTS - filled)


def _day_slots(first: int, step: int, filled: int) -> tuple[Value, ...]:
    counts = tuple(first + step * slot for slot in range(filled))
    return counts + (None,) * (_SLOTS - filled)


def _day_row(epc: int, name: str) -> Property:
    def values(day: int | None, *shape: int) -> Values:
        return {"history_1_day": day, name: _day_slots(*shape)}

    yesterday, today, never = (120_000, 2, 48), (120_096, 3, 28), (0, 0, 0)
    return Property(
        epc,
        name,
        Cadence.NEVER,
        (internal("history_1_day", _DAY_ECHO), internal(name, Repeated(ENERGY_COUNT, _SLOTS))),
        {
            _day_edt("0001", *yesterday): values(1, *yesterday),
            _day_edt("0000", *today): values(0, *today),
            _day_edt("00FF", *never): values(None, *never),
        },
        {_day_edt("0064", *never): values(None, *never)},
    )


HISTORY_ROWS = (
    _day_row(0xE2, "history_1_normal"),
    _day_row(0xE4, "history_1_reverse"),
    Property(
        0xE5,
        "history_1_day",
        Cadence.NEVER,
        (internal("history_1_day", _DAY),),
        {
            "00": {"history_1_day": 0},
            "63": {"history_1_day": 99},
            "FF": {"history_1_day": None},
        },
        {"64": {"history_1_day": None}},
    ),
    Property(
        0xEC,
        "history_2",
        Cadence.NEVER,
        (
            internal("history_2_time", DateTime(6)),
            internal("history_2", Counted(_BOTH_DIRECTIONS, 12)),
        ),
        {
            "07EA04050D1E 03 0001E23A00000315 0001E23100000315 FFFFFFFEFFFFFFFE": {
                "history_2_time": datetime(2026, 4, 5, 13, 30, tzinfo=JST),
                "history_2": ((123_450, 789), (123_441, 789), (None, None)),
            },
            _NEVER_SELECTED: {"history_2_time": None, "history_2": ((None, None),)},
        },
    ),
    Property(
        0xED,
        "history_2_time",
        Cadence.NEVER,
        (
            internal("history_2_time", DateTime(6)),
            internal("history_2_count", Number(1, 1, 12)),
        ),
        {
            "07EA04050D1E03": {
                "history_2_time": datetime(2026, 4, 5, 13, 30, tzinfo=JST),
                "history_2_count": 3,
            },
            "FFFFFFFFFFFF01": {"history_2_time": None, "history_2_count": 1},
        },
        {"FFFFFFFFFFFF0D": {"history_2_time": None, "history_2_count": None}},
    ),
    Property(
        0xEE,
        "history_3",
        Cadence.NEVER,
        (
            internal("history_3_time", DateTime(6)),
            internal("history_3", Counted(_BOTH_DIRECTIONS, 10)),
        ),
        {
            "07EA04050D22 03 00BC5F2300013440 00BC5F0B00013440 00BC5EF400013440": {
                "history_3_time": datetime(2026, 4, 5, 13, 34, tzinfo=JST),
                "history_3": ((12_345_123, 78_912), (12_345_099, 78_912), (12_345_076, 78_912)),
            },
            _NEVER_SELECTED: {"history_3_time": None, "history_3": ((None, None),)},
        },
    ),
    Property(
        0xEF,
        "history_3_time",
        Cadence.NEVER,
        (
            internal("history_3_time", DateTime(6)),
            internal("history_3_count", Number(1, 1, 10)),
        ),
        {
            "07EA04050D2203": {
                "history_3_time": datetime(2026, 4, 5, 13, 34, tzinfo=JST),
                "history_3_count": 3,
            },
            "FFFFFFFFFFFF01": {"history_3_time": None, "history_3_count": 1},
        },
    ),
)
