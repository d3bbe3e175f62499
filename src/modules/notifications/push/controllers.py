"""Web push for shoppers' browsers."""

from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency

from src.modules.identity import Identity
from src.modules.notifications.push import services
from src.modules.notifications.push.dtos import PublicKey, Subscribe, SubscriptionRead, Unsubscribe
from src.modules.notifications.push.vapid import vapid
from src.platform.bodies import read_json
from src.platform.database import Database, Transaction
from src.platform.edge import Answer, write
from src.platform.openapi import BODY, IDEMPOTENCY_KEY, IDEMPOTENT, PUBLIC, answers, documented, problem_errors
from src.platform.settings import Settings

AnyRequest = Request[Any, Any, Any]


class PushController(Controller):
    """Web push (RFC 8030, 8291, 8292)."""

    path = "/api/v1/push"
    tags = ("Push",)

    @get(
        "/public-key",
        operation_id="pushPublicKey",
        summary="The key to subscribe with",
        security=PUBLIC,
        responses={**answers(PublicKey), **problem_errors()},
    )
    async def public_key(self, request: AnyRequest, database: NamedDependency[Database]) -> Response[PublicKey]:
        """The `applicationServerKey` for `pushManager.subscribe()`; it needs no credentials."""
        who = await vapid(request.app.state.settings, database)
        return Response(PublicKey(who.public_key), headers={"Cache-Control": "public, max-age=3600"})

    @post(
        "/subscriptions",
        operation_id="addPushSubscription",
        summary="Be told in this browser",
        responses={**answers(SubscriptionRead, 201), **problem_errors(*BODY, *IDEMPOTENT)},
        operation_class=documented(json=Subscribe, headers=[IDEMPOTENCY_KEY]),
    )
    async def subscribe(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[Any]:
        """Keep what `PushSubscription.toJSON()` says. A browser is told what whoever registered it last is to know."""
        shopper = await identity.shopper(request)
        asked = await read_json(request, Subscribe)
        settings: Settings = request.app.state.settings

        async def use_case(work: Transaction) -> Answer:
            kept = await services.register(
                work.connection, shopper.id, asked, allow_private=settings.webhook_allow_private
            )
            return Answer(201, kept)

        return await write(request, use_case, actor=f"user:{shopper.id}")

    @delete(
        "/subscriptions",
        operation_id="deletePushSubscription",
        summary="Be told in this browser no more",
        responses={**answers(None, 204), **problem_errors(404, *BODY)},
        operation_class=documented(json=Unsubscribe),
    )
    async def unsubscribe(self, request: AnyRequest, identity: NamedDependency[Identity]) -> Response[None]:
        """Forget the subscription of that endpoint; 404 when it is none of the user's."""
        shopper = await identity.shopper(request)
        asked = await read_json(request, Unsubscribe)

        async def use_case(work: Transaction) -> Answer:
            await services.forget(work.connection, shopper.id, asked.endpoint)
            return Answer(204)

        return await write(request, use_case, actor=f"user:{shopper.id}")
