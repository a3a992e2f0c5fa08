"""The last two days of live values, for charts that outlive a restart.

`live.ring` under the data folder: a header, then a fixed number of records that are written round
and round. A record stands for half a minute (or for one reading where they come more slowly) and
holds the means of what was read in it. Only what is new is written, a few times an hour: a power
cut costs the charts' last minutes and nothing else.

    header    magic "BRR1", number of records ever written (uint32)
    record    time (uint32, Unix seconds), power (int32, W), current R and T (int16, 0.1 A),
              signal (int16, dBm), response time (uint16, ms); the type's lowest (highest where
              unsigned) value means "none"
"""

import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from broute_addon.messages import message

_LOGGER = logging.getLogger(__name__)

RING_FILE = "live.ring"
RECORD_S = 30
RECORDS = 2 * 24 * 3600 // RECORD_S

_MAGIC = b"BRR1"
_HEADER = struct.Struct("<4sI")
_RECORD = struct.Struct("<IihhhH")
_NO_POWER, _NO_SHORT, _NO_RESPONSE = -(2**31), -(2**15), 2**16 - 1


@dataclass(frozen=True, slots=True)
class Sample:
    """Live values at `at` (Unix seconds): W, A, A, dBm, s; None where there is none."""

    at: int
    power: int | None = None
    current_r: float | None = None
    current_t: float | None = None
    rssi_dbm: float | None = None
    response_s: float | None = None


class Ring:
    """The file's picture in memory; `flush` writes what is new of it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RING_FILE
        self._bucket: list[Sample] = []
        self._complained = False
        self._count = 0
        self._records = bytearray(RECORDS * _RECORD.size)
        self._is_whole = self._read()
        self._flushed = self._count

    def add(self, sample: Sample) -> None:
        """Takes what one reading told."""
        if self._bucket and sample.at // RECORD_S != self._bucket[0].at // RECORD_S:
            self._close_bucket()
        self._bucket.append(sample)

    def samples(self, since: int) -> list[Sample]:
        """What is known from `since` (Unix seconds) on, ascending, one for an instant."""
        found = {sample.at: sample for sample in self._kept() if sample.at >= since}
        if self._bucket and self._bucket[0].at >= since:
            found[self._bucket[0].at] = _mean(self._bucket)
        return [found[at] for at in sorted(found)]

    def flush(self) -> None:
        """Writes the records that the file doesn't have yet; also the one under way."""
        if self._bucket:
            self._close_bucket()
        if self._flushed == self._count and self._is_whole:
            return
        try:
            self._write()
        except OSError as error:
            if not self._complained:
                told = message("ring_unwritable", path=self._path, reason=error.strerror)
                _LOGGER.warning("%s", told)
            self._complained = True
            if isinstance(error, FileNotFoundError):
                self._is_whole = False
            return
        self._is_whole, self._complained, self._flushed = True, False, self._count

    def _close_bucket(self) -> None:
        position = self._count % RECORDS
        _RECORD.pack_into(self._records, position * _RECORD.size, *_packed(_mean(self._bucket)))
        self._count += 1
        self._bucket.clear()

    def _kept(self) -> Iterator[Sample]:
        for values in _RECORD.iter_unpack(self._records):
            if values[0]:
                yield _unpacked(values)

    def _read(self) -> bool:
        """Takes what an earlier run left; False where there is no file of this form."""
        try:
            octets = self._path.read_bytes()
        except OSError:
            return False
        if len(octets) != _HEADER.size + len(self._records) or octets[:4] != _MAGIC:
            return False
        self._count = _HEADER.unpack_from(octets)[1]
        self._records[:] = octets[_HEADER.size :]
        return True

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        header = _HEADER.pack(_MAGIC, self._count % 2**32)
        if not self._is_whole or self._count - self._flushed >= RECORDS:
            self._path.write_bytes(header + self._records)
            return
        with self._path.open("r+b") as file:
            file.write(header)
            for begin, end in self._news():
                file.seek(_HEADER.size + begin * _RECORD.size)
                file.write(self._records[begin * _RECORD.size : end * _RECORD.size])

    def _news(self) -> Iterator[tuple[int, int]]:
        """Positions of the records not yet written; two stretches where the end is passed."""
        begin, end = self._flushed % RECORDS, self._count % RECORDS
        if begin < end:
            yield begin, end
        else:
            yield begin, RECORDS
            yield 0, end


def _mean(bucket: list[Sample]) -> Sample:
    power = _mean_of([sample.power for sample in bucket])
    return Sample(
        at=bucket[0].at,
        power=None if power is None else round(power),
        current_r=_mean_of([sample.current_r for sample in bucket]),
        current_t=_mean_of([sample.current_t for sample in bucket]),
        rssi_dbm=_mean_of([sample.rssi_dbm for sample in bucket]),
        response_s=_mean_of([sample.response_s for sample in bucket]),
    )


def _mean_of(values: list[int | None] | list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _packed(sample: Sample) -> tuple[int, ...]:
    return (
        min(max(sample.at, 0), 2**32 - 1),
        _counted(sample.power, 1, _NO_POWER, 31),
        _counted(sample.current_r, 10, _NO_SHORT, 15),
        _counted(sample.current_t, 10, _NO_SHORT, 15),
        _counted(sample.rssi_dbm, 1, _NO_SHORT, 15),
        _NO_RESPONSE
        if sample.response_s is None
        else min(max(round(sample.response_s * 1000), 0), _NO_RESPONSE - 1),
    )


def _counted(value: float | None, scale: int, none: int, bits: int) -> int:
    if value is None:
        return none
    return int(min(max(round(value * scale), none + 1), 2**bits - 1))


def _unpacked(values: tuple[int, ...]) -> Sample:
    at, power, current_r, current_t, rssi, response = values
    return Sample(
        at,
        None if power == _NO_POWER else power,
        None if current_r == _NO_SHORT else current_r / 10,
        None if current_t == _NO_SHORT else current_t / 10,
        None if rssi == _NO_SHORT else float(rssi),
        None if response == _NO_RESPONSE else response / 1000,
    )
