"""One shopper's data over HTTP, for operators: everything that is kept of them, and its erasure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Controller, Request, Response, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.audit import Body, audited, heard, record
from src.modules.identity import Identity
from src.modules.privacy.dtos import ErasureRead, UserData
from src.modules.privacy.erasing import erase
from src.modules.privacy.repositories import Erased
from src.modules.privacy.telling import Telling
from src.platform import wire
from src.platform.database import Transaction
from src.platform.dialects import JSON
from src.platform.edge import Answer, write
from src.platform.errors import NotFound
from src.platform.ids import read_id
from src.platform.openapi import answers, problem_errors
from src.platform.protection import TAKES_LONG
from src.platform.streaming import Begun, StreamedResponse

AnyRequest = Request[Any, Any, Any]
SCOPE = "ops"
CONTENT_TYPE = "users.user"
NO_STORE = {"Cache-Control": "no-store"}


class UserDataController(Controller):
    """What is kept of one shopper."""

    path = "/api/v1/users/{user_id:str}/data"
    tags = ("Privacy",)

    @get(
        operation_id="exportUserData",
        summary="Export a shopper's data",
        responses={**answers(UserData), **problem_errors(404)},
        opt={TAKES_LONG: True},
    )
    async def export_user_data(
        self, request: AnyRequest, identity: NamedDependency[Identity], user_id: FromPath[str]
    ) -> Response[bytes]:
        """Every row of every table that is about the user, as of one moment; secrets and their digests are left out.

        Of audit events these are what the user did, and what was done to their rows. It is noted who has asked.
        """
        operator = await identity.shopper(request, SCOPE)
        number = _number(user_id)
        call = heard(request, operator.id, operator.email)
        async with request.app.state.database.transaction() as work:
            await record(work.connection, call, Body(b"", 0, ""), content_type=CONTENT_TYPE, object_id=number)
        return _user_data(request.app.state.telling, number)

    @delete(
        operation_id="eraseUserData",
        summary="Erase a shopper's data",
        status_code=200,
        responses={**answers(ErasureRead), **problem_errors(404)},
        opt={TAKES_LONG: True},
    )
    async def erase_user_data(
        self, request: AnyRequest, identity: NamedDependency[Identity], user_id: FromPath[str]
    ) -> Response[Any]:
        """The shopper is out at once, and nothing that tells who they were is left but in the client's own hands.

        Numbers of the row, of orders and amounts stay, and stand for nobody. Asked again it does the same to whatever
        came back, and is finished anew.
        """
        operator = await identity.shopper(request, SCOPE)
        number = _number(user_id)

        async def use_case(work: Transaction) -> Answer:
            erased = await erase(work, request.app.state.cache, number, requested_by=operator.id)
            return Answer(200, _told(erased), NO_STORE)

        told = await audited(
            request, use_case, user_id=operator.id, email=operator.email, content_type=CONTENT_TYPE, object_id=number
        )
        return await write(request, told, actor=f"user:{operator.id}")


def _number(user_id: str) -> int:
    number = read_id(user_id)
    if number is None:
        raise NotFound
    return number


def _told(erased: Erased) -> ErasureRead:
    return ErasureRead(erased.user_id, wire.time(erased.requested_at), wire.optional_time(erased.finished_at))


def _user_data(telling: Telling, user_id: int) -> Response[bytes]:
    """The answer with everything that is kept of a user."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Begun]:
        async with telling.begun(user_id) as told:
            yield Begun({}, told.chunks())

    return StreamedResponse(begin, name="user_data", about={}, media_type=JSON, headers=NO_STORE)
