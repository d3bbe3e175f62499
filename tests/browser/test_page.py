"""The operators' page in a real browser: it shows what happens, and what is pressed happens."""

import asyncio
from typing import Any, Literal, TypeAlias

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from src.modules.operations import GivenUp, bury
from src.platform.database import Database
from src.platform.jobs import Queue
from tests.browser.conftest import Site
from tests.browser.operator import Visit

HOSTILE = "</summary><script>document.title='taken'</script><img src=x onerror=alert(1)>"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1440, "height": 900}
Colours: TypeAlias = Literal["light", "dark"]


async def give_up(site: Site, job: str, error: str) -> None:
    """Let a job be one that was given up."""
    database = Database(site.settings, application="tests")
    await database.open()
    try:
        await bury(database, GivenUp(job, "1", {}, error, 5))
    finally:
        await database.close()


async def test_signing_in_refuses_a_wrong_token_and_one_that_may_not_operate(browser: Browser, site: Site) -> None:
    async with await browser.new_context() as context:
        visit = Visit(await context.new_page(), site.address)
        await visit.page.goto(f"{site.address}/ops/")
        for token, fault in (("wrong", "no token of this service"), (site.shopper, "not the scope ops")):
            await visit.sign_in(token)
            await expect(visit.page.get_by_role("alert")).to_contain_text(fault)
        await visit.sign_in(site.operator)
        await visit.see_live()
        await visit.page.get_by_role("button", name="Sign out").click()
        await visit.page.goto(f"{site.address}/ops/")
        await expect(visit.page.get_by_label("Access token")).to_be_visible()


async def test_a_backlog_grows_while_a_queue_is_paused_and_drains_after_it_goes_on(visit: Visit, queue: Queue) -> None:
    page = visit.page
    await visit.act("Pause… the queue deliveries", "Pause")
    await visit.hears("The queue deliveries is paused.")
    await expect(page.locator("#queue-deliveries")).to_contain_text("paused")
    await expect(page.locator("#verdict-2")).to_contain_text("The queue deliveries is paused")
    await asyncio.sleep(1)  # A worker looks once a second whether it shall go on.
    for part in range(1, 3):
        for number in range(20):
            await queue.enqueue("notifications.deliver", key=f"{part}-{number}", channel="push")
        # Once a minute the schedule adds some of its own.
        assert 20 * part <= await visit.number_from(20 * part, "queue-deliveries", "Waiting") < 20 * part + 15
    await visit.act("Resume… the queue deliveries", "Resume")
    await visit.hears("The queue deliveries goes on.")
    await expect(page.locator("#queue-deliveries [data-label='Waiting']")).to_have_text("0")
    await expect(page.locator("#queue-deliveries")).to_contain_text("running")
    await expect(page.locator("#audit")).to_contain_text("/ops/actions/resume")
    await expect(page.locator("#audit")).to_contain_text("operator@shop.test")


async def test_a_dead_letter_is_shown_retried_and_another_dropped(visit: Visit, site: Site) -> None:
    page = visit.page
    await give_up(site, "baskets.expire_forgotten", "the server was away")
    await give_up(site, HOSTILE, f"ValueError: {HOSTILE}")
    letters = page.locator("#letters tbody tr")
    await expect(letters).to_have_count(2)
    await expect(letters.first).to_contain_text(HOSTILE)
    assert "taken" not in await page.title()
    mine = letters.filter(has_text="baskets.expire_forgotten")
    await mine.get_by_role("button", name="Retry…").click()
    await expect(page.get_by_role("dialog")).to_contain_text(
        "The job baskets.expire_forgotten is put into the queue upkeep once"
    )
    await page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    await visit.hears("The job is in its queue again.")
    await expect(letters).to_have_count(1)
    await letters.first.get_by_role("button", name="Drop…").click()
    await page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    await expect(letters).to_have_count(1)
    await visit.act("Drop all…", "Drop all")
    await visit.hears("1 dead letters are gone.")
    await expect(page.locator("#letters")).to_contain_text("There are none.")


async def test_a_setting_is_changed_and_a_value_that_does_not_fit_is_told(visit: Visit) -> None:
    page = visit.page
    currency = page.locator("#s-DEFAULT_CURRENCY")
    await currency.fill("usd")
    await visit.act("Change… DEFAULT_CURRENCY", "Change")
    await visit.hears("DEFAULT_CURRENCY is usd.")
    mine = page.locator("form").filter(has=currency)
    await expect(mine).to_contain_text("set 2")
    # The browser would not send what it can see is wrong; whoever comes past it is told by the server.
    await mine.evaluate("form => form.noValidate = true")
    await currency.fill("DOLLAR")
    await page.get_by_role("button", name="Change… DEFAULT_CURRENCY").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("[a-z]{3}")
    visit.complaints.clear()
    await page.get_by_role("dialog").get_by_label("New value").fill("try")
    await page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("dialog")).to_contain_text("DEFAULT_CURRENCY is usd now and becomes try")
    await page.get_by_role("dialog").get_by_role("button", name="Change").click()
    await visit.hears("DEFAULT_CURRENCY is try.")


async def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit.page
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Pause… the queue feed")
    await page.keyboard.press("Tab")
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Pause the queue feed?")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(button).to_be_focused()
    # Updates come and go and leave the focus where it is.
    before = await page.locator("#live time").inner_text()
    await expect(page.locator("#live time")).not_to_have_text(before)
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Pause")).to_be_focused()
    await page.keyboard.press("Enter")
    resume = page.get_by_role("button", name="Resume… the queue feed")
    await expect(resume).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Resume the queue feed?")).to_be_visible()
    await page.keyboard.press("Enter")
    await visit.hears("The queue feed goes on.")


async def test_everything_works_without_scripts(browser: Browser, site: Site) -> None:
    async with Visit.begun(browser, site.address, site.session, java_script_enabled=False) as visit:
        page = visit.page
        await page.get_by_role("button", name="Day", exact=True).click()
        await expect(page.get_by_role("button", name="Day", exact=True)).to_have_attribute("aria-pressed", "true")
        await page.get_by_role("button", name="Pause… the queue upkeep").click()
        await expect(page.get_by_role("heading")).to_have_text("Pause the queue upkeep?")
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_text("The queue upkeep is paused.")).to_be_visible()
        await page.get_by_role("link", name="Back to the overview").click()
        await page.get_by_role("button", name="Resume… the queue upkeep").click()
        await page.get_by_role("button", name="Resume").click()
        await expect(page.get_by_text("The queue upkeep goes on.")).to_be_visible()


async def test_a_page_whose_session_ends_goes_to_the_login(visit: Visit, site: Site) -> None:
    headers = {"Authorization": f"Token {site.operator}"}
    async with httpx.AsyncClient(base_url=site.address, headers=headers, trust_env=False) as client:
        told = (await client.post("/api/v1/tokens", json={"email": "leaver@shop.test", "scopes": ["ops"]})).json()
        # Not by signing out: the session is that of all these tests.
        await visit.page.context.clear_cookies()
        await visit.page.goto(f"{site.address}/ops/")
        await visit.sign_in(told["token"])
        await visit.see_live()
        tokens = (await client.get("/api/v1/tokens", params={"email": "leaver@shop.test"})).json()["results"]
        assert (await client.delete(f"/api/v1/tokens/{tokens[0]['id']}")).status_code == 204
    await expect(visit.page.get_by_label("Access token")).to_be_visible()
    visit.complaints.clear()  # The browser tells of the answers that said so.


@pytest.mark.parametrize(("colours", "size"), [("light", PHONE), ("dark", DESK)], ids=["light phone", "dark desk"])
async def test_nothing_keeps_anybody_out(browser: Browser, site: Site, colours: Colours, size: ViewportSize) -> None:
    await give_up(site, "baskets.expire_forgotten", "the server was away")
    async with Visit.begun(browser, site.address, site.session, color_scheme=colours, viewport=size) as visit:
        page = visit.page
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        for opened in ("#jobs", "#letters tbody details", "#chart-depth details"):
            await page.locator(opened).first.locator("summary").click()
        faults = await serious_faults(page)
        await page.get_by_role("button", name="Drop all…").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        faults += await serious_faults(page)
        await page.context.clear_cookies()
        await page.goto(f"{site.address}/ops/")
        await expect(page.get_by_label("Access token")).to_be_visible()
        assert faults + await serious_faults(page) == []


async def serious_faults(page: Page) -> list[Any]:
    """What axe finds that would keep somebody from using the page."""
    found = (await Axe().run(page)).response["violations"]
    return [
        (fault["id"], [node["html"] for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
