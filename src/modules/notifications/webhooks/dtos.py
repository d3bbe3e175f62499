"""What operators see and send of webhook endpoints."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from src.modules.notifications.outbound.addresses import MAX_URL_LENGTH

Time: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Url: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URL_LENGTH)]
Description: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
UpdateKind: TypeAlias = Literal["price_changed", "newly_available", "out_of_stock", "back_in_stock"]
Kinds: TypeAlias = Annotated[list[UpdateKind], msgspec.Meta(max_length=10)]
Status: TypeAlias = Literal["active", "disabled"]


class WebhookCreate(msgspec.Struct, forbid_unknown_fields=True):
    """Where events are to be posted, and of which kinds; none named are all."""

    url: Url
    description: Description = ""
    kinds: Kinds = []


class WebhookChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be changed of an endpoint; what is missing or null stays."""

    url: Url | None = None
    description: Description | None = None
    kinds: Kinds | None = None
    status: Status | None = None


class WebhookRead(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint without its secret."""

    id: int
    url: str
    description: str
    kinds: list[UpdateKind]
    status: Status
    # Why it was disabled, when it was not an operator who did it.
    disabled_reason: str | None
    # Until when messages are signed with the secret before the present one too.
    previous_secret_until: Time | None
    created_date: Time
    modified_date: Time


class WebhookWithSecret(WebhookRead, frozen=True, kw_only=True):
    """An endpoint with its new secret: the only time that it is shown."""

    secret: str


class WebhookPage(msgspec.Struct, frozen=True):
    """A page of endpoints in the order in which they were made."""

    count: int
    next: str | None
    previous: str | None
    results: list[WebhookRead]


class WebhookQuery(msgspec.Struct):
    """Which endpoints to list."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    limit: Annotated[int, msgspec.Meta(ge=1)] = 20


class QueuedTest(msgspec.Struct, frozen=True):
    """The delivery of a test event; what became of it is told by the list of deliveries."""

    id: int
    uuid: UUID
