"""Audit events: which request changed what, written in the transaction of the change."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request

from src.modules.audit.calls import Call, heard
from src.modules.audit.request_data import read_data, read_form
from src.platform.database import Connection, Transaction
from src.platform.edge import Answer

AnyRequest = Request[Any, Any, Any]
WorkT = TypeVar("WorkT", bound=Transaction)
UseCase = Callable[[WorkT], Awaitable[Answer]]

# Whoever has just deleted their own user is told of by what their credential said.
INSERT = """
INSERT INTO audit_event (uuid, "user", remote_addr, url, query_params, post_data, headers, object_id, content,
                         content_type_id)
SELECT uuidv7()::text,
       jsonb_build_object('pk', %(user)s::bigint, 'email', %(email)s::text,
                          'first_name', coalesce(users.first_name, ''), 'last_name', coalesce(users.last_name, '')),
       %(remote_addr)s, %(url)s, %(query_params)s::jsonb, %(post_data)s::jsonb, %(headers)s::jsonb,
       %(object_id)s::bigint, %(content)s::jsonb,
       (SELECT id FROM content_type WHERE (app_label, model) = (%(app_label)s, %(model)s))
FROM (SELECT) AS call LEFT JOIN users ON users.id = %(user)s
"""


class Body(msgspec.Struct, frozen=True):
    """What came with a request: as much of it as is kept, or None, and how long it was."""

    kept: bytes | None
    size: int
    content_type: str


async def record(
    connection: Connection,
    call: Call,
    body: Body,
    *,
    content_type: str = "",
    object_id: int | None = None,
    outcome: object = None,
) -> None:
    """Write the event of a call that changed something; `content_type` is `app_label.model` where objects have one."""
    app_label, _, model = content_type.partition(".")
    content = {
        "request_method": call.method,
        "request_data": None if body.kept is None else read_data(body.kept, body.content_type),
        "request_size": body.size,
        "client_type": call.client_type,
        "request_datetime": call.arrived_at.isoformat(),
        "browser_agent": call.browser_agent,
        "outcome": outcome,
    }
    values = {
        "user": call.user_id,
        "email": call.email,
        "remote_addr": call.remote_addr,
        "url": call.url,
        "query_params": _json(call.query_params),
        "post_data": _json({} if body.kept is None else read_form(body.kept, body.content_type)),
        "headers": _json(call.headers),
        "object_id": object_id,
        "content": _json(content),
        "app_label": app_label,
        "model": model,
    }
    await connection.execute(INSERT, values)


async def audited(
    request: AnyRequest,
    use_case: UseCase[WorkT],
    *,
    user_id: int,
    email: str,
    content_type: str = "",
    object_id: int | None = None,
) -> UseCase[WorkT]:
    """`use_case`, which also writes the event of the request; for requests whose body is read as a whole."""
    call = heard(request, user_id, email)
    content = await request.body()
    body = Body(content, len(content), request.content_type[0].lower())

    async def audited_use_case(work: WorkT) -> Answer:
        answer = await use_case(work)
        await record(work.connection, call, body, content_type=content_type, object_id=object_id)
        return answer

    return audited_use_case


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
