"""THE TABLE: every property of the low-voltage smart electric energy meter (class 0x0288).

One row per EPC, both generations; what a meter really has is told by its Get map. Source:
echonet-lite-meter.md 3.1 to 3.5 and 4; the examples are from its section 9 unless computed. The
codec calls the directions normal and reverse as the standard does; the labels say bought and sold.

Every energy is the reading of a register at an instant, as a raw count: kWh = raw x D3 x 10^E1.
A count is good for nothing before both are known.
"""

from datetime import datetime
from decimal import Decimal

from broute_addon.clock import JST
from broute_addon.echonet.codecs import Choice, DateTime, Number, Octets
from broute_addon.meter.codecs import ENERGY_COUNT, TENTH_AMPERES, UNIT_EXPONENTS, WATTS
from broute_addon.meter.history_properties import HISTORY_ROWS
from broute_addon.meter.node_properties import NODE_PROPERTIES
from broute_addon.meter.quantities import Cadence, Quantity, Role
from broute_addon.meter.rows import Field, Property, internal
from broute_addon.meter.superclass_properties import COMMON_ROWS, DEVICE_ROWS

METER_CLASS = 0x0288
NODE_PROFILE_CLASS = 0x0EF0


def _energy(key: str, en: str, ja: str, role: Role = Role.MAIN) -> Field:
    return Field(key, Quantity.ENERGY, en, ja, role, codec=ENERGY_COUNT)


def _expert(key: str, quantity: Quantity, en: str, ja: str, codec: Number | Choice) -> Field:
    return Field(key, quantity, en, ja, Role.EXPERT, codec=codec)


def _time(key: str, en: str, ja: str, role: Role = Role.EXPERT) -> Field:
    return Field(key, Quantity.TIME, en, ja, role, codec=DateTime())


def _jst(*parts: int) -> datetime:
    year, month, day, hour, minute = parts
    return datetime(year, month, day, hour, minute, tzinfo=JST)


_LIVE = (
    Property(
        0xE7,
        "instantaneous_power",
        Cadence.LIVE,
        (Field("power", Quantity.POWER, "Power", "瞬時電力", codec=WATTS),),
        {
            "000005AA": {"power": 1450},
            "FFFFF6F5": {"power": -2315},
            "00000000": {"power": 0},
            "FFFFFFFF": {"power": -1},
            "7FFFFFFD": {"power": 2_147_483_645},
            "80000001": {"power": -2_147_483_647},
            "7FFFFFFE": {"power": None},
        },
        {"7FFFFFFF": {"power": None}, "80000000": {"power": None}},
    ),
    Property(
        0xE8,
        "instantaneous_current",
        Cadence.LIVE,
        (
            Field("current_r", Quantity.CURRENT, "Current R", "R相電流", codec=TENTH_AMPERES),
            Field("current_t", Quantity.CURRENT, "Current T", "T相電流", codec=TENTH_AMPERES),
        ),
        {
            "0053003E": {"current_r": Decimal("8.3"), "current_t": Decimal("6.2")},
            "00140000": {"current_r": Decimal("2.0"), "current_t": Decimal("0.0")},
            "FF84001F": {"current_r": Decimal("-12.4"), "current_t": Decimal("3.1")},
            "00227FFE": {"current_r": Decimal("3.4"), "current_t": None},
            "7FFE7FFE": {"current_r": None, "current_t": None},
        },
        {"7FFF8000": {"current_r": None, "current_t": None}},
    ),
)

_ENERGY = (
    Property(
        0xD0,
        "one_minute_energy",
        Cadence.MINUTELY,  # second generation
        (
            _time("one_minute_time", "One-minute time", "1分値の時刻"),
            _energy(
                "one_minute_energy_bought",
                "One-minute energy bought",
                "1分積算電力量（買電）",
                Role.EXPERT,
            ),
            _energy(
                "one_minute_energy_sold",
                "One-minute energy sold",
                "1分積算電力量（売電）",
                Role.EXPERT,
            ),
        ),
        {
            "07EA04050D2200 00BC5F23 00013440": {
                "one_minute_time": _jst(2026, 4, 5, 13, 34),
                "one_minute_energy_bought": 12_345_123,
                "one_minute_energy_sold": 78_912,
            },
            "FFFFFFFFFFFFFF FFFFFFFE FFFFFFFE": {
                "one_minute_time": None,
                "one_minute_energy_bought": None,
                "one_minute_energy_sold": None,
            },
        },
    ),
    Property(
        0xE0,
        "cumulative_energy_normal",
        Cadence.ENERGY,
        (_energy("energy_bought", "Energy bought", "積算電力量（買電）"),),
        {
            "0001E240": {"energy_bought": 123_456},
            "00000000": {"energy_bought": 0},
            "05F5E0FF": {"energy_bought": 99_999_999},
            "FFFFFFFE": {"energy_bought": None},
        },
        {"FFFFFFFF": {"energy_bought": None}, "05F5E100": {"energy_bought": None}},
    ),
    Property(
        0xE3,
        "cumulative_energy_reverse",
        Cadence.ENERGY,
        (_energy("energy_sold", "Energy sold", "積算電力量（売電）"),),
        {"00000315": {"energy_sold": 789}, "FFFFFFFE": {"energy_sold": None}},
        {"FFFFFFFF": {"energy_sold": None}},
    ),
    Property(
        0xEA,
        "fixed_time_energy_normal",
        Cadence.HALF_HOURLY,
        (
            _time("half_hour_energy_bought_time", "Half-hour time bought", "30分値の時刻（買電）"),
            _energy(
                "half_hour_energy_bought",
                "Half-hour energy bought",
                "30分積算電力量（買電）",
                Role.EXPERT,
            ),
        ),
        {
            "07EA04050D1E000001E23A": {
                "half_hour_energy_bought_time": _jst(2026, 4, 5, 13, 30),
                "half_hour_energy_bought": 123_450,
            },
            "07E90101000000 FFFFFFFE": {
                "half_hour_energy_bought_time": _jst(2025, 1, 1, 0, 0),
                "half_hour_energy_bought": None,
            },
            "FFFFFFFFFFFFFFFFFFFFFE": {
                "half_hour_energy_bought_time": None,
                "half_hour_energy_bought": None,
            },
        },
        {
            "07EA04051800000001E23A": {
                "half_hour_energy_bought_time": None,
                "half_hour_energy_bought": 123_450,
            }
        },
    ),
    Property(
        0xEB,
        "fixed_time_energy_reverse",
        Cadence.HALF_HOURLY,
        (
            _time("half_hour_energy_sold_time", "Half-hour time sold", "30分値の時刻（売電）"),
            _energy(
                "half_hour_energy_sold",
                "Half-hour energy sold",
                "30分積算電力量（売電）",
                Role.EXPERT,
            ),
        ),
        {
            "07EA04050D1E0000000315": {
                "half_hour_energy_sold_time": _jst(2026, 4, 5, 13, 30),
                "half_hour_energy_sold": 789,
            }
        },
    ),
)

_SCALE = (
    Property(
        0xD3,
        "coefficient",
        Cadence.ONCE,
        (
            _expert(
                "coefficient",
                Quantity.COUNT,
                "Energy coefficient",
                "積算電力量の係数",
                Number(4, 0, 999_999),
            ),
        ),
        {
            "00000001": {"coefficient": 1},
            "0000000A": {"coefficient": 10},
            "00000000": {"coefficient": 0},
        },
        {"000F4240": {"coefficient": None}},
    ),
    Property(
        0xD7,
        "effective_digits",
        Cadence.ONCE,
        (
            _expert(
                "effective_digits",
                Quantity.COUNT,
                "Energy digits",
                "積算電力量の有効桁数",
                Number(1, 1, 8),
            ),
        ),
        {"06": {"effective_digits": 6}, "08": {"effective_digits": 8}},
        {"00": {"effective_digits": None}, "09": {"effective_digits": None}},
    ),
    Property(
        0xE1,
        "energy_unit",
        Cadence.ONCE,
        (
            _expert(
                "energy_unit",
                Quantity.ENERGY_STEP,
                "Energy resolution",
                "積算電力量の単位",
                UNIT_EXPONENTS,
            ),
        ),
        {
            "00": {"energy_unit": 0},
            "01": {"energy_unit": -1},
            "02": {"energy_unit": -2},
            "03": {"energy_unit": -3},
            "04": {"energy_unit": -4},
            "0A": {"energy_unit": 1},
            "0B": {"energy_unit": 2},
            "0C": {"energy_unit": 3},
            "0D": {"energy_unit": 4},
            "FF": {"energy_unit": None},
        },
        {"05": {"energy_unit": None}, "0E": {"energy_unit": None}},
    ),
)

_IDENTITY = (
    Property(
        0xC0,
        "route_b_identification_number",
        Cadence.NEVER,  # personal; second generation
        (internal("route_b_identification_number", Octets(16), Quantity.IDENTITY),),
        {
            "00000035303132333435363738394142": {
                "route_b_identification_number": "00000035303132333435363738394142"
            }
        },
    ),
)

PROPERTIES = (*_LIVE, *_ENERGY, *_SCALE, *HISTORY_ROWS, *_IDENTITY, *COMMON_ROWS, *DEVICE_ROWS)
"""Every row of the meter's class; live values first, as they shall be shown."""

METER_ROWS = {row.epc: row for row in PROPERTIES}
"""Those of the meter's class by EPC."""

_ROWS = {METER_CLASS: METER_ROWS, NODE_PROFILE_CLASS: {row.epc: row for row in NODE_PROPERTIES}}


def property_row(eoj_class: int, epc: int) -> Property | None:
    """The row of an EPC in a class (0x0288 or 0x0EF0); None where there is none."""
    return _ROWS.get(eoj_class, {}).get(epc)
