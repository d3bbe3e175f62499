"""What an item of a merchant feed tells of a product: attributes by their published names, judged one by one."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import msgspec

from src.modules.catalogue import PARENT_SKU
from src.platform.paging import whole_number
from src.platform.resources import UnfitRow

Values = Mapping[str, list[str]]

MAX_ID_LENGTH = 200
MAX_IMAGES = 100
MAX_LEVELS = 10
MAX_STOCK = 2**31 - 1
PRICE = re.compile(r"(?P<amount>\d{1,15}(?:\.\d{1,2})?)\s*(?P<currency>[A-Za-z]{3})")
# Whoever takes orders for later has nothing in stock now.
AVAILABILITY = {"in_stock": True, "out_of_stock": False, "preorder": False, "backorder": False}
# What becomes something else than an attribute of the product.
MAPPED = frozenset(
    (
        "id",
        "title",
        "description",
        "link",
        "image_link",
        "additional_image_link",
        "availability",
        "price",
        "sale_price",
        "sale_price_effective_date",
        "quantity",
        "item_group_id",
        "product_type",
    )
)


class FeedItem(msgspec.Struct, frozen=True):
    """A product as a feed tells it; None is what it does not tell."""

    sku: str
    name: str | None
    description: str | None
    base_code: str | None
    url_path: str | None
    categories: list[str] | None
    images: list[str] | None
    price: Decimal | None
    retail_price: Decimal | None
    currency: str | None
    stock: int | None
    in_stock: bool | None
    attributes: dict[str, str]


def feed_item(values: Values, now: datetime) -> FeedItem:
    """The product that an item's values tell of at the time of `now`; raises UnfitRow when they can't be understood."""
    sku = _key(values, "id")
    if sku is None or sku.startswith(PARENT_SKU):
        raise UnfitRow("id", "is missing" if sku is None else f"must not begin with {PARENT_SKU}")
    price, retail_price, currency = _prices(values, now)
    stock, in_stock = _stock(values)
    return FeedItem(
        sku=sku,
        name=_first(values, "title"),
        description=_first(values, "description"),
        base_code=_key(values, "item_group_id"),
        url_path=_path(values),
        categories=_categories(values),
        images=_images(values),
        price=price,
        retail_price=retail_price,
        currency=currency,
        stock=stock,
        in_stock=in_stock,
        attributes={name: ", ".join(told) for name, told in values.items() if name and name not in MAPPED},
    )


def _first(values: Values, name: str) -> str | None:
    return next(iter(values.get(name, ())), None)


def _key(values: Values, name: str) -> str | None:
    key = _first(values, name)
    if key and len(key) > MAX_ID_LENGTH:
        raise UnfitRow(name, f"must have at most {MAX_ID_LENGTH} characters")
    return key


def _path(values: Values) -> str | None:
    link = _first(values, "link")
    return None if link is None else _url(link, "link", lambda parts: parts.path or "/")


def _url(text: str, name: str, take: Callable[[Any], str]) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise UnfitRow(name, "must be a URL") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UnfitRow(name, "must be a URL")
    return take(parts)


def _categories(values: Values) -> list[str] | None:
    names = [name.strip() for name in (_first(values, "product_type") or "").split(">")]
    return [name for name in names if name][:MAX_LEVELS] or None


def _images(values: Values) -> list[str] | None:
    """The main picture, then the others, each once."""
    told = [
        _url(url, name, lambda _, url=url: url)  # type: ignore[misc]
        for name in ("image_link", "additional_image_link")
        for url in values.get(name, ())
    ]
    if len(told) > MAX_IMAGES:
        raise UnfitRow("additional_image_link", f"at most {MAX_IMAGES} pictures")
    return list(dict.fromkeys(told)) or None


def _prices(values: Values, now: datetime) -> tuple[Decimal | None, Decimal | None, str | None]:
    """What a product costs, what it would cost without a sale, and the currency."""
    regular, currency = _price(values, "price")
    sale, sale_currency = _price(values, "sale_price")
    if sale is None or not _on_sale(values, now):
        return regular, regular, currency
    if currency not in (None, sale_currency):
        raise UnfitRow("sale_price", "must be in the currency of the price")
    return sale, sale if regular is None else regular, sale_currency


def _price(values: Values, name: str) -> tuple[Decimal | None, str | None]:
    text = _first(values, name)
    if text is None:
        return None, None
    told = PRICE.fullmatch(text)
    if not told or not text.isascii():
        raise UnfitRow(name, "must be an amount with up to two decimals and a currency, like 10.00 USD")
    return Decimal(told["amount"]), told["currency"].lower()


def _on_sale(values: Values, now: datetime) -> bool:
    """Whether `now` is in the interval that the feed gives the sale; without a readable one it is always on."""
    begins, _, ends = (_first(values, "sale_price_effective_date") or "").partition("/")
    try:
        return datetime.fromisoformat(begins) <= now <= datetime.fromisoformat(ends)
    except (TypeError, ValueError):
        return True


def _stock(values: Values) -> tuple[int | None, bool | None]:
    """How many there are, and whether there are any; in stock without a number, the number is null."""
    quantity, availability = _first(values, "quantity"), _first(values, "availability")
    stock = None
    if quantity is not None:
        stock = whole_number(quantity, MAX_STOCK + 1)
        if stock is None or stock > MAX_STOCK:
            raise UnfitRow("quantity", "must be a whole number of 0 or more")
    if availability is None:
        return stock, None if stock is None else stock > 0
    available = AVAILABILITY.get(availability.lower().replace(" ", "_"))
    if available is None:
        raise UnfitRow("availability", f"must be one of {', '.join(AVAILABILITY)}")
    return stock, available
