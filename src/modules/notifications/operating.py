"""For those who run the service: /api/v1/deliveries, with what became of each, and replays of the dead ones."""

from collections.abc import Mapping
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.audit import audited
from src.modules.identity import Identity
from src.modules.notifications import services
from src.modules.notifications.dtos import DeliveryListQuery, DeliveryPage, DeliveryRead, Replayed, ReplayFilter
from src.platform.bodies import convert_fields, read_json
from src.platform.database import Database, Transaction
from src.platform.edge import Answer, write
from src.platform.errors import NotFound
from src.platform.ids import read_id
from src.platform.jobs import Queue
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, answers, documented, problem_errors
from src.platform.paging import link

AnyRequest = Request[Any, Any, Any]
SCOPE = "ops"
NO_STORE = {"Cache-Control": "no-store"}


class DeliveryController(Controller):
    """Every delivery: what is told to whom over which channel."""

    path = "/api/v1/deliveries"
    tags = ("Notifications",)

    @get(
        operation_id="listDeliveries",
        summary="List deliveries",
        responses={**answers(DeliveryPage), **problem_errors()},
        operation_class=documented(query=DeliveryListQuery),
    )
    async def list_page(
        self, request: AnyRequest, identity: NamedDependency[Identity], database: NamedDependency[Database]
    ) -> Response[DeliveryPage]:
        """The newest deliveries that fit; `next` leads to older ones."""
        await identity.shopper(request, SCOPE)
        asked = convert_fields(_known(request.query_params), DeliveryListQuery)
        async with database.read() as connection:
            shown, cursor = await services.list_deliveries(connection, asked)
        return Response(DeliveryPage(link(request, "cursor", cursor), shown), headers=NO_STORE)

    @get(
        "/{delivery_id:str}",
        operation_id="getDelivery",
        summary="Show a delivery",
        responses={**answers(DeliveryRead), **problem_errors(404)},
    )
    async def show(
        self,
        request: AnyRequest,
        identity: NamedDependency[Identity],
        database: NamedDependency[Database],
        delivery_id: FromPath[str],
    ) -> Response[DeliveryRead]:
        """One delivery with what became of it."""
        await identity.shopper(request, SCOPE)
        async with database.read() as connection:
            return Response(await services.get_delivery(connection, _id(delivery_id)), headers=NO_STORE)

    @post(
        "/{delivery_id:str}/replay",
        status_code=200,
        operation_id="replayDelivery",
        summary="Replay a dead delivery",
        responses={**answers(DeliveryRead), **problem_errors(404, *IDEMPOTENT)},
        operation_class=documented(headers=[IDEMPOTENCY_KEY]),
    )
    async def replay_one(
        self,
        request: AnyRequest,
        identity: NamedDependency[Identity],
        queue: NamedDependency[Queue],
        delivery_id: FromPath[str],
    ) -> Response[Any]:
        """Send a dead delivery again, with what travelled in the same message, under the id that the message had."""
        operator = await identity.shopper(request, SCOPE)

        async def use_case(work: Transaction) -> Answer:
            shown = await services.replay_one(work.connection, _id(delivery_id))
            work.after_commit(lambda: services.wake_channel(queue, shown.channel))
            return Answer(200, shown, NO_STORE)

        told = await audited(request, use_case, user_id=operator.id, email=operator.email)
        return await write(request, told, actor=f"user:{operator.id}")

    @post(
        "/replay",
        status_code=200,
        operation_id="replayDeliveries",
        summary="Replay dead deliveries",
        responses={**answers(Replayed), **problem_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(json=ReplayFilter, headers=[IDEMPOTENCY_KEY]),
    )
    async def replay_many(
        self,
        request: AnyRequest,
        identity: NamedDependency[Identity],
        queue: NamedDependency[Queue],
        database: NamedDependency[Database],
    ) -> Response[Any]:
        """Send the dead deliveries that fit again, ten thousand at a time."""
        operator = await identity.shopper(request, SCOPE)
        asked = await read_json(request, ReplayFilter)

        async def use_case(work: Transaction) -> Answer:
            replayed = await services.replay_many(work.connection, asked)
            work.after_commit(lambda: services.wake_deliverers(database, queue))
            return Answer(200, replayed, NO_STORE)

        told = await audited(request, use_case, user_id=operator.id, email=operator.email)
        return await write(request, told, actor=f"user:{operator.id}")


def _known(query: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that are ours; others are ignored, as everywhere."""
    return {name: value for name, value in query.items() if name in DeliveryListQuery.__struct_fields__}


def _id(text: str) -> int:
    number = read_id(text)
    if number is None:
        raise NotFound
    return number
