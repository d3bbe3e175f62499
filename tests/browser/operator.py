"""An operator at a browser: signs in, presses buttons, answers dialogs, and has every complaint of the browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, expect

COOKIE = "wishkeep_ops"
COMPLAINTS = frozenset({"error", "warning"})
PATIENCE_MS = 20_000
THOUSANDS = "\N{NARROW NO-BREAK SPACE}"


class Visit:
    """A page of the operators' in a browser profile of its own."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @classmethod
    @asynccontextmanager
    async def begun(cls, browser: Browser, address: str, session: str, **options: Any) -> AsyncIterator["Visit"]:
        """A visit of somebody who has signed in already; it ends with a look at the console."""
        context = await browser.new_context(**options)
        await context.add_cookies([{"name": COOKIE, "value": session, "url": f"{address}/ops/"}])
        visit = cls(await context.new_page(), address)
        try:
            await visit.page.goto(f"{address}/ops/")
            if options.get("java_script_enabled", True):
                await visit.see_live()
            yield visit
            assert visit.complaints == []
        finally:
            await context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in COMPLAINTS:
            self.complaints.append(message.text)

    async def sign_in(self, token: str) -> None:
        """Fill in the form."""
        await self.page.get_by_label("Access token").fill(token)
        await self.page.get_by_role("button", name="Sign in").click()

    async def see_live(self) -> None:
        """Wait until the numbers are live."""
        await expect(self.page.locator("#live")).to_contain_text("live")
        await expect(self.page.locator("#live.ok")).to_be_visible()

    async def act(self, button: str, answer: str) -> None:
        """Press a button, and in the dialog that opens another."""
        await self.page.get_by_role("button", name=button).click()
        await self.page.get_by_role("dialog").get_by_role("button", name=answer, exact=True).click()

    async def hears(self, text: str) -> None:
        """Wait until the page says so."""
        await expect(self.page.locator("#said")).to_contain_text(text)

    async def number_from(self, least: int, row: str, column: str) -> int:
        """A number of a table, as soon as it is so large."""
        place = self.page.locator(f"#{row} [data-label='{column}']")
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while True:
                told = (await place.inner_text()).replace(THOUSANDS, "")
                if told.isdecimal() and int(told) >= least:  # It may be unknown for a moment.
                    return int(told)
                await self.page.wait_for_timeout(100)
