"""The page itself, the parts of it that are fetched again, and what its buttons do."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.audit import Revision, audited, heard
from src.modules.identity import Identity, Shopper
from src.modules.operations.operators import PATH, check_origin, operator
from src.modules.operations.page import parts
from src.modules.operations.page.acts import ACTS, Act, Asked, Desk
from src.modules.operations.page.answers import (
    ACTIONS,
    FAILURES,
    THEME_COOKIE,
    THEMES,
    go_to,
    html,
    is_part,
    said,
    theme,
)
from src.modules.operations.page.board import Board
from src.modules.operations.page.rendering import render
from src.modules.operations.page.setting_fields import field
from src.modules.operations.services import CONTENT_TYPE, get_setting
from src.platform.bodies import read_fields
from src.platform.database import Transaction
from src.platform.edge import Answer
from src.platform.errors import Invalid, NotFound

AnyRequest = Request[Any, Any, Any]
HOME = "/ops/"
THEME_S = 365 * 24 * 3600


class Theme(msgspec.Struct):
    """The colours that were chosen."""

    theme: str = ""


class PageController(Controller):
    """What an operator looks at."""

    path = PATH
    include_in_schema = False
    exception_handlers = FAILURES

    @get()
    async def overview(
        self, request: AnyRequest, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> Response[str]:
        """Everything on one page, as it is now."""
        who = await operator(request, identity)
        if not request.scope["raw_path"].partition(b"?")[0].endswith(b"/"):
            return go_to(HOME)
        shown = await parts.everything(desk, request.query_params)
        return html(render("overview", email=who.email, theme=theme(request), **shown))

    @get("/charts")
    async def charts(
        self, request: AnyRequest, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> Response[str]:
        """The charts of an hour or a day."""
        await operator(request, identity)
        return html(render("charts", **await parts.charts(desk, request.query_params)))

    @get("/letters")
    async def letters(
        self, request: AnyRequest, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> Response[str]:
        """The newest dead letters that fit."""
        await operator(request, identity)
        return html(render("letters", **await parts.letters(desk, request.query_params)))

    @get("/settings")
    async def settings(
        self, request: AnyRequest, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> Response[str]:
        """The settings as they are now."""
        await operator(request, identity)
        return html(render("settings", **await parts.settings(desk)))

    @get("/audit")
    async def audit(
        self, request: AnyRequest, identity: NamedDependency[Identity], desk: NamedDependency[Desk]
    ) -> Response[str]:
        """What operators did of late."""
        await operator(request, identity)
        return html(render("audit", **await parts.audit(desk)))

    @post("/theme")
    async def choose_theme(self, request: AnyRequest) -> Response[str]:
        """Keep the colours that were chosen in a cookie; that needs no credentials."""
        check_origin(request)
        chosen = (await read_fields(request, Theme)).theme
        age_s = THEME_S if chosen in THEMES else 0
        value = chosen if chosen in THEMES else ""
        kept = f"{THEME_COOKIE}={value}; Path={PATH}; Max-Age={age_s}; HttpOnly; SameSite=Strict"
        return go_to(HOME, {"Set-Cookie": kept})


class ActController(Controller):
    """What an operator does: asked about with GET, which changes nothing, and done with POST."""

    path = ACTIONS
    include_in_schema = False
    exception_handlers = FAILURES

    @get("/{name:str}")
    async def ask(
        self,
        request: AnyRequest,
        name: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
    ) -> Response[str]:
        """Say what would happen, and ask whether it shall."""
        await operator(request, identity)
        act = _act(name)
        asked = msgspec.convert({k: v for k, v in request.query_params.items() if k in Asked.__struct_fields__}, Asked)
        try:
            return said(request, "confirm", act=await act.confirm(desk, asked), is_form=True)
        except Invalid as error:
            if name != "setting":
                raise
            fault = error_text(error)
        async with desk.database.read() as connection:
            told = {"setting": field(await get_setting(connection, asked.name)), "value": asked.value, "fault": fault}
        return said(request, "change", status=422, title=f"Change {asked.name}", is_form=True, **told)

    @post("/{name:str}")
    async def act(
        self,
        request: AnyRequest,
        name: FromPath[str],
        identity: NamedDependency[Identity],
        desk: NamedDependency[Desk],
        board: NamedDependency[Board],
    ) -> Response[str]:
        """Do it, with its audit event in the same transaction."""
        who = await operator(request, identity)
        done = await _perform(request, desk, who, _act(name), await read_fields(request, Asked))
        desk.overviews.look_anew()
        board.hurry()
        if is_part(request):
            return html(render("done", text=done), headers={"HX-Trigger": "acted"})
        return said(request, "message", title="Done", text=done, is_fault=False)


def error_text(error: Invalid) -> str:
    """What was wrong with a value."""
    return next(iter(error.fields.values()), error.text)


async def _perform(request: AnyRequest, desk: Desk, who: Shopper, act: Act, asked: Asked) -> str:
    call = heard(request, who.id, who.email)

    async def use_case(work: Transaction) -> Answer:
        revision = Revision(work.connection, comment=call.told, author=who.id)
        return Answer(200, await act.perform(desk, work, asked, revision))

    content_type = CONTENT_TYPE if asked.name else ""
    told = await audited(request, use_case, user_id=who.id, email=who.email, content_type=content_type)
    async with desk.database.transaction() as work:
        answer = await told(work)
    return str(answer.content)


def _act(name: str) -> Act:
    if name not in ACTS:
        raise NotFound
    return ACTS[name]
