"""A publisher as a process of its own, to be killed: PORT."""

import asyncio
import sys

from broute_addon.home_assistant.discovery import AddOn
from broute_addon.home_assistant.mqtt import BrokerAddress, MqttClient
from broute_addon.home_assistant.publisher import MqttPublisher
from broute_addon.home_assistant.states import last_will
from broute_addon.messages import Language
from tests.support.houses import reading_house, store_of


async def publish(port: int) -> None:
    """Runs until the process is killed."""

    async def source() -> BrokerAddress:
        return BrokerAddress("127.0.0.1", port)

    await MqttPublisher(
        store_of(*reading_house()),
        MqttClient(source, client_id="broute_0badcafe", will=last_will("0badcafe")),
        AddOn("0badcafe", "0.1.0"),
        language=lambda: Language.EN,
        on_command=lambda _: None,
    ).run()


if __name__ == "__main__":
    asyncio.run(publish(int(sys.argv[1])))
