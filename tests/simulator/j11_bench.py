"""A host beside a J11 stick: frames out, frames in, both checked here by hand."""

from collections.abc import Awaitable, Callable
from typing import Any

from broute_addon.simulator import AirConfig, MeterConfig, run_virtual
from broute_addon.simulator.j11 import J11Stick
from tests.simulator.bench import Bench

METER_MAC = "D05EA55A0C1042A7"
METER_IP = "FE80000000000000D25EA55A0C1042A7"
ID, PASSWORD = "0000009A4C1E77B20D95A3F8215C3E7F", "Q7W3K9X2M5T8"
GET_E7 = "1081000105FF010288016201E700"

STARTUP = "D0F9EE5D 6019 0004 0391 0000"
SET_UP = "D0EA83FC 005F 0008 03A0 000F 05000A00"

Frame = tuple[int, bytes]


def sums(data: bytes) -> bytes:
    return (sum(data) % 65536).to_bytes(2, "big")


def request(code: int, data: str = "") -> bytes:
    raw = bytes.fromhex(data)
    header = bytes.fromhex("D0EA83FC") + code.to_bytes(2, "big")
    header += (4 + len(raw)).to_bytes(2, "big")
    return header + sums(header) + sums(raw) + raw


def send_to_meter(payload: str = GET_E7, port: str = "0E1A") -> str:
    return f"{METER_IP}{port}0E1A{len(payload) // 2:04X}{payload}"


CREDENTIALS = (ID + PASSWORD).encode().hex()


class J11Bench(Bench):
    """Hears whole frames; anything that is no frame with right sums fails the test."""

    @property
    def stick(self) -> J11Stick:
        assert isinstance(self.house.stick, J11Stick)
        return self.house.stick

    def frames(self) -> list[Frame]:
        """The frames heard and not yet taken."""
        heard, found = self.take(), []
        while heard:
            assert heard[:4] == bytes.fromhex("D0F9EE5D"), heard.hex()
            end = 8 + int.from_bytes(heard[6:8], "big")
            data = heard[12:end]
            assert heard[8:12] == sums(heard[:8]) + sums(data), heard.hex()
            found.append((int.from_bytes(heard[4:6], "big"), data))
            heard = heard[end:]
        return [(code, data) for code, data in found]

    async def give(self, code: int, data: str = "", seconds: float = 0.1) -> list[Frame]:
        """Send a request and hear what comes within some time."""
        self.write(request(code, data))
        await self.quiet_frames(seconds)
        return self.frames()

    async def quiet_frames(self, seconds: float) -> None:
        heard = await self.quiet(seconds)
        self.heard[:0] = heard

    async def result(self, code: int, data: str = "", seconds: float = 0.1) -> int:
        """The result code of a request's one response."""
        answers = [one for one in await self.give(code, data, seconds) if one[0] == code + 0x2000]
        assert len(answers) == 1
        return answers[0][1][0]


def with_stick(
    scenario: Callable[[J11Bench], Awaitable[None]],
    *states: str,
    **config: Any,  # noqa: ANN401 - fields of HouseConfig
) -> None:
    """Run a scenario on a J11 stick in a state, in virtual time."""
    config.setdefault("module", "bp35c2-j11")
    config.setdefault("meter", MeterConfig(inf="none"))
    config.setdefault("air", AirConfig(lqi=0xB0, lqi_jitter=0, tail=0.0))

    async def run() -> None:
        async with J11Bench(states=states or ("fresh",), **config) as bench:
            await scenario(bench)

    run_virtual(run())
