"""Rows that every ECHONET device can have, as far as a meter or its node profile carries them.

Source: echonet-lite-meter.md 3.2. Those with `Cadence.NEVER` were not seen on a meter, or serve
nobody; they are here so that a trace can be read.
"""

from datetime import date, time
from decimal import Decimal

from broute_addon.clock import JST
from broute_addon.echonet.codecs import Choice, Date, Number, Octets, Text, TimeOfDay
from broute_addon.echonet.property_map import PropertyMap
from broute_addon.echonet.superclass import Location, StandardVersion
from broute_addon.meter.quantities import Cadence, Quantity, Role
from broute_addon.meter.rows import Field, Property, internal

_ON_OFF = Choice({0x30: True, 0x31: False})
_FAULT = Choice({0x41: True, 0x42: False})
_HOUR_METER_UNITS = Choice({0x41: "second", 0x42: "minute", 0x43: "hour", 0x44: "day"})

OPERATION_STATUS = Property(
    0x80,
    "operation_status",
    Cadence.DAILY,
    (Field("running", Quantity.RUNNING, "Running", "動作状態", Role.DIAGNOSTIC, codec=_ON_OFF),),
    {"30": {"running": True}, "31": {"running": False}},
    {"00": {"running": None}},
)
INSTALLATION_LOCATION = Property(
    0x81,
    "installation_location",
    Cadence.ONCE,
    (
        Field(
            "installation_location",
            Quantity.TEXT,
            "Installation location",
            "設置場所",
            Role.EXPERT,
            codec=Location(),
        ),
    ),
    {
        "00": {"installation_location": "not set"},
        "05": {"installation_location": "reserved 05"},
        "0B": {"installation_location": "living room 3"},
        "61": {"installation_location": "garden 1"},
        "7F": {"installation_location": "other 7"},
        "8A": {"installation_location": "free definition 8A"},
        "FF": {"installation_location": "not fixed"},
        "01" + "00" * 16: {"installation_location": "position " + "00" * 16},
    },
)
STANDARD_VERSION = Property(
    0x82,
    "standard_version",
    Cadence.ONCE,
    (
        Field(
            "standard_version",
            Quantity.IDENTITY,
            "Standard version",
            "規格バージョン",
            Role.NONE,
            codec=StandardVersion(),
        ),
    ),
    {
        "00004600": {"standard_version": "F.0"},
        "00005204": {"standard_version": "R.4"},
        "00006100": {"standard_version": "a.0"},
        "00000000": {"standard_version": None},
    },
    {"01025204": {"standard_version": "R.4"}},
)
IDENTIFICATION_NUMBER = Property(
    0x83,
    "identification_number",
    Cadence.NEVER,
    (internal("identification_number", Octets(17)),),
    {
        "FE000035101112131415161718191A1B1C": {
            "identification_number": "FE000035101112131415161718191A1B1C"
        }
    },
)
FAULT_STATUS = Property(
    0x88,
    "fault_status",
    Cadence.DAILY,
    (Field("fault", Quantity.FAULT, "Fault", "異常発生", Role.DIAGNOSTIC, codec=_FAULT),),
    {"41": {"fault": True}, "42": {"fault": False}},
    {"00": {"fault": None}},
)
FAULT_DESCRIPTION = Property(
    0x89,
    "fault_description",
    Cadence.NEVER,
    (internal("fault_description", Number(2, 0, 0x03FF)),),
    {"0000": {"fault_description": 0}, "03EC": {"fault_description": 1004}},
    {"0400": {"fault_description": None}},
)
MANUFACTURER_CODE = Property(
    0x8A,
    "manufacturer_code",
    Cadence.ONCE,
    (
        Field(
            "maker_code",
            Quantity.IDENTITY,
            "Manufacturer",
            "メーカー",
            Role.NONE,
            codec=Octets(3),
        ),
    ),
    {"000016": {"maker_code": "000016"}, "0000CB": {"maker_code": "0000CB"}},
)
BUSINESS_FACILITY_CODE = Property(
    0x8B,
    "business_facility_code",
    Cadence.NEVER,
    (internal("business_facility_code", Octets(3)),),
    {"000001": {"business_facility_code": "000001"}},
)
PRODUCT_CODE = Property(
    0x8C,
    "product_code",
    Cadence.NEVER,
    (internal("product_code", Text(12), Quantity.IDENTITY),),
    {"4D31320000000000000000" + "00": {"product_code": "M12"}},
)
PRODUCTION_NUMBER = Property(
    0x8D,
    "production_number",
    Cadence.ONCE,
    (
        Field(
            "serial_number",
            Quantity.IDENTITY,
            "Serial number",
            "製造番号",
            Role.NONE,
            codec=Text(12),
        ),
    ),
    {
        "414231324333343536373800": {"serial_number": "AB12C345678"},
        "414231324333343536370000": {"serial_number": "AB12C34567"},
        "00" * 12: {"serial_number": None},
    },
    {
        "414231324333343536372020": {"serial_number": "AB12C34567"},
        "202041423132433334353637": {"serial_number": "AB12C34567"},
        "41FF00000000000000000000": {"serial_number": "A\ufffd"},
    },
)
PRODUCTION_DATE = Property(
    0x8E,
    "production_date",
    Cadence.NEVER,
    (internal("production_date", Date()),),
    {"07E60A1F": {"production_date": date(2022, 10, 31)}},
    {"07E60D00": {"production_date": None}},
)
ANNOUNCEMENT_MAP = Property(
    0x9D,
    "inf_map",
    Cadence.ONCE,
    (internal("inf_map", PropertyMap()),),
    {"03808188": {"inf_map": frozenset({0x80, 0x81, 0x88})}},
    {"03888180": {"inf_map": frozenset({0x80, 0x81, 0x88})}},
)
SET_MAP = Property(
    0x9E,
    "set_map",
    Cadence.ONCE,
    (internal("set_map", PropertyMap()),),
    {
        "00": {"set_map": frozenset()},
        "0281E5": {"set_map": frozenset({0x81, 0xE5})},
        "0481E5EDEF": {"set_map": frozenset({0x81, 0xE5, 0xED, 0xEF})},
    },
)
GET_MAP = Property(
    0x9F,
    "get_map",
    Cadence.ONCE,
    (internal("get_map", PropertyMap()),),
    {
        "1241414100004000624300410000020202": {
            "get_map": frozenset(bytes.fromhex("80818288 8A97989D 9E9FD7E0 E1E2E5E7 E8EA"))
        },
        "1741414160404000624300414000030202": {
            "get_map": frozenset(
                bytes.fromhex("80818288 8A8D9798 9D9E9FD3 D7E0E1E2 E3E4E5E7 E8EAEB")
            )
        },
        "1D71414160404000624300414040434242": {
            "get_map": frozenset(
                bytes.fromhex("80818288 8A8D9798 9D9E9FC0 D0D3D7E0 E1E2E3E4 E5E7E8EA EBECEDEE EF")
            )
        },
    },
    {
        "1641414160404000624300414000030202": {
            "get_map": frozenset(
                bytes.fromhex("80818288 8A8D9798 9D9E9FD3 D7E0E1E2 E3E4E5E7 E8EAEB")
            )
        }
    },
)

COMMON_ROWS = (
    OPERATION_STATUS,
    IDENTIFICATION_NUMBER,
    FAULT_STATUS,
    FAULT_DESCRIPTION,
    MANUFACTURER_CODE,
    BUSINESS_FACILITY_CODE,
    PRODUCT_CODE,
    PRODUCTION_NUMBER,
    PRODUCTION_DATE,
    ANNOUNCEMENT_MAP,
    SET_MAP,
    GET_MAP,
)
"""Rows that a device and a node profile share."""

DEVICE_ROWS = (
    INSTALLATION_LOCATION,
    STANDARD_VERSION,
    Property(
        0x84,
        "own_power",
        Cadence.NEVER,
        (internal("own_power", Number(2, 0, 0xFFFD, (0xFFFE,))),),
        {"0003": {"own_power": 3}, "FFFE": {"own_power": None}},
    ),
    Property(
        0x85,
        "own_energy",
        Cadence.NEVER,
        (internal("own_energy", Number(4, 0, 999_999_999, (0xFFFFFFFE,), Decimal("0.001"))),),
        {"000003E9": {"own_energy": Decimal("1.001")}, "FFFFFFFE": {"own_energy": None}},
    ),
    Property(
        0x86,
        "manufacturer_fault_code",
        Cadence.NEVER,
        (internal("manufacturer_fault_code", Octets()),),
        {"0100003500": {"manufacturer_fault_code": "0100003500"}},
    ),
    Property(
        0x87,
        "current_limit",
        Cadence.NEVER,
        (internal("current_limit", Number(1, 0, 100)),),
        {"64": {"current_limit": 100}},
        {"65": {"current_limit": None}},
    ),
    Property(
        0x8F,
        "power_saving",
        Cadence.NEVER,
        (internal("power_saving", Choice({0x41: True, 0x42: False})),),
        {"41": {"power_saving": True}, "42": {"power_saving": False}},
    ),
    Property(
        0x93,
        "remote_control",
        Cadence.NEVER,
        (internal("through_public_network", Choice({0x41: False, 0x42: True})),),
        {"41": {"through_public_network": False}, "42": {"through_public_network": True}},
    ),
    Property(
        0x97,
        "current_time",
        Cadence.DAILY,
        (internal("current_time", TimeOfDay()),),
        {
            "0D22": {"current_time": time(13, 34, tzinfo=JST)},
            "0000": {"current_time": time(0, 0, tzinfo=JST)},
            "FFFF": {"current_time": None},
        },
        {"1800": {"current_time": None}, "003C": {"current_time": None}},
    ),
    Property(
        0x98,
        "current_date",
        Cadence.DAILY,
        (internal("current_date", Date()),),
        {
            "07EA0405": {"current_date": date(2026, 4, 5)},
            "07E8021D": {"current_date": date(2024, 2, 29)},
            "FFFFFFFF": {"current_date": None},
        },
        {
            "07EA021D": {"current_date": None},
            "07EA0000": {"current_date": None},
            "27100101": {"current_date": None},
        },
    ),
    Property(
        0x99,
        "power_limit",
        Cadence.NEVER,
        (internal("power_limit", Number(2, 0, 0xFFFF)),),
        {"05DC": {"power_limit": 1500}},
    ),
    Property(
        0x9A,
        "operating_time",
        Cadence.NEVER,
        (
            internal("operating_time_unit", _HOUR_METER_UNITS),
            internal("operating_time", Number(4, 0, 0xFFFFFFFF)),
        ),
        {"4400000E42": {"operating_time_unit": "day", "operating_time": 3650}},
    ),
)
"""Rows of a device only. The clock is 98 and 97, without seconds: read in one Get of both."""
