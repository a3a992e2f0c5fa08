"""What a probe asks and what it finds, whatever the language."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from broute_addon.wisun.dialect import Dialect
from broute_addon.wisun.values import MacAddress


@dataclass(frozen=True, slots=True)
class Step:
    """Write `send`, then listen `wait_s`, shorter once `until` is true of it or after `quiet_s`
    without a byte."""

    send: bytes = b""
    wait_s: float = 1.0
    until: Callable[[bytes], object] | None = None
    quiet_s: float | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a thorough probe also reads; None where the stick doesn't say."""

    app_version: str | None = None
    uart: int | None = None
    shows_signal: bool | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A stick, and the dialect to speak to it. `channel` and `pan_id` are those it is tuned to.

    `hex_payload` is None where payloads have one form only.
    """

    dialect: Dialect
    firmware: str
    mac: MacAddress | None
    channel: int | None
    pan_id: int | None
    hex_payload: bool | None
    settings: Settings


Probe = Generator[Step, bytes, Found | None]
