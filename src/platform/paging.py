"""Pages by number: `page` from 1, `limit`, and absolute links that keep the other parameters."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request

from src.platform.errors import InvalidFields

DEFAULT_LIMIT = 20
# Beyond this a page is past any end. Its offset must fit a bigint: pages of several shoppers share a statement.
MAX_NUMBER = 10**15


class Page(msgspec.Struct, frozen=True):
    """Which part of a list is asked for."""

    number: int
    limit: int

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.number - 1) * self.limit

    def pages(self, total: int) -> int:
        """How many pages `total` rows fill."""
        return -(-total // self.limit)

    def past_end(self, total: int) -> bool:
        """Whether this page is behind the last one; the first page never is."""
        return self.number > 1 and self.offset >= total


def read_page(query: Mapping[str, str], *, max_limit: int, clamp: bool, default: int = DEFAULT_LIMIT) -> Page:
    """The page that `query` asks for; a limit above `max_limit` counts as it (`clamp`) or is invalid."""
    faults: dict[str, str] = {}
    number = _positive(query.get("page"), 1)
    limit = _positive(query.get("limit"), default)
    if number is None:
        faults["page"] = "Must be a positive whole number"
    if limit is None:
        faults["limit"] = "Must be a positive whole number"
    elif limit > max_limit:
        if not clamp:
            faults["limit"] = "Must be between 1 and %(maximum)s"
        limit = max_limit
    if number is None or limit is None or faults:
        raise InvalidFields(faults, params={"maximum": max_limit})
    return Page(number, limit)


def _positive(text: str | None, default: int) -> int | None:
    if text is None:
        return default
    return whole_number(text, MAX_NUMBER) or None


def whole_number(text: str, maximum: int) -> int | None:
    """The number that ASCII digits write, `maximum` when it is beyond that; None when they write none."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")  # int() of very long texts is slow, and refused by Python
    return min(int(digits or 0), maximum) if len(digits) <= len(str(maximum)) else maximum


def links(request: Request[Any, Any, Any], page: Page, total: int) -> tuple[str | None, str | None]:
    """The absolute URLs of the next and the previous page."""
    following = page.number + 1 if page.offset + page.limit < total else None
    before = page.number - 1 if page.number > 1 else None
    return link(request, "page", following), link(request, "page", before)


def link(request: Request[Any, Any, Any], name: str, value: int | None) -> str | None:
    """The absolute URL of the request with the parameter `name` set to `value`; None when there is no value."""
    return None if value is None else linked(request, {name: value})


def linked(request: Request[Any, Any, Any], changes: Mapping[str, int | str | None]) -> str:
    """The absolute URL of the request with other parameters: None takes one away."""
    public_url = request.app.state.settings.public_url
    base = public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"
    path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] not in changes]
    added = [(name, value) for name, value in changes.items() if value is not None]
    query = urlencode([*kept, *added])
    return f"{base.rstrip('/')}{path}{'?' if query else ''}{query}"
