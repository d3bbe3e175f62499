"""Tokens for operators, sessions for shops."""

from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.audit import audited
from src.modules.identity import services
from src.modules.identity.cookies import session_cookie
from src.modules.identity.dtos import IssuedToken, SessionRead, TokenCreate, TokenPage, TokenQuery
from src.modules.identity.identity import Identity
from src.modules.identity.rules import SESSION_COOKIE
from src.platform import wire
from src.platform.bodies import read_fields
from src.platform.conditional import answer
from src.platform.database import Database, Transaction, UnitOfWork
from src.platform.edge import Answer, write, write_with_session
from src.platform.errors import NotFound, Unauthenticated
from src.platform.openapi import (
    BODY,
    IDEMPOTENCY_KEY,
    IDEMPOTENT,
    IF_NONE_MATCH,
    NOT_MODIFIED,
    answers,
    documented,
    problem_errors,
)
from src.platform.paging import links, read_page
from src.platform.settings import Settings

AnyRequest = Request[Any, Any, Any]
MAX_LIMIT = 100
# What is secret must not stay in caches on the way.
NO_STORE = {"Cache-Control": "no-store"}


class TokenController(Controller):
    """Opaque tokens, as operators issue and revoke them."""

    path = "/api/v1/tokens"
    tags = ("Tokens",)

    @post(
        operation_id="issueToken",
        summary="Issue a token",
        responses={**answers(IssuedToken, 201), **problem_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(json=TokenCreate, headers=[IDEMPOTENCY_KEY]),
    )
    async def issue_token(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[bytes | None]:
        """Issue a token for the user of an e-mail address, who is created if need be. It is shown this once."""
        operator = await identity.shopper(request, "ops")
        asked = await read_fields(request, TokenCreate)

        async def use_case(work: UnitOfWork) -> Answer:
            issued = await services.issue(work, email=asked.email, scopes=asked.scopes, expires_in_s=asked.expires_in)
            return Answer(201, issued, NO_STORE)

        told = await audited(request, use_case, user_id=operator.id, email=operator.email)
        return await write_with_session(request, told, actor=_actor(operator.id))

    @get(
        operation_id="listTokens",
        summary="List tokens",
        responses={**answers(TokenPage), **NOT_MODIFIED, **problem_errors(404)},
        operation_class=documented(query=TokenQuery, headers=[IF_NONE_MATCH]),
    )
    async def list_tokens(
        self, request: AnyRequest, identity: NamedDependency[Identity], database: NamedDependency[Database]
    ) -> Response[bytes | None]:
        """List tokens without their secrets, the newest first; of one user with `email`."""
        await identity.shopper(request, "ops")
        page = read_page(request.query_params, max_limit=MAX_LIMIT, clamp=True)
        async with database.unit_of_work() as work:
            tokens, total = await services.list_tokens(work, page, request.query_params.get("email"))
        if page.past_end(total):
            raise NotFound
        following, before = links(request, page, total)
        return answer(request, wire.JSON_ENCODER.encode(TokenPage(total, following, before, tokens)))

    @delete(
        "/{token_id:str}",
        operation_id="revokeToken",
        summary="Revoke a token",
        responses={**answers(None, 204), **problem_errors(404)},
    )
    async def revoke_token(
        self, request: AnyRequest, identity: NamedDependency[Identity], token_id: FromPath[str]
    ) -> Response[None]:
        """Revoke a token at once, and end the sessions of its user, which it may have begun."""
        operator = await identity.shopper(request, "ops")

        async def use_case(work: UnitOfWork) -> Answer:
            await services.revoke_token(work, token_id)
            return Answer(204)

        told = await audited(request, use_case, user_id=operator.id, email=operator.email)
        return await write_with_session(request, told, actor=_actor(operator.id))


class SessionController(Controller):
    """Sessions: the cookie that the shop's login obtains for a shopper's browser."""

    path = "/api/v1/sessions"
    tags = ("Sessions",)

    @post(
        operation_id="startSession",
        summary="Start a session",
        responses={**answers(SessionRead, 201), **problem_errors(*IDEMPOTENT)},
        operation_class=documented(headers=[IDEMPOTENCY_KEY]),
    )
    async def start_session(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[bytes | None]:
        """Start a session of the token's user and set it as the cookie `osessionid`, with the scopes of the token."""
        shopper = await identity.shopper(request, scope=None)
        if shopper.via_cookie:
            raise Unauthenticated  # else a session could prolong itself for ever
        settings: Settings = request.app.state.settings

        async def use_case(work: Transaction) -> Answer:
            session_id, expires_at = await services.start_session(
                work.connection,
                user_id=shopper.id,
                scopes=sorted(shopper.scopes),
                ttl_s=settings.session_ttl_s,
                replaced_id=request.cookies.get(SESSION_COOKIE),
            )
            cookie = session_cookie(request, session_id, settings.session_ttl_s)
            told = SessionRead(str(shopper.uuid), wire.time(expires_at))
            return Answer(201, told, {**NO_STORE, "Set-Cookie": cookie})

        # A session has the token's scopes, so a token with others must not be given it for the same key.
        return await write(request, use_case, actor=f"{_actor(shopper.id)} {sorted(shopper.scopes)}")

    @delete(
        operation_id="endSession",
        summary="End the session",
        responses={**answers(None, 204), **problem_errors()},
    )
    async def end_session(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[None]:
        """End the session of the cookie `osessionid` and clear the cookie."""
        shopper = await identity.shopper(request, scope=None)
        session_id = request.cookies.get(SESSION_COOKIE)

        async def use_case(work: Transaction) -> Answer:
            if session_id:
                await services.end_session(work.connection, session_id=session_id, user_id=shopper.id)
            return Answer(204, headers={"Set-Cookie": session_cookie(request, "", 0)})

        return await write(request, use_case, actor=_actor(shopper.id))


def _actor(user_id: int) -> str:
    return f"user:{user_id}"
