"""A line that was given back is deaf: nothing of it reaches the next opening."""

from broute_addon.simulator import run_virtual
from broute_addon.wisun.line import Line, Listener
from tests.support.mean_transports import MeanPort


def test_what_comes_after_the_close_is_heard_by_nobody() -> None:
    heard: list[bytes] = []
    losses: list[str] = []

    async def scenario() -> None:
        line = await Line.open(MeanPort(lambda _: b"").connect, "/dev/stick", 115_200)
        line.listen(Listener(heard.append, lambda: losses.append("lost")))
        line.received(b"EVENT 25\r\n")
        await line.close()
        line.received(b"EVENT 24\r\n")
        line.lost(OSError(5, "Input/output error"))

    run_virtual(scenario())
    assert heard == [b"EVENT 25\r\n"]
    assert losses == []
