"""One shopper's data over HTTP, for operators: everything that is kept of them, and its erasure."""

import asyncio
from contextlib import aclosing, suppress
from typing import Any

import structlog
from litestar import Controller, Request, Response, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

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

AnyRequest = Request[Any, Any, Any]
SCOPE = "ops"
CONTENT_TYPE = "users.user"
NO_STORE = {"Cache-Control": "no-store"}
# Whoever has not taken anything for so long is not there any more.
STALLED_S = 60.0
log = structlog.get_logger(__name__)


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
        return UserDataResponse(request.app.state.telling, number)

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


class UserDataResponse(Response[bytes]):
    """The answer with everything that is kept of a user."""

    def __init__(self, telling: Telling, user_id: int) -> None:
        super().__init__(b"")
        self._telling = telling
        self._user_id = user_id

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """The answer as the server wants it."""
        return _UserData(self._telling, self._user_id)


class _UserData(ASGIResponse):
    __slots__ = ("_telling", "_user_id")
    _should_set_content_length = False

    def __init__(self, telling: Telling, user_id: int) -> None:
        super().__init__(media_type=JSON, headers=NO_STORE)
        self._telling = telling
        self._user_id = user_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the client goes away, which ends everything at once."""
        answering = asyncio.create_task(self._answer(send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((answering, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not answering.done():
                answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering

    async def _answer(self, send: Send) -> None:
        began = False
        try:
            async with self._telling.begun(self._user_id) as told, aclosing(told.chunks()) as chunks:
                async for chunk in chunks:
                    if not began:
                        await self.start_response(send)
                        began = True
                    async with asyncio.timeout(STALLED_S):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception as error:
            if began:
                # What the client has got looks whole only if we end in order; so we don't.
                log.warning("user_data.broken", error=repr(error))
            raise


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
