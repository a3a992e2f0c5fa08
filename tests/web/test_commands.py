"""What the page's buttons do, and who may press them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broute_addon.errors import SupervisorError, TransportError
from broute_addon.journal import Kind
from broute_addon.messages import Language, message
from broute_addon.meter.engine import Command
from broute_addon.meter.readings import Connection, ConnectionChanged
from broute_addon.options import parse_options
from tests.support.houses import PROFILE, SERIAL_NUMBER, reading_house, store_of
from tests.support.pages import (
    GOOD_HEADERS,
    OPTIONS,
    PASSWORD,
    ROUTE_B_ID,
    Asked,
    Page,
    sentence,
    served,
)

COMMANDS = (
    *(command.value for command in Command),
    "log-level",
    "check-options",
    "save-options",
    "try-port",
    "survey",
    "show-serial",
)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with served(store_of(*reading_house()), tmp_path) as shown:
        yield shown


@pytest.fixture
async def empty_page(tmp_path: Path) -> AsyncIterator[Page]:
    """Of a household that has typed nothing yet."""
    async with served(store_of(), tmp_path) as shown:
        shown.loaded = parse_options({})
        yield shown


def journal(page: Page) -> list[tuple[Kind, str]]:
    return [(event.kind, event.told.key) for event in page.journal.newest()]


async def test_commands_reach_the_engine_and_the_journal(page: Page) -> None:
    for command in Command:
        await page.command(command.value)
    assert page.asked.commands == [command.value for command in Command]
    assert (Kind.INFO, "journal_asked_reconnect") in journal(page)
    assert await page.command("log-level", level="debug") == {
        "accepted": "log-level",
        "level": "debug",
    }
    assert page.asked.levels == ["debug"]
    await page.command("survey", on=True)
    await page.command("survey", on=False)
    assert page.asked.surveys == [True, False]


async def test_without_credentials_a_command_says_what_is_missing(tmp_path: Path) -> None:
    missing = message("option_missing_credentials", option="route_b_id")
    store = store_of(ConnectionChanged(Connection.WAITING_FOR_OPTIONS, missing))
    async with served(store, tmp_path) as page:
        for name, body in (("reconnect", {}), ("survey", {"on": True})):
            answer = await page.command(name, **body)
            assert answer["problem"] == sentence("option_missing_credentials", option="route_b_id")
        assert page.asked == Asked()


async def test_the_serial_number_is_masked_until_it_is_asked_for(page: Page) -> None:
    masked = (await page.json("/api/state"))["meter"]["serial_number"]
    assert SERIAL_NUMBER not in masked
    assert (await page.command("show-serial"))["serial_number"] == PROFILE.serial_number


async def test_a_port_is_tried_and_what_is_there_is_told(page: Page) -> None:
    answer = await page.command("try-port", port="/dev/ttyUSB7")
    assert answer["found"] is True
    assert "SKSTACK dual" in answer["text"]
    assert "until the next start" in answer["text"]
    assert page.asked.ports == ["/dev/ttyUSB7"]
    answer = await page.command("try-port", port="/dev/serial/by-id/usb-ROHM_stick")
    assert "from now on" in answer["text"]
    assert answer["is_kept"] is True
    page.fault = TransportError(message("port_busy", port="/dev/ttyUSB7", program="zigbee2mqtt"))
    answer = await page.command("try-port", port="/dev/ttyUSB7")
    assert answer["found"] is False
    assert answer["problem"] == sentence("port_busy", port="/dev/ttyUSB7", program="zigbee2mqtt")


@pytest.mark.parametrize("path", ["/dev/ttyUSB99", "/etc/passwd", "/data/options.json", ""])
async def test_nothing_but_a_port_that_is_listed_is_opened(page: Page, path: str) -> None:
    answer = await page.command("try-port", port=path)
    assert (answer["found"], page.asked.ports) == (False, [])
    assert answer["problem"]


# -- options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "faults"),
    [
        ({"route_b_id": "0123"}, {"route_b_id", "route_b_password"}),
        ({"route_b_id": "００１１２２３３44556677 8899AABB-CCDDEEFF"}, {"route_b_password"}),
        ({"route_b_id": ROUTE_B_ID, "route_b_password": PASSWORD}, set()),
        ({"route_b_id": ROUTE_B_ID, "route_b_password": "ABCDEFGHIJK!"}, {"route_b_password"}),
        ({"poll_interval": 1, "colour": "red"}, {"poll_interval", "route_b_id", "col…"}),
        ({"mqtt_ca": "../ca.crt", "history": "on"}, {"mqtt_ca", "history"}),
        ({"route_b_id": 5, "route_b_password": None}, {"route_b_id", "route_b_password"}),
    ],
)
async def test_what_is_typed_is_checked_as_it_will_be_at_the_start(
    empty_page: Page, typed: dict[str, object], faults: set[str]
) -> None:
    answer = await empty_page.command("check-options", **typed)
    found = {fault["option"] for fault in answer["faults"]}
    assert faults <= found
    assert found <= faults | {"route_b_id", "route_b_password"}
    assert all(fault["text"] for fault in answer["faults"])
    assert empty_page.asked.saved == []


async def test_faults_are_told_in_the_readers_language_without_what_was_typed(page: Page) -> None:
    page.language = Language.JA
    answer = await page.command("check-options", route_b_id="planted-nonsense")
    (fault,) = answer["faults"]
    assert fault["text"] == sentence("route_b_id_length", Language.JA, count=15)
    assert "planted" not in json.dumps(answer)


async def test_a_secret_that_is_saved_may_stay_empty_but_not_be_taken_away(page: Page) -> None:
    assert (await page.command("check-options", route_b_id=""))["faults"] == []
    assert (await page.command("check-options", poll_interval=60))["faults"] == []
    (fault,) = (await page.command("check-options", route_b_password=None))["faults"]
    assert fault["option"] == "route_b_password"


async def test_good_options_are_saved_and_the_app_starts_again_after_the_answer(
    page: Page,
) -> None:
    answer = await page.command(
        "save-options", route_b_id=ROUTE_B_ID, route_b_password="", device="", poll_interval=60
    )
    assert (answer["saved"], answer["faults"]) == (True, [])
    assert answer["text"] == sentence("options_saved")
    assert page.asked.saved == [{"route_b_id": ROUTE_B_ID, "device": None, "poll_interval": 60}]
    assert page.asked.restarts == 1
    assert journal(page) == [(Kind.INFO, "journal_options_saved")]


async def test_options_may_stand_below_a_key_of_their_own(page: Page) -> None:
    answer = await page.command("save-options", options={"poll_interval": 45})
    assert answer["saved"] is True
    assert page.asked.saved == [{"poll_interval": 45}]


async def test_what_is_wrong_is_not_saved(empty_page: Page) -> None:
    answer = await empty_page.command("save-options", route_b_id="0123", route_b_password=PASSWORD)
    assert answer["saved"] is False
    assert answer["problem"] == sentence("route_b_id_length", count=4)
    assert (empty_page.asked.saved, empty_page.asked.restarts) == ([], 0)


async def test_a_refusal_of_the_supervisor_is_told_and_nothing_restarts(page: Page) -> None:
    page.fault = SupervisorError(message("supervisor_refused", reason=f"no: {PASSWORD}"))
    answer = await page.command("save-options", poll_interval=60)
    assert answer["saved"] is False
    assert answer["problem"] == sentence("supervisor_refused", reason="no: ****")
    assert page.asked.restarts == 0


async def test_a_restart_that_fails_is_told_in_the_journal(tmp_path: Path) -> None:
    async def refuse() -> None:
        raise SupervisorError(message("supervisor_refused", reason="another job is running"))

    async with served(store_of(), tmp_path, restart=refuse) as page:
        assert (await page.command("save-options", poll_interval=60))["saved"] is True
        assert journal(page)[0] == (Kind.ERROR, "options_not_restarted")


async def test_stand_alone_nothing_is_saved_and_the_place_is_told(tmp_path: Path) -> None:
    parts: dict[str, Any] = {
        "save_options": None,
        "restart": None,
        "options_place": "/etc/broute.json",
    }
    async with served(store_of(), tmp_path, **parts) as page:
        answer = await page.command("save-options", poll_interval=60)
    assert answer["saved"] is False
    assert "/etc/broute.json" in answer["problem"]


async def test_what_is_saved_is_masked_from_then_on(empty_page: Page) -> None:
    new_id = "FFEEDDCCBBAA99887766554433221100"
    await empty_page.command("save-options", route_b_id=new_id, route_b_password="NEWPLANTED12")
    assert new_id not in empty_page.redactor.redact(f"echo {new_id}")
    assert "NEWPLANTED12" not in empty_page.redactor.redact("echo NEWPLANTED12")


def test_an_options_documents_words_are_not_secrets_while_they_are_typed(page: Page) -> None:
    assert page.redactor.redact("history") == "history"


# -- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/json"}, 403),
        ({"X_BRoute": "0", "Content_Type": "application/json"}, 403),
        ({"X_BRoute": "1", "Content_Type": "text/plain"}, 403),
        ({"X_BRoute": "1", "Content_Type": "application/x-www-form-urlencoded"}, 403),
        *(
            (
                {"X_BRoute": "1", "Content_Type": "application/json", "Sec_Fetch_Site": site},
                403,
            )
            for site in ("cross-site", "same-site", "none", "")
        ),
    ],
)
async def test_a_foreign_page_can_command_nothing(
    page: Page, name: str, headers: dict[str, str], status: int
) -> None:
    assert await page.post(f"/api/command/{name}", **headers) == status
    assert page.asked == Asked()


async def test_the_page_itself_may(page: Page) -> None:
    own = {"X_BRoute": "1", "Content_Type": "application/json", "Sec_Fetch_Site": "same-origin"}
    assert await page.post("/api/command/reconnect", **own) == 200


async def test_a_command_is_no_address_to_look_at(page: Page) -> None:
    for name in COMMANDS:
        assert (await page.get(f"/api/command/{name}")).status == 405
    assert page.asked.commands == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("read-now", "", 400),
        ("read-now", "[]", 400),
        ("format", "{}", 404),
        ("log-level", "{}", 400),
        ("log-level", '{"level": ["debug"]}', 400),
        ("try-port", "{}", 400),
        ("try-port", '{"port": ["/dev/ttyUSB7"]}', 400),
        ("try-port", '{"port": "' + "x" * 300 + '"}', 400),
        ("survey", '{"on": "yes"}', 400),
        ("save-options", "7", 400),
    ],
)
async def test_wrong_commands_are_refused_and_do_nothing(
    page: Page, path: str, body: str, status: int
) -> None:
    assert await page.post(f"/api/command/{path}", body) == status
    assert page.asked == Asked()


async def test_a_body_nested_without_measure_does_no_harm(page: Page) -> None:
    """Whether it can be parsed at all depends on the Python."""
    body = '{"level": ' + "[" * 20_000 + "]" * 20_000 + "}"
    assert await page.post("/api/command/log-level", body) == 400
    assert page.asked == Asked()


async def test_a_body_without_measure_is_refused(page: Page) -> None:
    body = json.dumps({"route_b_id": "x" * 200_000})
    async with page.session.post(
        page.url("/api/command/check-options"), data=body, headers=GOOD_HEADERS
    ) as answer:
        assert answer.status == 413


async def test_options_of_any_kind_never_break_the_check(page: Page) -> None:
    values: tuple[object, ...] = ([[]], {"a": {"b": []}}, 1e400, True, "\ud800", "x" * 10_000)
    for value in values:
        for key in (*OPTIONS, "history", "mqtt_port", "no such option"):
            await page.command("check-options", **{key: value})
