"""The product's own link and client, asked without pause.

python -m benchmarks.drivers.client_loop DEVICE [--epcs E7,E8]
"""

import argparse
import asyncio
import time
from pathlib import Path

from broute_addon.meter.client import MeterClient
from broute_addon.meter.pacing import Pace, RetryTimer
from broute_addon.redaction import Secret
from broute_addon.simulator import PASSWORD, ROUTE_B_ID
from broute_addon.wisun.link import Link
from broute_addon.wisun.transport import connect_serial
from broute_addon.wisun.values import Credentials


async def read(device: Path, epcs: list[int]) -> None:
    """Logs in and asks for ever."""
    credentials = Credentials(Secret(ROUTE_B_ID), Secret(PASSWORD))
    link = await Link.open(
        connect_serial,
        str(device),
        on_datagram=lambda datagram: client.received(datagram.payload),
        on_event=lambda _: None,
    )
    client = MeterClient(link.send, lambda _: None, timer=RetryTimer(), pace=Pace(1.0), first_tid=1)
    await link.join(await link.scan(credentials), credentials)
    while True:
        answer = await client.get(epcs)
        print(time.monotonic(), answer.values[epcs[0]].hex(), flush=True)


def main() -> None:
    """Reads for ever."""
    parser = argparse.ArgumentParser()
    parser.add_argument("device", type=Path)
    parser.add_argument("--epcs", default="E7,E8")
    args = parser.parse_args()
    asyncio.run(read(args.device, [int(epc, 16) for epc in args.epcs.split(",")]))


if __name__ == "__main__":
    main()
