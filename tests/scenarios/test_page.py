"""The page of the whole product: from nothing to live readings, and over a restart."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp

from broute_addon.redaction import Secret
from broute_addon.simulator import PASSWORD, ROUTE_B_ID, HouseConfig
from tests.support.product import Product, Setting, running
from tests.support.supervisor_stand_in import TOKEN, SupervisorStandIn

HEADERS = {"X-BRoute": "1", "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
_SERVED = re.compile(r"http://127\.0\.0\.1:\d+")
NOTHING = {"route_b_id": "", "route_b_password": "", "poll_interval": 5, "language": "en"}


class Visitor:
    """Somebody at the page of a running product."""

    def __init__(self, product: Product, session: aiohttp.ClientSession, url: str) -> None:
        self.product = product
        self._session = session
        self._url = url

    async def get(self, path: str) -> dict[str, Any]:
        async with self._session.get(f"{self._url}/api/{path}") as answer:
            assert answer.status == 200, path
            return dict(json.loads(await answer.text()))

    async def command(self, name: str, **body: object) -> dict[str, Any]:
        async with self._session.post(
            f"{self._url}/api/command/{name}", data=json.dumps(body), headers=HEADERS
        ) as answer:
            assert answer.status == 200, name
            return dict(await answer.json())

    async def times_of_power(self, count: int) -> list[float]:
        """When each of so many new power values was seen."""
        loop, times = asyncio.get_running_loop(), list[float]()
        known: str | None = None

        def is_enough(seen: Mapping[str, Any]) -> bool:
            nonlocal known
            at = next(each["at"] for each in seen["values"] if each["key"] == "power")
            if known is not None and at != known:
                times.append(loop.time())
            known = at
            return len(times) == count

        await self.until_so(is_enough)
        return times

    async def until(self, step: str, state: str, within_s: float = 30) -> dict[str, Any]:
        """Waits until a step is so; gives the page's state of then."""

        def is_so(seen: Mapping[str, Any]) -> bool:
            return any((each["key"], each["state"]) == (step, state) for each in seen["steps"])

        return await self.until_so(is_so, within_s)

    async def until_so(
        self, is_so: Callable[[Mapping[str, Any]], bool], within_s: float = 30
    ) -> dict[str, Any]:
        """Follows the events until the page's state is as wanted."""
        async with (
            asyncio.timeout(within_s),
            self._session.get(f"{self._url}/api/events") as stream,
        ):
            async for line in stream.content:
                if line.startswith(b"data: "):
                    seen = dict(json.loads(line.removeprefix(b"data: ")))
                    if is_so(seen):
                        return seen
        raise AssertionError("the stream ended")


@contextlib.asynccontextmanager
async def visiting(
    folder: Path,
    supervisor: SupervisorStandIn,
    options: Mapping[str, object],
    house: HouseConfig | None = None,
) -> AsyncIterator[Visitor]:
    settings = {"supervisor_url": supervisor.url, "supervisor_token": Secret(TOKEN)}
    setting = Setting(house or HouseConfig(speed=20), options, settings)
    async with running(folder, setting) as product, aiohttp.ClientSession() as session:
        async with asyncio.timeout(10):
            while (found := _SERVED.search(product.log.getvalue())) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        yield Visitor(product, session, found[0])


async def test_from_nothing_to_live_readings(tmp_path: Path) -> None:
    async with SupervisorStandIn() as supervisor:
        supervisor.mqtt = None
        supervisor.options = {"poll_interval": 5, "history": "off"}
        supervisor.options_file = tmp_path / "saved.json"
        async with visiting(tmp_path, supervisor, NOTHING) as visitor:
            state = await visitor.until("logged_in", "failed")
            assert state["setup_needed"] is True
            assert (await visitor.get("setup"))["route_b_id_set"] is False

            (port,) = [
                each for each in (await visitor.get("ports"))["ports"] if each["is_candidate"]
            ]
            found = await visitor.command("try-port", port=port["path"])
            assert (found["found"], found["is_kept"]) == (True, True)
            facts = json.loads((tmp_path / "data/state.json").read_text())
            assert facts["port"] == port["path"]

            short = await visitor.command("check-options", route_b_id=ROUTE_B_ID[:31])
            assert short["faults"][0]["option"] == "route_b_id"
            typed = {"route_b_id": ROUTE_B_ID, "route_b_password": PASSWORD}
            assert (await visitor.command("check-options", **typed))["faults"] == []
            assert (await visitor.command("save-options", **typed))["saved"] is True
            async with asyncio.timeout(5):  # it is asked for once the answer is out
                while supervisor.restarts == 0:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

        saved = json.loads(supervisor.options_file.read_text())
        async with visiting(tmp_path, supervisor, saved) as visitor:
            state = await visitor.until("reading", "done")
            assert state["setup_needed"] is False
            assert "power" in {value["key"] for value in state["values"]}


async def test_charts_and_journal_outlive_a_restart_and_hold_no_secret(tmp_path: Path) -> None:
    options = {"poll_interval": 5, "history": "off", "language": "en"}
    async with SupervisorStandIn() as supervisor:
        supervisor.mqtt = None
        async with visiting(tmp_path, supervisor, options) as visitor:
            await visitor.until("reading", "done")
            before = await visitor.get("live")
            assert before["power"]
        async with visiting(tmp_path, supervisor, options) as visitor:
            after = await visitor.get("live")
            assert after["at"][0] == before["at"][0]
            texts = [event["text"] for event in (await visitor.get("journal"))["events"]]
            assert len([text for text in texts if "started" in text]) == 2
            assert "The meter is being read." in texts
    for path in (tmp_path / "data").iterdir():
        octets = path.read_bytes()
        for secret in (ROUTE_B_ID, PASSWORD, TOKEN):
            assert secret.encode() not in octets, path


async def test_wrong_credentials_are_explained_at_the_log_in(tmp_path: Path) -> None:
    options = {"route_b_password": "WRONGWRONG12", "history": "off", "language": "en"}
    async with SupervisorStandIn() as supervisor:
        supervisor.mqtt = None
        async with visiting(tmp_path, supervisor, options) as visitor:
            state = await visitor.until("logged_in", "failed", 60)
            step = next(each for each in state["steps"] if each["key"] == "logged_in")
            assert "refused" in step["text"]
            assert "character by character" in step["remedy"]
            steps = [each["state"] for each in state["steps"]]
            assert steps[:3] == ["done", "done", "done"]


async def test_the_best_place_is_searched_and_reading_goes_on(tmp_path: Path) -> None:
    options = {"poll_interval": 5, "history": "off"}
    async with SupervisorStandIn() as supervisor:
        supervisor.mqtt = None
        async with visiting(tmp_path, supervisor, options) as visitor:
            await visitor.until("reading", "done")
            await visitor.command("survey", on=True)
            await visitor.until_so(lambda seen: bool(seen["survey"] and seen["survey"]["samples"]))
            await visitor.command("survey", on=False)
            state = await visitor.until("reading", "done")
            assert state["survey"]["is_running"] is False
            assert state["survey"]["best_dbm"] < 0


async def test_ten_open_pages_do_not_disturb_the_readings(tmp_path: Path) -> None:
    options = {"poll_interval": 5, "history": "off"}
    async with SupervisorStandIn() as supervisor:
        supervisor.mqtt = None
        async with visiting(tmp_path, supervisor, options) as visitor:
            await visitor.until("reading", "done")
            async with asyncio.TaskGroup() as pages:
                readers = [pages.create_task(visitor.times_of_power(3)) for _ in range(10)]
            for reader in readers:
                times = reader.result()
                gaps = [later - earlier for earlier, later in pairwise(times)]
                assert all(4 < gap < 6.5 for gap in gaps), gaps
