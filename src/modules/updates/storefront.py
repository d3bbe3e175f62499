"""The storefront dialect: /storefront/favorites/updates."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency

from src.modules.updates.dtos import Dismiss, Dismissed, Feed, Success, UpdatesQuery
from src.modules.updates.queries import in_utc, read_query
from src.modules.updates.services import Updates
from src.platform.bodies import read_json
from src.platform.conditional import answer
from src.platform.database import Transaction
from src.platform.edge import Answer, write
from src.platform.errors import Invalid
from src.platform.openapi import (
    BODY,
    IDEMPOTENCY_KEY,
    IDEMPOTENT,
    IF_NONE_MATCH,
    NOT_MODIFIED,
    answers,
    documented,
    storefront_errors,
)

AnyRequest = Request[Any, Any, Any]


class UpdatesController(Controller):
    """What changed about favorites since they were added or last dismissed."""

    path = "/storefront/favorites/updates"
    tags = ("Updates (storefront)",)

    @get(
        operation_id="listFavoriteUpdates",
        summary="List updates of favorites",
        responses={**answers(Success[Feed]), **NOT_MODIFIED, **storefront_errors()},
        operation_class=documented(query=UpdatesQuery, headers=[IF_NONE_MATCH]),
    )
    async def show(self, request: AnyRequest, updates: NamedDependency[Updates]) -> Response[bytes | None]:
        """List the favorites that became available, changed their price or ran out, the newest change first."""
        presented = await updates.identity.present(request)
        return answer(request, await updates.show(presented, read_query(request.query_params)))

    @post(
        "/dismiss",
        status_code=200,
        operation_id="dismissFavoriteUpdates",
        summary="Dismiss updates of favorites",
        responses={**answers(Success[Dismissed]), **storefront_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(json=Dismiss, headers=[IDEMPOTENCY_KEY]),
    )
    async def dismiss(self, request: AnyRequest, updates: NamedDependency[Updates]) -> Response[bytes | None]:
        """Compare favorites with what they were at `up_to`, now by default, from now on."""
        shopper = await updates.identity.shopper(request)
        asked = _checked(await read_json(request, Dismiss))

        async def use_case(work: Transaction) -> Answer:
            dismissed = await updates.dismiss(work.connection, shopper, asked)
            return Answer(200, Success(True, Dismissed(dismissed)))

        return await write(request, use_case, actor=f"user:{shopper.id}")


def _checked(asked: Dismiss) -> Dismiss:
    if asked.all == (asked.favorite_ids is not None):
        raise Invalid("Either favorite_ids or all is required", field="favorite_ids")
    return asked if asked.up_to is None else msgspec.structs.replace(asked, up_to=_in_utc(asked.up_to))


def _in_utc(moment: datetime) -> datetime:
    try:
        return in_utc(moment)
    except ValueError as error:
        raise Invalid("Not a valid value", field="up_to") from error
