"""The AppArmor profile allows all that a running container does, and little else.

No kernel here enforces it: the whole life of a container is traced, and each file, socket, program
and signal is held against the rules, as the kernel would do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio

from tests.container.surroundings import Surroundings, is_told, surroundings_in
from tests.rigs.container.trace import Event, Trace, judge
from tests.support.apparmor import Access, FileAccess, parse
from tests.support.observer import Observer
from tests.support.repository import ROOT

pytestmark = pytest.mark.container

TEXT = (ROOT / "apparmor.txt").read_text(encoding="utf-8")
OUTER = "broute"
PROGRAM = "broute//program"
PAGE = "http://127.0.0.1:8099"
METRICS = "http://127.0.0.1:9099/metrics"

# Rules that this run has no use for, by how they begin, and who has.
UNSEEN_HERE = {
    OUTER: {
        "network unix stream": "s6-rc's oneshots, in the real base",
        "signal (receive) peer={unconfined,": "the engine sends it to process 1 alone",
        "ptrace (": "the host's tools",
        "/etc/{cont-init.d,": "the real base's scripts",
        "/var/run w": "a base without that link",
        "/proc/sys/** r": "the real base's tools",
        "/usr/share/** r": "the real base's tools",
        "/usr/local/bin/python3.14 cx": "the real base has its Python there",
        "/dev/pts/": "`docker exec` with a terminal",
        "/dev/{random,urandom} r": "C libraries without the system call",
    },
    PROGRAM: {
        "network inet dgram": "real name servers",
        "network inet6": "brokers and name servers with such an address",
        "signal (send, receive) peer={,*_}broute//program": "`docker exec` beside the service",
        "signal (receive) peer={unconfined,": "the engine, to what `docker exec` started",
        "ptrace (": "the host's tools; a search for the program that holds a port",
        "/tmp/** rwk": "large queries of the ledger",  # noqa: S108 - a rule
        "/ssl/** r": "a broker with a certificate of the household",
        "/sys/": "what the kernel knows of ports and processors",
        "/etc/ld-musl-": "the real base's C library",
        "/dev/pts/": "`docker exec` with a terminal",
        "/dev/{random,urandom} r": "C libraries without the system call",
    },
}


def rules_seen(profile: str) -> list[str]:
    """The lines of a profile that a full run can't do without."""
    lines = [rule.text for rule in parse(TEXT)[profile].rules]
    unseen = tuple(UNSEEN_HERE[profile])
    return [line for line in lines if not line.startswith(unseen)]


@dataclass(frozen=True)
class Life:
    """All that happened in a container from its start to its end."""

    events: Sequence[Event]
    trace: Trace
    handed_over: frozenset[str]
    """Files that the program had open when it began: the kernel asks again about these."""

    def refused(self, text: str) -> list[str]:
        """What a profile would not allow."""
        profiles = parse(text)
        _, refused = judge(self.events, self.trace.parents, profiles, OUTER)
        closed = [
            path for path in self.handed_over if not profiles[PROGRAM].allows(FileAccess(path, "r"))
        ]
        return refused + closed

    def done_by(self, profile: str) -> list[Access]:
        """What was done under one of our profiles."""
        done, _ = judge(self.events, self.trace.parents, parse(TEXT), OUTER)
        return [access for under, access in done if under == profile]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def life(tmp_path_factory: pytest.TempPathFactory, image: None) -> Life:
    """A full one: it starts, finds stick and broker, reads, serves its page, is stopped."""
    folder = tmp_path_factory.mktemp("life")
    trace = folder / "trace"
    async with surroundings_in(folder) as around, around.container(trace=trace) as running:
        async with Observer(around.broker) as observer:
            await running.until_log("broute is ready", 60)
            await observer.until(lambda: is_told(observer, "power"), 60)
            await observer.until(lambda: is_told(observer, "energy_bought"), 60)
        await visit()
        pid = await running.service("pid")
        ours = [await running.run("readlink", f"/proc/{pid}/fd/{fd}") for fd in range(3)]
        await running.stop()
        assert await running.exit_code() == 0
        root = await running.root()
        seen = Trace(trace.read_text(errors="replace"), root, {"/data": around.data})
        files = frozenset(path for path in ours if path.startswith("/"))
        return Life(list(seen.events()), seen, files)


async def visit() -> None:
    """What a browser, the Supervisor's watchdog and Prometheus ask for."""
    async with aiohttp.ClientSession() as browser:

        async def fetched(address: str) -> str:
            async with browser.get(address) as answer:
                assert answer.ok, address
                return await answer.text()

        linked = re.findall(r'(?:src|href)="([\w./-]+)"', await fetched(f"{PAGE}/"))
        assert linked
        asked = ("api/state", "api/history", "api/history.csv", "api/diagnostics", "health")
        for path in (*linked, *asked):
            await fetched(f"{PAGE}/{path}")
        assert "broute_" in await fetched(METRICS)
        async with browser.get(f"{PAGE}/api/events") as stream:
            await stream.content.readline()
        ours = {"X-BRoute": "1"}
        async with browser.post(f"{PAGE}/api/command/read-now", json={}, headers=ours) as answer:
            assert answer.ok


def without(rule: str, profile: str, letter: str = "") -> str:
    """The profile's text without a rule of one of its profiles, or without one of its letters."""
    before, head, after = TEXT.partition(f"profile {profile.rpartition('/')[2]} ")
    assert after.count(f"{rule}\n") >= 1
    path, _, letters = rule.rpartition(" ")
    left = f"{path} {letters.replace(letter, '')}" if letter else ""
    return before + head + after.replace(rule, left, 1)


def test_a_full_run_is_allowed(life: Life) -> None:
    assert life.refused(TEXT) == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(("broute-health",), 1, id="the health check, with nobody there"),
        pytest.param(("broute", "history"), 1, id="broute history, with no ledger yet"),
        pytest.param(("broute", "probe", "/dev/ttyUSB0"), 0, id="broute probe"),
    ],
)
async def test_what_the_engine_starts_beside_the_service_is_allowed(
    surroundings: Surroundings, command: Sequence[str], code: int
) -> None:
    """`docker exec` and the health check begin in the outer profile, whatever they start."""
    trace = surroundings.folder / "trace"
    async with surroundings.container(command=command, trace=trace) as running:
        assert await running.exit_code() == code, await running.log()
        root = await running.root()
        seen = Trace(trace.read_text(errors="replace"), root, {"/data": surroundings.data})
        done, refused = judge(seen.events(), seen.parents, parse(TEXT), OUTER)
    assert refused == []
    assert {profile for profile, _ in done} == {OUTER, PROGRAM}


def test_only_data_and_tmp_are_written_to(life: Life) -> None:
    written = {
        access.path
        for access in life.done_by(PROGRAM)
        if isinstance(access, FileAccess) and access.permission == "w"
    }
    assert written >= {"/data/state.json", "/data/history.db", "/data/history.db-wal"}
    strange = {path for path in written if not re.match("/(data|tmp)/", path)}
    assert strange <= {"/dev/ttyUSB0", "/dev/null"}


@pytest.mark.parametrize(
    ("profile", "rule"),
    [(profile, rule) for profile in (OUTER, PROGRAM) for rule in rules_seen(profile)],
)
def test_a_rule_taken_out_is_missed(life: Life, profile: str, rule: str) -> None:
    assert life.refused(without(rule, profile))


@pytest.mark.parametrize("profile", [OUTER, PROGRAM])
def test_each_rule_that_is_excused_exists(profile: str) -> None:
    lines = [rule.text for rule in parse(TEXT)[profile].rules]
    for known in UNSEEN_HERE[profile]:
        assert any(line.startswith(known) for line in lines), known


@pytest.mark.parametrize(
    ("rule", "letter"),
    [
        ("/data/** rwk,", "r"),
        ("/data/** rwk,", "w"),
        ("/data/** rwk,", "k"),
        ("/dev/tty{ACM,AMA,S,SAC,USB,XRUSB}[0-9]* rwk,", "r"),
        ("/dev/tty{ACM,AMA,S,SAC,USB,XRUSB}[0-9]* rwk,", "w"),
        ("/dev/tty{ACM,AMA,S,SAC,USB,XRUSB}[0-9]* rwk,", "k"),
        ("/opt/broute/** mr,", "m"),
        ("/opt/broute/** mr,", "r"),
    ],
)
def test_a_permission_taken_out_is_missed(life: Life, rule: str, letter: str) -> None:
    assert life.refused(without(rule, PROGRAM, letter))
