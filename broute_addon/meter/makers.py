"""Names behind the manufacturer codes (EPC 0x8A) of meter makers: echonet-lite-meter.md 3.8."""

from collections.abc import Mapping
from types import MappingProxyType

MAKERS: Mapping[str, str] = MappingProxyType(
    {
        "000001": "Hitachi",
        "000006": "Mitsubishi Electric",
        "000016": "Toshiba",
        "00002E": "Shikoku Instrumentation",
        "000035": "Toshiba Toko Meter Systems",
        "000041": "Enegate",
        "000052": "Osaki Electric",
        "000085": "Takaoka Toko",
        "00008C": "Kyuden Technosystems",
        "0000C2": "Tohoku Electric Meter Industry",
        "0000CB": "Fuji Electric",
        "000140": "Landis+Gyr",
    }
)


def maker_name(code: str) -> str:
    """The maker's name; an unknown code stays as it is."""
    return MAKERS.get(code, code)
