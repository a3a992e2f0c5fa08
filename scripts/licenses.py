#!/usr/bin/env python3
"""Writes THIRD-PARTY-LICENSES.md; see scripts/licenses."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "THIRD-PARTY-LICENSES.md"
HEAD = """# Third-party licenses

The image holds these besides the project itself and Home Assistant's base image. Written by
`scripts/licenses` from the lock files and from what each package says of itself.
"""
_LOCKED = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)
_TEXTS = re.compile(r"^(LICEN[CS]E|COPYING|NOTICE)", re.IGNORECASE)
_CLASSIFIER = re.compile(r"License :: OSI Approved :: (?:\(.*\) )?(.+)")


@dataclass(frozen=True)
class Part:
    """A package, its license by name, and the texts that it comes with."""

    name: str
    version: str
    license: str
    texts: tuple[str, ...]


def python_parts() -> Iterator[Part]:
    """The packages of requirements.lock, as installed here."""
    for name, version in _LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")):
        found = metadata.distribution(name)
        if found.version != version:
            raise SystemExit(
                f"scripts/licenses: {name} {found.version} is installed, not {version}"
            )
        texts = (
            str(path.locate().read_text(encoding="utf-8"))  # type: ignore[attr-defined]
            for path in sorted(found.files or ())
            if _TEXTS.match(path.name) and ".dist-info" in str(path)
        )
        yield Part(name, version, license_name(found.metadata), tuple(dict.fromkeys(texts)))


def license_name(about: metadata.PackageMetadata) -> str:
    """In the package's own words: the expression, a short text, or a classifier."""
    for key in ("License-Expression", "License"):
        text = about[key].strip() if key in about else ""
        if text and "\n" not in text and text != "UNKNOWN":
            return text
    for classifier in about.get_all("Classifier") or ():
        if found := _CLASSIFIER.match(classifier):
            return found[1]
    raise SystemExit(f"scripts/licenses: {about['Name']} names no license")


def npm_parts() -> Iterator[Part]:
    """What the page takes from npm."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    for path, entry in lock["packages"].items():
        if path and not entry.get("dev"):
            text = (ROOT / path / "LICENSE").read_text(encoding="utf-8")
            name = path.removeprefix("node_modules/")
            yield Part(name, entry["version"], entry["license"], (text,))


def written(parts: list[Part]) -> str:
    """The whole file."""
    rows = [f"| {part.name} | {part.version} | {part.license} |" for part in parts]
    table = "\n".join(["| package | version | license |", "|---|---|---|", *rows])
    owners: dict[str, list[str]] = {}
    for part in parts:
        for text in part.texts:
            owners.setdefault(tidy(text), []).append(part.name)
    chapters = [f"## {', '.join(names)}\n\n```text\n{text}\n```" for text, names in owners.items()]
    return "\n\n".join([HEAD.rstrip(), table, *chapters]) + "\n"


def tidy(text: str) -> str:
    """Without spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


if __name__ == "__main__":
    TARGET.write_text(written([*python_parts(), *npm_parts()]), encoding="utf-8")
