"""What an installed add-on finds: its folder, a stick, a Supervisor and a broker."""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from broute_addon.simulator import House, HouseConfig, PtyPort
from tests.rigs.container.engine import Container, container
from tests.support.broker import Broker, Login
from tests.support.observer import Observer
from tests.support.process import GOOD_OPTIONS
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn

LOGIN = Login("addons", "planted-mqtt-password")
_NAME = "usb-ROHM_BP35C2_Simulated-if00-port0"
_DEVICE = "/dev/ttyUSB0"


@dataclass(frozen=True)
class Surroundings:
    """All of it, and containers that find it so."""

    folder: Path
    stick: str
    supervisor: SupervisorStandIn
    broker: Broker

    @property
    def data(self) -> Path:
        """What the container sees as /data."""
        return self.folder / "data"

    def container(
        self, *, command: Sequence[str] = (), trace: Path | None = None
    ) -> contextlib.AbstractAsyncContextManager[Container]:
        """The add-on, started; see `engine.container`."""
        environment = {
            "SUPERVISOR_TOKEN": TOKEN,
            "SUPERVISOR_URL": self.supervisor.url.replace("127.0.0.1", "localhost"),
        }
        mounts = {self.stick: _DEVICE, str(self.folder / "by-id"): "/dev/serial/by-id"}
        return container(self.data, environment, mounts, command=command, trace=trace)


@contextlib.asynccontextmanager
async def surroundings_in(folder: Path) -> AsyncIterator[Surroundings]:
    """A household's, with good options and a stick that is found as on a real machine."""
    (folder / "data").mkdir()
    (folder / "data" / "options.json").write_text(json.dumps(GOOD_OPTIONS))
    (folder / "by-id").mkdir()
    (folder / "by-id" / _NAME).symlink_to("../../ttyUSB0")
    with _stick() as stick:
        async with SupervisorStandIn() as supervisor, Broker(folder, login=LOGIN) as broker:
            assert supervisor.mqtt is not None
            supervisor.mqtt |= {"host": "localhost", "port": broker.port}
            yield Surroundings(folder, stick, supervisor, broker)


def is_told(observer: Observer, key: str) -> bool:
    """Whether a value has come through the broker."""
    return any(re.fullmatch(rf"broute/broute_\w+/{key}", seen.topic) for seen in observer.seen)


@contextlib.contextmanager
def _stick() -> Iterator[str]:
    port = PtyPort()
    with contextlib.closing(House(HouseConfig(speed=0), port)):
        yield port.path
