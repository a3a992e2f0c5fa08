"""The rules of the architecture hold: who may import whom, and what every part must have."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT, is_executable, tracked_files

PACKAGES = sorted((ROOT / "broute_addon").rglob("__init__.py"))
MODULES = sorted((ROOT / "broute_addon").rglob("*.py"))


def test_imports_keep_the_contracts() -> None:
    # A process of its own: the linter reconfigures logging and silences every logger there is.
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.parent.name)
def test_a_package_says_what_it_is_for(package: Path) -> None:
    assert ast.get_docstring(ast.parse(package.read_text(encoding="utf-8")))


def test_no_blocking_sleep_no_thread_no_loose_task() -> None:
    forbidden = re.compile(
        r"\btime\.sleep\(|\bimport threading\b|asyncio\.(create_task|ensure_future)\("
    )
    found = [
        f"{module.relative_to(ROOT)}: {match[0]}"
        for module in MODULES
        for match in forbidden.finditer(module.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_scripts_can_be_executed() -> None:
    scripts = [path for path in tracked_files() if path.startswith(("scripts/", ".ci/"))]
    assert ".ci/run" in scripts
    for script in scripts:
        assert is_executable(script), script
        assert (ROOT / script).read_text().startswith("#!"), script


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE)
    assert len(pinned) > 10
    assert all(
        "--hash=sha256:" in entry for entry in re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.M)[1:]
    )
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text)


def test_image_and_development_use_the_same_releases() -> None:
    image, development = (
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert {name: development.get(name) for name in image} == image


@pytest.mark.skipif(
    not (ROOT / "broute_addon" / "generate.py").exists(), reason="nothing is generated yet"
)
def test_generated_documents_are_fresh() -> None:
    check = [sys.executable, "-m", "broute_addon.generate", "--check"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
