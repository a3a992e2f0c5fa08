"""A link on a simulated house, with all that it told on record. Virtual time."""

import asyncio
from collections.abc import Callable, Coroutine

from broute_addon.redaction import Secret
from broute_addon.simulator import (
    PASSWORD,
    ROUTE_B_ID,
    Delivery,
    House,
    HouseConfig,
    MemoryPort,
    run_virtual,
)
from broute_addon.wisun.events import LinkEvent
from broute_addon.wisun.link import Link
from broute_addon.wisun.values import Credentials, Datagram, MacAddress, Pan

CREDENTIALS = Credentials(Secret(ROUTE_B_ID), Secret(PASSWORD))
PAN = Pan(0x2D, 0x42A7, MacAddress.parse("D05EA55A0C1042A7"))
GET_POWER = bytes.fromhex("1081000105FF010288016201E700")


class Site:
    """A house, and what the link made of it."""

    def __init__(self, house: House, port: MemoryPort) -> None:
        self.house, self.port = house, port
        self.datagrams: list[Datagram] = []
        self.events: list[LinkEvent] = []
        self.written = b""
        self._news = asyncio.Event()
        inner = port.on_input

        def tap(data: bytes) -> None:
            self.written += data
            inner(data)

        port.on_input = tap

    async def open(self) -> Link:
        return await Link.open(
            self.port.connect,
            "/dev/stick",
            on_datagram=self._datagram,
            on_event=self.events.append,
        )

    def _datagram(self, datagram: Datagram) -> None:
        self.datagrams.append(datagram)
        if datagram.payload[10] == 0x72:
            self._news.set()

    async def joined(self) -> Link:
        link = await self.open()
        await link.join(PAN, CREDENTIALS)
        return link

    async def answer(self, link: Link) -> Datagram:
        """Asks for the power and waits for what comes."""
        self._news.clear()
        await link.send(GET_POWER)
        async with asyncio.timeout(5):
            await self._news.wait()
        return self.datagrams[-1]

    @property
    def kinds(self) -> list[type[LinkEvent]]:
        return [type(event) for event in self.events]


Scenario = Callable[[Site], Coroutine[None, None, None]]


def on_site(
    scenario: Scenario,
    config: HouseConfig | None = None,
    delivery: Delivery = Delivery.RANDOM,
) -> None:
    async def main() -> None:
        port = MemoryPort(delivery, seed=5)
        async with House(config or HouseConfig(), port) as house:
            await asyncio.sleep(3)
            await scenario(Site(house, port))

    run_virtual(main())


def now() -> float:
    return asyncio.get_running_loop().time()
