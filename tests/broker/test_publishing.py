"""The publisher at a real broker, seen by a second client."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broute_addon.errors import MqttError
from broute_addon.home_assistant import topics
from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.forget import forget
from broute_addon.home_assistant.mqtt import BrokerAddress, MqttClient, Publication
from broute_addon.home_assistant.publisher import MqttPublisher
from broute_addon.home_assistant.states import last_will
from broute_addon.messages import Language
from broute_addon.meter.readings import (
    Connection,
    ConnectionChanged,
    MeterIdentified,
    PollIntervalChanged,
)
from broute_addon.redaction import Secret
from broute_addon.store import Store
from tests.support.broker import Broker, Login, make_certificates
from tests.support.houses import (
    NOON,
    PROFILE,
    SERIAL_NUMBER,
    HandClock,
    reading_house,
    readings,
    store_of,
)
from tests.support.observer import Observer, retained
from tests.support.repository import ROOT
from tests.support.waiting import until

ADD_ON = AddOn("0badcafe", "0.1.0", "a0b1c2d3_broute")
UID = PROFILE.uid
STATUS = "broute/0badcafe/status"
AVAILABILITY = f"broute/{UID}/availability"
POWER = f"broute/{UID}/power"
ENERGY = f"broute/{UID}/energy_bought"
ADD_ON_CONFIG = "homeassistant/device/broute_0badcafe/config"
METER_CONFIG = f"homeassistant/device/{UID}/config"
GOOD = Login("addons", "planted-password-1")
WRONG = Login("addons", "planted-password-2")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    async with Broker(tmp_path) as running:
        yield running


def at_broker(broker: Broker, login: Login | None = None) -> BrokerAddress:
    """How to reach a broker of the tests."""
    if login is None:
        return BrokerAddress("127.0.0.1", broker.port)
    return BrokerAddress("127.0.0.1", broker.port, login.username, Secret(login.password))


class House:
    """A publisher with all it needs."""

    def __init__(
        self,
        broker: Broker,
        store: Store,
        *,
        address: Callable[[], BrokerAddress] | None = None,
        known_meters: tuple[str, ...] = (),
    ) -> None:
        self.store = store
        self.clock = HandClock()
        self.language = Language.EN
        self.commands: list[str] = []

        async def source() -> BrokerAddress:
            return address() if address else at_broker(broker)

        instance = ADD_ON.instance
        self.publisher = MqttPublisher(
            store,
            MqttClient(source, client_id=f"broute_{instance}", will=last_will(instance)),
            ADD_ON,
            language=lambda: self.language,
            on_command=self.commands.append,
            known_meters=known_meters,
            on_problem=lambda problem: store.note([problem] if problem else []),
            clock=self.clock,
        )

    @contextlib.asynccontextmanager
    async def publishing(self) -> AsyncIterator[asyncio.Task[None]]:
        """The publisher, running."""
        task = asyncio.create_task(self.publisher.run())
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test has to sit through are short."""
    monkeypatch.setattr("broute_addon.home_assistant.publisher.BIRTH_DELAY_S", 0.05)
    monkeypatch.setattr("broute_addon.home_assistant.states.DISCOVERY_PAUSE_S", 0.2)


async def test_what_goes_out_first_is_availability_then_discovery_then_states(
    broker: Broker,
) -> None:
    async with Observer(broker) as observer, House(broker, store_of(*reading_house())).publishing():
        await observer.until(lambda: bool(observer.payloads(ENERGY)))
    order = [seen.topic for seen in observer.seen]
    assert order[:4] == [AVAILABILITY, STATUS, ADD_ON_CONFIG, METER_CONFIG]
    assert all(not topic.endswith(("config", "availability")) for topic in order[4:])


async def test_only_power_and_currents_are_not_retained(broker: Broker) -> None:
    async with Observer(broker) as observer, House(broker, store_of(*reading_house())).publishing():
        await observer.until(lambda: bool(observer.payloads(f"broute/{UID}/energy_sold")))
        lying = await retained(broker)
    sent = {seen.topic for seen in observer.seen}
    live = {POWER, f"broute/{UID}/current_r", f"broute/{UID}/current_t"}
    assert live <= sent
    assert lying.keys() == sent - live
    assert lying[STATUS] == lying[AVAILABILITY] == "online"
    assert lying[ENERGY] == "12312.3"


async def test_a_live_value_is_sent_at_every_reading_and_a_retained_one_when_it_changes(
    broker: Broker,
) -> None:
    house = House(broker, store_of(*reading_house()))
    async with Observer(broker) as observer, house.publishing():
        for count in (1, 2, 3):
            await observer.until(lambda count=count: len(observer.payloads(POWER)) == count)  # type: ignore[misc]
            house.clock.advance(30)
            house.store.apply(readings(house.clock()))
        await observer.until(lambda: len(observer.payloads(POWER)) == 4)
    assert observer.payloads(ENERGY) == ["12312.3"]


async def test_a_killed_process_leaves_everything_unavailable(broker: Broker) -> None:
    module = "tests.support.publishing_process"
    async with Observer(broker) as observer:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, str(broker.port), cwd=ROOT
        )
        await observer.until(lambda: bool(observer.payloads(ENERGY)))
        process.kill()
        await process.wait()
        await observer.until(lambda: observer.payloads(STATUS) == ["online", "offline"])
    lying = await retained(broker)
    assert (lying[STATUS], lying[AVAILABILITY]) == ("offline", "online")


async def test_a_dropped_connection_sends_the_last_will_but_a_goodbye_does_not(
    broker: Broker,
) -> None:
    async def source() -> BrokerAddress:
        return at_broker(broker)

    mqtt = MqttClient(source, client_id="somebody", will=Publication("will", "gone"))
    async with Observer(broker) as observer:
        async with mqtt.session(lambda _: None) as session:
            await session.goodbye([Publication("last/words", "bye")])
        async with mqtt.session(lambda _: None):
            pass
        await observer.until(lambda: observer.payloads("will") == ["gone"])
        assert [seen.topic for seen in observer.seen] == ["last/words", "will"]


async def test_a_stop_says_offline_and_leaves_nothing_running(broker: Broker) -> None:
    house = House(broker, store_of(*reading_house()))
    async with Observer(broker) as observer:
        async with house.publishing():
            await observer.until(lambda: bool(observer.payloads(ENERGY)))
        await observer.until(lambda: observer.payloads(STATUS) == ["online", "offline"])
    assert (await retained(broker))[STATUS] == "offline"


async def test_a_lost_meter_is_unavailable_while_the_add_on_stays_online(broker: Broker) -> None:
    house = House(broker, store_of(*reading_house()))
    async with Observer(broker) as observer, house.publishing():
        await observer.until(lambda: observer.payloads(AVAILABILITY) == ["online"])
        house.store.apply(ConnectionChanged(Connection.RECOVERING))
        await observer.until(lambda: observer.payloads(AVAILABILITY) == ["online", "offline"])
        assert observer.payloads(STATUS) == ["online"]


async def test_a_meter_of_an_earlier_process_is_offline_before_the_add_on_is_online(
    broker: Broker,
) -> None:
    house = House(broker, store_of(), known_meters=("broute_0123456789",))
    async with Observer(broker) as observer:
        observer.publish("broute/broute_0123456789/availability", "online", retain=True)
        async with house.publishing():
            await observer.until(lambda: observer.payloads(STATUS) == ["online"])
    topics_ = [(seen.topic, seen.payload) for seen in observer.seen]
    offline = topics_.index(("broute/broute_0123456789/availability", "offline"))
    assert offline < topics_.index((STATUS, "online"))


async def test_a_birth_message_brings_discovery_and_values_again(broker: Broker) -> None:
    house = House(broker, store_of(*reading_house()))
    async with Observer(broker) as observer, house.publishing():
        await observer.until(lambda: bool(observer.payloads(f"broute/{UID}/energy_sold")))
        del observer.seen[:]
        observer.publish(topics.HOME_ASSISTANT_STATUS, "online")
        await observer.until(lambda: bool(observer.payloads(f"broute/{UID}/energy_sold")))
    order = [seen.topic for seen in observer.seen]
    assert order.index(ADD_ON_CONFIG) < order.index(METER_CONFIG) < order.index(POWER)


async def test_a_birth_message_never_brings_a_stale_live_value(broker: Broker) -> None:
    house = House(broker, store_of(*reading_house()))
    async with Observer(broker) as observer, house.publishing():
        await observer.until(lambda: bool(observer.payloads(f"broute/{UID}/energy_sold")))
        del observer.seen[:]
        house.clock.advance(4 * 30)
        observer.publish(topics.HOME_ASSISTANT_STATUS, "online")
        await observer.until(lambda: bool(observer.payloads(f"broute/{UID}/energy_sold")))
        assert observer.payloads(POWER) == []


async def test_a_broker_that_restarts_without_its_memory_is_told_everything_again(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(broker, store_of(*reading_house()))
    async with house.publishing():
        async with Observer(broker) as observer:
            await observer.until(lambda: bool(observer.payloads(ENERGY)))
        await broker.stop()
        await broker.start()
        async with Observer(broker) as observer:
            await observer.until(lambda: bool(observer.payloads(f"broute/{UID}/energy_sold")))
        assert (await retained(broker))[STATUS] == "online"
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len({record.getMessage() for record in warnings}) == len(warnings) > 0


async def test_a_broker_absent_at_boot_is_one_warning_and_is_used_once_it_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    broker = Broker(tmp_path)
    house = House(broker, store_of(*reading_house()))
    async with house.publishing():
        await until(lambda: house.publisher.problem is not None)
        async with broker, Observer(broker) as observer:
            await observer.until(lambda: bool(observer.payloads(ENERGY)))
            await until(lambda: house.store.snapshot.broker_is_up)
    said = [record.getMessage() for record in caplog.records]
    assert sum("can't be reached" in sentence for sentence in said) == 1
    assert "The MQTT broker is back." in said


async def test_refused_credentials_are_asked_for_again_until_they_are_right(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    handed_out = [WRONG, GOOD]
    async with Broker(tmp_path, login=GOOD) as broker:
        house = House(
            broker,
            store_of(*reading_house()),
            address=lambda: at_broker(broker, handed_out.pop(0)),
        )
        async with Observer(broker) as observer, house.publishing():
            await observer.until(lambda: bool(observer.payloads(ENERGY)))
    assert handed_out == []
    assert "refuses the user name or password" in caplog.text
    assert "planted" not in caplog.text + repr(observer.seen)


async def test_tls_is_spoken_with_the_given_authority_and_refused_without_it(
    tmp_path: Path,
) -> None:
    folder = make_certificates(tmp_path)
    async with Broker(tmp_path, certificates=folder) as broker:
        secure = BrokerAddress("localhost", broker.port, tls=True, ca_file=folder / "ca.crt")

        async def source(address: BrokerAddress = secure) -> BrokerAddress:
            return address

        seen: list[str] = []
        mqtt = MqttClient(source, client_id="secure", will=None)
        many = [Publication(f"many/{number}", "x" * 50) for number in range(200)]
        async with mqtt.session(lambda came: seen.append(came.topic)) as session:
            await session.publish(*many)
            await session.subscribe("many/#")
            await until(lambda: len(seen) == len(many))

        stranger = replace(secure, ca_file=None)
        with pytest.raises(MqttError, match="can't agree on encryption"):
            async with MqttClient(lambda: source(stranger), client_id="b", will=None).session(
                lambda _: None
            ):
                pass
        missing = replace(secure, ca_file=folder / "absent.crt")
        with pytest.raises(MqttError, match="certificate file"):
            async with MqttClient(lambda: source(missing), client_id="c", will=None).session(
                lambda _: None
            ):
                pass


async def test_buttons_become_commands_and_a_retained_press_is_ignored(broker: Broker) -> None:
    house = House(broker, store_of(*reading_house()))
    async with Observer(broker) as observer:
        observer.publish("broute/0badcafe/command", "rescan", retain=True)
        async with house.publishing():
            await observer.until(lambda: bool(observer.payloads(ENERGY)))
            observer.publish("broute/0badcafe/command", "format-everything")
            observer.publish("broute/0badbeef/command", "reconnect")
            observer.publish(f"broute/{UID}/command", "read-now")
            observer.publish("broute/0badcafe/command", "reconnect")
            await until(lambda: len(house.commands) == 2)
    assert house.commands == ["read-now", "reconnect"]


async def test_discovery_follows_a_longer_poll_interval_at_once_and_a_shorter_when_it_halves(
    broker: Broker,
) -> None:
    house = House(broker, store_of(*reading_house()))

    def expirations() -> list[int]:
        sent = map(json.loads, observer.payloads(METER_CONFIG))
        return [config["components"]["power"]["expire_after"] for config in sent]

    async with Observer(broker) as observer, house.publishing():
        for interval_s in (30, 45, 60, 31, 30):
            house.store.apply(PollIntervalChanged(interval_s))
            await asyncio.sleep(0.3)
        await observer.until(lambda: len(expirations()) >= 4)
    assert expirations() == [120, 180, 240, 120]


async def test_two_versions_of_discovery_never_follow_each_other_at_once(broker: Broker) -> None:
    house = House(broker, store_of(*reading_house()))
    async with Observer(broker) as observer, house.publishing():
        await observer.until(lambda: bool(observer.payloads(METER_CONFIG)))
        begin = asyncio.get_running_loop().time()
        house.language = Language.JA
        house.store.apply(readings(NOON + timedelta(seconds=1)))
        await observer.until(lambda: len(observer.payloads(METER_CONFIG)) == 2)
        assert asyncio.get_running_loop().time() - begin > 0.1
    assert "瞬時電力" in observer.payloads(METER_CONFIG)[1]


async def test_a_birth_message_keeps_the_pause_between_two_discovery_messages(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broute_addon.home_assistant.states.DISCOVERY_PAUSE_S", 0.6)
    house = House(broker, store_of(*reading_house()))
    loop = asyncio.get_running_loop()
    async with Observer(broker) as observer, house.publishing():
        await observer.until(lambda: bool(observer.payloads(METER_CONFIG)))
        first = loop.time()
        observer.publish(topics.HOME_ASSISTANT_STATUS, "online")
        await observer.until(lambda: len(observer.payloads(METER_CONFIG)) == 2)
        assert loop.time() - first > 0.5
        await observer.until(lambda: len(observer.payloads(POWER)) == 2)
    order = [seen.topic for seen in observer.seen]
    again = order.index(METER_CONFIG, order.index(METER_CONFIG) + 1)
    assert POWER in order[again:]


async def test_the_first_power_does_not_wait_for_the_next_discovery(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer tells that there is a T phase: discovery changes right after the first."""
    monkeypatch.setattr("broute_addon.home_assistant.states.DISCOVERY_PAUSE_S", 1.0)
    alone = replace(PROFILE, has_t_phase=False)
    house = House(broker, store_of(*reading_house(alone)[:2]))
    current_t = f"broute/{UID}/current_t"
    async with Observer(broker) as observer, house.publishing():
        await observer.until(lambda: bool(observer.payloads(METER_CONFIG)))
        house.store.apply(MeterIdentified(PROFILE))
        house.store.apply(readings())
        await observer.until(lambda: bool(observer.payloads(POWER) and observer.payloads(ENERGY)))
        assert len(observer.payloads(METER_CONFIG)) == 1
        await observer.until(lambda: bool(observer.payloads(current_t)))
    order = [seen.topic for seen in observer.seen]
    assert order.index(POWER) < order.index(METER_CONFIG, order.index(POWER))
    assert order.index(METER_CONFIG, order.index(POWER)) < order.index(current_t)


async def test_what_the_link_tells_is_sent_once_in_a_while_and_its_newest_value_is_never_lost(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broute_addon.home_assistant.states.LINK_PAUSE_S", 1.0)
    house = House(broker, store_of(*reading_house()))
    signal = f"broute/{UID}/signal_strength"
    async with Observer(broker) as observer, house.publishing():
        for dbm in (-70, -71, -72, -73):
            house.clock.advance(5)
            house.store.apply(readings(house.clock(), {"power": 500, "signal_strength": dbm}))
            await observer.until(lambda at=-dbm - 70: len(observer.payloads(POWER)) > at)  # type: ignore[misc]
        assert observer.payloads(signal) == ["-70"]
        await observer.until(lambda: len(observer.payloads(signal)) == 2)
    assert observer.payloads(signal) == ["-70", "-73"]


async def test_the_problem_of_the_broker_itself_is_never_told_at_the_broker(
    tmp_path: Path,
) -> None:
    broker = Broker(tmp_path)
    house = House(broker, store_of(*reading_house()))
    async with house.publishing():
        await until(lambda: house.publisher.problem is not None)
        assert house.store.snapshot.notices == (house.publisher.problem,)
        assert not house.store.snapshot.broker_is_up
        async with broker, Observer(broker) as observer:
            await observer.until(lambda: bool(observer.payloads(ENERGY)))
            await until(lambda: house.store.snapshot.broker_is_up)
            await until(lambda: not house.store.snapshot.notices)
        await until(lambda: not house.store.snapshot.broker_is_up)
    assert observer.payloads("broute/0badcafe/reason") == ["Everything works."]
    assert observer.payloads("broute/0badcafe/problem") == ["OFF"]


async def test_forgetting_clears_what_is_ours_and_nothing_of_another_installation(
    broker: Broker,
) -> None:
    async def source() -> BrokerAddress:
        return at_broker(broker)

    moved = "broute_feedfeed00"
    others = {
        "broute/0ddba115/status": "online",
        "homeassistant/device/broute_0ddba115/config": '{"device": {}}',
        f"homeassistant/device/{moved}/config": '{"device": {"via_device": "broute_0ddba115"}}',
        f"broute/{moved}/energy_bought": "1.0",
        "broute/0badcafe2/status": "online",
    }
    house = House(broker, store_of(*reading_house()))
    async with Observer(broker) as observer:
        for topic, payload in others.items():
            observer.publish(topic, payload, retain=True)
        async with house.publishing():
            await observer.until(lambda: bool(observer.payloads(f"broute/{UID}/energy_sold")))
    before = await retained(broker)
    assert METER_CONFIG in before
    cleared = await forget(
        MqttClient(source, client_id="broute_forget", will=None), ADD_ON.instance, (UID, moved)
    )
    assert await retained(broker) == others
    assert cleared == len(before) - len(others)


async def test_no_personal_number_reaches_the_broker(broker: Broker) -> None:
    async with Observer(broker) as observer, House(broker, store_of(*reading_house())).publishing():
        await observer.until(lambda: bool(observer.payloads(f"broute/{UID}/energy_sold")))
    everything = repr(observer.seen)
    assert SERIAL_NUMBER not in everything
    assert str(PROFILE.mac) not in everything


async def test_live_values_are_said_once_more_when_home_assistant_has_had_time_to_subscribe(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broute_addon.home_assistant.publisher.SUBSCRIBED_AFTER_S", 0.1)
    async with Observer(broker) as observer, House(broker, store_of(*reading_house())).publishing():
        await observer.until(lambda: len(observer.payloads(POWER)) == 2)
        await asyncio.sleep(0.3)
    assert len(observer.payloads(POWER)) == 2
    assert len(observer.payloads(ENERGY)) == 1
