"""Webhook endpoints for operators."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from src.modules.audit import audited
from src.modules.identity import Identity, Shopper
from src.modules.notifications.services import wake_channel
from src.modules.notifications.webhooks import services
from src.modules.notifications.webhooks.dtos import (
    QueuedTest,
    WebhookChange,
    WebhookCreate,
    WebhookPage,
    WebhookQuery,
    WebhookRead,
    WebhookWithSecret,
)
from src.platform.bodies import read_json
from src.platform.database import Database, Transaction
from src.platform.edge import Answer, write
from src.platform.errors import NotFound
from src.platform.ids import read_id
from src.platform.jobs import Queue
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, answers, documented, problem_errors
from src.platform.paging import links, read_page
from src.platform.settings import Settings

AnyRequest = Request[Any, Any, Any]
SCOPE = "ops"
MAX_LIMIT = 100
# What is secret, and what operators act upon, must not stay in caches on the way.
NO_STORE = {"Cache-Control": "no-store"}


class WebhookController(Controller):
    """Other systems' endpoints that favourites' updates are posted to, signed by Standard Webhooks."""

    path = "/api/v1/webhooks"
    tags = ("Webhooks",)

    @post(
        operation_id="createWebhook",
        summary="Create a webhook endpoint",
        responses={**answers(WebhookWithSecret, 201), **problem_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(json=WebhookCreate, headers=[IDEMPOTENCY_KEY]),
    )
    async def create_webhook(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[Any]:
        """Have updates posted to a URL: https, and not to a private address. The secret is shown this once."""
        operator = await identity.shopper(request, SCOPE)
        asked = await read_json(request, WebhookCreate)
        await services.check_target(asked.url, allow_private=_allow_private(request))

        async def use_case(work: Transaction) -> Answer:
            return Answer(201, await services.create_endpoint(work.connection, asked), NO_STORE)

        return await _write(request, operator, use_case)

    @get(
        operation_id="listWebhooks",
        summary="List webhook endpoints",
        responses={**answers(WebhookPage), **problem_errors(404)},
        operation_class=documented(query=WebhookQuery),
    )
    async def list_webhooks(
        self, request: AnyRequest, identity: NamedDependency[Identity], database: NamedDependency[Database]
    ) -> Response[WebhookPage]:
        """All endpoints without their secrets, the oldest first."""
        await identity.shopper(request, SCOPE)
        page = read_page(request.query_params, max_limit=MAX_LIMIT, clamp=True)
        async with database.read() as connection:
            endpoints, total = await services.list_endpoints(connection, page.limit, page.offset)
        if page.past_end(total):
            raise NotFound
        following, before = links(request, page, total)
        return Response(WebhookPage(total, following, before, endpoints), headers=NO_STORE)

    @get(
        "/{webhook_id:str}",
        operation_id="showWebhook",
        summary="Show a webhook endpoint",
        responses={**answers(WebhookRead), **problem_errors(404)},
    )
    async def show_webhook(
        self,
        request: AnyRequest,
        identity: NamedDependency[Identity],
        database: NamedDependency[Database],
        webhook_id: FromPath[str],
    ) -> Response[WebhookRead]:
        """One endpoint without its secret."""
        await identity.shopper(request, SCOPE)
        async with database.read() as connection:
            return Response(await services.show_endpoint(connection, _number(webhook_id)), headers=NO_STORE)

    @patch(
        "/{webhook_id:str}",
        operation_id="changeWebhook",
        summary="Change a webhook endpoint",
        responses={**answers(WebhookRead), **problem_errors(404, *BODY)},
        operation_class=documented(json=WebhookChange),
    )
    async def change_webhook(
        self, request: AnyRequest, identity: NamedDependency[Identity], webhook_id: FromPath[str]
    ) -> Response[Any]:
        """Change where events go and which, or disable and enable the endpoint; what is left out stays."""
        operator = await identity.shopper(request, SCOPE)
        asked = await read_json(request, WebhookChange)
        await services.check_target(asked.url, allow_private=_allow_private(request))

        async def use_case(work: Transaction) -> Answer:
            changed = await services.change_endpoint(work.connection, _number(webhook_id), asked)
            return Answer(200, changed, NO_STORE)

        return await _write(request, operator, use_case)

    @delete(
        "/{webhook_id:str}",
        operation_id="deleteWebhook",
        summary="Delete a webhook endpoint",
        responses={**answers(None, 204), **problem_errors(404)},
    )
    async def delete_webhook(
        self, request: AnyRequest, identity: NamedDependency[Identity], webhook_id: FromPath[str]
    ) -> Response[None]:
        """Delete an endpoint with its deliveries, those that are still to be made too."""
        operator = await identity.shopper(request, SCOPE)

        async def use_case(work: Transaction) -> Answer:
            await services.delete_endpoint(work.connection, _number(webhook_id))
            return Answer(204)

        return await _write(request, operator, use_case)

    @post(
        "/{webhook_id:str}/rotate",
        status_code=200,
        operation_id="rotateWebhookSecret",
        summary="Give a webhook endpoint a new secret",
        responses={**answers(WebhookWithSecret), **problem_errors(404, *IDEMPOTENT)},
        operation_class=documented(headers=[IDEMPOTENCY_KEY]),
    )
    async def rotate_secret(
        self, request: AnyRequest, identity: NamedDependency[Identity], webhook_id: FromPath[str]
    ) -> Response[Any]:
        """Make a new secret, shown this once. For 24 hours messages carry a signature by the old one too."""
        operator = await identity.shopper(request, SCOPE)

        async def use_case(work: Transaction) -> Answer:
            return Answer(200, await services.rotate_secret(work.connection, _number(webhook_id)), NO_STORE)

        return await _write(request, operator, use_case)

    @post(
        "/{webhook_id:str}/test",
        status_code=202,
        operation_id="testWebhook",
        summary="Send a test event",
        responses={**answers(QueuedTest, 202), **problem_errors(404, *IDEMPOTENT)},
        operation_class=documented(headers=[IDEMPOTENCY_KEY]),
    )
    async def test_webhook(
        self,
        request: AnyRequest,
        identity: NamedDependency[Identity],
        queue: NamedDependency[Queue],
        webhook_id: FromPath[str],
    ) -> Response[Any]:
        """Post an event of the type `endpoint.test` as soon as may be; the answer names its delivery."""
        operator = await identity.shopper(request, SCOPE)

        async def use_case(work: Transaction) -> Answer:
            work.after_commit(lambda: wake_channel(queue, "webhook"))
            return Answer(202, await services.queue_test(work.connection, _number(webhook_id)), NO_STORE)

        return await _write(request, operator, use_case)


async def _write(
    request: AnyRequest, operator: Shopper, use_case: Callable[[Transaction], Awaitable[Answer]]
) -> Response[Any]:
    told = await audited(request, use_case, user_id=operator.id, email=operator.email)
    return await write(request, told, actor=f"user:{operator.id}")


def _allow_private(request: AnyRequest) -> bool:
    settings: Settings = request.app.state.settings
    return settings.webhook_allow_private


def _number(text: str) -> int:
    number = read_id(text)
    if number is None:
        raise NotFound
    return number
