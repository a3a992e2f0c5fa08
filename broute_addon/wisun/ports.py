"""Which ports may hold a Wi-SUN stick.

A USB id never identifies a stick (most are plain FTDI bridges), so a port is asked what it is;
but not every port: a name that belongs to another radio is left alone, for its program would not
like our questions. Names stay the same after replugging, numbers (`ttyUSB0`) don't.
"""

import contextlib
import errno
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from broute_addon.errors import TransportError
from broute_addon.messages import message

BY_ID = Path("/dev/serial/by-id")

_KNOWN = (  # in the order of trust (wisun-modules part 1)
    re.compile(r"ROHM|RS-WSUHA|BP35|WSR35|RL7023|Wi-?SUN|UDG-1|LPR9202|TESSERA", re.IGNORECASE),
    re.compile(r"RATOC", re.IGNORECASE),
    re.compile(r"FTDI_FT230X", re.IGNORECASE),
)
_OTHER_RADIO = re.compile(
    r"zig-?bee|z-?wave|zwa-?2|zooz|aeotec|thread|matter|openthread|conbee|raspbee|dresden|skyconnect"
    r"|connect_zb|zbt-|nabu|sonoff|itead|cc2[56]\d\d|efr32|ember|silabs_|slzb|slae|smlight|tube"
    r"|zzh|electrolama|texas_instruments|nordic|nrf5|rfxcom|rflink|rfplayer|enocean|lora|cul868"
    r"|0658_0200|sigma_designs|homematic|hm-mod|hmip|jeelink|eqc|bluetooth",
    re.IGNORECASE,
)
_SERIAL_NUMBER = re.compile(r"_[0-9A-Z]+(?=-if)", re.IGNORECASE)
_TTY_NAMES = ("ttyUSB*", "ttyACM*", "ttyAMA*")


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A port that is there. `is_candidate`: it is asked without being told to; else `is_foreign`
    says that its name belongs to another kind of radio. `is_lasting`: once a stick has answered
    there it is a candidate, since its name stays the same."""

    path: str
    is_candidate: bool
    is_foreign: bool = False
    is_lasting: bool = True

    @property
    def name(self) -> str:
        """The last part of its path."""
        return Path(self.path).name


def serial_ports(directory: Path = BY_ID) -> tuple[SerialPort, ...]:
    """Every port there is, those worth asking first."""
    asked = [SerialPort(path, is_candidate=True) for path in candidates(directory)]
    return (*asked, *(_unasked(directory, path) for path in others(directory)))


def _unasked(directory: Path, path: str) -> SerialPort:
    is_foreign = _is_foreign(Path(path).name)
    is_named = Path(path).parent == directory
    return SerialPort(
        path, is_candidate=False, is_foreign=is_foreign, is_lasting=is_named and not is_foreign
    )


def candidates(directory: Path = BY_ID, last_good: str | None = None) -> tuple[str, ...]:
    """Paths worth asking, best first; `last_good` is the path that was a stick last time.

    In the system's own directory only names that a stick is known to have count, and the last good
    one. In any other directory each entry was put there on purpose and counts, whatever it points
    to.
    """
    names = [path for path in _entries(directory) if not _is_foreign(path.name)]
    if directory == BY_ID:
        names = [p for p in names if _rank(p.name) < len(_KNOWN) or str(p) == last_good]
    ranked = sorted(names, key=lambda path: (str(path) != last_good, _rank(path.name), path.name))
    return tuple(str(path) for path in ranked)


def others(directory: Path = BY_ID) -> tuple[str, ...]:
    """Ports that are never asked unless somebody says so ("try this port")."""
    ours = {Path(path).resolve() for path in candidates(directory)}
    named = [path for path in _entries(directory) if path.resolve() not in ours]
    covered = ours | {path.resolve() for path in named}
    bare = [
        path
        for pattern in _TTY_NAMES
        for path in sorted(Path("/dev").glob(pattern))
        if path.resolve() not in covered
    ]
    return tuple(str(path) for path in [*named, *bare])


def open_failed(path: str, code: int | None) -> TransportError:
    """The sentence for an `errno` that opening a port gave."""
    match code:
        case errno.ENOENT | errno.ENXIO | errno.ENODEV:
            return TransportError(message("port_missing", port=path))
        case errno.EACCES | errno.EPERM:
            return TransportError(message("port_forbidden", port=path))
        case errno.EBUSY | errno.EAGAIN:
            program = _holder(path) or "another program"
            return TransportError(message("port_busy", port=path, program=program))
        case errno.EISDIR | errno.ENOTTY | errno.ENOTDIR:
            return TransportError(message("port_not_serial", port=path))
        case _:
            reason = errno.errorcode.get(code or 0, "?")
            return TransportError(message("port_failed", port=path, reason=reason))


def presence(paths: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """Each port, and whether it is there: a port that is named in the options always stands in the
    list, with a stick or without."""
    return tuple((path, _exists(path)) for path in paths)


def node_age_s(port: str) -> float | None:
    """Seconds since the device node came into being; None where that says nothing.

    A pseudo-terminal has nothing to boot.
    """
    try:
        path = Path(port).resolve()
        return None if path.is_relative_to("/dev/pts") else time.time() - path.stat().st_ctime
    except OSError:
        return None


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a folder that nobody may look into
        return False


def _is_foreign(name: str) -> bool:
    """A serial number may read like anything; where the rest may be a stick's it doesn't count."""
    without = _SERIAL_NUMBER.sub("", name)
    return bool(_OTHER_RADIO.search(without if _rank(without) < len(_KNOWN) else name))


def _rank(name: str) -> int:
    return next((i for i, known in enumerate(_KNOWN) if known.search(name)), len(_KNOWN))


def _holder(path: str) -> str | None:
    """Name of a program that has the port open, where the system lets us see it."""
    target = Path(path).resolve()
    for process in Path("/proc").glob("[0-9]*"):
        # Processes end while we look, and others are not ours to look into.
        with contextlib.suppress(OSError):
            if any(_leads_to(link, target) for link in (process / "fd").iterdir()):
                return (process / "comm").read_text().strip()
    return None


def _leads_to(link: Path, target: Path) -> bool:
    try:
        return link.readlink() == target
    except OSError:  # closed meanwhile
        return False
