"""Who may operate: holders of a credential with scope `ops`, sent in a header or, by a browser, in a cookie of its own.

The cookie goes to /ops alone, and its value is worth nothing anywhere else.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from src.modules.identity import Identity, Presented, Shopper, secured, session_digest
from src.platform.errors import Forbidden, Unauthenticated
from src.platform.settings import Settings

AnyRequest = Request[Any, Any, Any]
SCOPE = "ops"
COOKIE = "wishkeep_ops"
PATH = "/ops"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignPageRefused(Forbidden):
    """A write that only the cookie vouches for, and that no page of ours has sent."""

    code = "csrf_failed"


async def operator(request: AnyRequest, identity: Identity) -> Shopper:
    """The operator who sent the request; raises Unauthenticated, Forbidden, and ServiceUnavailable."""
    return await identity.known(await presented(request, identity), SCOPE)


async def presented(request: AnyRequest, identity: Identity) -> Presented:
    """What the request brought: a header counts before the cookie. Raises like `operator`."""
    header = request.headers.get("authorization")
    if header is not None:
        return await identity.read(header)
    named = session_digest(request.cookies.get(COOKIE, ""), COOKIE)
    if named is None:
        raise Unauthenticated
    check_origin(request)
    return Presented(named, via_cookie=True)


def check_origin(request: AnyRequest) -> None:
    """Raises ForeignPageRefused for a write that no page of this service has sent."""
    settings: Settings = request.app.state.settings
    if not sent_by_own_page(request.method, request.headers, settings.public_url):
        raise ForeignPageRefused


def sent_by_own_page(method: str, headers: Mapping[str, str], public_url: str | None) -> bool:
    """Whether the browser says that the request comes from a page of this very service.

    Where there is TLS browsers say so themselves; elsewhere the page's origin must be the host that was asked, or the
    one that shoppers know: a proxy may call us by another name. What says nothing was not sent by a browser's form.
    """
    if method in SAFE_METHODS:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin", "")
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return host != "" and host in {headers.get("host", ""), urlsplit(public_url or "").netloc}


def cookie(request: AnyRequest, value: str, max_age_s: int) -> str:
    """The Set-Cookie header of the operators' cookie, which no script reads and no other site's page sends along."""
    return secured(request, f"{COOKIE}={value}; Path={PATH}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict")
