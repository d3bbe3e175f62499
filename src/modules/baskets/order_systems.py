"""What order systems call: /api/v1/baskets/{id}/freeze, release and submit."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.baskets.dtos import BasketStatus
from src.modules.baskets.errors import NoSuchBasket
from src.modules.baskets.orders import Orders
from src.modules.baskets.visits import Visit, read_client_type
from src.modules.catalogue import read_currency
from src.platform.database import Connection, Transaction
from src.platform.edge import Answer, write
from src.platform.i18n import negotiate
from src.platform.ids import read_id
from src.platform.openapi import IDEMPOTENCY_KEY, IDEMPOTENT, answers, documented, header, problem_errors

AnyRequest = Request[Any, Any, Any]
Step: TypeAlias = Callable[[Connection, int, Visit], Awaitable[BasketStatus]]
SCOPE = "integration"
MOVED = {**answers(BasketStatus), **problem_errors(404, *IDEMPOTENT)}
# An order system speaks for the shopper, so it may pass on what the shopper's requests carry.
CALLED = documented(
    headers=[
        IDEMPOTENCY_KEY,
        header("X-Currency", "The currency to price the basket in, as the shopper's requests name it."),
        header("X-Client-Type", "What offers may be limited to, as the shopper's requests name it."),
    ]
)


class OrderSystemController(Controller):
    """How baskets become orders; each call may be repeated and answers the same."""

    path = "/api/v1/baskets"
    tags = ("Baskets (order systems)",)

    @post(
        "/{basket_id:str}/freeze",
        status_code=200,
        operation_id="freezeBasket",
        summary="Freeze a basket",
        responses=MOVED,
        operation_class=CALLED,
    )
    async def freeze(
        self, request: AnyRequest, basket_id: FromPath[str], orders: NamedDependency[Orders]
    ) -> Response[bytes | None]:
        """Keep a basket as it is while it is paid for, and hold the uses of its offers."""
        return await _moved(request, basket_id, orders, orders.freeze)

    @post(
        "/{basket_id:str}/release",
        status_code=200,
        operation_id="releaseBasket",
        summary="Release a basket",
        responses=MOVED,
        operation_class=CALLED,
    )
    async def release(
        self, request: AnyRequest, basket_id: FromPath[str], orders: NamedDependency[Orders]
    ) -> Response[bytes | None]:
        """Make a frozen basket active again; what it held goes back."""
        return await _moved(request, basket_id, orders, orders.release)

    @post(
        "/{basket_id:str}/submit",
        status_code=200,
        operation_id="submitBasket",
        summary="Submit a basket",
        responses=MOVED,
        operation_class=CALLED,
    )
    async def submit(
        self, request: AnyRequest, basket_id: FromPath[str], orders: NamedDependency[Orders]
    ) -> Response[bytes | None]:
        """Make an order of a basket: its offers are used up, and the shopper's next basket is a new one."""
        return await _moved(request, basket_id, orders, orders.submit)


async def _moved(request: AnyRequest, basket_id: str, orders: Orders, step: Step) -> Response[bytes | None]:
    """Take a step on the caller's behalf, with the wishes of the request; raises NoSuchBasket."""
    caller = await orders.identity.shopper(request, SCOPE)
    number = read_id(basket_id)
    if number is None:
        raise NoSuchBasket
    visit = Visit(
        digest=None,
        guest=None,
        namespace=None,
        currency=read_currency(request.headers.get("x-currency")),
        language=negotiate(request.headers.get("accept-language")),
        client_type=read_client_type(request.headers.get("x-client-type")),
    )

    async def use_case(work: Transaction) -> Answer:
        return Answer(200, await step(work.connection, number, visit))

    return await write(request, use_case, actor=f"user:{caller.id}")
