"""A visitor's browser: which machine, which theme, and what it complains about."""

import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, expect

from broute_addon.messages import Language
from broute_addon.messages.page_labels import LABELS
from tests.support.repository import ROOT

CHROMIUM = shutil.which("chromium")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SECTIONS = ("overview", "history", "radio", "devices", "events")


@dataclass(frozen=True)
class Machine:
    """What the visitor looks at the page with."""

    width: int = 1280
    height: int = 900
    theme: Literal["light", "dark"] = "light"
    is_phone: bool = False


DESKTOP, DESKTOP_DARK = Machine(), Machine(theme="dark")
PHONE = Machine(390, 844, is_phone=True)
PHONE_DARK = Machine(390, 844, theme="dark", is_phone=True)


def why_unavailable() -> str | None:
    """Why no browser test can run here, if so."""
    if CHROMIUM is None:
        return "chromium is not installed"
    if not AXE.exists():
        return "axe-core is not installed (npm)"
    return None


@dataclass
class Visit:
    """An open page. `faults` are errors that the browser met; none are allowed."""

    page: Page
    url: str
    language: Language
    faults: list[str] = field(default_factory=list)

    def words(self, key: str, **fields: object) -> str:
        """A label in the visitor's language."""
        return LABELS[key][self.language is Language.JA].format_map(fields)

    async def open(self, section: str) -> None:
        """Goes to a section by its tab."""
        await self.page.locator(f'#tabs a[data-view="{section}"]').click()
        await expect(self.page.locator(f".view.{section}")).to_be_visible()

    async def sees(self, text: str | re.Pattern[str], seconds: float = 10) -> None:
        """Waits until a text is to be seen on the page. Raises AssertionError."""
        found = self.page.get_by_text(text).filter(visible=True).first
        await expect(found).to_be_visible(timeout=seconds * 1000)

    async def serious_faults(self) -> list[str]:
        """What axe finds serious or critical."""
        # By the debugger's protocol, which the page's policy on scripts doesn't bind.
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Runtime.evaluate", {"expression": AXE.read_text("utf-8")})
        await session.detach()
        result: dict[str, Any] = await self.page.evaluate(
            "axe.run(document, {resultTypes: ['violations']})"
        )
        return [
            f"{violation['id']}: {node['html']} {node['failureSummary']}"
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width


@contextlib.asynccontextmanager
async def visit(
    browser: Browser,
    url: str,
    language: Language = Language.EN,
    machine: Machine = DESKTOP,
    *,
    may_fail: bool = False,
    fragment: str = "",
) -> AsyncIterator[Visit]:
    """Opens the page and, at the end, holds it to have met no error and asked nobody else.

    `may_fail`: the product goes away meanwhile, so that requests may fail.
    """
    context = await browser.new_context(
        viewport={"width": machine.width, "height": machine.height},
        color_scheme=machine.theme,
        is_mobile=machine.is_phone,
        has_touch=machine.is_phone,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    visited = Visit(page, url, language)
    origin = url.split("/api/", maxsplit=1)[0]
    _watch(page, origin, visited.faults)
    try:
        await page.goto(url + fragment)
        await expect(page.locator(".view").filter(visible=True).first).to_be_visible()
        yield visited
        if not may_fail:
            assert visited.faults == []
    finally:
        await context.close()


def _watch(page: Page, origin: str, faults: list[str]) -> None:
    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(f"console: {message.text}")

    def asked(request: Request) -> None:
        if not request.url.startswith((origin, "blob:", "data:")):
            faults.append(f"another origin: {request.url}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            faults.append(f"{response.status}: {response.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("request", asked)
    page.on("response", answered)
