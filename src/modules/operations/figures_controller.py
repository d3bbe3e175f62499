"""How the service is doing, as JSON: /ops/queues now, /ops/history over time."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency

from src.modules.identity import Identity
from src.modules.operations.figures import History, Overview
from src.modules.operations.history import Span, read_history
from src.modules.operations.operators import operator
from src.modules.operations.overview import Overviews
from src.platform.bodies import convert_fields
from src.platform.errors import ServiceUnavailable
from src.platform.jobs import QUEUE_AWAY
from src.platform.openapi import answers, documented, problem_errors

AnyRequest = Request[Any, Any, Any]
NO_STORE = {"Cache-Control": "no-store"}


class HistoryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """How far back."""

    span: Span = "hour"


class FiguresController(Controller):
    """What the operators' page shows, for whoever wants to show it elsewhere."""

    path = "/ops"
    tags = ("Operations",)

    @get(
        "/queues",
        operation_id="showQueues",
        summary="Show how queues, feed, deliveries and requests are doing",
        responses={**answers(Overview), **problem_errors()},
    )
    async def queues(
        self, request: AnyRequest, identity: NamedDependency[Identity], overviews: NamedDependency[Overviews]
    ) -> Response[Overview]:
        """Figures of now and of the last minutes, at most a second old; what can't be known at the moment is null."""
        await operator(request, identity)
        return Response(await overviews.now(), headers=NO_STORE)

    @get(
        "/history",
        operation_id="showHistory",
        summary="Show figures over time",
        responses={**answers(History), **problem_errors()},
        operation_class=documented(query=HistoryQuery),
    )
    async def history(
        self, request: AnyRequest, identity: NamedDependency[Identity], overviews: NamedDependency[Overviews]
    ) -> Response[History]:
        """The last hour by minutes, or the last day by quarters of an hour; null where nothing was recorded."""
        await operator(request, identity)
        asked = convert_fields({"span": request.query_params.get("span", "hour")}, HistoryQuery)
        try:
            return Response(await read_history(overviews.recorded, asked.span), headers=NO_STORE)
        except QUEUE_AWAY as error:
            raise ServiceUnavailable from error
