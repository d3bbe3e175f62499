"""The release before and this one side by side on the same stores, as they are while a deployment is upgraded."""

import os
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis

from src.platform.database import Database
from src.platform.embedded import EmbeddedServers
from src.platform.embedded.processes import wait_until
from src.platform.migrations import upgrade
from src.platform.settings import load_settings
from tests.acceptance.processes import HOST, unused_port
from tests.chaos.fleet import Part
from tests.chaos.sinks import HookServer, MailServer
from tests.chaos.story import prepare
from tests.chaos.verdict import Verdict
from tests.deploy.strict_load import StrictLoad
from tests.running import COMMAND, environment, is_ready

CHECKOUT = Path(__file__).resolve().parents[2]
BEFORE = "28f9f96a313ee0ac59be9432531a760b77441032"
# Whatever else the machine has to do.
PATIENCE_S = 240
SEED = 20261123


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The code of the release before."""
    archive = tmp_path / "before.tar"
    command = ["git", "-C", str(CHECKOUT), "archive", "--output", str(archive), BEFORE]
    try:
        taken = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        taken = False
    if not taken:
        pytest.skip(f"the release before, {BEFORE[:7]}, is not in this clone")
    folder = tmp_path / "before"
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.fixture
def stores(servers: EmbeddedServers, database: Database) -> Iterator[dict[str, str]]:
    """Stores with nothing in them, not even tables."""
    addresses = servers.addresses
    with Redis.from_url(addresses["REDIS_QUEUE_URL"]) as queue:
        queue.flushall()
    parts = urlsplit(addresses["DATABASE_URL"])
    with psycopg.connect(addresses["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE upgraded")
        yield {**addresses, "DATABASE_URL": parts._replace(path="/upgraded").geturl()}
        connection.execute("DROP DATABASE upgraded WITH (FORCE)")


class Release:
    """An API and a worker of one release."""

    def __init__(self, name: str, code: Path, variables: Mapping[str, str], folder: Path) -> None:
        self._code = code
        self._variables = {**variables, "PYTHONPATH": str(code), "LOG_LEVEL": "warning"}
        port = unused_port()
        self.address = f"http://{HOST}:{port}"
        commands = {"api": ["api", "--host", HOST, "--port", str(port)], "worker": ["worker"]}
        self._parts = [
            Part(f"{name} {command}", arguments, self._variables, folder / f"{name}-{command}.log")
            for command, arguments in commands.items()
        ]

    def run(self, *arguments: str) -> None:
        """Run one of its commands to the end."""
        subprocess.run([*COMMAND, *arguments], env={**environment(), **self._variables}, check=True, cwd=self._code)

    def start(self) -> None:
        """Return when both serve."""
        for part in self._parts:
            part.tend()
        assert wait_until(lambda: is_ready(self.address), timeout_s=PATIENCE_S), self.address

    def stop(self) -> None:
        """End both in order."""
        for part in self._parts:
            part.stop()
            assert part.status in (0, None), (part.name, part.status)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_upgrade_with_both_releases_in_use_fails_no_request_and_loses_nothing(
    tmp_path: Path, before: Path, stores: dict[str, str]
) -> None:
    with ExitStack() as held:
        mail, hook = held.enter_context(MailServer()), held.enter_context(HookServer())
        variables = {
            **stores,
            "SMTP_URL": mail.url,
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "PUBLIC_URL": "http://shop.test",
        }
        settings = load_settings({**os.environ, **variables})
        old = Release("old", before, variables, tmp_path)
        new = Release("new", CHECKOUT, variables, tmp_path)
        old.run("migrate")
        held.callback(new.stop)
        held.callback(old.stop)
        old.start()
        goods, people, feeder = prepare(old.address, variables, hook.url)
        load = StrictLoad([old.address], feeder, goods, SEED)
        watchers = load.begin(people)
        try:
            upgrade(settings, expand=True)
            load.go_on()
            new.start()
            load.addresses.append(new.address)
            load.go_on()
            load.leave(old.address)
            old.stop()
            upgrade(settings)
            load.go_on()
        finally:
            load.stop()
        assert load.answered > 0
        verdict = Verdict(stores["DATABASE_URL"], [new.address])
        verdict.wait_for_rest()
        verdict.the_catalogue_is_as_acknowledged(goods)
        verdict.favourites_are_as_acknowledged(people)
        verdict.every_feed_is_the_reference(people)
        verdict.everybody_was_told(watchers, "webhook")
        verdict.every_message_arrived("email", mail.received)
        verdict.every_message_arrived("webhook", hook.received)
