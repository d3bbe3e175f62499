"""The commerce dialect: changing /baskets/basket/ and /baskets/basket_items/."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, patch, post, put
from litestar.di import NamedDependency

from src.modules.baskets.changes import Changes
from src.modules.baskets.commerce import VISIT_HEADERS, BasketController, VisitQuery
from src.modules.baskets.decisions import Writer
from src.modules.baskets.dtos import BasketAnswer, LineView
from src.modules.baskets.guests import guest_of
from src.modules.baskets.inputs import AddToBasket, ChangeBasket, ChangeLine, SetQuantity, checked
from src.modules.baskets.services import Shown, with_session
from src.modules.baskets.visits import read_visit
from src.modules.catalogue import CommerceProduct
from src.platform.bodies import read_fields
from src.platform.conditional import PRIVATE
from src.platform.database import Transaction
from src.platform.edge import Answer, write, write_shared
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, answers, commerce_errors, documented, header

AnyRequest = Request[Any, Any, Any]
IF_MATCH = header("If-Match", "The ETag of the basket that the change is meant for: 412 when its version has moved.")
HEADERS = (IF_MATCH, *VISIT_HEADERS)
CHANGED = answers(BasketAnswer)


class BasketWritingController(BasketController):
    """Changes beside the look: a path has one controller. Each of them answers with the whole basket."""

    @post(
        status_code=200,
        operation_id="addToBasket",
        summary="Add a product to the basket",
        responses={**CHANGED, **commerce_errors(*BODY, *IDEMPOTENT, 406, 412)},
        operation_class=documented(fields=AddToBasket, query=VisitQuery, headers=[IDEMPOTENCY_KEY, *HEADERS]),
    )
    async def add(self, request: AnyRequest, changes: NamedDependency[Changes]) -> Response[bytes | None]:
        """Add units of a product; the first write of an anonymous shopper sets the cookie `osessionid`."""
        writer = await read_writer(request, changes)
        asked = await read_fields(request, AddToBasket)
        return await _changed(request, changes, writer, lambda work: changes.add(work, writer, asked))

    @put(
        operation_id="setBasketQuantity",
        summary="Set the quantity of a product in the basket",
        responses={**CHANGED, **commerce_errors(*BODY, 406, 412)},
        operation_class=documented(fields=SetQuantity, query=VisitQuery, headers=HEADERS),
    )
    async def set_quantity(self, request: AnyRequest, changes: NamedDependency[Changes]) -> Response[bytes | None]:
        """Set how many units of a product there are; 0 removes it."""
        writer = await read_writer(request, changes)
        told = await read_fields(request, SetQuantity)
        asked = ChangeBasket(told.product, told.quantity, told.attributes, told.inquiry)
        return await _changed(request, changes, writer, lambda work: changes.change(work, writer, asked))

    @patch(
        operation_id="changeBasket",
        summary="Set a quantity, apply or remove a voucher",
        responses={**CHANGED, **commerce_errors(*BODY, 406, 412)},
        operation_class=documented(fields=ChangeBasket, query=VisitQuery, headers=HEADERS),
    )
    async def change(self, request: AnyRequest, changes: NamedDependency[Changes]) -> Response[bytes | None]:
        """Set a quantity as PUT does, or see to codes.

        `external_offer_code` is stored whatever else is sent and found; `remove_voucher_code` removes both codes but
        not one that is sent beside it, and goes before `voucher_code`, which must be good for this basket.
        """
        writer = await read_writer(request, changes)
        asked = checked(await read_fields(request, ChangeBasket))
        return await _changed(request, changes, writer, lambda work: changes.change(work, writer, asked))

    @delete(
        status_code=200,
        operation_id="emptyBasket",
        summary="Empty the basket",
        responses={**CHANGED, **commerce_errors(406, 412)},
        operation_class=documented(query=VisitQuery, headers=HEADERS),
    )
    async def empty(self, request: AnyRequest, changes: NamedDependency[Changes]) -> Response[bytes | None]:
        """Remove every line, and the voucher; a body is ignored."""
        writer = await read_writer(request, changes)
        return await _changed(request, changes, writer, lambda work: changes.empty(work, writer))


class BasketItemController(Controller):
    """Changes of one line."""

    path = "/baskets/basket_items"
    tags = ("Baskets (commerce)",)

    @patch(
        operation_id="changeBasketItem",
        summary="Change the attributes of a line, or split a unit off",
        responses={**answers(LineView[CommerceProduct]), **commerce_errors(*BODY, 406, 412)},
        operation_class=documented(fields=ChangeLine, query=VisitQuery, headers=HEADERS),
    )
    async def change(self, request: AnyRequest, changes: NamedDependency[Changes]) -> Response[bytes | None]:
        """Give a line (`is_all`) or one unit of it other attributes; the answer is the line that holds it then."""
        writer = await read_writer(request, changes)
        asked = await read_fields(request, ChangeLine)

        async def use_case(work: Transaction) -> Answer:
            shown, line_id = await changes.change_line(work, writer, asked)
            assert shown.view is not None  # noqa: S101  (a changed basket is always rendered)
            lines = (*shown.view.basketitem_set, *shown.view.unavailable_basket_products)
            return Answer(200, next(line for line in lines if line.id == line_id), _headers(request, writer, shown))

        async with changes.turn(writer):
            return await write(request, use_case, actor=_actor(request, writer))


async def read_writer(request: AnyRequest, changes: Changes) -> Writer:
    """Who writes; raises what read_visit, Changes.owner and guest_of raise."""
    visit = await read_visit(request, changes.identity)
    owner = await changes.owner(visit)
    return Writer(visit, owner, guest_of(request, visit, owner), request.headers.get("if-match"))


async def _changed(
    request: AnyRequest, changes: Changes, writer: Writer, change: Callable[[Transaction | None], Awaitable[Shown]]
) -> Response[bytes | None]:
    async def use_case(work: Transaction | None) -> Answer:
        shown = await change(work)
        body = shown.body if writer.guest is None else with_session(shown.body, writer.guest.session_id)
        return Answer(200, msgspec.Raw(body), _headers(request, writer, shown))

    async with changes.turn(writer):
        return await write_shared(request, use_case, actor=_actor(request, writer))


def _actor(request: AnyRequest, writer: Writer) -> str:
    return writer.visit.actor(writer.owner.user_id, request)


def _headers(request: AnyRequest, writer: Writer, shown: Shown) -> dict[str, str]:
    told = {"ETag": shown.tag, "Cache-Control": PRIVATE}
    return told if writer.guest is None else told | writer.guest.headers(request)
