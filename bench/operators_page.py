"""`python -m bench.operators_page ADDRESS TOKEN`: a first view of the operators' page, its weight and time.

ADDRESS is that of a running service, TOKEN has scope `ops`. The time is from the request for the page to the first
numbers that came over its stream.
"""

import argparse
import asyncio
import shutil
from statistics import median

from playwright.async_api import Browser, async_playwright

VIEWS = 5
WEIGHT = """
performance.getEntries().filter(entry => entry.transferSize !== undefined)
    .map(entry => [new URL(entry.name).pathname, entry.transferSize, entry.decodedBodySize])
"""
# The clock of the page begins with its request.
LIVE = """
new Promise(resolve => {
    const look = () => document.querySelector("#live.ok") ? resolve(performance.now()) : setTimeout(look, 5);
    look();
})
"""


async def main() -> None:
    """Print weight and times of some first views, each in a browser profile of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("token")
    asked = parser.parse_args()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        views = [await _view(browser, asked.address, asked.token) for _ in range(VIEWS)]
        await browser.close()
    files = views[0][1]
    for name, travelled, size in sorted(files, key=lambda file: -file[1]):
        print(f"{travelled / 1000:8.1f} KB travelled {size / 1000:8.1f} KB in all  {name}")
    print(f"{sum(file[1] for file in files) / 1000:8.1f} KB travelled")
    print(f"{median(time for time, _ in views):8.0f} ms to live numbers, the median of {VIEWS} first views")


async def _view(browser: Browser, address: str, token: str) -> tuple[float, list[tuple[str, int, int]]]:
    """How long it took until the numbers were live, and the files that were loaded."""
    signing_in = await browser.new_context()
    page = await signing_in.new_page()
    await page.goto(f"{address}/ops/login")
    await page.get_by_label("Access token").fill(token)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{address}/ops/")
    # The cookie without the cache: what the login page has loaded already is part of a first view.
    context = await browser.new_context(storage_state=await signing_in.storage_state())
    page = await context.new_page()
    await page.goto(f"{address}/ops/", wait_until="commit")
    taken_ms: float = await page.evaluate(LIVE)
    files = [(name, travelled, size) for name, travelled, size in await page.evaluate(WEIGHT)]
    await signing_in.close()
    await context.close()
    return taken_ms, files


if __name__ == "__main__":
    asyncio.run(main())
