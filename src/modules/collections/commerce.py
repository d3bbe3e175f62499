"""The commerce dialect: /wishlists/user-collections/."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.catalogue import CollectedProduct
from src.modules.collections.dtos import (
    ChangeCollection,
    ChangeNamedCollection,
    CollectionMade,
    CollectionPage,
    CollectionView,
    CreateCollection,
    Filters,
    OrderItems,
)
from src.modules.collections.services import Collections, Viewer
from src.platform.bodies import read_fields, read_json
from src.platform.conditional import answer
from src.platform.database import Connection, Transaction
from src.platform.edge import Answer, write
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
CURRENCY = header("X-Currency", "The currency to show prices in, for products that have a price in it.")
ONE = answers(CollectionView[CollectedProduct])
AnyRequest = Request[Any, Any, Any]


class CollectionQuery(msgspec.Struct):
    """Which page of the list, and what it is narrowed to: a part of the name, a product."""

    page: int = 1
    limit: int = 20
    search: str = ""
    product_id: int | None = None


class UserCollectionsController(Controller):
    """A user's own collections, as the collections document describes them."""

    path = "/wishlists/user-collections"
    tags = ("User collections (commerce)",)

    @get(
        operation_id="listUserCollections",
        summary="List collections",
        responses={**answers(CollectionPage[CollectedProduct]), **NOT_MODIFIED, **commerce_errors(404)},
        operation_class=documented(query=CollectionQuery, headers=[IF_NONE_MATCH, CURRENCY]),
    )
    async def list_page(self, request: AnyRequest, collections: NamedDependency[Collections]) -> Response[bytes | None]:
        """List the user's collections with their items, the newest collection first."""
        viewer = await viewer_of(request, collections)
        page = read_page(request.query_params, max_limit=MAX_LIMIT, clamp=True)
        listed = await collections.page(viewer, page, _filters(request.query_params))
        following, before = links(request, page, listed.total)
        shown = CollectionPage(listed.total, following, before, listed.collections)
        return answer(request, JSON_ENCODER.encode(shown))

    @post(
        status_code=201,
        operation_id="createUserCollection",
        summary="Create a collection",
        responses={**answers(CollectionMade[CollectedProduct], 201), **commerce_errors(*BODY, *IDEMPOTENT, 406)},
        operation_class=documented(fields=CreateCollection, headers=[IDEMPOTENCY_KEY]),
    )
    async def create(self, request: AnyRequest, collections: NamedDependency[Collections]) -> Response[bytes | None]:
        """Make a collection, private unless said otherwise; the answer shows it as an object and as a list of one."""
        viewer = await viewer_of(request, collections)
        asked = await read_fields(request, CreateCollection)
        return await answered(
            request, viewer, lambda connection: collections.create(connection, viewer, asked), status=201
        )

    @patch(
        operation_id="changeNamedUserCollection",
        summary="Update the collection that the body names",
        responses={**ONE, **commerce_errors(*BODY, 404)},
        operation_class=documented(fields=ChangeNamedCollection, headers=[CURRENCY]),
    )
    async def change_named(
        self, request: AnyRequest, collections: NamedDependency[Collections]
    ) -> Response[bytes | None]:
        """Rename a collection or change who sees it; `pk` says which."""
        viewer = await viewer_of(request, collections)
        asked = await read_fields(request, ChangeNamedCollection)
        return await answered(
            request, viewer, lambda connection: collections.change(connection, viewer, asked.pk, asked)
        )

    @get(
        "/{collection_id:str}",
        operation_id="getUserCollection",
        summary="Retrieve a collection",
        responses={**ONE, **NOT_MODIFIED, **commerce_errors(404)},
        operation_class=documented(headers=[IF_NONE_MATCH, CURRENCY]),
    )
    async def retrieve(
        self, request: AnyRequest, collection_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[bytes | None]:
        """Show a collection of the user with its items."""
        viewer = await viewer_of(request, collections)
        shown = await collections.one(viewer, row_id(collection_id))
        return answer(request, JSON_ENCODER.encode(shown))

    @patch(
        "/{collection_id:str}",
        operation_id="changeUserCollection",
        summary="Update a collection",
        responses={**ONE, **commerce_errors(*BODY, 404)},
        operation_class=documented(fields=ChangeCollection, headers=[CURRENCY]),
    )
    async def change(
        self, request: AnyRequest, collection_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[bytes | None]:
        """Rename a collection or change who sees it; its link stays as it is, but is dead while it is private."""
        viewer = await viewer_of(request, collections)
        number, asked = row_id(collection_id), await read_fields(request, ChangeCollection)
        return await answered(request, viewer, lambda connection: collections.change(connection, viewer, number, asked))

    @delete(
        "/{collection_id:str}",
        status_code=204,
        operation_id="deleteUserCollection",
        summary="Delete a collection",
        responses={**answers(None, 204), **commerce_errors(404)},
    )
    async def remove(
        self, request: AnyRequest, collection_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[None]:
        """Delete a collection with its items."""
        viewer = await viewer_of(request, collections)
        number = row_id(collection_id)
        return await answered(
            request, viewer, lambda connection: collections.remove(connection, viewer, number), status=204
        )

    @post(
        "/{collection_id:str}/rotate-link",
        status_code=200,
        operation_id="rotateUserCollectionLink",
        summary="Give a collection a new link",
        responses={**ONE, **commerce_errors(*IDEMPOTENT, 404)},
        operation_class=documented(headers=[IDEMPOTENCY_KEY, CURRENCY]),
    )
    async def rotate_link(
        self, request: AnyRequest, collection_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[bytes | None]:
        """Replace the slug: whoever holds the old link sees nothing from now on."""
        viewer = await viewer_of(request, collections)
        number = row_id(collection_id)
        return await answered(request, viewer, lambda connection: collections.rotate_link(connection, viewer, number))

    @put(
        "/{collection_id:str}/order",
        operation_id="orderUserCollection",
        summary="Put the items of a collection in order",
        responses={**ONE, **commerce_errors(*BODY, 404)},
        operation_class=documented(json=OrderItems, headers=[CURRENCY]),
    )
    async def reorder(
        self, request: AnyRequest, collection_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[bytes | None]:
        """Put the named items in front, in this order; the others stay behind them as they were."""
        viewer = await viewer_of(request, collections)
        number, asked = row_id(collection_id), await read_json(request, OrderItems)
        return await answered(
            request, viewer, lambda connection: collections.reorder(connection, viewer, number, asked.items)
        )


async def viewer_of(request: AnyRequest, collections: Collections) -> Viewer:
    """Who asks; raises what Identity.shopper raises."""
    return Viewer(await collections.identity.shopper(request), request.headers.get("x-currency"))


def row_id(text: str) -> int:
    """The id in a path; raises NotFound for what can't be one."""
    number = read_id(text)
    if number is None:
        raise NotFound
    return number


async def answered(
    request: AnyRequest, viewer: Viewer, use_case: Callable[[Connection], Awaitable[Any]], *, status: int = 200
) -> Response[Any]:
    """Run `use_case` in a transaction and answer with what it gives."""

    async def run(work: Transaction) -> Answer:
        return Answer(status, await use_case(work.connection))

    return await write(request, run, actor=f"user:{viewer.shopper.id}")


def _filters(query: Mapping[str, str]) -> Filters:
    name, product = query.get("search") or None, query.get("product_id") or None
    if name and "\0" in name:
        raise Invalid("Not a valid value", field="search")
    number = None if product is None else whole_number(product, MAX_ID)
    if product is not None and number is None:
        raise Invalid("A valid whole number is required", field="product_id")
    return Filters(name, number)
