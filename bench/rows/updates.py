"""The feed of shoppers with twenty favourites or some more, of which about five have changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import msgspec
import psycopg

from bench.load import Slice, request
from bench.measure import READ_FLOOR, Bench, Rate, Row
from bench.report import Result, Target
from bench.seed import Seed

UPDATES = "/storefront/favorites/updates"
_VARIETY = 10_000  # prebuilt requests that a row goes round and round
_OF_WANTED = 5  # one in so many products gets cheaper
# As an import does it, in one statement; a second run changes prices once more.
_CHEAPER = """
WITH lowered AS (
    UPDATE product_price AS priced SET price = round(priced.price * 0.9, 2)
    WHERE priced.product_id = ANY(%s)
    RETURNING priced.product_id, priced.price_list_id, priced.currency_type, old.price AS before, new.price AS now
), logged AS (
    INSERT INTO catalogue_change (product_id, kind, price_list_id, currency_type, old_price, new_price)
    SELECT product_id, 'price', price_list_id, currency_type, before, now FROM lowered
)
UPDATE product_state SET version = version + 1 WHERE product_id IN (SELECT product_id FROM lowered)
"""
_MOVE = "UPDATE favourite_summary SET version = version + 1 WHERE user_id = ANY(%s)"


def _rounds(seed: Seed) -> Iterator[bytes]:
    """Every reader once, again and again."""
    return cycle([request("GET", UPDATES, token=reader.token) for reader in seed.readers])


def _looks(seed: Seed) -> Iterator[bytes]:
    """Every reader once, so that the warm-up has met them all, then whoever comes."""
    chosen = [*seed.readers, *seed.randomness("updates").choices(seed.readers, k=_VARIETY - len(seed.readers))]
    return cycle([request("GET", UPDATES, token=reader.token) for reader in chosen])


def _has_updates(body: bytes) -> bool:
    """Some prices that changed, each with what it was before."""
    told = msgspec.json.decode(body)["data"]
    changes = [element["price_change"] for element in told["price_changed"]]
    return told["summary"]["total_updates"] == len(changes) > 0 and all(
        change["new_price"] < change["old_price"] == change["lowest_price_30d"] for change in changes
    )


@dataclass(frozen=True)
class Feed(Rate):
    """Looks at feeds after a part of the catalogue became cheaper."""

    async def measure(self, bench: Bench) -> Result:
        """First the prices fall, once."""
        cheaper = bench.seed.wanted[::_OF_WANTED]
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            await connection.execute(_CHEAPER, (cheaper,))
            await connection.execute("ANALYZE catalogue_change")
        return await super().measure(bench)


class ColdFeed(Rate):
    """Looks at feeds that have all moved since they were last looked at; moving them is not measured."""

    async def slice(self, bench: Bench, requests: Iterator[bytes]) -> Slice:
        """One look at each feed, or as many as there is time for."""
        readers = [reader.id for reader in bench.seed.readers]
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            await connection.execute(_MOVE, (readers,))
        return await super().slice(bench, islice(requests, len(readers)))


ROWS: list[Row] = [
    Feed("updates-get-warm", READ_FLOOR, _looks, Target(0.8), check=_has_updates),
    ColdFeed("updates-get-cold", READ_FLOOR, _rounds),
]
