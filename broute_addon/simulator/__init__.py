"""A whole simulated house: household, meter, radio, stick.

Written against the protocol documents and against nothing of this package, so that a fault in the
product's codec can't cancel itself out here. In a test, in virtual time:

    from broute_addon.simulator import House, HouseConfig, MemoryPort, run_virtual

    async def scenario() -> None:
        port = MemoryPort()
        async with House(HouseConfig(module="bp35a1", seed=7), port) as house:
            stick = await port.connect("/dev/stick", 115200, receiver)
            stick.write(b"SKVER\\r\\n")
            house.faults.next("lost-answer")         # the next answer gets lost
            house.faults.hold("mute-meter", for_s=60)
            house.faults.fire("unplug", for_s=5)
            await asyncio.sleep(3600)                # takes no time
            house.registers.counts(house.clock.now())  # the truth

    run_virtual(scenario())
"""

from broute_addon.simulator.air import AirConfig, Beacon
from broute_addon.simulator.faults import FaultSpec, parse_fault
from broute_addon.simulator.house import PASSWORD, ROUTE_B_ID, House, HouseConfig
from broute_addon.simulator.household import Household
from broute_addon.simulator.meter_config import METER_MAC, MeterConfig
from broute_addon.simulator.port import Delivery, MemoryPort, MemoryTransport, Port, Receiver
from broute_addon.simulator.pty_port import PtyPort
from broute_addon.simulator.virtual_time import (
    VirtualTimeDeadlockError,
    VirtualTimeLoop,
    run_virtual,
)

__all__ = [
    "METER_MAC",
    "PASSWORD",
    "ROUTE_B_ID",
    "AirConfig",
    "Beacon",
    "Delivery",
    "FaultSpec",
    "House",
    "HouseConfig",
    "Household",
    "MemoryPort",
    "MemoryTransport",
    "MeterConfig",
    "Port",
    "PtyPort",
    "Receiver",
    "VirtualTimeDeadlockError",
    "VirtualTimeLoop",
    "parse_fault",
    "run_virtual",
]
