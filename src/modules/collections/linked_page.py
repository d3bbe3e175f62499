"""The commerce dialect: /wishlists/user-collection/<slug>/, open to everybody."""

from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.catalogue import CollectedProduct
from src.modules.collections.dtos import CollectionView
from src.modules.collections.linked import LinkedCollections
from src.modules.identity import SESSION_COOKIE, Shopper, session_digest
from src.platform.conditional import PRIVATE, answer
from src.platform.errors import Unauthenticated
from src.platform.openapi import IF_NONE_MATCH, NOT_MODIFIED, PUBLIC, answers, commerce_errors, documented, header

# Caches between may keep it but ask each time, so that a link which was closed leads nowhere at once. As they ask with
# the headers of whoever comes, they need not tell viewers apart by these.
FOR_EVERYBODY = "public, no-cache"
CURRENCY = header("X-Currency", "The currency to show prices in, for products that have a price in it.")
AnyRequest = Request[Any, Any, Any]


class LinkedCollectionController(Controller):
    """What a link of a collection leads to."""

    path = "/wishlists/user-collection"
    tags = ("User collections (commerce)",)
    security = PUBLIC

    @get(
        "/{slug:str}",
        operation_id="showLinkedCollection",
        summary="Show the collection behind a link",
        responses={**answers(CollectionView[CollectedProduct]), **NOT_MODIFIED, **commerce_errors(404)},
        operation_class=documented(headers=[IF_NONE_MATCH, CURRENCY]),
    )
    async def show(
        self, request: AnyRequest, slug: FromPath[str], linked_collections: NamedDependency[LinkedCollections]
    ) -> Response[bytes | None]:
        """Show a public collection to anyone, and its owner a private one; without credentials at everybody's prices.

        Of a private collection's link nobody else can tell whether it exists.
        """
        viewer = await _viewer(request, linked_collections)
        shown = await linked_collections.show(slug, viewer, request.headers.get("x-currency"))
        told = FOR_EVERYBODY if viewer is None else PRIVATE
        return answer(request, shown.body, tag=shown.tag, headers={"Cache-Control": told})


async def _viewer(request: AnyRequest, linked: LinkedCollections) -> Shopper | None:
    """Who looks; None for a guest, whose cookie stands for nobody. An Authorization header that does is refused."""
    if "authorization" in request.headers:
        return await linked.identity.shopper(request)
    if session_digest(request.cookies.get(SESSION_COOKIE, "")) is None:
        return None
    try:
        return await linked.identity.shopper(request)
    except Unauthenticated:
        return None
