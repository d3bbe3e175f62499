"""The commerce dialect: looking at /baskets/basket/."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency

from src.modules.baskets.dtos import BasketAnswer
from src.modules.baskets.services import Baskets, Shown, with_session
from src.modules.baskets.visits import MAX_CLIENT_TYPE, MAX_NAMESPACE, Visit, read_visit
from src.platform.conditional import answer
from src.platform.openapi import IF_NONE_MATCH, NOT_MODIFIED, answers, commerce_errors, documented, header

AnyRequest = Request[Any, Any, Any]
VISIT_HEADERS = (
    header("X-Currency", "The currency of the basket from this request on, if anything has a price in it."),
    header("X-Basket-Namespace", f"Which of the shopper's baskets; at most {MAX_NAMESPACE} characters."),
    header("X-Client-Type", f"What offers may be limited to; at most {MAX_CLIENT_TYPE} characters, else `default`."),
)
"""What every request about a basket may carry."""


class VisitQuery(msgspec.Struct):
    """Which of the shopper's baskets; the same as X-Basket-Namespace."""

    namespace: str = ""


class BasketController(Controller):
    """The shopper's basket, as the basket document describes it."""

    path = "/baskets/basket"
    tags = ("Baskets (commerce)",)

    @get(
        operation_id="showBasket",
        summary="Show the basket",
        responses={**answers(BasketAnswer), **NOT_MODIFIED, **commerce_errors()},
        operation_class=documented(query=VisitQuery, headers=[IF_NONE_MATCH, *VISIT_HEADERS]),
    )
    async def show(self, request: AnyRequest, baskets: NamedDependency[Baskets]) -> Response[bytes | None]:
        """Show the basket with its lines, what they cost now and what offers give; never fails for want of one."""
        visit = await read_visit(request, baskets.identity)
        shown = await baskets.show(visit)
        return answer(request, told(shown, visit), tag=shown.tag)


def told(shown: Shown, visit: Visit) -> bytes:
    """The bytes of the answer: guests who have a basket are told their cookie again."""
    if shown.user_id is None and shown.basket_id is not None and visit.session_id is not None:
        return with_session(shown.body, visit.session_id)
    return shown.body
