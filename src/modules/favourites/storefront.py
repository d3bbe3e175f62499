"""The storefront dialect: /storefront/favorites and the favourite status of products."""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.favourites.dtos import (
    MAX_BATCH,
    AddFavorite,
    EmptyPage,
    FavoriteAdded,
    FavoriteCount,
    FavoritePage,
    FavoriteRemoved,
    FavoriteStatus,
    FavoriteView,
    FavouriteRow,
    Pagination,
    Success,
)
from src.modules.favourites.errors import FavouriteNotFound, ProductNotFound
from src.modules.favourites.services import Favourites, Filters
from src.modules.favourites.statuses import Statuses
from src.platform.bodies import read_json
from src.platform.conditional import answer
from src.platform.database import Transaction
from src.platform.edge import Answer, write, write_shared
from src.platform.errors import Invalid
from src.platform.i18n import negotiate, translate
from src.platform.openapi import (
    BODY,
    IDEMPOTENCY_KEY,
    IDEMPOTENT,
    IF_NONE_MATCH,
    NOT_MODIFIED,
    answers,
    documented,
    header,
    storefront_errors,
)
from src.platform.paging import Page, read_page
from src.platform.wire import NUMBER_ENCODER, time

MAX_LIMIT = 100
ONE_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
UUIDS = re.compile(f"{ONE_UUID}(?:,{ONE_UUID})*", re.IGNORECASE)
CURRENCY = header("X-Currency", "The currency to show prices in, for products that have a price in it.")
AnyRequest = Request[Any, Any, Any]


class FavoriteQuery(msgspec.Struct):
    """The page and filter of the list."""

    page: int = 1
    limit: int = 20
    market_id: UUID | None = None


class BatchQuery(msgspec.Struct):
    """Up to 200 product ids, comma-separated."""

    ids: str


class FavoritesController(Controller):
    """Favorites, as the storefront documents describe them."""

    path = "/storefront/favorites"
    tags = ("Favourites (storefront)",)

    @get(
        operation_id="listFavorites",
        summary="List favorites",
        responses={**answers(FavoritePage[FavoriteView]), **NOT_MODIFIED, **storefront_errors()},
        operation_class=documented(query=FavoriteQuery, headers=[IF_NONE_MATCH, CURRENCY]),
    )
    async def list_page(
        self,
        request: AnyRequest,
        favourites: NamedDependency[Favourites],
    ) -> Response[bytes | None]:
        """List the shopper's favorites, the newest first, with live prices and availability."""
        presented = await favourites.identity.present(request)
        page = read_page(request.query_params, max_limit=MAX_LIMIT, clamp=False)
        filters = Filters(market=_optional_uuid(request, "market_id"))
        listed = await favourites.list_storefront(presented, page, filters, request.headers.get("x-currency"))
        rows = [msgspec.Raw(_favorite(row, listed.user_uuid, body)) for row, body in listed.items]
        return answer(request, NUMBER_ENCODER.encode(_page(page, listed.total, rows)))

    @post(
        operation_id="addFavorite",
        summary="Add a favorite",
        responses={**answers(FavoriteAdded[FavoriteView], 201), **storefront_errors(*BODY, *IDEMPOTENT, 404)},
        operation_class=documented(json=AddFavorite, headers=[IDEMPOTENCY_KEY, CURRENCY]),
    )
    async def add(
        self,
        request: AnyRequest,
        favourites: NamedDependency[Favourites],
    ) -> Response[bytes | None]:
        """Add a product row to the shopper's favorites."""
        shopper = await favourites.identity.shopper(request)
        body = await read_json(request, AddFavorite)
        message = translate("Added to favorites", negotiate(request.headers.get("accept-language")))

        async def use_case(work: Transaction | None) -> Answer:
            currency = request.headers.get("x-currency")
            row, product = await favourites.add_storefront(work, shopper, body.variant_id, currency)
            favorite = msgspec.Raw(_favorite(row, shopper.uuid, product))
            return Answer(201, FavoriteAdded(success=True, favorite=favorite, message=message))

        return await write_shared(request, use_case, actor=f"user:{shopper.id}")

    @delete(
        "/{favorite_id:str}",
        status_code=200,
        operation_id="removeFavorite",
        summary="Remove a favorite",
        responses={**answers(Success[FavoriteRemoved]), **storefront_errors(404)},
    )
    async def remove(
        self,
        request: AnyRequest,
        favorite_id: FromPath[str],
        favourites: NamedDependency[Favourites],
    ) -> Response[bytes | None]:
        """Remove one of the shopper's favorites."""
        shopper = await favourites.identity.shopper(request)
        uuid = _uuid(favorite_id)
        if uuid is None:
            raise FavouriteNotFound
        message = "Product removed from favorites successfully"

        async def use_case(work: Transaction) -> Answer:
            removed_at = await favourites.remove_by_uuid(work.connection, shopper, uuid)
            told = translate(message, negotiate(request.headers.get("accept-language")))
            return Answer(200, Success(True, FavoriteRemoved(message=told, removed_at=time(removed_at))))

        return await write(request, use_case, actor=f"user:{shopper.id}")

    @get(
        "/count",
        operation_id="countFavorites",
        summary="Count favorites",
        responses={**answers(Success[FavoriteCount]), **NOT_MODIFIED, **storefront_errors()},
        operation_class=documented(headers=[IF_NONE_MATCH]),
    )
    async def count(self, request: AnyRequest, statuses: NamedDependency[Statuses]) -> Response[bytes | None]:
        """Count the shopper's favorites."""
        counted = await statuses.count(await statuses.identity.present(request))
        return answer(request, NUMBER_ENCODER.encode(Success(True, counted)))


class FavoriteStatusController(Controller):
    """Whether products are favorites."""

    path = "/storefront/products"
    tags = ("Favourites (storefront)",)

    @get(
        "/{product_id:str}/favorite-status",
        operation_id="getFavoriteStatus",
        summary="Tell whether a product is a favorite",
        responses={**answers(Success[FavoriteStatus]), **NOT_MODIFIED, **storefront_errors(404)},
        operation_class=documented(headers=[IF_NONE_MATCH]),
    )
    async def one(
        self,
        request: AnyRequest,
        product_id: FromPath[str],
        statuses: NamedDependency[Statuses],
    ) -> Response[bytes | None]:
        """Tell whether a product, or any variant of it, is a favorite."""
        presented = await statuses.identity.present(request)
        uuid = _uuid(product_id)
        if uuid is None:
            raise ProductNotFound
        return answer(request, NUMBER_ENCODER.encode(Success(True, await statuses.status(presented, uuid))))

    @get(
        "/favorite-status",
        operation_id="getFavoriteStatuses",
        summary="Tell which products are favorites",
        responses={**answers(Success[dict[str, FavoriteStatus]]), **NOT_MODIFIED, **storefront_errors()},
        operation_class=documented(query=BatchQuery, headers=[IF_NONE_MATCH]),
    )
    async def batch(self, request: AnyRequest, statuses: NamedDependency[Statuses]) -> Response[bytes | None]:
        """Tell for each of up to 200 products whether it is a favorite."""
        presented = await statuses.identity.present(request)
        products = _batch(request.query_params.get("ids"))
        return answer(request, NUMBER_ENCODER.encode(Success(True, await statuses.batch(presented, products))))


def _favorite(row: FavouriteRow, user: UUID, product: bytes) -> bytes:
    """The favourite's own fields put before those of its product, which are rendered already."""
    head = f'{{"id":"{row.uuid}","user_id":"{user}","created_at":"{row.created_at}","updated_at":null,'
    return head.encode() + product[1:]


def _page(page: Page, total: int, rows: list[msgspec.Raw]) -> FavoritePage[msgspec.Raw]:
    pagination = Pagination(page=page.number, limit=page.limit, total=total, total_pages=page.pages(total))
    empty = msgspec.UNSET if rows else EmptyPage(favorites=[], pagination=pagination)
    return FavoritePage(success=True, favorites=rows, pagination=pagination, data=empty)


def _uuid(text: str) -> UUID | None:
    """The UUID in its canonical form, or None."""
    try:
        uuid = UUID(text)
    except ValueError:
        return None
    return uuid if str(uuid) == text.lower() else None


def _optional_uuid(request: AnyRequest, name: str) -> UUID | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    uuid = _uuid(text)
    if uuid is None:
        raise Invalid("Must be a valid UUID", field=name)
    return uuid


def _batch(text: str | None) -> list[str]:
    if not text:
        raise Invalid("Field is required", field="ids")
    if not UUIDS.fullmatch(text):
        raise Invalid("Must be a list of valid UUIDs", field="ids")
    products = text.split(",")
    if len(products) > MAX_BATCH:
        raise Invalid("At most %(maximum)s values are allowed", field="ids", params={"maximum": MAX_BATCH})
    return products
