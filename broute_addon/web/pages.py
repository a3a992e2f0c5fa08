"""The page itself and the files that belong to it."""

import html
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable

from aiohttp import web

from broute_addon.messages import Language
from broute_addon.messages.page_labels import LABELS

_KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    "": "text/plain",
}
_CHARTS = "vendor/uPlot.iife.min.js"


def page(language: Language) -> web.Response:
    """The page in a language. `{{charts}}` becomes "yes" where the charts are installed."""
    text = (_static() / "index.html").read_text("utf-8")
    charts = "yes" if (_static() / _CHARTS).is_file() else "no"
    words = {"language": language.value, "charts": charts, **labels(language)}
    for key, word in words.items():
        text = text.replace(f"{{{{{key}}}}}", html.escape(word))
    return web.Response(text=text, content_type="text/html", charset="utf-8")


def labels(language: Language) -> Mapping[str, str]:
    """The page's own words."""
    return {key: pair[language is Language.JA] for key, pair in LABELS.items()}


def file(name: str) -> web.Response:
    """One of the page's files; `name` is relative and may lie in `vendor`."""
    found = _static()
    for part in name.split("/"):
        if part in ("", ".", "..") or "\\" in part:
            raise web.HTTPNotFound(text="no such file\n")
        found = found / part
    kind = _KINDS.get("." + name.rpartition(".")[2] if "." in name else "")
    if kind is None or not found.is_file():
        raise web.HTTPNotFound(text="no such file\n")
    return web.Response(body=found.read_bytes(), content_type=kind, charset="utf-8")


def _static() -> Traversable:
    return resources.files("broute_addon.web") / "static"
