"""The least that must happen before the first value: a script of the stick's commands.

    python -m benchmarks.drivers.minimum DEVICE

Drain, probe, reset, credentials, join, one Get of E7 and E8, each as soon as the stick allows; the
PAN is known. Nothing of the product is used. Prints one line: when it opened the port and the
seconds that it took from there.
"""

import os
import re
import select
import sys
import time
import tty

from broute_addon.simulator import METER_MAC, PASSWORD, ROUTE_B_ID
from broute_addon.simulator.air import AirConfig, link_local

DRAIN_S = 0.3
GET = bytes.fromhex("1081000105FF010288016202E700E800")


class _Stick:
    def __init__(self, path: str) -> None:
        self._port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._port)
        self._heard = b""

    def drain(self) -> None:
        end = time.monotonic() + DRAIN_S
        while (left := end - time.monotonic()) > 0:
            if select.select([self._port], [], [], left)[0]:
                os.read(self._port, 4096)

    def ask(self, data: bytes, until: bytes) -> None:
        self._heard = b""
        os.write(self._port, data)
        while not re.search(until, self._heard, re.DOTALL):
            select.select([self._port], [], [])
            self._heard += os.read(self._port, 4096)


def main() -> None:
    """Runs the script once."""
    began = time.monotonic()
    air, peer = AirConfig(), link_local(METER_MAC)
    stick = _Stick(sys.argv[1])
    stick.drain()
    for line in (
        "SKVER",
        "SKINFO",
        "SKRESET",
        "SKSREG SFE 0",
        f"SKSETPWD {len(PASSWORD):X} {PASSWORD}",
        f"SKSETRBID {ROUTE_B_ID}",
        f"SKSREG S2 {air.channel:X}",
        f"SKSREG S3 {air.pan_id:04X}",
    ):
        stick.ask(line.encode() + b"\r\n", rb"[\r\n]OK[\r\n]|^OK[\r\n]")
    stick.ask(f"SKJOIN {peer}\r\n".encode(), b"EVENT 25")
    stick.ask(f"SKSENDTO 1 {peer} 0E1A 1 0 {len(GET):04X} ".encode() + GET, b"\xe7\x04|E704")
    print(began, time.monotonic() - began, flush=True)


if __name__ == "__main__":
    main()
