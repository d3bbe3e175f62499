"""What operators do to queues and dead letters, as JSON under /ops."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.audit import Revision, audited, heard
from src.modules.identity import Identity, Shopper
from src.modules.operations import acting, dead_letters, services
from src.modules.operations.letter_dtos import DeadLetterPage, Dropped, LetterFilter, LetterQuery, PausedQueues, Retried
from src.modules.operations.operators import operator
from src.platform.bodies import convert_fields, read_json
from src.platform.database import Connection, Database, Transaction
from src.platform.edge import Answer, write
from src.platform.errors import NotFound
from src.platform.ids import read_id
from src.platform.jobs import Queue
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, answers, documented, problem_errors
from src.platform.paging import linked

AnyRequest = Request[Any, Any, Any]
NO_STORE = {"Cache-Control": "no-store"}
TAGS = ("Operations",)
Act = Callable[[Connection, str, Revision], Awaitable[list[str]]]


class QueueController(Controller):
    """Pausing."""

    path = "/ops/queues/{name:str}"
    tags = TAGS

    @post(
        "/pause",
        status_code=200,
        operation_id="pauseQueue",
        summary="Pause a queue",
        responses={**answers(PausedQueues), **problem_errors(404, *IDEMPOTENT)},
        operation_class=documented(headers=[IDEMPOTENCY_KEY]),
    )
    async def pause(
        self, request: AnyRequest, identity: NamedDependency[Identity], name: FromPath[str]
    ) -> Response[Any]:
        """Let workers start nothing more from feed, deliveries or upkeep; what runs is finished, what comes waits."""
        return await _act(request, identity, name, acting.pause)

    @post(
        "/resume",
        status_code=200,
        operation_id="resumeQueue",
        summary="Resume a queue",
        responses={**answers(PausedQueues), **problem_errors(404, *IDEMPOTENT)},
        operation_class=documented(headers=[IDEMPOTENCY_KEY]),
    )
    async def resume(
        self, request: AnyRequest, identity: NamedDependency[Identity], name: FromPath[str]
    ) -> Response[Any]:
        """Let workers go on with a queue."""
        return await _act(request, identity, name, acting.resume)


async def _act(request: AnyRequest, identity: Identity, name: str, act: Act) -> Response[Any]:
    who = await operator(request, identity)
    call = heard(request, who.id, who.email)

    async def use_case(work: Transaction) -> Answer:
        revision = Revision(work.connection, comment=call.told, author=who.id)
        return Answer(200, PausedQueues(await act(work.connection, name, revision)), NO_STORE)

    told = await audited(request, use_case, user_id=who.id, email=who.email, content_type=services.CONTENT_TYPE)
    return await write(request, told, actor=f"user:{who.id}")


class DeadLetterController(Controller):
    """Jobs that were given up."""

    path = "/ops/dead-letters"
    tags = TAGS

    @get(
        operation_id="listDeadLetters",
        summary="List dead letters",
        responses={**answers(DeadLetterPage), **problem_errors()},
        operation_class=documented(query=LetterQuery),
    )
    async def list_page(
        self, request: AnyRequest, identity: NamedDependency[Identity], database: NamedDependency[Database]
    ) -> Response[DeadLetterPage]:
        """The letters that fit, the latest failure first; `next` leads to older ones."""
        await operator(request, identity)
        asked = convert_fields(_known(request.query_params), LetterQuery)
        async with database.read() as connection:
            found = await dead_letters.list_letters(connection, asked)
        following = None if found.cursor is None else linked(request, {"cursor": found.cursor})
        return Response(DeadLetterPage(found.count, following, found.letters), headers=NO_STORE)

    @post(
        "/{letter_id:str}/retry",
        status_code=200,
        operation_id="retryDeadLetter",
        summary="Try a dead letter again",
        responses={**answers(Retried), **problem_errors(404, *IDEMPOTENT)},
        operation_class=documented(headers=[IDEMPOTENCY_KEY]),
    )
    async def retry_one(
        self,
        request: AnyRequest,
        identity: NamedDependency[Identity],
        queue: NamedDependency[Queue],
        letter_id: FromPath[str],
    ) -> Response[Any]:
        """Enqueue the job with its arguments; the letter is gone, and comes back if the job fails again."""

        async def use_case(connection: Connection) -> Retried:
            await dead_letters.retry_one(connection, queue, _id(letter_id))
            return Retried(1, more=False)

        return await _write(request, await operator(request, identity), use_case)

    @post(
        "/retry",
        status_code=200,
        operation_id="retryDeadLetters",
        summary="Try dead letters again",
        responses={**answers(Retried), **problem_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(json=LetterFilter, headers=[IDEMPOTENCY_KEY]),
    )
    async def retry_many(
        self, request: AnyRequest, identity: NamedDependency[Identity], queue: NamedDependency[Queue]
    ) -> Response[Any]:
        """Enqueue the jobs of the letters that fit, five hundred at a time; without a filter all."""
        who = await operator(request, identity)
        asked = await read_json(request, LetterFilter)
        return await _write(request, who, lambda connection: dead_letters.retry_many(connection, queue, asked))

    @delete(
        "/{letter_id:str}",
        status_code=204,
        operation_id="dropDeadLetter",
        summary="Drop a dead letter",
        responses={**answers(None, 204), **problem_errors(404)},
    )
    async def drop_one(
        self, request: AnyRequest, identity: NamedDependency[Identity], letter_id: FromPath[str]
    ) -> Response[None]:
        """Delete a letter; its job is not run again."""
        who = await operator(request, identity)
        return await _write(
            request, who, lambda connection: dead_letters.drop_one(connection, _id(letter_id)), status=204
        )

    @post(
        "/drop",
        status_code=200,
        operation_id="dropDeadLetters",
        summary="Drop dead letters",
        responses={**answers(Dropped), **problem_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(json=LetterFilter, headers=[IDEMPOTENCY_KEY]),
    )
    async def drop_many(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[Any]:
        """Delete the letters that fit, ten thousand at a time; without a filter all."""
        who = await operator(request, identity)
        asked = await read_json(request, LetterFilter)
        return await _write(request, who, lambda connection: dead_letters.drop_many(connection, asked))


async def _write(
    request: AnyRequest, who: Shopper, use_case: Callable[[Connection], Awaitable[object]], *, status: int = 200
) -> Response[Any]:

    async def answered(work: Transaction) -> Answer:
        return Answer(status, await use_case(work.connection), NO_STORE)

    told = await audited(request, answered, user_id=who.id, email=who.email)
    return await write(request, told, actor=f"user:{who.id}")


def _known(query: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that are ours; others are ignored, as everywhere."""
    return {name: value for name, value in query.items() if name in LetterQuery.__struct_fields__}


def _id(text: str) -> int:
    number = read_id(text)
    if number is None:
        raise NotFound
    return number
