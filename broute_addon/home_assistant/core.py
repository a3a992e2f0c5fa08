"""Home Assistant Core's REST API: its language, and notifications to the household.

Reached through the Supervisor's proxy (`http://supervisor/core/api`, the Supervisor's token) or,
stand-alone, directly (`HOME_ASSISTANT_URL` + `/api`, a long-lived token). The proxy answers 502
while Core is starting. All that goes wrong comes out as CoreError with one sentence.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from broute_addon.errors import HomeAssistantError
from broute_addon.home_assistant.supervisor import TIMEOUT, json_object, why
from broute_addon.messages import Language, message
from broute_addon.redaction import Secret


class CoreError(HomeAssistantError):
    """Core gave no usable answer."""


@dataclass(frozen=True, slots=True)
class CoreConfig:
    """What we want of `/config`; "" where it tells nothing."""

    language: str


class Core:
    """A client of Core's REST API. `base_url` ends before `/config`."""

    def __init__(self, base_url: str, token: Secret, session: aiohttp.ClientSession) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._session = session

    async def config(self) -> CoreConfig:
        """`GET /config`. Raises CoreError."""
        status, body = await self._request("GET", "/config")
        answer = json_object(body)
        if answer is None:
            raise CoreError(message("core_junk", status=status))
        return CoreConfig(language=str(answer.get("language") or ""))

    async def notify(self, notification_id: str, title: str, text: str) -> None:
        """Shows a notification, or replaces the one with this id. Markdown. Raises CoreError."""
        body = {"notification_id": notification_id, "title": title, "message": text}
        await self._request("POST", "/services/persistent_notification/create", body)

    async def dismiss(self, notification_id: str) -> None:
        """Takes a notification away; one that isn't there is no error. Raises CoreError."""
        body = {"notification_id": notification_id}
        await self._request("POST", "/services/persistent_notification/dismiss", body)

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        try:
            async with self._session.request(
                method, self._base_url + path, headers=headers, data=data, timeout=TIMEOUT
            ) as response:
                return _accepted(response.status), await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # `from None`: the original carries the request, and with it the token.
            raise CoreError(message("core_unreachable", reason=why(error))) from None


def _accepted(status: int) -> int:
    if status in (401, 403):
        raise CoreError(message("core_denied", status=status))
    if status >= 500:
        raise CoreError(message("core_unreachable", reason=f"HTTP {status}"))
    if status >= 300:
        raise CoreError(message("core_junk", status=status))
    return status


def language_of(option: str, core_language: str | None) -> Language:
    """The language in force: the option `language`, or Home Assistant's for `auto`.

    English while Home Assistant's isn't known, and for every language that isn't Japanese.
    """
    chosen = (core_language or "en") if option == "auto" else option
    return Language.JA if chosen.lower().split("-")[0] == "ja" else Language.EN
