"""What may go out to the broker, and when."""

from dataclasses import replace
from datetime import timedelta

from broute_addon.home_assistant import topics
from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.mqtt import Publication
from broute_addon.home_assistant.states import DISCOVERY_PAUSE_S, Announcer
from broute_addon.home_assistant.told import Told
from broute_addon.messages import Language
from broute_addon.meter.profile import MeterProfile
from tests.support.houses import NOON, PROFILE, reading_house, store_of

RETAINED = Publication("a", "1")
LIVE = Publication("b", "1", retain=False, at=NOON)
SLOW = Publication("c", "1", pause_s=60)
ANNOUNCER = Announcer(AddOn("0badcafe", "0.1.0"), Language.EN, 30)
METER_CONFIG = topics.config(PROFILE.uid)


def told(*sent: Publication, at: float = 0) -> Told:
    """What a broker knows that has been sent these."""
    knowledge = Told()
    knowledge.took(sent, at)
    return knowledge


def announced(profile: MeterProfile, at: float = 0) -> Told:
    """What a broker knows that has just heard of both devices."""
    return told(*ANNOUNCER.discovery(store_of(*reading_house(profile)).snapshot), at=at)


def test_only_news_goes_out_and_a_new_live_value_is_always_news() -> None:
    later = LIVE._replace(at=NOON + timedelta(seconds=30))
    knowledge = told(RETAINED, LIVE)
    assert knowledge.news([RETAINED, LIVE], 1) == ((), None)
    assert knowledge.news([RETAINED, later], 1) == ((later,), None)
    changed = RETAINED._replace(payload="2")
    assert knowledge.news([changed, LIVE], 1) == ((changed,), None)


def test_an_unhurried_value_waits_for_its_pause_and_holds_nothing_else_back() -> None:
    knowledge = told(RETAINED, SLOW, at=100)
    news = [RETAINED._replace(payload="2"), SLOW._replace(payload="2")]
    assert knowledge.news(news, 159) == ((news[0],), 160)
    assert knowledge.news(news, 160) == (tuple(news), None)


def test_what_is_not_prompt_goes_out_with_other_news_or_by_itself_after_a_second_pause() -> None:
    idle = SLOW._replace(prompt=False)
    knowledge = told(idle, at=100)
    changed = idle._replace(payload="2")
    assert knowledge.news([changed], 159) == ((), 220)
    assert knowledge.news([changed, RETAINED], 160) == ((changed, RETAINED), None)


def test_nothing_waits_the_first_time_or_in_a_new_session() -> None:
    knowledge = Told()
    assert knowledge.news([SLOW], 0) == ((SLOW,), None)
    knowledge.took([SLOW], 0)
    knowledge.forget()
    assert knowledge.news([SLOW], 1) == ((SLOW,), None)


def test_discovery_of_a_device_keeps_its_distance_whatever_has_been_forgotten() -> None:
    knowledge = announced(PROFILE, at=100)
    again = list(ANNOUNCER.discovery(store_of(*reading_house()).snapshot))
    knowledge.forget()
    knowledge.forget()
    assert knowledge.news(again, 101) == ((), 100 + DISCOVERY_PAUSE_S)
    assert knowledge.news(again, 102) == (tuple(again), None)


def test_one_devices_discovery_does_not_wait_for_anothers() -> None:
    add_on, meter = ANNOUNCER.discovery(store_of(*reading_house()).snapshot)
    assert told(add_on).news([add_on, meter], 0.1) == ((meter,), None)


def test_only_states_of_what_discovery_has_named_go_out() -> None:
    states = list(ANNOUNCER.states(store_of(*reading_house()).snapshot, NOON))
    knowledge = announced(replace(PROFILE, has_t_phase=False))
    held = {each.topic for each in states} - {each.topic for each in knowledge.named(states)}
    assert held == {topics.state(PROFILE.uid, "current_t")}
    knowledge.forget()
    assert list(knowledge.named(states)) == []


def test_only_live_values_are_said_again_on_their_own() -> None:
    knowledge = told(RETAINED, SLOW)
    assert not knowledge.forget_live()
    knowledge.took([LIVE], 0)
    assert knowledge.forget_live()
    assert knowledge.news([RETAINED, LIVE, SLOW], 1) == ((LIVE,), None)
