"""A workbench for the simulated stick: a host that types commands and reads what comes back."""

import asyncio
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import Any, Self

from broute_addon.simulator import (
    Delivery,
    House,
    HouseConfig,
    MemoryPort,
    MemoryTransport,
)

JST = timezone(timedelta(hours=9))
START = datetime(2026, 4, 5, 13, 34, tzinfo=JST)
METER = "FE80:0000:0000:0000:D25E:A55A:0C10:42A7"
SINGLE = "FE80:0000:0000:0000:021D:1290:00AB:C123"
DUAL = "FE80:0000:0000:0000:021D:1291:00DE:F456"


class Bench:
    """A host with the stick's port open; everything heard is kept with its time."""

    def __init__(
        self,
        delivery: Delivery = Delivery.WHOLE,
        **config: Any,  # noqa: ANN401 - fields of HouseConfig
    ) -> None:
        config.setdefault("clock", START)
        config.setdefault("seed", 7)
        self.port = MemoryPort(delivery, seed=3)
        self.house = House(HouseConfig(**config), self.port)
        self.heard = bytearray()
        self.pieces = 0
        self.lost_error: Exception | None = None
        self._transport: MemoryTransport | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.house.close()

    async def open(self, baud: int = 115200) -> None:
        self._transport = await self.port.connect("/dev/stick", baud, self)

    def received(self, data: bytes) -> None:
        self.heard += data
        self.pieces += 1
        self._news.set()

    def lost(self, error: Exception | None) -> None:
        self.lost_error = error

    @property
    def is_dual(self) -> bool:
        return self.house.module.is_dual

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def take(self) -> bytes:
        """All that was heard and not yet taken."""
        heard = bytes(self.heard)
        self.heard.clear()
        return heard

    async def until(self, mark: bytes, within: float = 60.0) -> bytes:
        """Everything up to and including `mark`."""
        async with asyncio.timeout(within):
            while mark not in self.heard:
                self._news.clear()
                await self._news.wait()
        end = self.heard.index(mark) + len(mark)
        taken = bytes(self.heard[:end])
        del self.heard[:end]
        return taken

    async def quiet(self, seconds: float) -> bytes:
        """What is heard in the coming seconds."""
        await asyncio.sleep(seconds)
        return self.take()

    async def type(self, command: bytes, seconds: float = 0.5) -> bytes:
        """Type a command and hear what comes within some time."""
        self.write(command)
        return await self.quiet(seconds)

    async def prepare(self) -> None:
        """Echo off, credentials, channel and PAN of the meter."""
        for line in (
            "SKSREG SFE 0",
            f"SKSETPWD C {self.house.config.password}",
            f"SKSETRBID {self.house.config.route_b_id}",
            f"SKSREG S2 {self.house.node.channel:02X}",
            f"SKSREG S3 {self.house.node.pan_id:04X}",
        ):
            assert (await self.type(f"{line}\r\n".encode())).endswith(b"OK\r\n")

    async def join(self) -> None:
        await self.prepare()
        self.write(f"SKJOIN {METER}\r\n".encode())
        await self.until(b"EVENT 25 ")
        await self.quiet(5)

    def sendto(self, payload: bytes) -> bytes:
        side = "0 " if self.is_dual else ""
        return f"SKSENDTO 1 {METER} 0E1A 1 {side}{len(payload):04X} ".encode() + payload

    async def ask(self, request: str, within: float = 10.0) -> str | None:
        """Send a frame given in hexadecimal and wait for the meter's next one; None: silence."""
        answered: list[bytes] = []
        deliver = self.house.node.deliver
        arrived = asyncio.Event()

        def listen(session: int, data: bytes, to_all: bool) -> None:
            answered.append(data)
            arrived.set()
            deliver(session, data, to_all)

        self.house.node.deliver = listen
        try:
            self.write(self.sendto(bytes.fromhex(request)))
            async with asyncio.timeout(within):
                await arrived.wait()
        except TimeoutError:
            return None
        finally:
            self.house.node.deliver = deliver
        return answered[0].hex().upper()
