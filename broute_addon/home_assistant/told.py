"""What the broker has been told in one session, and what it may be told now. Pure.

- Only news goes out: a message that differs from the last one under its topic.
- A message waits until the last one under its topic is as old as it asks (`Publication.pause_s`).
- A state waits until discovery has named its topic: before that nobody listens to it.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from broute_addon.home_assistant import topics
from broute_addon.home_assistant.mqtt import Publication


class Told:
    """The messages that the broker has; times are the loop's, in seconds."""

    def __init__(self) -> None:
        self._known: dict[str, Publication] = {}
        self._at: dict[str, float] = {}
        self._named: dict[str, frozenset[str]] = {}  # by discovery topic
        self._listened_to: frozenset[str] = frozenset()

    def news(
        self, wanted: Iterable[Publication], now: float
    ) -> tuple[tuple[Publication, ...], float | None]:
        """What may go out now, and when the first of the others has to; None if none has to."""
        news: list[Publication] = []
        first: float | None = None
        known = self._known.get
        for each in wanted:
            last = known(each.topic)
            if last is each or last == each:  # most are the very ones of before
                continue
            due = self._due(each)
            if due <= now:
                news.append(each)
                continue
            must = due if each.prompt else due + each.pause_s
            if first is None or must < first:
                first = must
        return tuple(news), first

    def named(self, states: Iterable[Publication]) -> tuple[Publication, ...]:
        """Those states that somebody listens to, by what discovery has told."""
        return tuple(each for each in states if each.topic in self._listened_to)

    def took(self, sent: Iterable[Publication], now: float) -> None:
        """The broker has these messages."""
        for each in sent:
            self._known[each.topic] = each
            self._at[each.topic] = now
            if topics.is_config(each.topic):
                self._named[each.topic] = frozenset(_state_topics(each.payload))
                self._listened_to = frozenset[str]().union(*self._named.values())

    def forget(self) -> None:
        """Everything is to be said again. Home Assistant may have heard discovery all the same,
        so the next one still waits."""
        self._at = {topic: at for topic, at in self._at.items() if topics.is_config(topic)}
        self._known.clear()
        self._named.clear()
        self._listened_to = frozenset()

    def forget_live(self) -> bool:
        """The live values are to be said again; False if none was said."""
        live = [topic for topic, each in self._known.items() if each.at is not None]
        for topic in live:
            del self._known[topic]
        return bool(live)

    def _due(self, publication: Publication) -> float:
        at = self._at.get(publication.topic)
        return float("-inf") if at is None else at + publication.pause_s


def _state_topics(config: str) -> Iterator[str]:
    components: dict[str, dict[str, Any]] = json.loads(config)["components"]
    return (entity["state_topic"] for entity in components.values() if "state_topic" in entity)
