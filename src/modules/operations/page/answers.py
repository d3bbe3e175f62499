"""What the page's handlers answer: HTML under a strict policy, and failures as people read them."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from src.modules.operations.page.rendering import render
from src.platform.errors import AppError, Forbidden, Unauthenticated

AnyRequest = Request[Any, Any, Any]
LOGIN = "/ops/login"
ACTIONS = "/ops/actions"
THEME_COOKIE = "wishkeep_theme"
THEMES = ("light", "dark")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not `no-referrer`: then browsers would not say either that a form was sent by a page of ours.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


def html(content: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[str]:
    """A page, or a part of one."""
    return Response(content, status_code=status, media_type="text/html", headers={**HEADERS, **(headers or {})})


def go_to(address: str, headers: Mapping[str, str] | None = None) -> Response[str]:
    """Have the browser ask for another page, with GET whatever it did now."""
    return html("", status=303, headers={"Location": address, **(headers or {})})


def is_part(request: AnyRequest) -> bool:
    """Whether the page's script asks, which puts the answer into the page that is there."""
    return request.headers.get("hx-request") == "true"


def theme(request: AnyRequest) -> str | None:
    """The colours that were chosen; None where the system's count."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else None


def said(request: AnyRequest, inner: str, *, status: int = 200, **values: Any) -> Response[str]:
    """The template `inner`: for the page's dialog, or as a page of its own where no script runs."""
    in_dialog = is_part(request)
    values = {"in_dialog": in_dialog, "is_form": False, **values}
    if in_dialog:
        return html(render(inner, **values), status=status, headers={"HX-Retarget": "#dialog-body"})
    title = values.get("title", "Confirm")
    content = render("said", **{"theme": theme(request), "inner": f"{inner}.html", "title": title, **values})
    return html(content, status=status)


def _sign_in(request: AnyRequest, _: Unauthenticated) -> Response[str]:
    if is_part(request):
        return html("", status=401, headers={"HX-Redirect": LOGIN})
    return go_to(LOGIN)


def _refused(request: AnyRequest, error: AppError) -> Response[str]:
    if is_part(request) and not request.scope["path"].startswith(ACTIONS):
        # What the page fetches by itself fails by itself: what is there stays, and it is fetched again.
        return html("", status=error.status, headers={"HX-Reswap": "none"})
    title = "You may not do this" if isinstance(error, Forbidden) else "This did not work"
    sentence = f"{error.text.rstrip('.')}."
    answer = said(request, "message", status=error.status, title=title, text=sentence, is_fault=True)
    answer.headers.update({name: value for name, value in error.headers.items() if name == "Retry-After"})
    return answer


FAILURES: ExceptionHandlersMap = {Unauthenticated: _sign_in, AppError: _refused}
