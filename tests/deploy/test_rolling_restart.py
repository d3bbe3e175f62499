"""Each process of a deployment is replaced while the shop is in full use; nobody notices."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from src.platform.database import Database
from src.platform.embedded import EmbeddedServers
from src.platform.embedded.processes import wait_until
from tests.chaos.fleet import Fleet, Part
from tests.chaos.sinks import HookServer, MailServer
from tests.chaos.story import prepare
from tests.chaos.verdict import Verdict
from tests.deploy.balancer import Balancer
from tests.deploy.strict_load import StrictLoad

# Whatever else the machine has to do.
PATIENCE_S = 240
SEED = 20261122
# The balancer asks ten times a second.
STOP_DELAY_S = 1.0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_rolling_restart_of_apis_and_workers_fails_no_request_and_loses_no_job(
    tmp_path: Path, servers: EmbeddedServers, database: Database
) -> None:
    with MailServer() as mail, HookServer() as hook:
        variables = {
            "SMTP_URL": mail.url,
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "PUBLIC_URL": "http://shop.test",
            "WEB_CONCURRENCY": "1",
            "STOP_DELAY_S": str(STOP_DELAY_S),
        }
        with Fleet(tmp_path, variables, servers.addresses) as fleet, Balancer(fleet.addresses) as balancer:
            goods, people, feeder = prepare(fleet.addresses[0], fleet.variables, hook.url)
            assert wait_until(lambda: balancer.ready == set(fleet.addresses), timeout_s=PATIENCE_S)
            load = StrictLoad([balancer.address], feeder, goods, SEED)
            watchers = load.begin(people)
            try:
                for pair in (fleet.parts[:2], fleet.parts[2:]):  # an API and a worker
                    with ThreadPoolExecutor(len(pair)) as both:
                        list(both.map(Part.stop, pair))
                    for part in pair:
                        assert part.status == 0, (part.name, part.status)
                        part.tend()
                    assert wait_until(lambda: balancer.ready == set(fleet.addresses), timeout_s=PATIENCE_S)
                load.go_on()
            finally:
                load.stop()
            assert load.answered > 0
            verdict = Verdict(fleet.database_url, fleet.addresses)
            verdict.wait_for_rest()
            verdict.the_catalogue_is_as_acknowledged(goods)
            verdict.favourites_are_as_acknowledged(people)
            verdict.every_feed_is_the_reference(people)
            verdict.everybody_was_told(watchers, "webhook")
            for channel, sink in (("email", mail), ("webhook", hook)):
                _, repeated = verdict.every_message_arrived(channel, sink.received)
                assert repeated == 0, channel
