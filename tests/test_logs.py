"""The log: the household's language, and no secret in it, whoever writes the line."""

import io
import logging
from collections.abc import Iterator

import pytest

from broute_addon.logs import HouseholdLog
from broute_addon.messages import Language, message
from broute_addon.redaction import Redactor, Secret

PLANTED = "0000009A4C1E77B20D95A3F8215C3E7F"


@pytest.fixture
def log() -> Iterator[tuple[HouseholdLog, io.StringIO]]:
    root = logging.getLogger()
    before = root.handlers[:]
    stream = io.StringIO()
    yield HouseholdLog(Redactor([Secret(PLANTED)]), stream), stream
    root.handlers[:] = before
    logging.getLogger("broute_addon").setLevel(logging.NOTSET)


def test_a_sentence_is_told_in_the_language_in_force(
    log: tuple[HouseholdLog, io.StringIO],
) -> None:
    household, stream = log
    logger = logging.getLogger("broute_addon.test")
    logger.info("%s", message("recovered", attempts=2))
    household.set_language(Language.JA)
    logger.info("%s", message("recovered", attempts=2))
    english, japanese = stream.getvalue().splitlines()
    assert english.endswith("INFO    Readings are back after 2 attempt(s).")
    assert "2 回の試行" in japanese


@pytest.mark.parametrize(
    "spelling", [PLANTED, PLANTED.lower(), PLANTED.encode().hex(), PLANTED.encode().hex().upper()]
)
def test_a_secret_is_masked_in_text_arguments_and_traces(
    log: tuple[HouseholdLog, io.StringIO], spelling: str
) -> None:
    _, stream = log
    logger = logging.getLogger("foreign")
    logger.warning("in the text %s", spelling)
    try:
        int(f"in an exception {spelling}")
    except ValueError:
        logger.exception("and its trace")
    assert spelling not in stream.getvalue()
    assert stream.getvalue().count("****") >= 2


def test_the_level_is_ours_alone(log: tuple[HouseholdLog, io.StringIO]) -> None:
    household, stream = log
    household.set_level("debug")
    logging.getLogger("broute_addon.wire").debug("ours")
    logging.getLogger("foreign").debug("theirs")
    assert "ours" in stream.getvalue()
    assert "theirs" not in stream.getvalue()


def test_a_secret_learned_later_is_masked_too() -> None:
    redactor = Redactor()
    redactor.learn(Secret("planted-later"))
    assert redactor.redact("x planted-later y") == "x **** y"
    assert redactor.redact("") == ""
    redactor.learn(Secret("abc"))  # too short to be told from ordinary words
    assert redactor.redact("abc") == "abc"
