"""`forget`: clears what this installation keeps at the broker, before it is uninstalled."""

import argparse
import os
import sys
from pathlib import Path

import aiohttp

from broute_addon.cli.run import DEFAULT_SUPERVISOR, add_place_arguments
from broute_addon.cli.terminal import terminal_language
from broute_addon.errors import BRouteError
from broute_addon.home_assistant import forget as work
from broute_addon.home_assistant.broker_source import broker_source
from broute_addon.home_assistant.mqtt import MqttClient
from broute_addon.home_assistant.supervisor import Supervisor
from broute_addon.messages import message
from broute_addon.options import Options, OptionsFileError, load_options
from broute_addon.redaction import Redactor, Secret
from broute_addon.storage import STATE_FILE, Facts, StateDamagedError, stored_facts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options and data as `run` takes them."""
    add_place_arguments(parser)


async def forget(args: argparse.Namespace) -> int:
    """0 when nothing of ours is left at the broker, 1 when it can't be reached or what is ours
    isn't known, 78 for an unusable options file."""
    redactor = Redactor()
    try:
        facts = _facts(args.data)
        if facts is None:
            print(message("forget_nothing", path=args.data).text(terminal_language()))
            return 0
        options = load_options(args.options).options
        redactor.learn(*options.secrets)
        count = await _forget(facts, options, redactor)
    except BRouteError as error:
        print(redactor.redact(error.message.text(terminal_language())), file=sys.stderr)
        return 78 if isinstance(error, OptionsFileError) else 1
    done = message("forget_done", count=count, instance=facts.instance)
    print(done.text(terminal_language()))
    return 0


def _facts(folder: Path) -> Facts | None:
    """The names that were kept; nothing is written. Raises BRouteError when they aren't known."""
    path = folder / STATE_FILE
    try:
        return stored_facts(folder)
    except StateDamagedError as damaged:
        if damaged.instance is not None:
            return Facts(damaged.instance, damaged.uids)
        raise BRouteError(message("forget_impossible", path=path, reason="damaged")) from None
    except OSError as error:
        reason = error.strerror
        raise BRouteError(message("forget_impossible", path=path, reason=reason)) from None


async def _forget(facts: Facts, options: Options, redactor: Redactor) -> int:
    """The number of messages cleared. Raises HomeAssistantError."""
    token = os.environ.get("SUPERVISOR_TOKEN")
    async with aiohttp.ClientSession() as session:
        url = os.environ.get("SUPERVISOR_URL", DEFAULT_SUPERVISOR)
        supervisor = Supervisor(url, Secret(token), session) if token else None
        source = broker_source(lambda: options, supervisor, learn=redactor.learn)
        # Another client id than the add-on's, which may still run.
        mqtt = MqttClient(source, client_id=f"broute_{facts.instance}_forget", will=None)
        return await work.forget(mqtt, facts.instance, facts.meter_uids)
