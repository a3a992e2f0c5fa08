"""Every known fault of other systems has a test here (tests/lessons.toml)."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.repository import ROOT

ALL = {str(number) for number in range(1, 91)} | {"2b"}
NOT_APPLICABLE = "not applicable: "
MOST_NOT_APPLICABLE = 5

LESSONS: dict[str, list[str] | str] = tomllib.loads(
    (ROOT / "tests" / "lessons.toml").read_text(encoding="utf-8")
)


@cache
def named_tests(path: Path) -> dict[str, ast.AST]:
    """The tests of a file as pytest names them (`test_x`, `TestX::test_y`, `TestX`)."""
    return dict(_tests(ast.parse(path.read_text(encoding="utf-8")).body, ""))


def _tests(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.AST]]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if name.startswith("test_"):
                    yield prefix + name, node
            case ast.ClassDef(name=name) if name.startswith("Test"):
                yield name, node
                yield from _tests(node.body, f"{name}::")
            case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith("Test"):
                yield name, node  # TestX = Machine.TestCase, a state machine of hypothesis


def decorators(test: ast.AST) -> str:
    """The decorators of a test as source text."""
    return " ".join(ast.unparse(node) for node in getattr(test, "decorator_list", []))


def test_every_case_that_is_due_is_protected() -> None:
    assert sorted(ALL - LESSONS.keys()) == []
    assert sorted(LESSONS.keys() - ALL) == []


def test_few_cases_are_not_applicable_and_each_says_why() -> None:
    excuses = [case for case in LESSONS.values() if isinstance(case, str)]
    assert len(excuses) <= MOST_NOT_APPLICABLE
    for excuse in excuses:
        assert excuse.startswith(NOT_APPLICABLE)
        assert len(excuse) > len(NOT_APPLICABLE) + 10


@pytest.mark.parametrize(
    "name", sorted({name for case in LESSONS.values() if isinstance(case, list) for name in case})
)
def test_a_named_test_exists_and_runs(name: str) -> None:
    file, _, test = name.partition("::")
    test, _, parameter = test.partition("[")
    found = named_tests(ROOT / file).get(test)
    assert found is not None, f"{file} has no {test}"
    assert "mark.skip" not in decorators(found)
    assert "xfail" not in decorators(found)
    if parameter:
        assert "parametrize" in decorators(found), f"{test} has no parameters"


def test_a_case_with_tests_names_at_least_one() -> None:
    assert [case for case, tests in LESSONS.items() if not tests] == []
