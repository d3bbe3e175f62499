"""Whole resources over HTTP: /api/v1/data-warehouse/…/export, and the same for a channel."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from src.modules.warehouse import documents
from src.modules.warehouse.controllers import PATH, REMOTE_PATH, admit
from src.modules.warehouse.exporting.exports import FORMAT, read_wanted
from src.modules.warehouse.exporting.formats import DEFAULT, FORMATS
from src.modules.warehouse.exporting.responses import Exports, export_response
from src.modules.warehouse.marks import HIGH_WATER_MARK
from src.modules.warehouse.registry import SHOWN
from src.platform.openapi import NDJSON, answers, documented, warehouse_errors
from src.platform.protection import TAKES_LONG
from src.platform.resources import Resource

AnyRequest = Request[Any, Any, Any]
HEADERS = {HIGH_WATER_MARK: "What this export has seen; told as `changed_after`, it gives what changed since."}


OTHER_TYPES = [each.media_type for name, each in FORMATS.items() if name != DEFAULT]
FormatName = Annotated[
    Literal["ndjson", "csv", "parquet", "arrow"],
    msgspec.Meta(
        description="`ndjson` and `csv` have values as pages show them, in `csv` null is nothing and JSON is text;"
        " `parquet` and `arrow` (its stream) have types, times with microseconds, and JSON as text."
    ),
]


def _query(resource: Resource) -> type[msgspec.Struct]:
    base = documents.rows_query(resource)
    return msgspec.defstruct(f"{base.__name__}OfExports", [(FORMAT, FormatName, DEFAULT)], bases=(base,))


async def _export(request: AnyRequest, exports: Exports, resource: Resource) -> Response[bytes]:
    await admit(request, request.app.state.identity)
    return export_response(exports, read_wanted(request.query_params.multi_items(), resource))


def _handlers(resource: Resource) -> list[HTTPRouteHandler]:
    shown = resource.shown
    assert shown is not None  # noqa: S101
    told: dict[str, Any] = {
        "summary": f"Export: {shown.title}",
        "description": "All rows that the filters let through, as they are at one moment, however many they are.\n\n"
        "An answer that breaks off is not complete, and says so: its last piece is missing. A few exports at a time"
        " are made; others are asked to come back (503).",
        "responses": {
            **answers(str, media_type=NDJSON, description="A row on each line, or a file of the wanted format."),
            **warehouse_errors(404),
        },
        "operation_class": documented(query=_query(resource), tells=HEADERS, also=OTHER_TYPES),
        "opt": {TAKES_LONG: True},  # To sort all rows takes minutes before the first one is told.
    }

    @get(f"{PATH}/{resource.path}/export", operation_id=f"export{resource.name}", **told)
    async def export(request: AnyRequest, exports: NamedDependency[Exports]) -> Response[bytes]:
        return await _export(request, exports, resource)

    @get(f"{REMOTE_PATH}/{resource.path}/export", operation_id=f"exportRemote{resource.name}", **told)
    async def export_of_channel(
        request: AnyRequest, channel_id: FromPath[str], exports: NamedDependency[Exports]
    ) -> Response[bytes]:
        return await _export(request, exports, resource)

    return [export, export_of_channel]


EXPORTING = Router(
    "/", route_handlers=[handler for resource in SHOWN.values() for handler in _handlers(resource)], tags=["Warehouse"]
)
