"""Options that change while the program runs."""

import asyncio
import io
import json
import logging
from pathlib import Path

import pytest

from broute_addon.app.in_force import InForce
from broute_addon.logs import HouseholdLog
from broute_addon.options import load_options
from broute_addon.redaction import Redactor
from broute_addon.simulator import PASSWORD, ROUTE_B_ID
from broute_addon.store import Snapshot, Store


async def test_options_written_between_loading_and_the_first_look_are_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, redactor = tmp_path / "options.json", Redactor()
    path.write_text("{}")
    loaded = load_options(path)
    credentials = {"route_b_id": ROUTE_B_ID, "route_b_password": PASSWORD}
    path.write_text(json.dumps(credentials))
    log = HouseholdLog(redactor, io.StringIO())
    try:
        in_force = InForce(path, loaded, Store(Snapshot()), redactor, log)
        async with asyncio.timeout(2):
            looks = [None async for _ in in_force.until_credentials()]
    finally:
        logging.getLogger().handlers.clear()
    assert looks == [None]
    assert in_force.loaded.has_credentials


async def test_options_that_stay_as_they_are_are_told_once(tmp_path: Path) -> None:
    path, redactor, said = tmp_path / "options.json", Redactor(), io.StringIO()
    path.write_text('{"poll_interval": 1}')
    log = HouseholdLog(redactor, said)
    try:
        in_force = InForce(path, load_options(path), Store(Snapshot()), redactor, log)
        in_force.tell_faults()
        before = said.getvalue()
        looks = in_force.until_credentials()
        await anext(looks)
        await anext(looks)  # the file was looked at in between
    finally:
        logging.getLogger().handlers.clear()
    assert "poll_interval" in before
    assert said.getvalue() == before
