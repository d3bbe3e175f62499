"""Signing in: a token with scope `ops` becomes a session in a cookie that no script can read."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency

from src.modules.audit import audited
from src.modules.identity import Identity, Presented, Shopper, end_session, start_session
from src.modules.operations.operators import COOKIE, SCOPE, check_origin, cookie, operator, presented
from src.modules.operations.page.answers import FAILURES, LOGIN, go_to, html, theme
from src.modules.operations.page.rendering import render
from src.platform.bodies import FORM, read_fields
from src.platform.database import Transaction
from src.platform.edge import Answer
from src.platform.errors import Forbidden, Invalid, Unauthenticated
from src.platform.openapi import PUBLIC

AnyRequest = Request[Any, Any, Any]
SESSION_S = 12 * 3600
HOME = "/ops/"
WRONG = "This is no token of this service, or its time is over."
NOT_ENOUGH = "This token is valid, but it has not the scope ops."
FOREIGN = "The form was sent by a page of another site."


class Credentials(msgspec.Struct):
    """What the form sends."""

    token: str = ""


class LoginController(Controller):
    """The form and what it does; how many wrong tokens an address may try is up to the platform's protection."""

    path = LOGIN
    security = PUBLIC
    include_in_schema = False
    exception_handlers = FAILURES

    @get()
    async def form(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[str]:
        """The form; whoever is signed in goes on to the page."""
        try:
            await operator(request, identity)
        except (Unauthenticated, Forbidden):
            return _form(request)
        return go_to(HOME)

    @post()
    async def sign_in(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[str]:
        """Begin a session, or show the form again with what was wrong."""
        try:
            check_origin(request)
        except Forbidden:
            return _form(request, FOREIGN, status=403)
        try:
            brought, who = await _read(request, identity)
        except (Unauthenticated, Invalid, Forbidden) as error:
            return _form(request, NOT_ENOUGH if isinstance(error, Forbidden) else WRONG, status=403)
        return await _start(request, brought, who)


class LogoutController(Controller):
    """The way out."""

    path = "/ops/logout"
    include_in_schema = False
    exception_handlers = FAILURES

    @post()
    async def sign_out(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[str]:
        """End the session of the cookie, and forget the cookie."""
        brought = await presented(request, identity)
        who = await identity.known(brought, SCOPE)

        async def use_case(work: Transaction) -> Answer:
            session_id = request.cookies.get(COOKIE, "")
            await end_session(work.connection, session_id=session_id, user_id=who.id, cookie=COOKIE)
            return Answer(303)

        await _run(request, use_case, who)
        return go_to(LOGIN, {"Set-Cookie": cookie(request, "", 0)})


async def _read(request: AnyRequest, identity: Identity) -> tuple[Presented, Shopper]:
    """Whom the form's token stands for; it may have been pasted with the word that stands before it in headers."""
    if request.content_type[0].lower() != FORM:
        raise Invalid
    token = (await read_fields(request, Credentials)).token.split()
    brought = await identity.read(f"Bearer {token[-1] if token else ''}")
    return brought, await identity.known(brought, SCOPE)


async def _start(request: AnyRequest, brought: Presented, who: Shopper) -> Response[str]:
    async def use_case(work: Transaction) -> Answer:
        session_id, _ = await start_session(
            work.connection,
            user_id=who.id,
            scopes=[SCOPE],
            ttl_s=SESSION_S,
            cookie=COOKIE,
            no_longer_than=brought.digest,
        )
        return Answer(303, headers={"Set-Cookie": cookie(request, session_id, SESSION_S)})

    answer = await _run(request, use_case, who)
    return go_to(HOME, answer.headers)


async def _run(request: AnyRequest, use_case: Any, who: Shopper) -> Answer:
    told = await audited(request, use_case, user_id=who.id, email=who.email)
    async with request.app.state.database.transaction() as work:
        answer: Answer = await told(work)
    return answer


def _form(request: AnyRequest, fault: str = "", *, status: int = 200) -> Response[str]:
    return html(render("login", fault=fault, theme=theme(request)), status=status)
