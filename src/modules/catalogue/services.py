"""Products as bytes, ready to be put into an answer."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from src.modules.catalogue import repositories
from src.modules.catalogue.dtos import PriceContext, ProductRow
from src.modules.catalogue.rules import commerce_product, storefront_product
from src.platform.cache import VersionedCache
from src.platform.coalescing import Coalescer
from src.platform.database import Connection, Database
from src.platform.wire import JSON_ENCODER, NUMBER_ENCODER

Renderer = tuple[Callable[[ProductRow], Any], msgspec.json.Encoder]
RENDERERS: dict[str, Renderer] = {
    "commerce": (commerce_product, JSON_ENCODER),
    "storefront": (storefront_product, NUMBER_ENCODER),
}


def rendered(dialect: str, row: ProductRow) -> bytes:
    """The JSON of a product in `dialect`."""
    view, encoder = RENDERERS[dialect]
    return encoder.encode(view(row))


class Missing(NamedTuple):
    """Products that the cache does not have, for shoppers who see the same prices and stocks."""

    context: PriceContext
    ids: tuple[int, ...]


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
        connection: Connection | None = None,
    ) -> dict[int, bytes]:
        """The JSON of each product in `dialect`; `versions` are product id → version, just read from the database.

        Who holds a connection passes it on: taking a second one can starve the pool.

        Everything else that decides the bytes is in the key: the epoch of the lists and data sources, the lists and
        the currency of the shopper. The order is that of `versions`; a product that is gone is left out.
        """
        stem = f"product:{dialect}:{epoch}:{context.key}"
        keys = {f"{stem}:{product}:{version}": product for product, version in versions.items()}
        found = await self._cache.get_many(keys)
        bodies = {keys[key]: body for key, body in found.items()}
        missing = [product for product in versions if product not in bodies]
        if missing:
            wanted = Missing(context, tuple(missing))
            rows = await (
                repositories.products(connection, missing, context) if connection else self._missing.get(wanted)
            )
            bodies |= self._render(dialect, rows, stem)
        return {product: bodies[product] for product in versions if product in bodies}

    async def _read(self, asked: Sequence[Missing]) -> list[list[ProductRow]]:
        ids: dict[PriceContext, set[int]] = defaultdict(set)
        for missing in asked:
            ids[missing.context].update(missing.ids)
        rows: dict[PriceContext, dict[int, ProductRow]] = {}
        async with self._database.read() as connection:
            for context, wanted in ids.items():
                found = await repositories.products(connection, sorted(wanted), context)
                rows[context] = {row.id: row for row in found}
        return [[rows[m.context][product] for product in m.ids if product in rows[m.context]] for m in asked]

    def _render(self, dialect: str, rows: Iterable[ProductRow], stem: str) -> dict[int, bytes]:
        # Under the version of this very snapshot, which may be newer than the one that was asked for.
        bodies = {row.id: (row.version, rendered(dialect, row)) for row in rows}
        self._cache.set_many({f"{stem}:{product}:{version}": body for product, (version, body) in bodies.items()})
        return {product: body for product, (_, body) in bodies.items()}
