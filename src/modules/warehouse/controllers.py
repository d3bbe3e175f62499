"""The way out over HTTP: /api/v1/data-warehouse/…, and the same for a channel; one handler for all resources."""

from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from src.modules.identity import Identity
from src.modules.warehouse import documents
from src.modules.warehouse.cursors import CURSOR
from src.modules.warehouse.marks import HIGH_WATER_MARK
from src.modules.warehouse.parameters import told_once
from src.modules.warehouse.questions import read_question
from src.modules.warehouse.reading import Found, Warehouse
from src.modules.warehouse.registry import SHOWN
from src.platform import wire
from src.platform.dialects import JSON
from src.platform.errors import NotFound
from src.platform.openapi import answers, documented, warehouse_errors
from src.platform.paging import linked
from src.platform.resources import Resource

AnyRequest = Request[Any, Any, Any]
SCOPE = "warehouse"
COUNT_AS_OF = "X-Count-As-Of"
PATH = "/api/v1/data-warehouse"
REMOTE_PATH = "/api/v1/remote/{channel_id:str}/data-warehouse"
# Rows are of the moment, and of many shoppers.
NO_STORE = {"Cache-Control": "no-store"}
HEADERS = {
    HIGH_WATER_MARK: "What the first page of this crawl has seen; keep it, and tell it as `changed_after` next time.",
    COUNT_AS_OF: "When the count was made; only where rows have changed since the first page of this crawl.",
}


async def admit(request: AnyRequest, identity: Identity) -> None:
    """Let in who may read the warehouse of this channel; raises what `Identity.shopper` raises, and NotFound."""
    await identity.shopper(request, SCOPE)
    channel = request.path_params.get("channel_id")
    if channel is not None and channel != str(request.app.state.settings.channel_id):
        raise NotFound


async def _show(request: AnyRequest, warehouse: Warehouse, resource: Resource) -> Response[bytes]:
    await admit(request, request.app.state.identity)
    question = read_question(told_once(request.query_params.multi_items()), resource)
    found = await warehouse.find(question)
    return _answer(request, found, question.page.number)


def _answer(request: AnyRequest, found: Found, page: int) -> Response[bytes]:
    headers = {HIGH_WATER_MARK: str(found.mark), **NO_STORE}
    if not found.exact:
        headers[COUNT_AS_OF] = wire.time(datetime.fromtimestamp(found.counted.at / 1_000_000, UTC))
    following = linked(request, {"page": page + 1, CURSOR: found.cursor}) if found.cursor else None
    before = linked(request, {"page": page - 1, CURSOR: None}) if page > 1 else None
    body = b'{"count":%d,"next":%b,"previous":%b,"results":[%b]}' % (
        found.counted.total,
        wire.JSON_ENCODER.encode(following),
        wire.JSON_ENCODER.encode(before),
        found.rows,
    )
    return Response(body, media_type=JSON, headers=headers)


def _handlers(resource: Resource) -> list[HTTPRouteHandler]:
    shown = resource.shown
    assert shown is not None  # noqa: S101
    told: dict[str, Any] = {
        "summary": shown.title,
        "description": shown.about,
        "responses": {**answers(documents.page_type(resource)), **warehouse_errors(404)},
        "operation_class": documented(query=documents.page_query(resource), tells=HEADERS),
    }

    @get(f"{PATH}/{resource.path}", operation_id=f"read{resource.name}", **told)
    async def show(request: AnyRequest, warehouse: NamedDependency[Warehouse]) -> Response[bytes]:
        return await _show(request, warehouse, resource)

    @get(f"{REMOTE_PATH}/{resource.path}", operation_id=f"readRemote{resource.name}", **told)
    async def show_of_channel(
        request: AnyRequest, channel_id: FromPath[str], warehouse: NamedDependency[Warehouse]
    ) -> Response[bytes]:
        return await _show(request, warehouse, resource)

    return [show, show_of_channel]


READING = Router(
    "/", route_handlers=[handler for resource in SHOWN.values() for handler in _handlers(resource)], tags=["Warehouse"]
)
