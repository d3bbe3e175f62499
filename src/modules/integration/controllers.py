"""The way in over HTTP: /api/v1/integration/…, two routes for each resource and one for product feeds."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Container, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, delete, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from src.modules.audit import MAX_BODY_BYTES, Body, Call, Revision, heard, record
from src.modules.identity import Identity, Shopper
from src.modules.integration import services
from src.modules.integration.dtos import Report
from src.modules.integration.feed_imports import DEFAULT_LANGUAGE, TSV_TYPES, XML_TYPES, feed_in
from src.modules.integration.registry import ABOUT_PEOPLE, RESOURCES
from src.modules.integration.rows import row_struct
from src.modules.integration.spool import Spool, spooled
from src.modules.updates import wake
from src.platform.database import Connection, Transaction
from src.platform.edge import Answer, write
from src.platform.errors import Invalid, NotFound, UnsupportedMedia
from src.platform.idempotency import HEADER as IDEMPOTENCY_HEADER
from src.platform.ids import read_id
from src.platform.jobs import Queue
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, answers, documented, problem_errors
from src.platform.protection import TAKES_LONG
from src.platform.resources import Resource

SCOPE = "integration"
# They take turns in the database anyway; more of them would only hold connections that shoppers need.
IMPORTS_AT_ONCE = 2
# From so many changed rows on, the planner should learn of them now and not when PostgreSQL comes round to it.
WORTH_ANALYZING = 1000
ANALYZE = "integration.analyze"
FEED_CONTENT_TYPE = "products.product"
FEED_TABLES = ("product", "product_price", "product_stock", "product_image", "category_node")
LANGUAGE = re.compile("^[a-z]{2,3}(-[a-z0-9]{2,8})?$")
FLAGS = {"true": True, "1": True, "false": False, "0": False}
AnyRequest = Request[Any, Any, Any]
UseCase = Callable[[Connection, Spool, Revision], Awaitable[Report]]


class ImportQuery(msgspec.Struct):
    """How rows go in: all that are good, or all or nothing."""

    atomic: bool = False


class FeedQuery(ImportQuery):
    """How a feed goes in, and the language of its titles and descriptions."""

    language: Annotated[str, msgspec.Meta(pattern=LANGUAGE.pattern)] = DEFAULT_LANGUAGE


def _handlers(resource: Resource) -> list[HTTPRouteHandler]:
    @post(
        f"/{resource.path}",
        status_code=200,
        operation_id=f"import{resource.name}",
        summary=f"Feed {resource.path}",
        responses={**answers(Report), **problem_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(rows=row_struct(resource), query=ImportQuery, headers=[IDEMPOTENCY_KEY]),
        request_max_body_size=None,
        opt={TAKES_LONG: True},
    )
    async def feed(request: AnyRequest, identity: NamedDependency[Identity]) -> Response[Any]:
        """Make and change rows; those that can't go in are reported, the others are in.

        What a row does not tell stays as it is. Of several rows about the same object, the last one counts.
        """
        feeder = await identity.shopper(request, SCOPE)
        content_type = _content_type(request, services.FORMATS)
        atomic = _flag(request.query_params.get("atomic", "false"))
        max_bytes = services.MAX_JSON_BYTES if content_type == services.JSON else None

        async def use_case(connection: Connection, body: Spool, revision: Revision) -> Report:
            return await services.import_rows(
                connection, resource, body, content_type, atomic=atomic, revision=revision
            )

        return await _import(request, feeder, use_case, resource.content_type, [str(resource.table.name)], max_bytes)

    @delete(
        f"/{resource.path}/{{row_id:str}}",
        status_code=204,
        operation_id=f"delete{resource.name}",
        summary=f"Delete from {resource.path}",
        responses={**answers(None, 204), **problem_errors(404, 409)},
        opt={TAKES_LONG: True},  # It waits for the imports before it.
    )
    async def remove(request: AnyRequest, row_id: FromPath[str], identity: NamedDependency[Identity]) -> Response[None]:
        """Delete a row and leave its tombstone; one that others name is in use and stays."""
        feeder = await identity.shopper(request, SCOPE)
        number = read_id(row_id)
        if number is None:
            raise NotFound

        call = heard(request, feeder.id, feeder.email)

        async def use_case(work: Transaction) -> Answer:
            revision = Revision(work.connection, comment=call.told, author=feeder.id)
            await services.delete_row(work.connection, resource, number, revision=revision)
            nothing = Body(b"", 0, "")
            await record(work.connection, call, nothing, content_type=resource.content_type, object_id=number)
            work.after_commit(partial(wake, request.app.state.queue))
            return Answer(204)

        async with _turns(request.app.state):
            return await write(request, use_case, actor=f"user:{feeder.id}")

    return [feed, remove]


@post(
    "/feeds/merchant",
    status_code=200,
    operation_id="importMerchantFeed",
    summary="Import a merchant feed",
    responses={**answers(Report), **problem_errors(*BODY, *IDEMPOTENT)},
    operation_class=documented(media_types=sorted(TSV_TYPES | XML_TYPES), query=FeedQuery, headers=[IDEMPOTENCY_KEY]),
    request_max_body_size=None,
    opt={TAKES_LONG: True},
)
async def import_merchant_feed(request: AnyRequest, identity: NamedDependency[Identity]) -> Response[Any]:
    """Products with their prices, stocks, pictures and categories from a feed as Google's merchants publish it."""
    feeder = await identity.shopper(request, SCOPE)
    content_type = _content_type(request, TSV_TYPES | XML_TYPES)
    atomic = _flag(request.query_params.get("atomic", "false"))
    language = request.query_params.get("language", DEFAULT_LANGUAGE)
    if not LANGUAGE.fullmatch(language):
        raise Invalid("Not a valid value", field="language")

    async def use_case(connection: Connection, body: Spool, revision: Revision) -> Report:
        return await feed_in(connection, body, content_type, language=language, atomic=atomic, revision=revision)

    return await _import(request, feeder, use_case, FEED_CONTENT_TYPE, FEED_TABLES)


async def _import(
    request: AnyRequest,
    feeder: Shopper,
    use_case: UseCase,
    content_type: str,
    tables: Sequence[str],
    max_bytes: int | None = None,
) -> Response[Any]:
    """Take the body in, wait for a turn, then run `use_case` in its transaction."""
    call = heard(request, feeder.id, feeder.email)
    keyed = IDEMPOTENCY_HEADER in request.headers
    async with spooled(request.stream(), max_bytes, digested=keyed) as body, _turns(request.app.state):

        async def answered(work: Transaction) -> Answer:
            revision = Revision(work.connection, comment=call.told, author=feeder.id)
            report = await use_case(work.connection, body, revision)
            queue: Queue = request.app.state.queue
            changed = report.created + report.updated
            if changed:
                work.after_commit(partial(wake, queue))
                await _record(work.connection, call, request, body, content_type, report)
            if changed >= WORTH_ANALYZING:
                work.after_commit(partial(queue.enqueue, ANALYZE, key=",".join(tables), tables=list(tables)))
            return Answer(200, report)

        return await write(request, answered, actor=f"user:{feeder.id}", body_digest=body.digest)


async def _record(
    connection: Connection, call: Call, request: AnyRequest, body: Spool, content_type: str, report: Report
) -> None:
    is_kept = body.size <= MAX_BODY_BYTES and content_type not in ABOUT_PEOPLE
    kept = b"".join(body.pieces(MAX_BODY_BYTES)) if is_kept else None
    outcome = {
        "received": report.received,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": len(report.rejected),
    }
    told = Body(kept, body.size, request.content_type[0].lower())
    await record(connection, call, told, content_type=content_type, outcome=outcome)


def _turns(state: State) -> asyncio.Semaphore:
    turns: asyncio.Semaphore = state.setdefault("integration_turns", asyncio.Semaphore(IMPORTS_AT_ONCE))
    return turns


def _content_type(request: AnyRequest, known: Container[str]) -> str:
    content_type = request.content_type[0].lower()
    if content_type not in known:
        raise UnsupportedMedia
    return content_type


def _flag(text: str) -> bool:
    if text.lower() not in FLAGS:
        raise Invalid("Not a valid value", field="atomic")
    return FLAGS[text.lower()]


INTEGRATION = Router(
    "/api/v1/integration",
    route_handlers=[
        *(handler for resource in RESOURCES.values() for handler in _handlers(resource)),
        import_merchant_feed,
    ],
    tags=["Integration"],
)
