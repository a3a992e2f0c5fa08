"""`forget`: clears what this installation keeps at the broker, before it is uninstalled."""

import argparse
import os
import sys

import aiohttp

from broute_addon.cli.run import DEFAULT_SUPERVISOR, add_place_arguments
from broute_addon.errors import HomeAssistantError
from broute_addon.home_assistant import forget as work
from broute_addon.home_assistant.broker_source import broker_source
from broute_addon.home_assistant.mqtt import MqttClient
from broute_addon.home_assistant.supervisor import Supervisor
from broute_addon.messages import Message, message
from broute_addon.options import OptionsFileError, load_options
from broute_addon.redaction import Redactor, Secret
from broute_addon.storage import Storage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options and data as `run` takes them."""
    add_place_arguments(parser)


async def forget(args: argparse.Namespace) -> int:
    """0 when nothing of ours is left at the broker, 1 when it can't be reached, 78 for an
    unusable options file."""
    if not (args.data / "state.json").exists():
        print(message("forget_nothing", path=args.data))
        return 0
    try:
        options = load_options(args.options).options
    except OptionsFileError as error:
        _complain(error.message)
        return 78
    storage = Storage(args.data)
    token = os.environ.get("SUPERVISOR_TOKEN")
    redactor = Redactor(options.secrets)
    async with aiohttp.ClientSession() as session:
        url = os.environ.get("SUPERVISOR_URL", DEFAULT_SUPERVISOR)
        supervisor = Supervisor(url, Secret(token), session) if token else None
        source = broker_source(lambda: options, supervisor, learn=redactor.learn)
        # Another client id than the add-on's, which may still run.
        mqtt = MqttClient(source, client_id=f"broute_{storage.instance}_forget", will=None)
        try:
            count = await work.forget(mqtt, storage.instance, storage.meter_uids)
        except HomeAssistantError as error:
            _complain(error.message)
            return 1
    print(message("forget_done", count=count, instance=storage.instance))
    return 0


def _complain(told: Message) -> None:
    print(told, file=sys.stderr)
