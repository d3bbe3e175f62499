"""A shop of any size, the same at every run: products popular by Zipf's law, and shoppers who want them."""

import base64
import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, islice

import msgspec
import psycopg

from bench.seed_baskets import LINES, baskets, campaigns, is_always_at_hand
from src.platform.security import digest

RANDOM_SEED = 20_260_101
READERS = 1_000  # the shoppers that reading rows choose from
ENOUGH = 1_000_000  # of the products that are always at hand
PAGE = 20  # a reader has at least so many favourites, so that a page of the list is full
SMALL, LARGE = 100, 10_000
BLOCK = 5  # products come as a parent, its two variants, and two single ones
PRICES = (
    (1, "try"),
    (1, "usd"),
    (1, "eur"),
    (2, "try"),
    (2, "usd"),
)  # (price list, currency) of each product
NULL = "\\N"
# Tables whose rows come with their ids, so that sequences have to follow.
NUMBERED = (
    *("product", "users", "price_list", "stock_list", "segment", "basket"),
    *("product_collection", "promotion", "offer_condition", "offer_benefit", "basket_offer"),
)
_BATCH = 2_000


class Sizes(msgspec.Struct, frozen=True):
    """How much of everything there is."""

    products: int = 20_000
    shoppers: int = 20_000
    favourites: int = 400_000
    price_rows: int = 100_000
    imported_products: int = 200_000


class Shopper(msgspec.Struct, frozen=True):
    """A user with a token, and the products that this user wants, by id."""

    id: int
    token: str
    favourites: list[int]


NOBODY = Shopper(0, "", [])


@dataclass
class Seed:
    """What is in the database, as far as rows need to know it."""

    sizes: Sizes
    wanted: list[int] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)  # products that nobody wants yet
    goods: list[int] = field(default_factory=list)  # products that baskets hold
    readers: list[Shopper] = field(default_factory=list)
    adders: list[int] = field(default_factory=list)  # shoppers whose basket lacks the last of its products
    small: Shopper = NOBODY
    large: Shopper = NOBODY
    integration_token: str = ""

    def randomness(self, purpose: str) -> random.Random:
        """Random numbers of their own for each purpose, the same at every run."""
        return random.Random(f"{RANDOM_SEED} {purpose}")  # noqa: S311


def token(user: int) -> str:
    """The token of a user, of the shape and length of a real one."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"bench token %d" % user).digest()).decode().rstrip("=")


def product_uuid(product: int) -> str:
    """The public id of a product."""
    return f"018f0000-0000-7000-8000-{product:012x}"


def user_uuid(user: int) -> str:
    """The public id of a user."""
    return f"018f0000-0000-7000-9000-{user:012x}"


def price_cents(product: int, place: int) -> int:
    """The price of a product in the `place`-th of PRICES, in hundredths."""
    return 500 + product * 7919 % 90_000 + place * 100


def money(cents: int) -> str:
    """An amount as the wire has it, with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def is_parent(product: int) -> bool:
    """Whether a product only stands for its variants."""
    return product % BLOCK == 1


def plan(sizes: Sizes) -> tuple[Seed, list[Shopper]]:
    """Who wants what, without touching the database: what rows need to know, and every shopper."""
    seed = Seed(sizes)
    randomness = seed.randomness("favourites")
    sellable = [product for product in range(1, sizes.products + 1) if not is_parent(product)]
    fresh = max(len(sellable) // 20, 1)
    seed.wanted, seed.fresh = sellable[:-fresh], sellable[-fresh:]
    seed.goods = [product for product in seed.wanted if is_always_at_hand(product)]
    by_rank = seed.wanted.copy()
    randomness.shuffle(by_rank)
    popularity = list(accumulate(1 / rank for rank in range(1, len(by_rank) + 1)))
    amounts = [0] * sizes.shoppers
    for shopper in randomness.choices(range(sizes.shoppers), k=sizes.favourites):
        amounts[shopper] += 1
    shoppers = []
    for shopper, amount in enumerate(amounts, 1):
        chosen: dict[int, None] = {}
        amount = min(amount, len(by_rank) // 2)
        while len(chosen) < amount:
            chosen.update(dict.fromkeys(randomness.choices(by_rank, cum_weights=popularity, k=amount - len(chosen))))
        shoppers.append(Shopper(shopper, token(shopper), list(chosen)))
    busy = [shopper for shopper in shoppers if len(shopper.favourites) >= PAGE]
    seed.readers = randomness.sample(busy, min(READERS, len(busy)))
    reading = {reader.id for reader in seed.readers}
    seed.adders = [shopper.id for shopper in shoppers if shopper.id not in reading]
    seed.small = Shopper(
        sizes.shoppers + 1,
        token(sizes.shoppers + 1),
        randomness.sample(by_rank, min(SMALL, len(by_rank) // 4)),
    )
    seed.large = Shopper(
        sizes.shoppers + 2, token(sizes.shoppers + 2), randomness.sample(by_rank, min(LARGE, len(by_rank)))
    )
    seed.integration_token = token(sizes.shoppers + 3)
    return seed, [*shoppers, seed.small, seed.large]


async def fill(database_url: str, sizes: Sizes) -> Seed:
    """Writes the shop into freshly migrated tables."""
    seed, everyone = plan(sizes)
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(
            "insert into price_list (id, name) values (1, 'Default'), (2, 'Club') on conflict do nothing"
        )
        await connection.execute("insert into stock_list (id, name) values (1, 'Default') on conflict do nothing")
        await connection.execute(
            "insert into segment (id, name, price_list_id) values (1, 'Club', 2) on conflict do nothing"
        )
        for table, columns, rows in (*_catalogue(sizes), *_shoppers(seed, everyone), *_buying(seed)):
            await _copy(connection, table, columns, rows)
        for table in NUMBERED:
            given = f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}"
            await connection.execute(given.encode())
        await connection.commit()
        await connection.set_autocommit(True)
        # As after a day in service: statistics and hint bits are there, nothing waits to be written.
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")
    return seed


def _catalogue(sizes: Sizes) -> Iterator[tuple[str, str, Iterable[str]]]:
    products = range(1, sizes.products + 1)
    yield (
        "product",
        ("id, uuid, sku, base_code, name, product_type, parent_id, slug, translations, attributes, attribute_set"),
        map(_product, products),
    )
    yield (
        "product_image",
        'product_id, image, "order"',
        (f"{n}\thttps://cdn.example.com/products/{n}-{side}.jpg\t{side}\n" for n in products for side in (0, 1)),
    )
    yield (
        "product_price",
        "product_id, price_list_id, currency_type, price, retail_price, tax_rate",
        (
            f"{n}\t{price_list}\t{currency}\t{money(cents)}\t{money(cents * 2)}\t18.00\n"
            for n in products
            for place, (price_list, currency) in enumerate(PRICES)
            for cents in (price_cents(n, place),)
        ),
    )
    # One product in ten is sold out.
    yield (
        "product_stock",
        "product_id, stock, in_stock",
        (f"{n}\t{stock}\t{'t' if stock else 'f'}\n" for n in products for stock in (_stock(n),)),
    )
    yield "product_state", "product_id", (f"{n}\n" for n in products)


def _stock(n: int) -> int:
    return ENOUGH if is_always_at_hand(n) else n % 10 * 3


def _buying(seed: Seed) -> Iterator[tuple[str, str, Iterable[str]]]:
    yield from campaigns(seed.fresh)
    shoppers = [*((reader.id, LINES) for reader in seed.readers), *((adder, LINES - 1) for adder in seed.adders)]
    yield from baskets(shoppers, seed.goods, _price)


def _product(n: int) -> str:
    parent = n - (n - 1) % BLOCK
    is_variant = n - parent in (1, 2)
    translations = (
        f'{{"en": {{"name": "Cotton shirt no. {n}", "description": "A shirt of soft cotton, made to last."}},'
        f' "ar": {{"name": "قميص قطن {n}"}}}}'
    )
    attributes = f'{{"color": "{("red", "green", "blue")[n % 3]}", "size": "{("S", "M", "L")[n // 3 % 3]}"}}'
    return (
        f"{n}\t{product_uuid(n)}\tSKU{n:07d}\tBASE{parent if is_variant or n == parent else n:07d}"
        f"\tCotton shirt no. {n}\t{int(n == parent)}\t{parent if is_variant else NULL}\tcotton-shirt-{n}"
        f"\t{translations}\t{attributes}\t8\n"
    )


def _shoppers(seed: Seed, everyone: list[Shopper]) -> Iterator[tuple[str, str, Iterable[str]]]:
    integration = seed.large.id + 1
    yield (
        "users",
        "id, uuid, email, first_name, segment_id",
        (
            f"{n}\t{user_uuid(n)}\tshopper{n}@example.com\tShopper {n}\t{1 if n % 10 == 0 else NULL}\n"
            for n in range(1, integration + 1)
        ),
    )
    scopes = {integration: "integration,warehouse"}
    yield (
        "credential",
        "digest, kind, user_id, scopes",
        (
            f"\\\\x{digest(token(n)).hex()}\ttoken\t{n}\t{{{scopes.get(n, 'storefront')}}}\n"
            for n in range(1, integration + 1)
        ),
    )
    yield (
        "favourite",
        (
            "user_id, product_id, created_date, modified_date, baseline_at, baseline_price, baseline_currency,"
            " baseline_available"
        ),
        (
            _favourite(shopper.id, place, product)
            for shopper in everyone
            for place, product in enumerate(shopper.favourites)
        ),
    )
    yield (
        "favourite_summary",
        "user_id, version, total",
        (f"{s.id}\t{len(s.favourites)}\t{len(s.favourites)}\n" for s in everyone if s.favourites),
    )


def _price(user: int, product: int) -> str:
    """What a product costs a user in lira: one in ten buys from the club's list."""
    return money(price_cents(product, 3 if user % 10 == 0 else 0))


def _favourite(user: int, place: int, product: int) -> str:
    added_at = f"2026-01-01 {place // 3600:02d}:{place // 60 % 60:02d}:{place % 60:02d}+00"
    price = _price(user, product)
    available = "t" if product % 10 else "f"
    return f"{user}\t{product}\t{added_at}\t{added_at}\t{added_at}\t{price}\ttry\t{available}\n"


async def _copy(
    connection: psycopg.AsyncConnection[tuple[object, ...]], table: str, columns: str, rows: Iterable[str]
) -> None:
    async with connection.cursor().copy(f"copy {table} ({columns}) from stdin".encode()) as copy:
        remaining = iter(rows)
        while batch := "".join(islice(remaining, _BATCH)):
            await copy.write(batch)
