"""Finding the best place for the stick, on a simulated house."""

import asyncio

import pytest

from broute_addon.meter.engine import Command
from broute_addon.meter.readings import Connection
from broute_addon.meter.survey import KEPT, LIMIT_S
from broute_addon.simulator import HouseConfig
from broute_addon.store import Snapshot
from tests.support.engine_house import Lab, lab, story


def is_surveying(snapshot: Snapshot) -> bool:
    return snapshot.survey is not None and snapshot.survey.is_running


async def hear(here: Lab, count: int) -> None:
    await here.until(
        lambda snapshot: snapshot.survey is not None and len(snapshot.survey.samples) >= count
    )


@pytest.mark.parametrize("module", ["bp35a1", "bp35c2", "rl7023-ips", "bp35c2-j11"])
def test_the_signal_is_heard_again_and_again_and_reading_goes_on_after(module: str) -> None:
    async def scenario() -> None:
        async with lab(HouseConfig(module=module)) as here:
            await here.until_reading()
            here.engine.survey(is_wanted=True)
            began = await here.until(is_surveying)
            await hear(here, 10)
            assert asyncio.get_running_loop().time() - began < 25
            here.engine.survey(is_wanted=False)
            ended = await here.until(lambda snapshot: not is_surveying(snapshot))
            survey = here.store.snapshot.survey
            assert survey is not None
            strengths = [heard.dbm for heard in survey.samples]
            assert survey.best is not None
            assert survey.best.dbm == max(dbm for dbm in strengths if dbm is not None)
            assert await here.until_reading() - ended < 15
            assert here.problems() == []

    story(scenario)


def test_a_survey_that_nobody_ends_ends_by_itself_and_stays_small() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            here.engine.survey(is_wanted=True)
            began = await here.until(is_surveying)
            ended = await here.until(lambda snapshot: not is_surveying(snapshot))
            assert LIMIT_S - 10 <= ended - began < LIMIT_S + 10
            survey = here.store.snapshot.survey
            assert survey is not None
            assert len(survey.samples) <= KEPT
            await here.until_reading()

    story(scenario)


def test_a_place_without_signal_is_told_as_such() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            here.engine.survey(is_wanted=True)
            await hear(here, 2)
            here.house.faults.hold("out-of-reach")
            await here.until(
                lambda snapshot: (
                    snapshot.survey is not None and snapshot.survey.samples[-1].dbm is None
                )
            )
            survey = here.store.snapshot.survey
            assert survey is not None
            assert survey.best is not None
            assert survey.best.dbm is not None

    story(scenario)


def test_a_stick_pulled_out_ends_the_survey() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            here.engine.survey(is_wanted=True)
            await hear(here, 2)
            here.house.faults.fire("unplug", for_s=5)
            await here.until(lambda snapshot: not is_surveying(snapshot))
            await here.until_reading()

    story(scenario)


def test_a_survey_asked_for_without_a_stick_does_not_begin_hours_later() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            here.house.faults.fire("unplug", for_s=2 * LIMIT_S)
            await here.until(lambda snapshot: snapshot.dongle is None)
            here.engine.survey(is_wanted=True)
            await here.until_reading(3 * LIMIT_S)
            assert here.store.snapshot.survey is None

    story(scenario)


def test_the_stick_can_be_looked_for_anew() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until_reading()
            here.engine.submit(Command.REOPEN)
            await here.until(lambda snapshot: snapshot.connection is Connection.IDENTIFYING_STICK)
            await here.until_reading()
            assert here.problems() == []

    story(scenario)


def test_a_survey_asked_for_during_a_log_in_begins_after_it() -> None:
    async def scenario() -> None:
        async with lab() as here:
            await here.until(lambda snapshot: snapshot.connection is Connection.JOINING)
            here.engine.survey(is_wanted=True)
            await here.until(is_surveying, within_s=60)

    story(scenario)


def test_a_survey_asked_for_during_a_log_in_that_fails_begins_at_once() -> None:
    async def scenario() -> None:
        async with lab(password="WRONGWRONG12") as here:
            await here.until(lambda snapshot: snapshot.problem is not None)
            await asyncio.sleep(600)  # the waits have grown
            await here.until(lambda snapshot: snapshot.connection is Connection.JOINING, 3600)
            here.engine.survey(is_wanted=True)
            await here.until(is_surveying, within_s=60)

    story(scenario)
