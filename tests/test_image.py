"""The Dockerfile and the service that s6-overlay starts in the container."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.repository import ROOT, is_executable, tracked_files

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SERVICES = "rootfs/etc/s6-overlay/s6-rc.d"
BUILT_IN = {"base", "fix-attrs", "legacy-cont-init", "legacy-services", "user", "user2"}
RUN = ROOT / SERVICES / "broute" / "run"
FINISH = ROOT / SERVICES / "broute" / "finish"


def default_base() -> str:
    """The base image that the Dockerfile builds on when nobody says otherwise."""
    found = re.search(r"^ARG BUILD_FROM=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert found is not None
    return found[1]


def test_build_file_and_dockerfile_have_the_same_base() -> None:
    build = yaml.safe_load((ROOT / "build.yaml").read_text(encoding="utf-8"))
    manifest = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert build["build_from"] == dict.fromkeys(manifest["arch"], default_base())


def test_images_are_named_by_tag() -> None:
    for image in [default_base(), *re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)]:
        assert image == "${BUILD_FROM}" or re.fullmatch(r"[\w./-]+:[\w.-]+", image), image


def test_the_build_needs_no_system_package_and_no_compiler() -> None:
    assert not re.search(r"\bapk\b|build-base|\bgcc\b", DOCKERFILE)
    assert "--require-hashes --only-binary=:all:" in DOCKERFILE


def test_the_image_says_what_the_manifest_says() -> None:
    manifest = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    labels = dict(re.findall(r'(io\.hass\.\w+)="(.*?)"', DOCKERFILE))
    assert labels["io.hass.name"] == manifest["name"]
    assert labels["io.hass.description"] == manifest["description"]
    assert labels["io.hass.type"] == "app"


def test_the_charts_are_those_that_setup_copies() -> None:
    copied = r"(\S*uplot\S*/(?:dist/)?(?:uPlot|LICENSE)[\w.]*)"
    files = {Path(path).name for path in re.findall(copied, DOCKERFILE)}
    setup = (ROOT / "scripts" / "setup").read_text(encoding="utf-8")
    assert files == {"uPlot.iife.min.js", "uPlot.min.css", "LICENSE"}
    assert files == {Path(path).name for path in re.findall(r'"(\$uplot/\S+)"', setup)}


def test_what_npm_locks_is_pinned_by_hash_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert "node_modules/uplot" in packages
    for entry in packages.values():
        assert entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    for version in (wanted["dependencies"] | wanted["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_the_licenses_of_all_that_is_in_the_image_are_told() -> None:
    """Write them anew with `scripts/licenses`."""
    python = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    wanted = set(re.findall(r"^([\w.-]+)==([^\s;\\]+)", python, re.MULTILINE))
    npm = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted |= {
        (path.removeprefix("node_modules/"), entry["version"])
        for path, entry in npm.items()
        if path and not entry.get("dev")
    }
    told = (ROOT / "THIRD-PARTY-LICENSES.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w.-]+) \| ([\w.]+) \| (.+) \|$", told, re.MULTILINE)
    assert {(name, version) for name, version, _ in rows[1:]} == wanted
    assert not re.search("unknown", " ".join(license_name for _, _, license_name in rows), re.I)


def test_everything_the_dockerfile_copies_is_let_into_the_build() -> None:
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert sources
    assert {Path(source).parts[0] for source in sources} <= {Path(a).parts[0] for a in allowed}


def test_the_scripts_need_no_more_than_a_plain_shell() -> None:
    """Other bases have neither bashio nor busybox, and execline isn't everybody's language."""
    for path in tracked_files():
        if path.startswith("rootfs/"):
            words = (ROOT / path).read_text(encoding="utf-8")
            assert not re.search(r"\b(bashio|busybox|execlineb?|foreground|s6-setenv)\b", words), (
                path
            )


def test_what_is_started_by_name_is_in_the_image_and_can_run() -> None:
    health = re.search(r"^    CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert health is not None
    program = json.loads(health[1])[-1]
    for path in (program, "/usr/bin/broute"):
        assert (ROOT / f"rootfs{path}").read_text(encoding="utf-8").startswith("#!/bin/sh\n")
        assert is_executable(f"rootfs{path}")
        assert path in re.findall(r"/usr/bin/\S+", DOCKERFILE.partition("chmod 0755")[2])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n{}", 0, id="well"),
        pytest.param(b"HTTP/1.1 503 Service Unavailable\r\n\r\n", 1, id="ill"),
        pytest.param(b"", 1, id="hung up"),
        pytest.param(None, 1, id="nobody there"),
    ],
)
async def test_the_health_check_goes_by_the_answer(
    tmp_path: Path, answer: bytes | None, code: int
) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readline()).startswith(b"GET /health ")
        writer.write(answer or b"")
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if answer is None:
        server.close()
        await server.wait_closed()
    script = tmp_path / "health"
    source = ROOT / "rootfs" / "usr" / "bin" / "broute-health"
    script.write_text(source.read_text(encoding="utf-8").replace("8099", str(port)))
    (tmp_path / "python3").symlink_to(sys.executable)
    path = f"{tmp_path}:{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        "sh", script, stderr=asyncio.subprocess.DEVNULL, env={"PATH": path}
    )
    try:
        assert await process.wait() == code
    finally:
        server.close()
        await server.wait_closed()
