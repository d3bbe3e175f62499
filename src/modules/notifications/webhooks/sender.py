"""Posts messages to other systems' endpoints, signed."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic

import structlog

from src.modules.notifications.messages import NO_TIME_LEFT, SEND_LIMIT_S, SENT, Message, Outcome
from src.modules.notifications.outbound import AddressRefused, OutboundClient, UnfitAddress, Unreachable, check_url
from src.modules.notifications.outbound.client import TIMEOUT_S
from src.modules.notifications.webhooks import repositories
from src.modules.notifications.webhooks.payloads import encoded, event_of
from src.modules.notifications.webhooks.repositories import Endpoint
from src.modules.notifications.webhooks.signing import signed_headers
from src.platform.database import Database
from src.platform.settings import Settings

log = structlog.get_logger(__name__)

AT_ONCE = 32
# So that an endpoint that hangs does not hold what goes to others.
AT_ONCE_PER_ENDPOINT = 4
# For the database, before and after.
SPARE_S = 5.0


class WebhookSender:
    """One per process; `send` is the channel's `Send`, `close` ends its connections."""

    def __init__(self, settings: Settings, database: Database, *, timeout_s: float = TIMEOUT_S) -> None:
        self._allow_private = settings.webhook_allow_private
        self._timeout_s = timeout_s
        self._database = database
        self._client = OutboundClient(
            allow_private=settings.webhook_allow_private, timeout_s=timeout_s, tells_trace=True
        )
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def send(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """What became of each message, in order; never raises."""
        try:
            ids = {m.recipient.webhook_endpoint_id for m in messages if m.recipient.webhook_endpoint_id is not None}
            async with self._database.read() as connection:
                endpoints = await repositories.find_endpoints(connection, sorted(ids))
        except Exception as error:
            log.warning("webhooks.endpoints_unknown", error=repr(error))
            return [Outcome("later", repr(error)[:300])] * len(messages)
        begin_until = monotonic() + SEND_LIMIT_S - SPARE_S - self._timeout_s
        batches: defaultdict[int | None, _Batch] = defaultdict(lambda: _Batch(begin_until))
        return await asyncio.gather(
            *(
                self._send(
                    message,
                    endpoints.get(message.recipient.webhook_endpoint_id or 0),
                    batches[message.recipient.webhook_endpoint_id],
                )
                for message in messages
            )
        )

    async def close(self) -> None:
        """Close the connections that are kept open."""
        await self._client.close()

    async def _send(self, message: Message, endpoint: Endpoint | None, batch: "_Batch") -> Outcome:
        if endpoint is None:
            return Outcome("never", "the endpoint was deleted")
        async with batch.at_once, self._at_once:
            if batch.verdict is not None:
                return batch.verdict
            if monotonic() > batch.begin_until:
                return NO_TIME_LEFT
            if endpoint.status != "active":
                return Outcome("never", "the endpoint is disabled")
            try:
                outcome = await self._post(message, endpoint, batch)
            except Exception as error:  # Ours; the others' messages must not suffer.
                log.exception("webhook.failed", endpoint=endpoint.id)
                outcome = Outcome("later", repr(error)[:300])
            return outcome

    async def _post(self, message: Message, endpoint: Endpoint, batch: "_Batch") -> Outcome:
        body = encoded(event_of(message))
        headers = {
            "Content-Type": "application/json",
            **signed_headers(str(message.id), datetime.now(UTC), body, endpoint.live_secrets),
        }
        try:
            check_url(endpoint.url, allow_private=self._allow_private)
            answer = await self._client.post(endpoint.url, headers, body)
        except (AddressRefused, UnfitAddress) as error:
            return Outcome("never", str(error))
        except Unreachable as error:
            # What else was to go there now would wait as long for nothing.
            batch.verdict = Outcome("later", str(error))
            return batch.verdict
        if 200 <= answer.status < 300:
            return SENT
        told = f"the endpoint answered {answer.status}"
        if answer.status == 410:
            batch.verdict = Outcome("never", told)
            async with self._database.read() as connection:
                await repositories.disable_endpoint(connection, endpoint, "It answered 410 Gone")
            log.warning("webhook.endpoint_disabled", endpoint=endpoint.id)
            return batch.verdict
        outcome = Outcome("later", told, answer.retry_after_s)
        if answer.retry_after_s is not None:
            # Those behind it were not refused: they only wait as long.
            batch.verdict = outcome._replace(state="unbegun")
        return outcome


class _Batch:
    """The messages of one endpoint in one call: what one of them learns, those behind it need not ask again."""

    def __init__(self, begin_until: float) -> None:
        self.begin_until = begin_until
        self.at_once = asyncio.Semaphore(AT_ONCE_PER_ENDPOINT)
        self.verdict: Outcome | None = None
