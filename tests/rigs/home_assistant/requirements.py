"""Prints the packages of the integrations that the rig uses; runs inside Home Assistant's own venv.

Home Assistant fetches an integration's packages when it first loads it. The rig wants them there
beforehand: starting is quick then, and needs no network.
"""

import importlib
import importlib.util
import json
import sys
from pathlib import Path

USED = ("config", "energy", "history", "isal", "logbook", "logger", "mqtt", "network", "recorder")


def packages(names: set[str], components: Path) -> set[str]:
    """The packages of the named integrations and of all that they depend on."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        manifest = components / name / "manifest.json"
        if name in seen or not manifest.exists():
            continue
        seen.add(name)
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        found.update(facts.get("requirements", []))
        waiting.extend(facts.get("dependencies", []))
    return found


def main() -> None:
    """Print one package a line, for pip's --requirement."""
    core = importlib.util.find_spec("homeassistant")
    if core is None or core.origin is None:
        sys.exit("Home Assistant is not installed here")
    always = importlib.import_module("homeassistant.bootstrap").DEFAULT_INTEGRATIONS
    components = Path(core.origin).parent / "components"
    sys.stdout.writelines(f"{line}\n" for line in sorted(packages({*USED, *always}, components)))


if __name__ == "__main__":
    main()
