"""How every answer leaves: as redacted JSON, with strict headers."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from broute_addon.redaction import Redactor

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@web.middleware
async def with_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Puts the headers on whatever is answered, refusals included."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(HEADERS)
        raise
    if not response.prepared:
        response.headers.update(HEADERS)
    return response


def json_answer(document: object, redactor: Redactor, filename: str | None = None) -> web.Response:
    """A JSON answer; a download where it has a file name."""
    headers = {} if filename is None else download(filename)
    text = json_text(document, redactor, indent=None if filename is None else 1)
    return web.Response(text=text, content_type="application/json", headers=headers)


def json_text(document: object, redactor: Redactor, indent: int | None = None) -> str:
    """JSON, redacted value by value so that it stays JSON."""
    return json.dumps(_redacted(document, redactor), ensure_ascii=False, indent=indent)


def download(filename: str) -> dict[str, str]:
    """The header that makes the browser save what it gets."""
    return {"Content-Disposition": f'attachment; filename="{filename}"'}


def _redacted(value: Any, redactor: Redactor) -> Any:  # noqa: ANN401 - JSON's edge
    match value:
        case str():
            return redactor.redact(value)
        case dict():
            return {key: _redacted(each, redactor) for key, each in value.items()}
        case list() | tuple():
            return [_redacted(each, redactor) for each in value]
        case _:
            return value
