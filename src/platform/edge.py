"""Where a writing request begins and ends: one transaction, one answer, and the answer leaves after the commit."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec
from litestar import Request, Response

from src.platform.database import Transaction, UnitOfWork
from src.platform.idempotency import IdempotencyKey, KeptAnswer, KeyReused, read_key, request_digest
from src.platform.wire import JSON_ENCODER

AnyRequest = Request[Any, Any, Any]
JSON = "application/json"
WorkT = TypeVar("WorkT", bound=Transaction)


class Answer(msgspec.Struct, frozen=True):
    """What a use case answers: a status and content that is encoded as JSON; None is no content."""

    status: int
    content: Any = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    encoder: msgspec.json.Encoder = JSON_ENCODER


async def write(
    request: AnyRequest,
    use_case: Callable[[Transaction], Awaitable[Answer]],
    *,
    actor: str,
    body_digest: bytes | None = None,
) -> Response[Any]:
    """Run `use_case` in a transaction of its own and answer after its commit, once per Idempotency-Key of `actor`.

    Whoever has read the body as a stream gives its digest.
    """
    once = await _once(request, actor, body_digest)
    async with request.app.state.database.transaction() as work:
        kept = await once.run(work, use_case)
    return _response(kept)


class TransactionNeeded(Exception):
    """A use case that was to share a statement can't, and did nothing yet: give it a transaction."""


async def write_shared(
    request: AnyRequest, use_case: Callable[[Transaction | None], Awaitable[Answer]], *, actor: str
) -> Response[Any]:
    """Like `write`, for a use case that without a transaction shares one statement with others, committed with it."""
    if read_key(request.headers) is None:
        with contextlib.suppress(TransactionNeeded):
            return _response(_encoded(await use_case(None)))
    return await write(request, use_case, actor=actor)


async def write_with_session(
    request: AnyRequest, use_case: Callable[[UnitOfWork], Awaitable[Answer]], *, actor: str
) -> Response[Any]:
    """Like `write`, for use cases that work through advanced-alchemy repositories."""
    once = await _once(request, actor)
    async with request.app.state.database.unit_of_work() as work:
        kept = await once.run(work, use_case)
    return _response(kept)


class _Once(NamedTuple):
    """What decides whether a request was answered before; made before its transaction, because a body may be slow."""

    key: IdempotencyKey | None
    digest: bytes
    ttl_s: int

    async def run(self, work: WorkT, use_case: Callable[[WorkT], Awaitable[Answer]]) -> KeptAnswer:
        """The first answer under the key, or that of `use_case`."""
        if self.key is None:
            return _encoded(await use_case(work))
        first = await self.key.claim(work.connection, self.ttl_s)
        if first is not None:
            if first[0] != self.digest:
                raise KeyReused
            return first[1]
        answer = _encoded(await use_case(work))
        if answer.status < 300:
            await self.key.keep(work.connection, self.digest, answer)
        return answer


async def _once(request: AnyRequest, actor: str, body_digest: bytes | None = None) -> _Once:
    # Only POST: the other methods are idempotent by themselves.
    value = read_key(request.headers) if request.method == "POST" else None
    if value is None:
        return _Once(None, b"", 0)
    key = IdempotencyKey(value, actor=actor, method=request.method, path=request.scope["path"])
    body = await request.body() if body_digest is None else body_digest
    digest = request_digest(body, request.content_type[0], request.scope["query_string"])
    return _Once(key, digest, request.app.state.settings.idempotency_ttl_s)


def _encoded(answer: Answer) -> KeptAnswer:
    body = b"" if answer.content is None else answer.encoder.encode(answer.content)
    return KeptAnswer(answer.status, JSON, dict(answer.headers), body)


def _response(kept: KeptAnswer) -> Response[Any]:
    return Response(
        content=kept.body or None, status_code=kept.status, media_type=kept.media_type, headers=kept.headers
    )
