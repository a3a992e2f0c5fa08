"""What an AppArmor profile allows, as the kernel would decide it (apparmor.d(5)).

Only what our own profile is written in: no includes, no variables, no `deny`, no `owner`, exec
rules `ix` and `cx -> child`. Anything else raises ValueError, so that no rule is passed over in
silence.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_PROFILE = re.compile(r"profile (\S+) flags=\([\w,]+\) \{")
_FILE = re.compile(r"(/\S*) ([mrwlkix]+|cx -> (\w+)),")
_NETWORK = re.compile(r"network (\w+) (\w+),")
_SIGNAL = re.compile(r"signal \(([\w, ]+)\) peer=(\S+),")
_PTRACE = re.compile(r"ptrace \([\w, ]+\)( peer=\S+)?,")


@dataclass(frozen=True, slots=True)
class FileAccess:
    """A path, resolved, with a slash at its end when it is a folder; one of `mrwlkx`."""

    path: str
    permission: str


@dataclass(frozen=True, slots=True)
class SocketAccess:
    """A socket being made, in AppArmor's words: `inet`, `stream`."""

    family: str
    kind: str


@dataclass(frozen=True, slots=True)
class SignalAccess:
    """A signal to, or from, a process under another profile or the same."""

    direction: str
    peer: str


Access = FileAccess | SocketAccess | SignalAccess


@dataclass(slots=True)
class Rule:
    """One line of a profile; `text` is that line."""

    text: str
    files: re.Pattern[str] | None = None
    permissions: str = ""
    child: str | None = None
    socket: tuple[str, str] | None = None
    signals: frozenset[str] = frozenset()
    peer: re.Pattern[str] | None = None

    def allows(self, access: Access) -> bool:
        """Whether this line alone allows it."""
        match access:
            case FileAccess(path, permission):
                covers = self.files is not None and self.files.fullmatch(path) is not None
                return covers and permission in self.permissions
            case SocketAccess(family, kind):
                return self.socket == (family, kind)
            case SignalAccess(direction, peer):
                covers = self.peer is not None and self.peer.fullmatch(peer) is not None
                return covers and direction in self.signals


@dataclass(slots=True)
class Profile:
    """The rules of one profile, without those of its children."""

    name: str
    rules: list[Rule] = field(default_factory=list)

    def allows(self, access: Access) -> bool:
        """Whether any rule allows it."""
        return any(rule.allows(access) for rule in self.rules)

    def after_exec(self, path: str) -> str | None:
        """The profile that a program runs under; None when it may not be started at all."""
        started = [rule for rule in self.rules if rule.allows(FileAccess(path, "x"))]
        if not started:
            return None
        exact = [rule.child for rule in started if rule.child is not None]
        return f"{self.name}//{exact[0]}" if exact else self.name


def parse(text: str) -> Mapping[str, Profile]:
    """The profiles of a file by their full name (`outer//child`). Raises ValueError."""
    profiles: dict[str, Profile] = {}
    inside: list[Profile] = []
    for line in _lines(text):
        if begun := _PROFILE.fullmatch(line):
            name = "//".join([*(inside[-1].name.split("//") if inside else ()), begun[1]])
            inside.append(profiles.setdefault(name, Profile(name)))
        elif line == "}":
            inside.pop()
        else:
            inside[-1].rules.append(_rule(line))
    return profiles


def glob(pattern: str) -> re.Pattern[str]:
    """An AppArmor glob: `*` stops at a slash, `**` doesn't; a part of a path is never empty."""
    out, depth, at = "", 0, 0
    while at < len(pattern):
        rest = pattern[at:]
        taken = 1
        if rest.startswith("*"):
            taken = 2 if rest.startswith("**") else 1
            one = "." if taken == 2 else "[^/]"
            is_whole_part = pattern[at - 1 : at] == "/" and rest[taken : taken + 1] in ("", "/")
            out += f"{one}+" if is_whole_part else f"{one}*"
        elif rest[0] == "?":
            out += "[^/]"
        elif rest[0] == "[":
            taken = rest.index("]") + 1
            out += rest[:taken]
        elif rest[0] == "{":
            depth += 1
            out += "(?:"
        elif rest[0] == "}":
            depth -= 1
            out += ")"
        elif rest[0] == "," and depth:
            out += "|"
        else:
            out += re.escape(rest[0])
        at += taken
    return re.compile(out)


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield stripped


def _rule(line: str) -> Rule:
    if found := _FILE.fullmatch(line):
        child = found[3]
        return Rule(line, glob(found[1]), "x" if child else found[2], child)
    if found := _NETWORK.fullmatch(line):
        return Rule(line, socket=(found[1], found[2]))
    if found := _SIGNAL.fullmatch(line):
        return Rule(line, signals=frozenset(re.split(r", *", found[1])), peer=glob(found[2]))
    if _PTRACE.fullmatch(line):
        return Rule(line)  # nobody traces in the tests; the line is for the host
    raise ValueError(f"not understood: {line}")
