"""Conditional reads of one user's data (RFC 9110): a strong ETag over the bytes, 304 when the client has them."""

import hashlib
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response

PRIVATE = "private, no-cache"
ETAG_BYTES = 12


def etag(body: bytes) -> str:
    """The strong ETag of `body`."""
    return f'"{hashlib.blake2b(body, digest_size=ETAG_BYTES).hexdigest()}"'


def matches(header: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names `tag`, by weak comparison as RFC 9110 demands for it."""
    if not header:
        return False
    return any(given in ("*", tag) for given in (part.strip().removeprefix("W/") for part in header.split(",")))


def answer(
    request: Request[Any, Any, Any],
    body: bytes,
    *,
    tag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes | None]:
    """`body` as JSON with its ETag, or 304 without a body when the client holds that very answer."""
    tag = tag or etag(body)
    told = {"ETag": tag, "Cache-Control": PRIVATE, **(headers or {})}
    if matches(request.headers.get("if-none-match"), tag):
        return Response(content=None, status_code=304, headers=told)
    return Response(content=body, media_type="application/json", headers=told)
