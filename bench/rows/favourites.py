"""Favourites, as shoppers read and write them through both dialects."""

from collections.abc import Callable, Iterator
from itertools import cycle
from random import Random

import msgspec

from bench.load import request
from bench.measure import READ_FLOOR, WRITE_FLOOR, Floor, Rate, Row
from bench.report import Target
from bench.seed import PAGE, Seed, Shopper, product_uuid, token
from bench.server import SERVICE

_VARIETY = 10_000  # prebuilt requests that a row goes round and round
_BATCH = 50
COMMERCE = "/wishlists/favourite-products/"
STOREFRONT = "/storefront/favorites"


def _readers(path: Callable[[Random, Seed, Shopper], str]) -> Callable[[Seed], Iterator[bytes]]:
    """Requests of random readers for a path that may be chosen for each."""

    def requests(seed: Seed) -> Iterator[bytes]:
        randomness = seed.randomness("readers")
        # Every reader once, so that the warm-up has met them all, then whoever comes.
        chosen = [*seed.readers, *randomness.choices(seed.readers, k=_VARIETY - len(seed.readers))]
        return cycle([request("GET", path(randomness, seed, reader), token=reader.token) for reader in chosen])

    return requests


def _one(shopper: Callable[[Seed], Shopper], path: Callable[[Random, Seed], str]) -> Callable[[Seed], Iterator[bytes]]:
    """Requests of one shopper."""

    def requests(seed: Seed) -> Iterator[bytes]:
        randomness = seed.randomness("pages")
        return cycle([request("GET", path(randomness, seed), token=shopper(seed).token) for _ in range(_VARIETY)])

    return requests


def _some_product(randomness: Random, seed: Seed, reader: Shopper) -> str:
    """A product that the reader has or, as often, one like those that others have."""
    return product_uuid(randomness.choice(reader.favourites if randomness.random() < 0.5 else seed.wanted))


def _status(product: str) -> str:
    return f"/storefront/products/{product}/favorite-status"


def _batch(randomness: Random, seed: Seed, reader: Shopper) -> str:
    ids = ",".join(_some_product(randomness, seed, reader) for _ in range(_BATCH))
    return f"/storefront/products/favorite-status?ids={ids}"


def _additions(half: int, payload: Callable[[int, int], bytes]) -> Callable[[Seed], Iterator[bytes]]:
    """Pairs of a shopper and a product that nobody has yet, each once; the halves share no product."""

    def requests(seed: Seed) -> Iterator[bytes]:
        shoppers = list(range(1, seed.sizes.shoppers + 1))
        seed.randomness("additions").shuffle(shoppers)
        wanted = seed.fresh[half::2]
        for shift in range(len(wanted)):
            for place, shopper in enumerate(shoppers):
                yield payload(shopper, wanted[(place + shift) % len(wanted)])

    return requests


def _add_commerce(shopper: int, product: int) -> bytes:
    return request("POST", COMMERCE, token=token(shopper), body=b'{"product": %d}' % product)


def _add_storefront(shopper: int, product: int) -> bytes:
    return request(
        "POST",
        STOREFRONT,
        token=token(shopper),
        body=b'{"variant_id": "%s"}' % product_uuid(product).encode(),
    )


def _is_full_page(body: bytes) -> bool:
    """A page of as many favourites as were asked for, each with a price."""
    shown = msgspec.json.decode(body)
    if "favorites" in shown:
        return [favourite["current_price"] is not None for favourite in shown["favorites"]] == [True] * PAGE
    return [favourite["product"]["price"] is not None for favourite in shown["results"]] == [True] * PAGE


def _is_batch(body: bytes) -> bool:
    found = msgspec.json.decode(body)["data"].values()
    return any(status["is_favorited"] for status in found) and len(found) > _BATCH // 2


def _page(number: Callable[[Random, int], int]) -> Callable[[Random, Seed], str]:
    """A page of the long list, chosen by its number of pages."""

    def path(randomness: Random, seed: Seed) -> str:
        return f"{COMMERCE}?page={number(randomness, len(seed.large.favourites) // PAGE)}&limit={PAGE}"

    return path


_SHORT_LIST = Floor(
    "first page of 100",
    _one(lambda seed: seed.small, lambda randomness, seed: f"{COMMERCE}?page=1&limit={PAGE}"),
    server=SERVICE,
)


def _long(name: str, path: Callable[[Random, Seed], str]) -> Rate:
    return Rate(
        f"long-list-{name}",
        _SHORT_LIST,
        _one(lambda seed: seed.large, path),
        Target(3, "most"),
        compared="latency",
        check=_is_full_page,
    )


ROWS: list[Row] = [
    Rate(
        "favourites-count",
        READ_FLOOR,
        _readers(lambda randomness, seed, reader: f"{STOREFRONT}/count"),
        Target(1.5),
        check=lambda body: msgspec.json.decode(body)["data"]["count"] >= PAGE,
    ),
    Rate(
        "favourite-status",
        READ_FLOOR,
        _readers(lambda randomness, seed, reader: _status(_some_product(randomness, seed, reader))),
        Target(1.5),
        check=lambda body: b'"is_favorited"' in body,
    ),
    Rate("favourite-status-batch", READ_FLOOR, _readers(_batch), Target(0.8), check=_is_batch),
    Rate(
        "favourites-list-commerce",
        READ_FLOOR,
        _readers(lambda randomness, seed, reader: f"{COMMERCE}?page=1&limit={PAGE}"),
        Target(0.6),
        check=_is_full_page,
    ),
    Rate(
        "favourites-list-storefront",
        READ_FLOOR,
        _readers(lambda randomness, seed, reader: f"{STOREFRONT}?page=1&limit={PAGE}"),
        Target(0.6),
        check=_is_full_page,
    ),
    _long("first", _page(lambda randomness, pages: 1)),
    _long("middle", _page(lambda randomness, pages: pages // 2)),
    _long("last", _page(lambda randomness, pages: pages)),
    _long("any", _page(lambda randomness, pages: randomness.randint(1, pages))),
    _long(
        "storefront-last",
        lambda randomness, seed: f"{STOREFRONT}?page={len(seed.large.favourites) // PAGE}&limit={PAGE}",
    ),
    Rate("favourite-add-commerce", WRITE_FLOOR, _additions(0, _add_commerce), Target(0.5), has_etag=False),
    Rate(
        "favourite-add-storefront",
        WRITE_FLOOR,
        _additions(1, _add_storefront),
        Target(0.5),
        statuses=frozenset({201}),
        has_etag=False,
    ),
]
