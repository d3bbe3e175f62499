"""Sends messages to users' browsers through their push services."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Literal, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from src.modules.notifications.messages import NO_TIME_LEFT, SEND_LIMIT_S, SENT, Message, Outcome
from src.modules.notifications.outbound import AddressRefused, OutboundClient, UnfitAddress, Unreachable, check_url
from src.modules.notifications.push import repositories
from src.modules.notifications.push.encryption import UnfitKeys, encrypt
from src.modules.notifications.push.payloads import payload_of, topic_of
from src.modules.notifications.push.repositories import Subscription
from src.modules.notifications.push.vapid import Vapid, vapid
from src.platform.database import Database
from src.platform.settings import Settings

log = structlog.get_logger(__name__)

AT_ONCE = 64
# More make the pool of connections slower than the services are.
AT_ONCE_PER_SERVICE = 16
# Push services answer at once; whoever does not is no push service.
TIMEOUT_S = 10.0
# For the database, before and after.
SPARE_S = 5.0
# A price that fell yesterday may have risen since.
KEPT_S = 24 * 3600
# A message that one browser took is tried so often with the others before it counts as sent.
TRIES_FOR_THE_REST = 5


class Reply(NamedTuple):
    """What became of a message to one browser."""

    state: Literal["taken", "gone", "later", "never", "unbegun"]
    error: str = ""
    retry_after_s: float | None = None


class PushSender:
    """One per process; `send` is the channel's `Send`, `close` ends its connections."""

    def __init__(self, settings: Settings, database: Database, *, timeout_s: float = TIMEOUT_S) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        self._database = database
        self._client = OutboundClient(allow_private=settings.webhook_allow_private, timeout_s=timeout_s)
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._vapid: Vapid | None = None

    async def send(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """What became of each message, in order; never raises. One is sent when any browser of its user took it."""
        try:
            return await self._send_all(messages)
        except Exception as error:
            log.warning("push.failed", error=repr(error))
            return [Outcome("later", repr(error)[:300])] * len(messages)

    async def close(self) -> None:
        """Close the connections that are kept open."""
        await self._client.close()

    async def _send_all(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        if self._vapid is None:
            self._vapid = await vapid(self._settings, self._database)
        users = {m.recipient.user_id for m in messages if m.recipient.user_id is not None}
        again = [message.id for message in messages if message.attempt > 1]
        async with self._database.read() as connection:
            browsers = await repositories.subscriptions(connection, sorted(users))
            taken = await repositories.taken(connection, again) if again else {}
        begin_until = monotonic() + SEND_LIMIT_S - SPARE_S - self._timeout_s
        services: defaultdict[str, _Service] = defaultdict(lambda: _Service(begin_until))
        tried = await asyncio.gather(
            *(
                self._guarded(
                    message,
                    [
                        b
                        for b in browsers.get(message.recipient.user_id or 0, ())
                        if b.id not in taken.get(message.id, ())
                    ],
                    self._vapid,
                    services,
                )
                for message in messages
            )
        )
        outcomes, partly = [], {}
        for message, replies in zip(messages, tried, strict=True):
            before = taken.get(message.id, set())
            outcome = judge(list(replies.values()), taken_before=bool(before), attempt=message.attempt)
            now = {browser.id for browser, reply in replies.items() if reply.state == "taken"}
            if now and outcome.state == "later":
                partly[message.id] = before | now
            outcomes.append(outcome)
        gone = [browser for replies in tried for browser, reply in replies.items() if reply.state == "gone"]
        await self._remember(gone, partly)
        return outcomes

    async def _remember(self, gone: Sequence[Subscription], partly: Mapping[UUID, set[int]]) -> None:
        if not (gone or partly):
            return
        try:
            async with self._database.read() as connection:
                if gone:
                    await repositories.prune(connection, gone)
                for message_id, taken in partly.items():
                    await repositories.remember_taken(connection, message_id, sorted(taken))
        except Exception as error:  # What was sent is sent nevertheless.
            log.warning("push.not_remembered", error=repr(error))

    async def _guarded(
        self, message: Message, browsers: Sequence[Subscription], who: Vapid, services: Mapping[str, "_Service"]
    ) -> dict[Subscription, Reply]:
        try:
            return await self._send(message, browsers, who, services)
        except Exception as error:  # Ours; the others' messages must not suffer.
            log.exception("push.message_failed", message_id=str(message.id))
            return dict.fromkeys(browsers, Reply("later", repr(error)[:300]))

    async def _send(
        self, message: Message, browsers: Sequence[Subscription], who: Vapid, services: Mapping[str, "_Service"]
    ) -> dict[Subscription, Reply]:
        if not browsers:
            return {}
        plain = payload_of(message, self._settings.public_url)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(KEPT_S),
            "Topic": topic_of(message),
            "Urgency": "low" if message.digest else "normal",
        }
        replies = await asyncio.gather(
            *(self._push(browser, plain, headers, who, services[_origin(browser)]) for browser in browsers)
        )
        return dict(zip(browsers, replies, strict=True))

    async def _push(
        self, browser: Subscription, plain: bytes, headers: Mapping[str, str], who: Vapid, service: "_Service"
    ) -> Reply:
        async with service.at_once, self._at_once:
            if service.away is not None:
                return service.away
            if monotonic() > service.begin_until:
                return Reply("unbegun", NO_TIME_LEFT.error or "")
            try:
                check_url(browser.endpoint, allow_private=self._settings.webhook_allow_private)
                body = encrypt(plain, browser.p256dh, browser.auth)
                word = who.authorization(browser.endpoint, datetime.now(UTC))
                answer = await self._client.post(browser.endpoint, {**headers, "Authorization": word}, body)
            except (AddressRefused, UnfitAddress, UnfitKeys) as error:
                return Reply("never", str(error))
            except Unreachable as error:
                # What else was to go there now would wait as long for nothing.
                service.away = Reply("later", str(error))
                return service.away
            except Exception as error:  # Ours; what the user's other browsers took must be remembered.
                log.exception("push.browser_failed", subscription=browser.id)
                return Reply("later", repr(error)[:300])
        return judge_status(answer.status, answer.retry_after_s)


def judge_status(status: int, retry_after_s: float | None) -> Reply:
    """What a push service's answer means (RFC 8030, 5 and 7.3; RFC 8292, 4.2)."""
    told = f"the push service answered {status}"
    if 200 <= status < 300:
        return Reply("taken")
    if status in (404, 410):
        return Reply("gone", told)
    # It takes no more of our words, or this message is none: a later try says the same.
    if status in (400, 401, 403, 405, 413):
        return Reply("never", told)
    return Reply("later", told, retry_after_s)


def judge(replies: Sequence[Reply], *, taken_before: bool, attempt: int) -> Outcome:
    """What became of a message, from what became of it at each browser that had not taken it before."""
    # As soon as one browser was tried it was a try, of which what was taken is remembered.
    if replies and all(reply.state == "unbegun" for reply in replies):
        return NO_TIME_LEFT
    is_taken = taken_before or any(reply.state == "taken" for reply in replies)
    waiting = [reply for reply in replies if reply.state in ("later", "unbegun")]
    if waiting and not (is_taken and attempt >= TRIES_FOR_THE_REST):
        waits = [reply.retry_after_s for reply in waiting if reply.retry_after_s is not None]
        return Outcome("later", waiting[0].error, max(waits, default=None))
    if is_taken:
        return SENT
    return Outcome("never", next((reply.error for reply in replies), "no browser is subscribed"))


class _Service:
    """A push service in one call: what one message learns, those behind it need not ask again."""

    def __init__(self, begin_until: float) -> None:
        self.begin_until = begin_until
        self.at_once = asyncio.Semaphore(AT_ONCE_PER_SERVICE)
        self.away: Reply | None = None


def _origin(browser: Subscription) -> str:
    return urlsplit(browser.endpoint).netloc
