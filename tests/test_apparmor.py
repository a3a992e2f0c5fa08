"""The AppArmor profile: Supervisor and parser take it, and the matcher reads it right."""

import re
import shutil
import subprocess

import pytest

from tests.support.apparmor import FileAccess, SignalAccess, SocketAccess, glob, parse
from tests.support.repository import ROOT

TEXT = (ROOT / "apparmor.txt").read_text(encoding="utf-8")
PARSER = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin")


def test_the_supervisor_finds_exactly_one_profile() -> None:
    assert re.findall(r"^profile (\S+) ", TEXT, re.MULTILINE) == ["broute"]


@pytest.mark.container
def test_the_profile_compiles() -> None:
    if PARSER is None:
        pytest.skip("apparmor_parser is missing (apt-get install apparmor)")
    command = [PARSER, "--skip-kernel-load", "--skip-cache", "--skip-read-cache"]
    subprocess.run([*command, ROOT / "apparmor.txt"], check=True)


def test_it_goes_by_the_name_that_the_supervisor_gives_it() -> None:
    """The Supervisor changes the name in the first line alone."""
    _, _, rules = TEXT.partition("{")
    for peer in re.findall(r"peer=([^\s,]*broute\S*)", rules):
        assert glob(peer.rstrip(",")).fullmatch("a1b2c3d4_broute") or glob(
            peer.rstrip(",")
        ).fullmatch("a1b2c3d4_broute//program")


def test_the_python_of_the_image_is_the_one_that_is_confined() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    version = re.search(r"base-python:(\d\.\d+)-", dockerfile)
    assert version is not None
    outer = parse(TEXT)["broute"]
    assert outer.after_exec(f"/usr/local/bin/python{version[1]}") == "broute//program"
    assert set(re.findall(r"python\d\.\d+", TEXT)) == {f"python{version[1]}"}


def test_the_program_starts_no_other_and_writes_nowhere_else() -> None:
    program = parse(TEXT)["broute//program"]
    assert program.after_exec("/bin/sh") is None
    assert program.after_exec("/usr/local/bin/python3.14") is None
    for path in ("/opt/broute/broute_addon/app.py", "/etc/passwd", "/run/x", "/ssl/key.pem"):
        assert not program.allows(FileAccess(path, "w")), path
    assert not program.allows(FileAccess("/data/thing.so", "m"))
    assert not program.allows(SocketAccess("packet", "raw"))
    assert not program.allows(SignalAccess("send", "unconfined"))
    assert "capability" not in TEXT


def test_s6_reaches_neither_the_network_nor_the_household_s_data() -> None:
    outer = parse(TEXT)["broute"]
    assert not outer.allows(SocketAccess("inet", "stream"))
    assert not outer.allows(FileAccess("/data/options.json", "r"))
    assert not outer.allows(FileAccess("/dev/ttyUSB0", "r"))


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/data/**", "/data/a/b", True),
        ("/data/**", "/data/", False),
        ("/data/{,**}", "/data/", True),
        ("/etc/*.conf", "/etc/a.conf", True),
        ("/etc/*.conf", "/etc/a/b.conf", False),
        ("/etc/*", "/etc/", False),
        ("/dev/tty{ACM,USB}[0-9]*", "/dev/ttyUSB12", True),
        ("/dev/tty{ACM,USB}[0-9]*", "/dev/ttyS1", False),
        ("/{,usr/}lib{,64}/**", "/usr/lib64/x.so", True),
        ("/{,usr/}lib{,64}/**", "/opt/lib/x.so", False),
        ("/proc/[0-9]*/{fd/,maps}", "/proc/12/fd/", True),
        ("/proc/[0-9]*/{fd/,maps}", "/proc/self/maps", False),
        ("/a?c", "/a/c", False),
        ("/a.c", "/abc", False),
        ("{,*_}broute", "1a2b_broute", True),
        ("{,*_}broute", "1a2b_broute//program", False),
    ],
)
def test_a_glob_means_what_apparmor_means(pattern: str, path: str, matches: bool) -> None:
    assert (glob(pattern).fullmatch(path) is not None) == matches


@pytest.mark.parametrize(
    "line", ["deny /x w,", "/x ux,", "include <abstractions/base>", "network,"]
)
def test_no_rule_is_passed_over_in_silence(line: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        parse(f"profile p flags=(complain) {{\n{line}\n}}")
