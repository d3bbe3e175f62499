"""The statement behind every look at the feed: whose it is, and which versions decide what it shows."""

from datetime import datetime, timedelta
from typing import NamedTuple

from src.modules.catalogue import EPOCH
from src.platform.database import Connection
from src.platform.dynamic_settings import DEFAULT_CURRENCY, UPDATES_WINDOW_DAYS, sql_text, sql_value
from src.platform.forgetting import user_tag

# Favourites come, go and are dismissed with the summary's version; while that stands, the sum of their products'
# versions, which only rise, tells whether anything that is shown of them changed.
QUESTION = f"""
SELECT shopper.scopes, shopper.user_id, coalesce(summary.version, 0), known.versions, shopper.price_list_id,
       shopper.stock_list_id, settings.epoch, settings.currency, settings.days, now()
FROM unnest(%s::bytea[]) WITH ORDINALITY AS asked (digest, place)
CROSS JOIN (
    SELECT {EPOCH} AS epoch, {sql_text(DEFAULT_CURRENCY)} AS currency, ({sql_value(UPDATES_WINDOW_DAYS)})::int AS days
) AS settings
LEFT JOIN shopper USING (digest)
LEFT JOIN favourite_summary AS summary ON summary.user_id = shopper.user_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(state.version), 0)::bigint AS versions
    FROM favourite JOIN product_state AS state ON state.product_id = favourite.product_id
    WHERE favourite.user_id = shopper.user_id
) AS known
ORDER BY asked.place
"""
SETTINGS = f"SELECT {sql_text(DEFAULT_CURRENCY)}, ({sql_value(UPDATES_WINDOW_DAYS)})::int, now()"


class Terms(NamedTuple):
    """What is the same for everybody: the currency of those who chose none, how far back to look, and the time."""

    currency: str
    window: timedelta
    now: datetime

    @property
    def horizon(self) -> datetime:
        """What changed up to here is no update any more."""
        return self.now - self.window


class Visit(NamedTuple):
    """Who holds a credential (`scopes` is None when nobody does), and all that their feed depends on but the time."""

    scopes: list[str] | None
    user_id: int | None
    version: int
    product_versions: int
    price_list_id: int | None
    stock_list_id: int | None
    epoch: int
    currency: str
    days: int
    now: datetime

    @property
    def terms(self) -> Terms:
        """What holds for everybody at that moment."""
        return Terms(self.currency, timedelta(days=self.days), self.now)

    def key(self, query: str) -> str:
        """What the cache knows the answer to `query` by."""
        deciding = ":".join(map(str, self[2:9]))
        return f"{user_tag(self.user_id or 0)}:updates:{deciding}:{query}"


async def visits(connection: Connection, digests: list[bytes]) -> list[Visit]:
    """What there is to know of the holders of these credentials, in their order."""
    cursor = await connection.execute(QUESTION, (digests,), binary=True)
    return [Visit._make(row) for row in await cursor.fetchall()]


async def read_terms(connection: Connection) -> Terms:
    """What holds for everybody now."""
    row = await (await connection.execute(SETTINGS)).fetchone()
    assert row is not None  # noqa: S101  (it selects from nothing)
    return Terms(row[0], timedelta(days=row[1]), row[2])
