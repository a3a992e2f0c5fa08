"""Frames decoded per second: EDATA with E7 and E8 to exact readings, on one core.

    python benchmarks/decode.py [SECONDS]

Prints the best of many short runs, SECONDS together, for the frame alone, for frame and values, and
for readings as the rest of the product takes them. Goal: at least 200 000 a second.
"""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

from broute_addon.echonet.frame import Frame
from broute_addon.meter.properties import METER_ROWS
from broute_addon.meter.readings import Reading

EDATA = bytes.fromhex("1081010302880105FF017202E704000005AAE8040053003E")
RUNS = 25
CHUNK = 1_000


def parse(data: bytes) -> Frame:
    """The frame, its EDTs still raw."""
    return Frame.parse(data)


def values(data: bytes) -> dict[str, object]:
    """Its values by key."""
    told: dict[str, object] = {}
    for epc, edt in Frame.parse(data).properties:
        row = METER_ROWS.get(epc)
        if row is not None:
            told.update(row.decode(edt))
    return told


def readings(data: bytes, at: datetime) -> list[Reading]:
    """One `Reading` for each value."""
    told = []
    for epc, edt in Frame.parse(data).properties:
        row = METER_ROWS.get(epc)
        if row is not None:
            for key, value in row.decode(edt).items():
                told.append(Reading(key, value, at))  # type: ignore[arg-type]
    return told


def per_second(step: Callable[[], object], seconds: float) -> float:
    """Calls in a second of processor time, the best of `RUNS` that take `seconds` together."""
    best = 0.0
    for _ in range(RUNS):
        calls, begin = 0, time.process_time()
        while (spent := time.process_time() - begin) < seconds / RUNS:
            for _ in range(CHUNK):
                step()
            calls += CHUNK
        best = max(best, calls / spent)
    return best


def rates(seconds: float) -> Iterator[tuple[str, float]]:
    """What is measured, with calls a second."""
    now = datetime.now(UTC)
    current = [reading.value for reading in readings(EDATA, now)]
    if current != [1450, Decimal("8.3"), Decimal("6.2")]:
        raise SystemExit(f"decoded wrongly: {current}")
    yield "frame", per_second(lambda: parse(EDATA), seconds)
    yield "frame and values", per_second(lambda: values(EDATA), seconds)
    yield "frame and readings", per_second(lambda: readings(EDATA, now), seconds)
    if (step := _pychonet()) is not None:
        yield "pychonet, frame and values", per_second(step, seconds)


def _pychonet() -> Callable[[], object] | None:
    """A peer's decoder, where somebody has installed it (`pip install pychonet`)."""
    try:
        message = importlib.import_module("pychonet.lib.functions").decodeEchonetMsg
        meter = importlib.import_module("pychonet").LowVoltageSmartElectricEnergyMeter
    except ImportError:
        return None
    functions = meter.EPC_FUNCTIONS

    def step() -> dict[int, object]:
        return {
            prop["EPC"]: functions[prop["EPC"]](prop["EDT"])
            for prop in message(EDATA)["OPC"]
            if prop["EPC"] in functions
        }

    return step


def main() -> None:
    """Measures and prints."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    for name, rate in rates(seconds):
        print(f"{name:30}{rate:>12,.0f} a second")


if __name__ == "__main__":
    main()
