"""What is in the seeded shop's baskets, and the campaigns they are judged by."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

LINES = 3
OFFERS = 50
APPLIED = 3  # so many of the offers apply to any of the baskets
AT_HAND = 50  # one product in so many never runs out
_COLLECTIONS = 10
_COLLECTED = 100
Copied = tuple[str, str, Iterable[str]]


def is_always_at_hand(product: int) -> bool:
    """Whether a product never runs out, so that it can be put into baskets as often as wanted."""
    return product % AT_HAND == AT_HAND - 1


def products_of(shopper: int, goods: list[int]) -> list[int]:
    """The products of a shopper's basket: a reader has all of them in it, others will add the last."""
    return [goods[(shopper * LINES + place) % len(goods)] for place in range(LINES)]


def campaigns(collected: list[int]) -> Iterator[Copied]:
    """Sitewide offers for everybody; the first ones apply to any basket, to each of the others something is missing."""
    numbers = range(1, OFFERS + 1)
    yield (
        "product_collection",
        "id, name",
        (f"{n}\tCollection {n}\n" for n in range(1, _COLLECTIONS + 1)),
    )
    yield (
        "product_collection_item",
        "product_id, collection_id",
        (f"{p}\t{n}\n" for n in range(1, _COLLECTIONS + 1) for p in islice(collected, n, n + _COLLECTED)),
    )
    yield "promotion", "id, name, slug", (f"{n}\tCampaign no. {n}\tcampaign-{n}\n" for n in numbers)
    yield (
        "offer_condition",
        "id, condition_type, kwargs, upsell_message, product_collection_id",
        (_row(n, *_condition(n)) for n in numbers),
    )
    yield (
        "offer_benefit",
        "id, benefit_type, kwargs, product_collection_id",
        (_row(n, *_benefit(n)) for n in numbers),
    )
    yield (
        "basket_offer",
        "id, currencies, label, priority, allowed_quantity_per_basket, promotion_id, condition_id, benefit_id",
        (f'{n}\t["try"]\tCampaign no. {n}\t{n % 9}\t1\t{n}\t{n}\t{n}\n' for n in numbers),
    )


def _condition(n: int) -> tuple[object, ...]:
    if n <= APPLIED:
        return "quantity", {"value": 1}, "", None
    collection = n % _COLLECTIONS + 1
    rare: tuple[tuple[object, ...], ...] = (
        ("amount", {"value": 1_000_000 + n}, "", None),
        ("quantity", {"value": 3}, "{remaining} more of these", collection),
        ("distinct", {"value": 2, "distinct_by": "base_code"}, "", collection),
        ("query", {"value": 1, "query": [["attributes__color", f"color {n}"]]}, "", None),
        ("quantity", {"value": 1, "query": [["user_group_in", [f"group {n}"]]]}, "", None),
        ("amount", {"value": 50, "query": [["client_type_in", ["ios", "android"]]]}, "", None),
    )
    return rare[n % len(rare)]


def _benefit(n: int) -> tuple[object, ...]:
    given: tuple[tuple[object, ...], ...] = (
        ("percentage", {"amount": 5, "price_type": "discount_unit_price"}, None),
        ("fixed", {"amount": 1}, None),
        ("multibuy", {"amount": 10}, None),
    )
    return given[n % len(given)]


def baskets(
    shoppers: Iterable[tuple[int, int]], goods: list[int], price: Callable[[int, int], str]
) -> Iterator[Copied]:
    """A basket for each shopper with so many lines, put in at the shopper's `price` of the product."""
    filled = [(shopper, products_of(shopper, goods)[:lines]) for shopper, lines in shoppers]
    yield "basket", "id, user_id", (f"{number}\t{shopper}\n" for number, (shopper, _) in enumerate(filled, 1))
    yield (
        "basket_item",
        "basket_id, product_id, reference, quantity, currency_type, unit_price",
        (
            f"{number}\t{product}\t{product}\t{1 + place}\ttry\t{price(shopper, product)}\n"
            for number, (shopper, products) in enumerate(filled, 1)
            for place, product in enumerate(products)
        ),
    )


def _row(*values: object) -> str:
    return "\t".join(_text(value) for value in values) + "\n"


def _text(value: object) -> str:
    if value is None:
        return "\\N"
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else str(value)
