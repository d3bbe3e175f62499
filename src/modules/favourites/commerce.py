"""The commerce dialect: /wishlists/favourite-products/."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.catalogue import CommerceProduct
from src.modules.favourites.dtos import AddFavourite, FavouriteAdded, FavouriteItem, FavouritePage
from src.modules.favourites.services import Favourites, Filters
from src.platform.bodies import read_fields
from src.platform.conditional import answer
from src.platform.database import Transaction
from src.platform.edge import Answer, write, write_shared
from src.platform.errors import Invalid, NotFound
from src.platform.ids import MAX_ID, read_id
from src.platform.openapi import (
    BODY,
    IDEMPOTENCY_KEY,
    IDEMPOTENT,
    IF_NONE_MATCH,
    NOT_MODIFIED,
    answers,
    commerce_errors,
    documented,
    header,
)
from src.platform.paging import links, read_page, whole_number
from src.platform.wire import JSON_ENCODER

MAX_LIMIT = 1000
MAX_VALUES = 1000
CURRENCY = header("X-Currency", "The currency to show prices in, for products that have a price in it.")
AnyRequest = Request[Any, Any, Any]


class FavouriteQuery(msgspec.Struct):
    """The filters of the list; lists may be comma-separated or repeated."""

    page: int = 1
    limit: int = 20
    product_id: list[int] = []
    base_code__in: list[str] = []
    product__name: str = ""


class FavouriteProductsController(Controller):
    """Favourite products, as the commerce documents describe them."""

    path = "/wishlists/favourite-products"
    tags = ("Favourites (commerce)",)

    @get(
        operation_id="listFavouriteProducts",
        summary="List favourite products",
        responses={**answers(FavouritePage[CommerceProduct]), **NOT_MODIFIED, **commerce_errors(404)},
        operation_class=documented(query=FavouriteQuery, headers=[IF_NONE_MATCH, CURRENCY]),
    )
    async def list_page(
        self,
        request: AnyRequest,
        favourites: NamedDependency[Favourites],
    ) -> Response[bytes | None]:
        """List the shopper's favourite products with live prices and stock."""
        presented = await favourites.identity.present(request)
        page = read_page(request.query_params, max_limit=MAX_LIMIT, clamp=True)
        listed = await favourites.list_commerce(
            presented, page, _filters(request.query_params), request.headers.get("x-currency")
        )
        following, before = links(request, page, listed.total)
        results = [FavouriteItem(pk=row.id, product=msgspec.Raw(body)) for row, body in listed.items]
        return answer(request, JSON_ENCODER.encode(FavouritePage(listed.total, following, before, results)))

    @post(
        status_code=200,
        operation_id="addFavouriteProduct",
        summary="Add a favourite product",
        responses={**answers(FavouriteAdded), **commerce_errors(*BODY, *IDEMPOTENT, 406)},
        operation_class=documented(fields=AddFavourite, headers=[IDEMPOTENCY_KEY, CURRENCY]),
    )
    async def add(
        self,
        request: AnyRequest,
        favourites: NamedDependency[Favourites],
    ) -> Response[bytes | None]:
        """Add a product to the shopper's favourites."""
        shopper = await favourites.identity.shopper(request)
        body = await read_fields(request, AddFavourite)

        async def use_case(work: Transaction | None) -> Answer:
            added = await favourites.add_commerce(work, shopper, body.product, request.headers.get("x-currency"))
            return Answer(200, added)

        return await write_shared(request, use_case, actor=f"user:{shopper.id}")

    @delete(
        "/{favourite_id:str}",
        status_code=204,
        operation_id="removeFavouriteProduct",
        summary="Remove a favourite product",
        responses={**answers(None, 204), **commerce_errors(404)},
    )
    async def remove(
        self,
        request: AnyRequest,
        favourite_id: FromPath[str],
        favourites: NamedDependency[Favourites],
    ) -> Response[None]:
        """Remove a favourite by its pk or, when the shopper never had one of that pk, by its product's id."""
        shopper = await favourites.identity.shopper(request)
        number = _number(favourite_id)

        async def use_case(work: Transaction) -> Answer:
            await favourites.remove_by_number(work.connection, shopper, number)
            return Answer(204)

        return await write(request, use_case, actor=f"user:{shopper.id}")


def _number(text: str) -> int:
    number = read_id(text)
    if number is None:
        raise NotFound
    return number


def _filters(query: Any) -> Filters:
    return Filters(
        products=_numbers(_values(query, "product_id")),
        base_codes=_values(query, "base_code__in"),
        name=_text(query, "product__name"),
    )


def _values(query: Any, name: str) -> list[str] | None:
    """One value, comma-separated values, or the parameter repeated."""
    given = [value for text in query.getall(name, []) for value in text.split(",") if value]
    if len(given) > MAX_VALUES or any("\0" in value for value in given):
        raise Invalid("Not a valid value", field=name)
    return given or None


def _numbers(values: list[str] | None) -> list[int] | None:
    if values is None:
        return None
    numbers = [whole_number(value, MAX_ID + 1) for value in values]
    if None in numbers:
        raise Invalid("A list of whole numbers is required", field="product_id")
    return [number for number in numbers if number is not None and number <= MAX_ID]


def _text(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name) or None
    if text and "\0" in text:
        raise Invalid("Not a valid value", field=name)
    return text
