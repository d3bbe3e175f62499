"""The commerce dialect: /wishlists/product-alerts/."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.alerts.dtos import AddAlert, AlertAdded, AlertItem, AlertPage
from src.modules.alerts.rules import told_in
from src.modules.alerts.services import Alerts
from src.modules.catalogue import CommerceProduct
from src.modules.identity import SESSION_COOKIE, Shopper, session_digest
from src.modules.notifications import wake_channel
from src.platform.bodies import read_fields
from src.platform.clients import network_address
from src.platform.conditional import answer
from src.platform.database import Transaction
from src.platform.edge import Answer, write
from src.platform.errors import NotFound, Unauthenticated
from src.platform.ids import read_id
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
from src.platform.paging import links, read_page
from src.platform.wire import JSON_ENCODER

MAX_LIMIT = 1000
CURRENCY = header("X-Currency", "The currency to show prices in, for products that have a price in it.")
LANGUAGE = header("Accept-Language", "The language to tell a shopper in; else the user's own.")
AnyRequest = Request[Any, Any, Any]


class AlertQuery(msgspec.Struct):
    """Which page of the list."""

    page: int = 1
    limit: int = 20


class ProductAlertsController(Controller):
    """Alerts that tell once when a product is back in stock."""

    path = "/wishlists/product-alerts"
    tags = ("Product alerts (commerce)",)

    @get(
        operation_id="listProductAlerts",
        summary="List product alerts",
        responses={**answers(AlertPage[CommerceProduct]), **NOT_MODIFIED, **commerce_errors(404)},
        operation_class=documented(query=AlertQuery, headers=[IF_NONE_MATCH, CURRENCY]),
    )
    async def list_page(self, request: AnyRequest, alerts: NamedDependency[Alerts]) -> Response[bytes | None]:
        """List the products that the shopper waits for, the newest alert first; what was told of is not in it."""
        shopper = await alerts.identity.shopper(request)
        page = read_page(request.query_params, max_limit=MAX_LIMIT, clamp=True)
        listed = await alerts.page(shopper, page, request.headers.get("x-currency"))
        following, before = links(request, page, listed.total)
        results = [AlertItem(pk=row.id, product=msgspec.Raw(body)) for row, body in listed.items]
        return answer(request, JSON_ENCODER.encode(AlertPage(listed.total, following, before, results)))

    @post(
        status_code=201,
        operation_id="addProductAlert",
        summary="Ask to be told when a product is back in stock",
        responses={**answers(AlertAdded, 201), **commerce_errors(*BODY, *IDEMPOTENT, 406, 429)},
        operation_class=documented(fields=AddAlert, headers=[IDEMPOTENCY_KEY, LANGUAGE]),
    )
    async def add(self, request: AnyRequest, alerts: NamedDependency[Alerts]) -> Response[bytes | None]:
        """Wait for a product that sold out; of one that is in stock, for its next return.

        Without credentials an `email` is needed. Its owner is asked to confirm, and the answer is the same whether the
        address is known or not; who asks for too much gets 429.
        """
        shopper = await _shopper(request, alerts)
        body = await read_fields(request, AddAlert)
        if shopper is None:
            return await _add_for_guest(request, alerts, body)
        return await _add(request, alerts, shopper, body)

    @delete(
        "/{alert_id:str}",
        status_code=204,
        operation_id="removeProductAlert",
        summary="Remove a product alert",
        responses={**answers(None, 204), **commerce_errors(404)},
    )
    async def remove(
        self, request: AnyRequest, alert_id: FromPath[str], alerts: NamedDependency[Alerts]
    ) -> Response[None]:
        """Wait for the product no longer."""
        shopper = await alerts.identity.shopper(request)
        number = read_id(alert_id)
        if number is None:
            raise NotFound

        async def use_case(work: Transaction) -> Answer:
            await alerts.remove(work.connection, shopper, number)
            return Answer(204)

        return await write(request, use_case, actor=f"user:{shopper.id}")


async def _shopper(request: AnyRequest, alerts: Alerts) -> Shopper | None:
    """Who asks; None for a guest, whose cookie stands for nobody. An Authorization header that does is refused."""
    if "authorization" not in request.headers and session_digest(request.cookies.get(SESSION_COOKIE, "")) is None:
        return None
    try:
        return await alerts.identity.shopper(request)
    except Unauthenticated:
        if "authorization" in request.headers:
            raise
        return None


async def _add(request: AnyRequest, alerts: Alerts, shopper: Shopper, body: AddAlert) -> Response[bytes | None]:
    language = told_in(_language(request.headers), shopper.language)

    async def use_case(work: Transaction) -> Answer:
        return Answer(201, await alerts.add(work.connection, shopper, body.product, language))

    return await write(request, use_case, actor=f"user:{shopper.id}")


async def _add_for_guest(request: AnyRequest, alerts: Alerts, body: AddAlert) -> Response[bytes | None]:
    address = network_address(request)
    guest = await alerts.guest(body.email, told_in(_language(request.headers), None), address)

    async def use_case(work: Transaction) -> Answer:
        added = await alerts.add_for_guest(work.connection, guest, body.product)
        work.after_commit(lambda: wake_channel(request.app.state.queue, "email"))
        return Answer(201, added)

    return await write(request, use_case, actor=f"address:{address}")


def _language(headers: Mapping[str, str]) -> str | None:
    return headers.get("accept-language")
