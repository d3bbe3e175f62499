"""Messages out of deliveries that were claimed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import structlog

from src.modules.notifications.claimed import Claimed
from src.modules.notifications.messages import Item, Message, Recipient, Told
from src.modules.updates import History, lowest_before, read_histories
from src.platform.database import Connection
from src.platform.i18n import DEFAULT_LOCALE, negotiate

log = structlog.get_logger(__name__)

# The price now in force may have begun so long ago and still be news; before it, the 30 days that count.
HISTORY = timedelta(days=60)


class Composed(NamedTuple):
    """Messages with everything of the moment that they tell, and those that can't be told, with the reason."""

    messages: list[Message]
    failed: Mapping[UUID, str]


async def compose(connection: Connection, messages: Mapping[UUID, Sequence[Claimed]], now: datetime) -> Composed:
    """Read what the messages tell; one that makes no sense holds up no other."""
    rows = [row for group in messages.values() for row in group]
    reduced = {row.product_id for row in rows if row.product_id is not None and _is_reduction(row)}
    lowest = _Lowest(await read_histories(connection, sorted(reduced), now - HISTORY) if reduced else {})
    composed, failed = [], {}
    for message_id, group in messages.items():
        try:
            composed.append(_message(message_id, group, lowest))
        except Exception as error:
            log.exception("delivery.makes_no_sense", deliveries=[row.id for row in group])
            failed[message_id] = repr(error)
    return Composed(composed, failed)


class _Lowest:
    """The lowest prior prices of products, found once for all who see the same prices."""

    def __init__(self, histories: Mapping[int, History]) -> None:
        self._histories = histories
        self._found: dict[tuple[object, ...], Decimal | None] = {}

    def of(self, row: Claimed) -> Decimal | None:
        """The lowest price in the 30 days before the one in force; None when nothing is known of it."""
        key = (row.product_id, row.price_list, row.stock_list, row.currency)
        if key not in self._found:
            history = self._histories.get(row.product_id or 0)
            self._found[key] = None if history is None else _lowest_before(history, row)
        return self._found[key]


def _lowest_before(history: History, row: Claimed) -> Decimal | None:
    context = history.sight.context(row.price_list, row.stock_list, row.currency)
    return lowest_before(history.sight, history.changes, context)


def _message(message_id: UUID, rows: Sequence[Claimed], lowest: _Lowest) -> Message:
    first = rows[0]
    is_digest = first.channel != "webhook" and first.is_of_feed and first.frequency != "instant"
    return Message(
        id=message_id,
        channel=first.channel,
        recipient=_recipient(first),
        items=[_item(row, lowest) for row in _latest(rows)],
        created_at=min(row.created_at for row in rows),
        attempt=first.attempts + 1,
        digest=("daily" if first.frequency == "daily" else "weekly") if is_digest else None,
    )


def _latest(rows: Iterable[Claimed]) -> Iterable[Claimed]:
    """Of several changes of one kind to one favourite a shopper is told the latest; other systems are told all."""
    latest: dict[tuple[object, ...], Claimed] = {}
    for row in rows:
        is_same = row.channel != "webhook" and row.kind != "confirm_alert"
        latest[(row.kind, row.favourite_id, row.product_id) if is_same else (row.id,)] = row
    return latest.values()


def _recipient(row: Claimed) -> Recipient:
    if row.webhook_endpoint_id is not None:
        return Recipient(webhook_endpoint_id=row.webhook_endpoint_id)
    return Recipient(
        user_id=row.user_id,
        user_uuid=row.user_uuid,
        email=row.address if row.user_id is None else row.email,
        first_name=row.first_name or "",
        language=_language(row),
    )


def _language(row: Claimed) -> str:
    return negotiate(row.language or row.language_code)


def _item(row: Claimed, lowest: _Lowest) -> Item:
    is_price = row.kind == "price_changed"
    # A shopper is told the price that they would pay; other systems are told what it became.
    new_price = row.new_price if row.channel == "webhook" else row.price
    return Item(
        delivery_id=row.id,
        uuid=row.uuid,
        kind=row.kind,
        changed_at=_time(row.payload.get("changed_at")),
        product=_told(row),
        favourite_id=row.favourite_id,
        favourite_uuid=row.favourite_uuid,
        user_id=row.user_id,
        user_uuid=row.user_uuid,
        old_price=row.old_price if is_price else None,
        new_price=new_price if is_price else None,
        currency=row.currency if is_price else None,
        lowest_price_30d=lowest.of(row) if _is_reduction(row) else None,
        link=row.payload.get("link"),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _told(row: Claimed) -> Told | None:
    if row.product_id is None or row.product_uuid is None:
        return None
    return Told(
        id=row.product_id,
        uuid=row.product_uuid,
        sku=row.sku or "",
        name=_name(row),
        url=row.url or "",
        image=row.image,
        price=row.price,
        currency=row.currency if row.price is not None else None,
        in_stock=row.is_available,
    )


def _name(row: Claimed) -> str:
    translations = row.translations or {}
    languages = (_language(row), DEFAULT_LOCALE)
    names = (translations.get(language, {}).get("name") for language in languages)
    return next((name for name in names if name), row.name or "")


def _is_reduction(row: Claimed) -> bool:
    if row.kind != "price_changed" or row.price is None or row.old_price is None:
        return False
    return row.price < row.old_price
