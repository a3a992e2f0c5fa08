"""Whatever Core answers, statistics and repair go on, and the process doesn't end."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from broute_addon.home_assistant.core import CoreError
from broute_addon.home_assistant.statistics import statistic_id
from broute_addon.home_assistant.websocket import core_websocket_url, open_core
from broute_addon.meter.half_hours import Direction
from broute_addon.redaction import Secret
from tests.home_assistant.test_repair import UID, Site, after_outage, at_site
from tests.support.core_stand_in import TOKEN, CoreRecorder, CoreStandIn, Fields, RefusalError

HUGE = 10.0**30
ANSWERS: list[Any] = [
    *(None, True, -1, HUGE, float("nan"), "", "junk", [], [None], [[]], {}, {"": None}),
    [{"statistic_id": []}],
    [{"entity_id": None, "unique_id": {}, "platform": []}],
]
VALUES: list[Any] = [None, True, -1, HUGE, float("nan"), float("inf"), "", "junk", [], {}]
FIELDS = {
    "get_config": ["state"],
    "config/entity_registry/list": ["entity_id", "unique_id", "platform"],
    "recorder/info": ["backlog", "migration_in_progress", "recording", "thread_running"],
    "recorder/get_statistics_metadata": [
        *("statistic_id", "statistics_unit_of_measurement", "source"),
        "has_sum",
    ],
    "recorder/statistics_during_period": ["start", "state", "sum"],
    "recorder/import_statistics": [],
    "recorder/adjust_sum_statistics": [],
}


@dataclass
class JunkRecorder(CoreRecorder):
    """Answers one command with junk; with `junk_field` it stands only there."""

    junk_command: str = ""
    junk_field: str | None = None
    junk: Any = None

    def answer(self, command: str, fields: Fields) -> Any:  # noqa: ANN401 - JSON
        told = super().answer(command, fields)
        if command != self.junk_command:
            return told
        return self.junk if self.junk_field is None else self._with_junk(told)

    def _with_junk(self, told: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(told, list):
            return [self._with_junk(each) for each in told]
        if not isinstance(told, dict):
            return told
        return {
            key: self.junk if key == self.junk_field else self._with_junk(value)
            for key, value in told.items()
        }


def survive(folder: Path, command: str, field: str | None, junk: object) -> None:
    async def story(site: Site) -> None:
        recorder = JunkRecorder(**vars(site.recorder))
        site.core.recorder = recorder
        recorder.junk_command, recorder.junk_field, recorder.junk = command, field, junk
        await site.outage(after_outage(4))
        await asyncio.sleep(300)
        recorder.junk_command = ""
        await asyncio.sleep(300)
        assert recorder.rows[statistic_id(UID, Direction.BOUGHT)]

    at_site(folder, story)


@pytest.mark.parametrize("command", FIELDS)
def test_junk_for_an_answer_ends_nothing(tmp_path: Path, command: str) -> None:
    for number, junk in enumerate(ANSWERS):
        survive(tmp_path / str(number), command, None, junk)


@pytest.mark.parametrize(
    ("command", "field"),
    [(command, field) for command, fields in FIELDS.items() for field in fields],
)
def test_junk_in_an_answer_ends_nothing(tmp_path: Path, command: str, field: str) -> None:
    for number, junk in enumerate(VALUES):
        survive(tmp_path / str(number), command, field, junk)


@pytest.mark.parametrize(
    "said",
    [
        *("", "[1]", "null", "{", "\x00", '{"id": []}', '{"id": {}, "type": "result"}'),
        '{"id": 1, "type": "result", "success": false, "error": "no"}',
        '{"id": 1, "type": "result", "success": false, "error": [1]}',
        '{"id": 1, "type": "result", "success": false}',
        '{"id": 1e999, "type": "result"}',
        '{"id": ' + "9" * 5000 + "}",
        "[" * 100_000,
    ],
)
async def test_junk_on_the_socket_ends_at_most_the_socket(said: str) -> None:
    async with CoreStandIn() as core, aiohttp.ClientSession() as session:
        url = core_websocket_url(core_url=core.url)
        async with open_core(session, url, Secret(TOKEN)) as socket:
            core.slow_s = 0.2
            call = asyncio.ensure_future(socket.call("get_config"))
            await asyncio.sleep(0.05)
            await next(iter(core.sockets)).send_str(said)
            try:
                assert (await call)["state"] == "RUNNING"
            except CoreError as error:
                assert error.message.key in {"core_lost", "core_refused"}  # noqa: PT017


@pytest.mark.parametrize(
    "command", ["config/entity_registry/list", "recorder/import_statistics of a sensor"]
)
def test_a_core_that_refuses_the_repair_still_gets_the_statistics(
    tmp_path: Path, command: str
) -> None:
    async def story(site: Site) -> None:
        recorder = RefusingRecorder(**vars(site.recorder))
        recorder.refused = command
        site.core.recorder = recorder
        await site.outage(after_outage(4))
        await asyncio.sleep(60)
        assert len(recorder.rows[statistic_id(UID, Direction.BOUGHT)]) > 20
        await asyncio.sleep(6 * 3600)
        assert site.core.opened == 1
        assert recorder.count("config/entity_registry/list") < 60

    at_site(tmp_path, story)


@dataclass
class RefusingRecorder(CoreRecorder):
    """Refuses what repair asks for."""

    refused: str = ""

    def answer(self, command: str, fields: Fields) -> Any:  # noqa: ANN401 - JSON
        answer = super().answer
        is_sensors = fields.get("metadata", {}).get("source") == "recorder"
        if f"{command} of a sensor" == self.refused and is_sensors:
            raise RefusalError("home_assistant_error", "Invalid unit")
        if command == self.refused:
            self.calls.append((command, {}))
            raise RefusalError("unauthorized", "Unauthorized")
        return answer(command, fields)
