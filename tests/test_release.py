"""What a release says comes from the changelog, and only for the version that is sold."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.repository import ROOT

CHANGELOG = """# Changelog

## [Unreleased]

- not yet

## [1.2.3] - 2026-11-24

### Fixed

- a fault

## [1.2.2] - 2026-11-01

- older

[1.2.3]: of no interest
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of version 1.2.3."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "release-notes", tmp_path / "scripts")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    shutil.copy(ROOT / "config.yaml", tmp_path / "config.yaml")
    sell(tmp_path, "1.2.3")
    return tmp_path


def sell(checkout: Path, version: str) -> None:
    """Sets the version in the manifest."""
    manifest = checkout / "config.yaml"
    lines = manifest.read_text().splitlines()
    manifest.write_text(
        "\n".join(f"version: {version}" if line.startswith("version:") else line for line in lines)
    )


def notes(checkout: Path, version: str) -> subprocess.CompletedProcess[str]:
    """Runs the script."""
    command = [str(checkout / "scripts" / "release-notes"), version]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_words_for_a_version_are_those_under_its_heading(checkout: Path) -> None:
    said = notes(checkout, "1.2.3")
    assert said.returncode == 0
    assert said.stdout.strip() == "### Fixed\n\n- a fault"


def test_a_tag_that_is_not_the_manifest_s_version_is_refused(checkout: Path) -> None:
    said = notes(checkout, "1.2.2")
    assert said.returncode == 1
    assert "config.yaml is of version 1.2.3, not 1.2.2" in said.stderr


def test_a_version_without_words_is_refused(checkout: Path) -> None:
    sell(checkout, "1.2.4")
    said = notes(checkout, "1.2.4")
    assert said.returncode == 1
    assert "no words for 1.2.4" in said.stderr
