"""A shop that is used while its parts are killed, and the verdict when it has come to rest."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from src.modules.identity import issue_token
from src.platform.database import Database
from src.platform.settings import load_settings
from tests.chaos.fleet import Fleet
from tests.chaos.load import FIRST_PRICE, INTEGRATION, Goods, Load, Shopper
from tests.chaos.sinks import HookServer, MailServer
from tests.chaos.verdict import Verdict

PRODUCTS, WATCHERS, BUSY = 16, 8, 8
LEAST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.2
# Now and then all of it is let come back, so that work gets done between the blows.
BLOWS_IN_A_ROW = 8


@dataclass
class Told:
    """What happened and what came of it."""

    harms: Counter[str]
    acknowledged: int = 0
    looked: int = 0
    updates: int = 0
    mails: tuple[int, int] = (0, 0)
    hooks: tuple[int, int] = (0, 0)


def run(
    folder: Path, kills: int, seed: int, say: Callable[[str], object] = lambda _: None, *, hurried: bool = False
) -> Told:
    """Harm the deployment `kills` times at random moments; raises AssertionError for whatever is not as it must be.

    A `hurried` run does not wait until the claims of killed workers run out by themselves.
    """
    chance = random.Random(seed)
    told = Told(Counter())
    with MailServer() as mail, HookServer() as hook:
        variables = {"SMTP_URL": mail.url, "WEBHOOK_ALLOW_PRIVATE": "true", "PUBLIC_URL": "http://shop.test"}
        with Fleet(folder, variables) as fleet:
            goods, people, feeder = prepare(fleet.addresses[0], fleet.variables, hook.url)
            watchers, busy = people[:WATCHERS], people[WATCHERS:]
            load = Load(fleet.addresses, feeder, goods, seed)
            for watcher in watchers:
                for product in goods:
                    load.add(chance, watcher, product)
            load.start(watchers, busy)
            try:
                for number in range(1, kills + 1):
                    _tend_for(fleet, chance.uniform(LEAST_PAUSE_S, LONGEST_PAUSE_S))
                    told.harms[fleet.harm(chance)] += 1
                    if number % BLOWS_IN_A_ROW == 0:
                        fleet.wait_until_well()
                        say(f"{number} of {kills} blows, {load.acknowledged} writes, {load.looked} looks")
                fleet.wait_until_well()
                _tend_for(fleet, LONGEST_PAUSE_S)
            finally:
                load.stop()
            told.acknowledged, told.looked = load.acknowledged, load.looked
            verdict = Verdict(fleet.database_url, fleet.addresses)
            if hurried:
                verdict.end_claims()
                load.change_a_price(chance, goods[0])
            verdict.wait_for_rest()
            verdict.the_catalogue_is_as_acknowledged(goods)
            verdict.favourites_are_as_acknowledged(people)
            told.updates = verdict.every_feed_is_the_reference(people)
            for channel in ("email", "webhook"):
                verdict.everybody_was_told(watchers, channel)
            told.mails = verdict.every_message_arrived("email", mail.received)
            told.hooks = verdict.every_message_arrived("webhook", hook.received)
    return told


def _tend_for(fleet: Fleet, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        fleet.tend()
        time.sleep(0.05)


def prepare(address: str, variables: Mapping[str, str], hook_url: str) -> tuple[list[Goods], list[Shopper], str]:
    """A catalogue, shoppers who may be written to, and an endpoint for webhooks; the catalogue team's token last."""
    people = [f"shopper{number}@example.com" for number in range(WATCHERS + BUSY)]
    scopes = {**dict.fromkeys(people, "storefront"), "feeder@example.com": "integration", "ops@example.com": "ops"}
    tokens = asyncio.run(_tokens(variables, scopes))
    numbers = range(1, PRODUCTS + 1)
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:

        def post(path: str, token: str, body: Any) -> None:
            answer = client.post(path, json=body, headers={"Authorization": f"Token {tokens[token]}"})
            answer.raise_for_status()

        for resource, rows in {
            "products/products": [{"id": n, "sku": f"C-{n}", "name": f"Thing {n}"} for n in numbers],
            "catalogs/product-prices": [{"product": n, "price": str(FIRST_PRICE)} for n in numbers],
            "catalogs/product-stocks": [{"product": n, "stock": 5} for n in numbers],
        }.items():
            post(f"{INTEGRATION}/{resource}", "feeder@example.com", rows)
        post("/api/v1/webhooks", "ops@example.com", {"url": hook_url})
        # As many messages as there are changes, so that nothing waits for tomorrow.
        for name in ("MESSAGES_PER_DAY",):
            client.put(
                f"/api/v1/settings/{name}",
                json={"value": 0},
                headers={"Authorization": f"Token {tokens['ops@example.com']}"},
            ).raise_for_status()
    with psycopg.connect(variables["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("UPDATE users SET email_allowed = true")
        uuids: dict[int, str] = dict(connection.execute("SELECT id, uuid::text FROM product").fetchall())
        ids: dict[str, int] = dict(connection.execute("SELECT email, id FROM users").fetchall())
    goods = [Goods(number, uuids[number]) for number in numbers]
    return goods, [Shopper(ids[email], tokens[email]) for email in people], tokens["feeder@example.com"]


async def _tokens(variables: Mapping[str, str], scopes: dict[str, str]) -> dict[str, str]:
    settings = load_settings({**os.environ, **variables})
    database = Database(settings, application="wishkeep-tests")
    await database.open()
    try:
        return {email: await issue_token(database, email=email, scopes=(scope,)) for email, scope in scopes.items()}
    finally:
        await database.close()
