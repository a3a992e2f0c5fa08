"""Which faults are in force, until when readings may stay away, and what each has cost."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from broute_addon.soak.kinds import KINDS, STORM, STORM_S


@dataclass(slots=True)
class Timeline:
    """Seconds of the loop's time. Faults that touch are one window with one bound."""

    injected: Counter[str] = field(default_factory=Counter)
    without_value_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    to_recover_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    until: float = 0.0
    kinds: tuple[str, ...] = ()
    _gone: float = 0.0
    _bound: float = 0.0
    _recent: dict[str, float] = field(default_factory=dict)

    def begin(self, now: float, bound_s: float) -> None:
        """The start is excused like a fault."""
        self._gone, self.until, self.kinds = now, now + bound_s, ("start",)

    def strike(self, name: str, now: float, for_s: float) -> None:
        """A fault begins; its cause is gone after `for_s`."""
        self.injected[name] += 1
        gone, bound = now + for_s, KINDS[name].bound_after(for_s)
        self._recent[name] = max(gone, self._recent.get(name, 0.0))
        if now > self.until:
            self.kinds, self._gone, self._bound = (name,), gone, bound
        else:
            self.kinds = (*self.kinds, name)
            self._gone = max(self._gone, gone)
            self._bound = max(self._bound, bound, STORM_S)
        self.until = max(self.until, self._gone + self._bound)

    def is_excused(self, now: float) -> bool:
        return now <= self.until

    def was_recent(self, name: str, now: float, within_s: float) -> bool:
        """Whether a fault was in force within the last seconds."""
        return now - self._recent.get(name, float("-inf")) <= within_s

    def value_came(self, before: float, now: float) -> None:
        """A live value reached Home Assistant; the one before it came at `before`."""
        if now > self.until or not self.kinds:
            return
        name = self.kinds[0] if len(self.kinds) == 1 else STORM
        self.without_value_s[name] = max(self.without_value_s[name], now - before)
        if before < self._gone <= now:
            self.to_recover_s[name] = max(self.to_recover_s[name], now - self._gone)
