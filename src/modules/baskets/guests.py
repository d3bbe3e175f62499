"""Shoppers whom nobody knows yet: their baskets hang on a cookie whose id is always of our own making."""

from typing import Any, NamedTuple

from litestar import Request

from src.modules.baskets.repositories import Owner
from src.modules.baskets.visits import Visit
from src.modules.identity import ForgeryRefused, session_cookie, session_digest
from src.platform.security import new_session_id

AnyRequest = Request[Any, Any, Any]
# As long as browsers keep any cookie; the basket expires by itself.
COOKIE_S = 400 * 24 * 3600


class Guest(NamedTuple):
    """A shopper known by a cookie only."""

    session_id: str
    digest: bytes
    is_new: bool

    def headers(self, request: AnyRequest) -> dict[str, str]:
        """What tells the browser about a new guest's cookie."""
        return {"Set-Cookie": session_cookie(request, self.session_id, COOKIE_S)} if self.is_new else {}


def guest_of(request: AnyRequest, visit: Visit, owner: Owner) -> Guest | None:
    """The guest who writes; None for a user.

    A cookie counts only while it is that of a basket, so nobody can choose somebody else's id. Raises ForgeryRefused
    for a foreign page's write that brings no cookie: its answer would replace the cookie that the browser held back.
    """
    if owner.user_id is not None:
        return None
    if owner.is_known_guest and visit.session_id is not None and visit.guest is not None:
        return Guest(visit.session_id, visit.guest, False)
    headers = request.headers
    if headers.get("sec-fetch-site") == "cross-site" and not headers.get("x-requested-with"):
        raise ForgeryRefused
    session_id = new_session_id()
    digest = session_digest(session_id)
    assert digest is not None  # noqa: S101  (what we make we can read)
    return Guest(session_id, digest, True)
