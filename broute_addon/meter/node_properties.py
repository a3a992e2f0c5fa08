"""Rows of the node profile (class 0x0EF0): what the meter's node as a whole tells of itself.

Source: echonet-lite-meter.md 2. 0x82 means something else here than in a device: the version of
ECHONET Lite and the message formats, not the release of the appendix.
"""

from broute_addon.echonet.codecs import Counted, Number, Octets
from broute_addon.meter.quantities import Cadence
from broute_addon.meter.rows import Property, internal
from broute_addon.meter.superclass_properties import COMMON_ROWS

_BYTE = Number(1, 0, 0xFF)
_EOJS = Counted(Octets(3), 84)

NODE_PROPERTIES = (
    *COMMON_ROWS,
    Property(
        0x82,
        "version_information",
        Cadence.NEVER,
        (
            internal("version_major", _BYTE),
            internal("version_minor", _BYTE),
            internal("message_formats", _BYTE),  # bit 0: format 1, bit 1: format 2
            internal("version_reserved", _BYTE),
        ),
        {
            "010A0100": {
                "version_major": 1,
                "version_minor": 10,
                "message_formats": 1,
                "version_reserved": 0,
            }
        },
    ),
    Property(
        0xBF,
        "unique_identifier_data",
        Cadence.NEVER,
        (internal("unique_identifier_data", Octets(2)),),
        {"8001": {"unique_identifier_data": "8001"}},
    ),
    Property(
        0xD3,
        "instance_count",
        Cadence.NEVER,
        (internal("instance_count", Octets(3)),),
        {"000001": {"instance_count": "000001"}},
    ),
    Property(
        0xD4,
        "class_count",
        Cadence.NEVER,
        (internal("class_count", Number(2, 0, 0xFFFF)),),
        {"0002": {"class_count": 2}},
    ),
    Property(
        0xD5,
        "instance_list_notification",
        Cadence.NEVER,
        (internal("instance_list_notification", _EOJS),),
        {
            "01028801": {"instance_list_notification": ("028801",)},
            "02028801028301": {"instance_list_notification": ("028801", "028301")},
        },
    ),
    Property(
        0xD6,
        "instance_list",
        Cadence.NEVER,
        (internal("instance_list", _EOJS),),
        {"01028801": {"instance_list": ("028801",)}, "00": {"instance_list": ()}},
    ),
    Property(
        0xD7,
        "class_list",
        Cadence.NEVER,
        (internal("class_list", Counted(Octets(2), 8)),),
        {"010288": {"class_list": ("0288",)}},
    ),
)
"""Every row of the node profile's class."""
