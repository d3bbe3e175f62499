"""The commerce dialect: putting all of a collection into the basket."""

from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.baskets import IF_MATCH, VISIT_HEADERS, BasketView, Changes, Outcome, VisitQuery, read_writer
from src.modules.catalogue import CommerceProduct
from src.modules.collections.commerce import row_id, viewer_of
from src.modules.collections.dtos import BoughtItem, BuyCollection, CappedItem, CollectionBought, UnavailableItem
from src.modules.collections.services import Collections
from src.platform.bodies import read_fields
from src.platform.conditional import PRIVATE
from src.platform.database import Transaction
from src.platform.edge import Answer, write
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, answers, commerce_errors, documented

AnyRequest = Request[Any, Any, Any]


class CollectionBuyingController(Controller):
    """From the collection into the basket."""

    path = "/wishlists/user-collections/{collection_id:str}/add-to-basket"
    tags = ("User collections (commerce)",)

    @post(
        status_code=200,
        operation_id="addUserCollectionToBasket",
        summary="Put a whole collection into the basket",
        responses={
            **answers(CollectionBought[BasketView[CommerceProduct]]),
            **commerce_errors(*BODY, *IDEMPOTENT, 404, 406, 412),
        },
        operation_class=documented(
            fields=BuyCollection, query=VisitQuery, headers=[IDEMPOTENCY_KEY, IF_MATCH, *VISIT_HEADERS]
        ),
    )
    async def buy(
        self,
        request: AnyRequest,
        collection_id: FromPath[str],
        collections: NamedDependency[Collections],
        changes: NamedDependency[Changes],
    ) -> Response[bytes | None]:
        """Put `quantity` units of each item into the basket, as far as they can be had.

        The report has each item in one list: `added`, `capped` (fewer than wanted), `unavailable` (none), with the
        reason. A frozen basket refuses all.
        """
        viewer = await viewer_of(request, collections)
        number = row_id(collection_id)
        asked = await read_fields(request, BuyCollection) if await request.body() else BuyCollection()
        writer = await read_writer(request, changes)

        async def use_case(work: Transaction) -> Answer:
            wishes = await collections.wishes(work.connection, viewer, number, asked.quantity)
            shown, outcomes = await changes.fill(work, writer, wishes)
            basket = msgspec.json.decode(shown.body, type=dict[str, msgspec.Raw])["basket"]
            return Answer(200, _report(outcomes, basket), {"ETag": shown.tag, "Cache-Control": PRIVATE})

        async with changes.turn(writer):
            return await write(request, use_case, actor=writer.visit.actor(viewer.shopper.id, request))


def _report(outcomes: Iterable[Outcome], basket: msgspec.Raw) -> CollectionBought[msgspec.Raw]:
    report = CollectionBought[msgspec.Raw]([], [], [], basket)
    for (key, product, wanted), quantity, shortfall in outcomes:
        if shortfall is None:
            report.added.append(BoughtItem(key, product, quantity))
        elif quantity:
            report.capped.append(CappedItem(key, product, quantity, wanted, shortfall))
        else:
            report.unavailable.append(UnavailableItem(key, product, wanted, shortfall))
    return report
