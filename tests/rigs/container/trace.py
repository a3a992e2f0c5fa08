"""What each process of a container did to files, sockets and other processes, as strace saw it.

strace is attached to process 1 before its first instruction (engine.container), so the account is
complete. Paths are as inside the container, symbolic links followed, folders with a slash at the
end: what AppArmor decides on. Calls that failed because something is not there, or is already, are
left out: the kernel says so before it asks AppArmor.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from tests.support.apparmor import Access, FileAccess, Profile, SignalAccess, SocketAccess

_PRIVILEGED = (
    *("mount", "umount2", "pivot_root", "chroot", "setuid", "setgid", "setgroups", "setresuid"),
    *("setresgid", "ptrace", "init_module", "sethostname", "settimeofday", "capset"),
)
_FOLDERS = ("mkdir", "mkdirat", "rmdir")
_CHANGES = (
    *("creat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mknod", "mknodat"),
    *("chmod", "fchmodat", "chown", "lchown", "fchownat", "truncate"),
)
_MOVES = ("execve", "execveat", "chdir", "fchdir", "clone", "clone3", "fork", "vfork")
_SIGNALS = ("kill", "tgkill")
_NOTHING_DONE = ("ENOENT", "ENOTDIR", "EEXIST", "ELOOP")
_LINE = re.compile(r"(\d+) +(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\w+)(?:<(.*?)>)?(?: (E\w+) .*| \(.*\)| /\*.*)?")
_FORK = re.compile(r"(?:clone3?|v?fork)\(.*\) += \d")
_PID = re.compile(r"-?(\d+)(?: /\* -?(\d+) in strace's PID NS \*/)?")
_OPEN_FILE = re.compile(r"(?:AT_FDCWD|-?\d+)<([^>]*)>")
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_NAMED = re.compile(rf"(?:(?:AT_FDCWD|-?\d+)<([^>]*)>, )?{_TEXT}")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a process: its arguments as strace writes them, what it gave and, when that is a
    file, its path."""

    pid: int
    name: str
    arguments: str
    value: str
    path: str | None
    line: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a process did, and the line of the trace that says so."""

    pid: int
    access: Access
    line: str


@dataclass(frozen=True, slots=True)
class Started:
    """A process became a program."""

    pid: int
    path: str
    line: str


@dataclass(frozen=True, slots=True)
class Signalled:
    """A process sent a signal to another."""

    pid: int
    to: int
    line: str


@dataclass(frozen=True, slots=True)
class Privileged:
    """A process made a call that needs a capability, and no profile of ours has any."""

    pid: int
    line: str


Event = Step | Started | Signalled | Privileged


class Inherited(Generic[Value]):
    """What a process has from its parent until it gets its own.

    A child is often seen to act before its parent is seen to have made it.
    """

    def __init__(self, parents: Mapping[int, int]) -> None:
        self._parents = parents
        self._own: dict[int, Value] = {}

    def get(self, pid: int) -> Value | None:
        """Its own value or the parent's, kept from now on; None when no ancestor has any."""
        if pid not in self._own and pid in self._parents:
            inherited = self.get(self._parents[pid])
            if inherited is None:
                return None
            self._own[pid] = inherited
        return self._own.get(pid)

    def set(self, pid: int, value: Value) -> None:
        """From now on it has its own."""
        self._own[pid] = value


class Trace:
    """A file that strace has written.

    `root` is the container's file system seen from outside, `mounted` what else lies in it: paths
    inside and outside.
    """

    def __init__(self, text: str, root: Path, mounted: Mapping[str, Path]) -> None:
        self._root = root
        self._mounted = mounted
        self._lines = list(_whole_lines(text))
        self.parents = {
            _outer_pid(line.rpartition(" = ")[2]): pid
            for pid, line in self._lines
            if _FORK.match(line)
        }
        self._cwd: Inherited[str] = Inherited(self.parents)

    def events(self) -> Iterator[Event]:
        """All that happened, in order."""
        for pid, line in self._lines:
            if (found := _CALL.fullmatch(line)) is None:
                continue
            name, arguments, value, path, error = found.groups()
            if error not in _NOTHING_DONE:
                yield from self._events(Call(pid, name, arguments, value, path, line))

    def _events(self, call: Call) -> Iterator[Event]:
        match call.name:
            case "execve" | "execveat":
                if call.value == "0":
                    yield Started(call.pid, self._followed(self._paths(call)[0]), call.line)
            case "chdir":
                self._cwd.set(call.pid, self._followed(self._paths(call)[0]))
            case "fchdir":
                self._cwd.set(call.pid, _first_file(call))
            case name if name in _SIGNALS:
                if not call.arguments.endswith(", 0"):  # which only asks whether it lives
                    yield Signalled(call.pid, _outer_pid(call.arguments), call.line)
            case name if name in _PRIVILEGED:
                yield Privileged(call.pid, call.line)
            case name if name in _ACCESSES:
                for access in _ACCESSES[name](self, call):
                    yield Step(call.pid, access, call.line)

    def _opened(self, call: Call) -> Iterator[Access]:
        if "O_PATH" not in call.arguments:
            path = call.path or self._followed(self._paths(call)[0])
            path += "/" if "O_DIRECTORY" in call.arguments and path != "/" else ""
            yield from self._file(path, _letters_of_open(call.arguments))

    def _mapped(self, call: Call) -> Iterator[Access]:
        if found := re.search(r", \d+<([^>]*)>, ", call.arguments):
            yield from self._file(found[1], _letters_of_mapping(call.arguments))

    def _locked(self, call: Call) -> Iterator[Access]:
        if call.name == "flock" or re.search(r", F_(OFD_)?SETLKW?\b", call.arguments):
            yield from self._file(_first_file(call), "k")

    def _changed(self, call: Call) -> Iterator[Access]:
        is_folder = call.name in _FOLDERS or "AT_REMOVEDIR" in call.arguments
        for path in self._paths(call):
            yield from self._file(f"{path}/" if is_folder else path, "w")

    def _changed_open_file(self, call: Call) -> Iterator[Access]:
        yield from self._file(_first_file(call), "w")

    def _linked(self, call: Call) -> Iterator[Access]:
        yield FileAccess(self._paths(call)[-1], "w" if call.name.startswith("sym") else "l")

    def _socket(self, call: Call) -> Iterator[Access]:
        family, kind = re.findall(r"\b(?:AF|SOCK)_(\w+)", call.arguments)[:2]
        yield SocketAccess(family.lower(), kind.lower())

    def _bound(self, call: Call) -> Iterator[Access]:
        if named := re.search(rf"sun_path={_TEXT}", call.arguments):
            yield FileAccess(self._inside(self._cwd.get(call.pid), named[1]), "w")

    def _file(self, path: str, letters: str) -> Iterator[FileAccess]:
        path = path.removesuffix(" (deleted)")
        if path.startswith("/"):  # the rest are pipes, sockets and the like: no rule is about them
            if not path.endswith("/") and self._outside(path).is_dir():
                path += "/"
            yield from (FileAccess(path, letter) for letter in letters)

    def _paths(self, call: Call) -> list[str]:
        """The paths among the arguments; a link at their very end is not followed."""
        return [
            self._inside(folder or self._cwd.get(call.pid), path)
            for folder, path in _NAMED.findall(re.sub(r", \[.*", "", call.arguments))
        ]

    def _inside(self, folder: str | None, path: str) -> str:
        whole = path if path.startswith("/") else f"{folder or '/'}/{path}"
        parent, _, last = whole.rstrip("/").rpartition("/")
        return f"{self._followed(parent).rstrip('/')}/{last}"

    def _followed(self, path: str) -> str:
        """The path without symbolic links, as the container has them."""
        done: list[str] = []
        parts = _parts(path)
        for _ in range(200):
            if not parts:
                break
            part = parts.pop(0)
            outside = self._outside("/" + "/".join([*done, part]))
            if part == "..":
                done = done[:-1]
            elif outside.is_symlink():
                target = str(outside.readlink())
                done = [] if target.startswith("/") else done
                parts = _parts(target) + parts
            else:
                done.append(part)
        return "/" + "/".join(done)

    def _outside(self, path: str) -> Path:
        for inside, outside in self._mounted.items():
            if path == inside or path.startswith(f"{inside}/"):
                return outside / path[len(inside) :].lstrip("/")
        return self._root / path.lstrip("/")


_ACCESSES: Mapping[str, Callable[[Trace, Call], Iterator[Access]]] = {
    **dict.fromkeys(("open", "openat", "openat2"), Trace._opened),
    **dict.fromkeys((*_CHANGES, *_FOLDERS), Trace._changed),
    **dict.fromkeys(("fchmod", "fchown"), Trace._changed_open_file),
    **dict.fromkeys(("link", "linkat", "symlink", "symlinkat"), Trace._linked),
    **dict.fromkeys(("flock", "fcntl"), Trace._locked),
    **dict.fromkeys(("socket", "socketpair"), Trace._socket),
    "mmap": Trace._mapped,
    "bind": Trace._bound,
}
SYSCALLS = ",".join((*_ACCESSES, *_MOVES, *_SIGNALS, *_PRIVILEGED))
"""What strace is told to write down."""


def judge(
    events: Iterable[Event], parents: Mapping[int, int], profiles: Mapping[str, Profile], first: str
) -> tuple[dict[tuple[str, Access], str], list[str]]:
    """What happened under which profile, each with a line that shows it, and what is not allowed.

    Process 1 is under the profile `first` from its first program on; what the engine does before
    isn't judged.
    """
    under: Inherited[str] = Inherited(parents)
    done: dict[tuple[str, Access], str] = {}
    refused = []
    for event in events:
        profile = under.get(event.pid)
        if profile is None:
            if isinstance(event, Started):
                under.set(event.pid, first)
                done.setdefault((first, FileAccess(event.path, "r")), event.line)
            continue
        match event:
            case Started(pid, path, line):
                done.setdefault((profile, FileAccess(path, "x")), line)
                after = profiles[profile].after_exec(path) or profile
                under.set(pid, after)
                if after != profile:  # the kernel maps the program under its new profile
                    done.setdefault((after, FileAccess(path, "m")), line)
                    done.setdefault((after, FileAccess(path, "r")), line)
            case Signalled(_, to, line):
                peer = under.get(to) or "unconfined"
                done.setdefault((profile, SignalAccess("send", peer)), line)
                if peer != "unconfined":
                    done.setdefault((peer, SignalAccess("receive", profile)), line)
            case Privileged(_, line):
                refused.append(f"{profile}: {line}")
            case Step(_, access, line):
                done.setdefault((profile, access), line)
    refused += [
        f"{profile}: {access}: {line}"
        for (profile, access), line in done.items()
        if not profiles[profile].allows(access)
    ]
    return done, refused


def _whole_lines(text: str) -> Iterator[tuple[int, str]]:
    """The calls by process; those that others came between are put together again."""
    begun: dict[int, str] = {}
    for raw in text.splitlines():
        if (found := _LINE.fullmatch(raw)) is None:
            continue
        pid, line = int(found[1]), found[2]
        if line.endswith(" <unfinished ...>"):
            begun[pid] = line.removesuffix(" <unfinished ...>")
        elif line.startswith("<... "):
            yield pid, begun.pop(pid, "") + line.partition(" resumed>")[2]
        else:
            yield pid, line


def _letters_of_open(arguments: str) -> str:
    reads = "O_RDONLY" in arguments or "O_RDWR" in arguments
    writes = re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)\b", arguments)
    return ("r" if reads else "") + ("w" if writes else "")


def _letters_of_mapping(arguments: str) -> str:
    runs = "PROT_EXEC" in arguments
    writes = "MAP_SHARED" in arguments and "PROT_WRITE" in arguments
    return ("m" if runs else "") + ("w" if writes else "")


def _first_file(call: Call) -> str:
    found = _OPEN_FILE.match(call.arguments)
    return found[1] if found else ""


def _outer_pid(text: str) -> int:
    """The process in the counting that the trace's lines begin with; a group is its leader."""
    found = _PID.match(text)
    assert found is not None, text
    return int(found[2] or found[1])


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
