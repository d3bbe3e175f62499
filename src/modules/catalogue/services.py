"""Products as bytes, ready to be put into an answer."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from src.modules.catalogue import repositories
from src.modules.catalogue.dtos import PriceContext, ProductRow
from src.modules.catalogue.rules import collected_product, commerce_product, storefront_product
from src.platform.cache import VersionedCache
from src.platform.coalescing import Coalescer
from src.platform.database import Connection, Database
from src.platform.wire import JSON_ENCODER, NUMBER_ENCODER

Renderer = tuple[Callable[[ProductRow], Any], msgspec.json.Encoder]
RENDERERS: dict[str, Renderer] = {
    "commerce": (commerce_product, JSON_ENCODER),
    "collected": (collected_product, JSON_ENCODER),
    "storefront": (storefront_product, NUMBER_ENCODER),
}


class Extras(NamedTuple):
    """What a feature above adds to products of the commerce dialect: their `basket_offers`."""

    # A text that changes whenever what `read` answers does, for whatever product.
    stamp: str
    # What there is to add to these products, as of the stamp; those without anything are left out. Callers give the
    # same function each time, so that products which they miss at the same moment are read together.
    read: Callable[[Connection, str, Sequence[ProductRow]], Awaitable[Mapping[int, list[Any]]]]


def rendered(dialect: str, row: ProductRow) -> bytes:
    """The JSON of a product in `dialect`."""
    view, encoder = RENDERERS[dialect]
    return encoder.encode(view(row))


class Missing(NamedTuple):
    """Products that the cache does not have, for shoppers who see the same prices and stocks."""

    context: PriceContext
    ids: tuple[int, ...]
    extras: Extras | None


class Products(NamedTuple):
    """Rendered products by id, and whether all were at hand: what had to be read may be newer than what was asked."""

    bodies: dict[int, bytes]
    were_kept: bool


class ProductViews:
    """Renders products once per version: shoppers who see the same price and stock share the bytes."""

    def __init__(self, database: Database, cache: VersionedCache) -> None:
        self._database = database
        self._cache = cache
        # Products that several requests miss at the same moment are read together.
        self._missing: Coalescer[Missing, list[ProductRow]] = Coalescer(self._read, max_batch=32)

    async def render(
        self,
        dialect: str,
        versions: Mapping[int, int],
        context: PriceContext,
        *,
        epoch: int,
        extras: Extras | None = None,
        connection: Connection | None = None,
    ) -> Products:
        """The JSON of each product in `dialect`; `versions` are product id → version, just read from the database.

        Who holds a connection passes it on: taking a second one can starve the pool.

        Everything else that decides the bytes is in the key: the epoch of the lists and data sources, the lists and
        the currency of the shopper, the stamp of the extras. The order is that of `versions`; a product that is gone is
        left out.
        """
        stem = f"product:{dialect}:{epoch}:{context.key}:{extras.stamp if extras else None}"
        keys = {f"{stem}:{product}:{version}": product for product, version in versions.items()}
        found = await self._cache.get_many(keys)
        bodies = {keys[key]: body for key, body in found.items()}
        missing = [product for product in versions if product not in bodies]
        if missing:
            wanted = Missing(context, tuple(missing), extras)
            rows = await (_products(connection, wanted) if connection else self._missing.get(wanted))
            bodies |= self._render(dialect, rows, stem)
        return Products({product: bodies[product] for product in versions if product in bodies}, not missing)

    async def _read(self, asked: Sequence[Missing]) -> list[list[ProductRow]]:
        ids: dict[tuple[PriceContext, Extras | None], set[int]] = defaultdict(set)
        for context, products, extras in asked:
            ids[context, extras].update(products)
        rows: dict[tuple[PriceContext, Extras | None], dict[int, ProductRow]] = {}
        async with self._database.read() as connection:
            for (context, extras), wanted in ids.items():
                found = await _products(connection, Missing(context, tuple(sorted(wanted)), extras))
                rows[context, extras] = {row.id: row for row in found}
        return [
            [found[product] for product in missing.ids if product in found]
            for missing in asked
            for found in (rows[missing.context, missing.extras],)
        ]

    def _render(self, dialect: str, rows: Iterable[ProductRow], stem: str) -> dict[int, bytes]:
        # Under the version of this very snapshot, which may be newer than the one that was asked for.
        bodies = {row.id: (row.version, rendered(dialect, row)) for row in rows}
        self._cache.set_many({f"{stem}:{product}:{version}": body for product, (version, body) in bodies.items()})
        return {product: body for product, (_, body) in bodies.items()}


async def _products(connection: Connection, wanted: Missing) -> list[ProductRow]:
    rows = await repositories.products(connection, wanted.ids, wanted.context)
    if wanted.extras and rows:
        added = await wanted.extras.read(connection, wanted.extras.stamp, rows)
        for row in rows:
            row.basket_offers = added.get(row.id, [])
    return rows
