"""A browser, and one running service with a worker that all tests of the page share."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import httpx
import pytest
from playwright.async_api import Browser, async_playwright

from src.commands.tokens import issue_tokens
from src.platform.embedded import EmbeddedServers
from src.platform.embedded.processes import wait_until
from src.platform.jobs import Queue
from src.platform.settings import Settings
from tests.acceptance.processes import HOST, unused_port
from tests.browser.operator import COOKIE, Visit
from tests.conftest import Broom
from tests.running import COMMAND, PATIENCE_S, environment, is_ready

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "no Chromium is installed (Debian: chromium)"


class Site(NamedTuple):
    """The running service and who may look at it."""

    address: str
    session: str
    operator: str
    shopper: str
    settings: Settings


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; without one these tests are skipped, except where they must run."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    return found or pytest.skip(MISSING)


@pytest.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser without windows."""
    async with async_playwright() as playwright:
        # What runs as root has no sandbox; it only ever opens pages of our own.
        started = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture(scope="module")
def processes(servers: EmbeddedServers, settings: Settings) -> Iterator[str]:
    """The address of an API process beside a worker."""
    port = unused_port()
    given = {**environment(), **servers.addresses, "LOG_LEVEL": "error", "METRICS_PUBLIC": "true"}
    address = f"http://{HOST}:{port}"
    with ExitStack() as held:
        for words in (["api", "--host", HOST, "--port", str(port)], ["worker"]):
            started = subprocess.Popen([*COMMAND, *words], env=given)
            held.callback(started.wait, PATIENCE_S)
            held.callback(started.terminate)
        wait_until(lambda: is_ready(address), timeout_s=PATIENCE_S)
        yield address


@pytest.fixture(scope="module")
async def site(broom: Broom, settings: Settings, processes: str) -> Site:
    """The service with nothing in it but an operator and a shopper."""
    await broom.sweep()
    operator, shopper = await issue_tokens(
        settings, {"operator@shop.test": ["ops"], "shopper@shop.test": ["storefront"]}
    )
    async with httpx.AsyncClient(base_url=processes, trust_env=False) as client:
        signed_in = await client.post("/ops/login", data={"token": operator}, headers={"Origin": processes})
    return Site(processes, signed_in.cookies[COOKIE], operator, shopper, settings)


@pytest.fixture
async def visit(browser: Browser, site: Site) -> AsyncIterator[Visit]:
    """An operator who is signed in and looks at the page; nothing may be in the browser's console at the end."""
    async with Visit.begun(browser, site.address, site.session) as begun:
        yield begun


@pytest.fixture
async def queue(site: Site) -> AsyncIterator[Queue]:
    """The queue of the service's worker."""
    opened = Queue(site.settings)
    yield opened
    await opened.close()
