"""The product's whole engine, polling without pause: the ladder of recovery is in it.

python -m benchmarks.drivers.engine_loop DEVICE
"""

import argparse
import asyncio
import random
import time
from pathlib import Path

from broute_addon.clock import system_clock
from broute_addon.meter.engine import Engine, Known
from broute_addon.meter.readings import ReadingsArrived, Update
from broute_addon.redaction import Secret
from broute_addon.simulator import PASSWORD, ROUTE_B_ID
from broute_addon.wisun.ports import candidates
from broute_addon.wisun.transport import connect_serial
from broute_addon.wisun.values import Credentials

_NO_PAUSE_S = 0.01


def _tell(update: Update) -> None:
    if isinstance(update, ReadingsArrived):
        for reading in update.readings:
            if reading.key == "power" and reading.value is not None:
                print(time.monotonic(), reading.value, flush=True)


def main() -> None:
    """Reads for ever."""
    parser = argparse.ArgumentParser()
    parser.add_argument("device", type=Path)
    folder = parser.parse_args().device.parent
    engine = Engine(
        connect=connect_serial,
        ports=lambda: candidates(folder),
        credentials=Credentials(Secret(ROUTE_B_ID), Secret(PASSWORD)),
        known=Known(),
        emit=_tell,
        interval_s=_NO_PAUSE_S,
        clock=system_clock,
        rng=random.Random(1),
    )
    asyncio.run(engine.run())


if __name__ == "__main__":
    main()
