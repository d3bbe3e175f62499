"""Webhook endpoints as operators manage them."""

import asyncio
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from src.modules.notifications.deliveries import NewDelivery, enqueue
from src.modules.notifications.outbound import AddressRefused, UnfitAddress, check_url, resolve
from src.modules.notifications.webhooks import repositories
from src.modules.notifications.webhooks.dtos import (
    QueuedTest,
    UpdateKind,
    WebhookChange,
    WebhookCreate,
    WebhookRead,
    WebhookWithSecret,
)
from src.modules.notifications.webhooks.repositories import Endpoint
from src.platform import wire
from src.platform.database import Connection
from src.platform.errors import NotFound

# How long a receiver has to take over a new secret.
OVERLAP_S = 24 * 3600
LOOK_UP_TIMEOUT_S = 2.0
T = TypeVar("T")


async def check_target(url: str | None, *, allow_private: bool) -> None:
    """Raises UnfitAddress for a URL that nothing would be sent to; a name that nobody knows yet may come to be."""
    if url is None:
        return
    check_url(url, allow_private=allow_private)
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
            await resolve(parts.hostname or "", parts.port or 443, allow_private=allow_private)
    except AddressRefused:
        raise UnfitAddress("Private addresses are not allowed", field="url") from None
    except OSError:  # TimeoutError is one
        return


async def list_endpoints(connection: Connection, limit: int, offset: int) -> tuple[list[WebhookRead], int]:
    """Some endpoints, and how many there are."""
    endpoints, total = await repositories.page_of_endpoints(connection, limit, offset)
    return [WebhookRead(**_told(endpoint)) for endpoint in endpoints], total


async def show_endpoint(connection: Connection, endpoint_id: int) -> WebhookRead:
    """One endpoint; raises NotFound."""
    found = await repositories.find_endpoints(connection, [endpoint_id])
    return WebhookRead(**_told(_existing(found.get(endpoint_id))))


async def create_endpoint(connection: Connection, asked: WebhookCreate) -> WebhookWithSecret:
    """A new endpoint, with the secret that its messages are signed with."""
    added = await repositories.add_endpoint(
        connection, url=asked.url, description=asked.description, kinds=_distinct(asked.kinds)
    )
    return WebhookWithSecret(**_told(added), secret=added.secret)


async def change_endpoint(connection: Connection, endpoint_id: int, asked: WebhookChange) -> WebhookRead:
    """The endpoint as it is after the change; raises NotFound."""
    changed = await repositories.change_endpoint(
        connection,
        endpoint_id,
        url=asked.url,
        description=asked.description,
        kinds=None if asked.kinds is None else _distinct(asked.kinds),
        status=asked.status,
    )
    return WebhookRead(**_told(_existing(changed)))


async def rotate_secret(connection: Connection, endpoint_id: int) -> WebhookWithSecret:
    """The endpoint with a new secret; for a day messages are signed with the old one too. Raises NotFound."""
    changed = _existing(await repositories.rotate_secret(connection, endpoint_id, OVERLAP_S))
    return WebhookWithSecret(**_told(changed), secret=changed.secret)


async def delete_endpoint(connection: Connection, endpoint_id: int) -> None:
    """Delete an endpoint with its deliveries; raises NotFound."""
    if not await repositories.delete_endpoint(connection, endpoint_id):
        raise NotFound


async def queue_test(connection: Connection, endpoint_id: int) -> QueuedTest:
    """Make a delivery that says nothing but that the endpoint is reached; raises NotFound."""
    await show_endpoint(connection, endpoint_id)
    key = f"webhook:{endpoint_id}:test:{uuid4()}"
    await enqueue(connection, [NewDelivery("webhook", "endpoint_test", key, None, webhook_endpoint_id=endpoint_id)])
    delivery_id, uuid = await repositories.delivery_of_key(connection, key)
    return QueuedTest(delivery_id, uuid)


def _existing(endpoint: T | None) -> T:
    if endpoint is None:
        raise NotFound
    return endpoint


def _distinct(kinds: list[UpdateKind]) -> list[UpdateKind]:
    return list(dict.fromkeys(kinds))


def _told(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "kinds": endpoint.kinds,
        "status": endpoint.status,
        "disabled_reason": endpoint.disabled_reason,
        "previous_secret_until": wire.optional_time(endpoint.previous_until),
        "created_date": wire.time(endpoint.created_date),
        "modified_date": wire.time(endpoint.modified_date),
    }
