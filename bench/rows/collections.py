"""Collections behind their links, as anybody follows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import msgspec
import psycopg

from bench.load import request
from bench.measure import READ_FLOOR, Bench, Rate, Row
from bench.report import Result, Target
from bench.seed import Seed

_COLLECTIONS = 100
_ITEMS = 50
_MAKE = """
WITH made AS (
    INSERT INTO user_collection (user_id, name, is_public, slug)
    SELECT user_id, 'Seen by all', true, slug FROM unnest(%s::bigint[], %s::text[]) AS wanted (user_id, slug)
    RETURNING user_id, id
)
INSERT INTO user_collection_item (user_id, collection_id, product_id, note, position)
SELECT made.user_id, made.id, chosen.product_id, 'a note', chosen.place
FROM made, LATERAL (
    SELECT product_id, place
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS goods (product_id, place)
    WHERE place %% %s = made.id %% %s LIMIT %s
) AS chosen
"""


def _slug(place: int) -> str:
    return f"seen-by-all-{place:032x}"


def _looks(_: Seed) -> Iterator[bytes]:
    return cycle([request("GET", f"/wishlists/user-collection/{_slug(place)}/") for place in range(_COLLECTIONS)])


def _is_whole(body: bytes) -> bool:
    """A collection with all its items, each with a product."""
    items = msgspec.json.decode(body)["items"]
    return [item["product"]["pk"] > 0 for item in items] == [True] * _ITEMS


@dataclass(frozen=True)
class LinkRate(Rate):
    """Looks at public collections, which are made first."""

    async def measure(self, bench: Bench) -> Result:
        """Makes the collections, then measures as any row."""
        owners = [shopper.id for shopper in bench.seed.readers[:_COLLECTIONS]]
        owners *= -(-_COLLECTIONS // len(owners))
        slugs = [_slug(place) for place in range(_COLLECTIONS)]
        share = max(len(bench.seed.wanted) // _ITEMS // 2, 1)
        async with await psycopg.AsyncConnection.connect(bench.stores.database_url, autocommit=True) as connection:
            values = (owners[:_COLLECTIONS], slugs, bench.seed.wanted, share, share, _ITEMS)
            await connection.execute(_MAKE, values)
            await connection.execute("vacuum analyze user_collection, user_collection_item")
        return await super().measure(bench)


ROWS: list[Row] = [LinkRate("collection-link-warm", READ_FLOOR, _looks, Target(0.8), check=_is_whole)]
