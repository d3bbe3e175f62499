"""The commerce dialect: /wishlists/user-collection-items/."""

from typing import Any

from litestar import Controller, Request, Response, delete, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.catalogue import CollectedProduct
from src.modules.collections.commerce import CURRENCY, answered, row_id, viewer_of
from src.modules.collections.dtos import AddItem, ChangeItem, Destination, ItemView
from src.modules.collections.services import Collections
from src.platform.bodies import read_fields
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, answers, commerce_errors, documented

ITEM = ItemView[CollectedProduct]
AnyRequest = Request[Any, Any, Any]


class UserCollectionItemsController(Controller):
    """The items of a user's own collections."""

    path = "/wishlists/user-collection-items"
    tags = ("User collections (commerce)",)

    @post(
        status_code=201,
        operation_id="addUserCollectionItem",
        summary="Add a product to a collection",
        responses={**answers(ITEM, 201), **commerce_errors(*BODY, *IDEMPOTENT, 404, 406)},
        operation_class=documented(fields=AddItem, headers=[IDEMPOTENCY_KEY, CURRENCY]),
    )
    async def add(self, request: AnyRequest, collections: NamedDependency[Collections]) -> Response[bytes | None]:
        """Put a product behind the others of a collection, with a note if wanted."""
        viewer = await viewer_of(request, collections)
        asked = await read_fields(request, AddItem)
        return await answered(
            request, viewer, lambda connection: collections.add_item(connection, viewer, asked), status=201
        )

    @patch(
        "/{item_id:str}",
        operation_id="changeUserCollectionItem",
        summary="Change the note of an item",
        responses={**answers(ITEM), **commerce_errors(*BODY, 404)},
        operation_class=documented(fields=ChangeItem, headers=[CURRENCY]),
    )
    async def change(
        self, request: AnyRequest, item_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[bytes | None]:
        """Note something else about an item; null or nothing removes the note."""
        viewer = await viewer_of(request, collections)
        number, asked = row_id(item_id), await read_fields(request, ChangeItem)
        return await answered(
            request, viewer, lambda connection: collections.change_item(connection, viewer, number, asked)
        )

    @delete(
        "/{item_id:str}",
        status_code=204,
        operation_id="removeUserCollectionItem",
        summary="Remove a product from a collection",
        responses={**answers(None, 204), **commerce_errors(404)},
    )
    async def remove(
        self, request: AnyRequest, item_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[None]:
        """Take an item out of its collection."""
        viewer = await viewer_of(request, collections)
        number = row_id(item_id)
        return await answered(
            request, viewer, lambda connection: collections.remove_item(connection, viewer, number), status=204
        )

    @post(
        "/{item_id:str}/copy",
        status_code=201,
        operation_id="copyUserCollectionItem",
        summary="Copy an item to another collection",
        responses={**answers(ITEM, 201), **commerce_errors(*BODY, *IDEMPOTENT, 404, 406)},
        operation_class=documented(fields=Destination, headers=[IDEMPOTENCY_KEY, CURRENCY]),
    )
    async def copy(
        self, request: AnyRequest, item_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[bytes | None]:
        """Put the product, with the note, behind the others of another collection; the answer is the new item."""
        viewer = await viewer_of(request, collections)
        number, asked = row_id(item_id), await read_fields(request, Destination)
        return await answered(
            request,
            viewer,
            lambda connection: collections.copy_item(connection, viewer, number, asked.usercollection_id),
            status=201,
        )

    @post(
        "/{item_id:str}/move",
        status_code=200,
        operation_id="moveUserCollectionItem",
        summary="Move an item to another collection",
        responses={**answers(ITEM), **commerce_errors(*BODY, *IDEMPOTENT, 404, 406)},
        operation_class=documented(fields=Destination, headers=[IDEMPOTENCY_KEY, CURRENCY]),
    )
    async def move(
        self, request: AnyRequest, item_id: FromPath[str], collections: NamedDependency[Collections]
    ) -> Response[bytes | None]:
        """Take the item out of its collection and put it behind the others of another; it keeps its pk and note."""
        viewer = await viewer_of(request, collections)
        number, asked = row_id(item_id), await read_fields(request, Destination)
        return await answered(
            request,
            viewer,
            lambda connection: collections.move_item(connection, viewer, number, asked.usercollection_id),
        )
