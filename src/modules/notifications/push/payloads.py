"""What a browser shows: a title, a few lines, a picture and a link, small enough for every push service."""

import hashlib
from collections.abc import Iterator

import msgspec

from src.modules.notifications.mail.amounts import amount
from src.modules.notifications.mail.texts import Texts, texts
from src.modules.notifications.messages import Item, Message
from src.modules.notifications.push.encryption import MAX_PLAIN_BYTES
from src.modules.notifications.push.vapid import to_base64url
from src.modules.notifications.wording import MORE, is_of_the_web, label, one_line, shortened
from src.platform.i18n import DEFAULT_LOCALE, LOCALES
from src.platform.pages import direction

# What systems show of a notification that is not opened out is less.
MOST_LINES = 5


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the service worker is given."""

    # The same in every try, so that a browser which is told twice does not disturb twice.
    id: str
    title: str
    body: str
    lang: str
    dir: str
    # Of the same tag only the newest is shown.
    tag: str
    # A path is one of the shop that the service worker belongs to.
    url: str
    image: str | None = None


def topic_of(message: Message) -> str:
    """What replaces what: news about the same product, or the same digest. RFC 8030, 5.4 gives it 32 characters."""
    about = f"product {_products(message).pop()}" if _is_about_one(message) else message.digest or "several"
    return to_base64url(hashlib.sha256(about.encode()).digest())[:32]


def payload_of(message: Message, public_url: str | None) -> bytes:
    """The notification of a message as JSON, shortened until it fits."""
    language = message.recipient.language if message.recipient.language in LOCALES else DEFAULT_LOCALE
    said = texts(language)
    first = message.items[0]
    whole = Notification(
        id=str(message.id),
        title=_title(message, said),
        body="\n".join(_body(message, said, language)),
        lang=language,
        dir=direction(language),
        tag=topic_of(message),
        url=_address(first.product.url if first.product and _is_about_one(message) else "/", public_url),
        image=_address(first.product.image, public_url) if first.product and first.product.image else None,
    )
    written = map(msgspec.json.encode, _ever_shorter(whole))
    return next(content for content in written if len(content) <= MAX_PLAIN_BYTES)


def _ever_shorter(whole: Notification) -> Iterator[Notification]:
    yield whole
    shorter = msgspec.structs.replace(whole, image=None)
    yield shorter
    lines = shorter.body.split("\n")
    for kept in range(len(lines) - 1, -1, -1):
        yield msgspec.structs.replace(shorter, body="\n".join([*lines[:kept], MORE]))
    yield msgspec.structs.replace(shorter, body=MORE, url="/")


def _title(message: Message, said: Texts) -> str:
    if message.digest is not None:
        return said[f"subject_{message.digest}"]
    if not _is_about_one(message):
        return said["subject_several"] % {"count": len(_products(message))}
    # What is there again or no more is the greater news than its price.
    main = next((item for item in message.items if item.kind != "price_changed"), message.items[0])
    return said[f"subject_{label(main)}"] % {"product": _name(main)}


def _body(message: Message, said: Texts, language: str) -> list[str]:
    if _is_about_one(message):
        if any(item.kind == "out_of_stock" for item in message.items):
            return []
        main = next((item for item in message.items if item.kind == "price_changed"), message.items[0])
        return _prices(main, said, language)
    lines = [
        f"{_name(item)}: {next(iter(_prices(item, said, language)), said[label(item)])}"
        for item in message.items[:MOST_LINES]
    ]
    return lines if len(message.items) <= MOST_LINES else [*lines[:-1], MORE]


def _prices(item: Item, said: Texts, language: str) -> list[str]:
    """The price now, the one before where it changed, and where it fell the lowest before that (98/6/EC, 6a)."""
    product = item.product
    shown = (product.price, product.currency) if product else (None, None)
    new = shown[0] if item.new_price is None else item.new_price
    if new is None or item.kind == "out_of_stock":
        return []
    currency = item.currency or shown[1]
    prices = {"now": new}
    if item.kind == "price_changed" and item.old_price is not None:
        prices["before"] = item.old_price
        if new < item.old_price and item.lowest_price_30d is not None:
            prices["lowest"] = item.lowest_price_30d
    return [said[name] % {"price": amount(price, currency, language)} for name, price in prices.items()]


def _is_about_one(message: Message) -> bool:
    return len(_products(message)) == 1


def _products(message: Message) -> set[int | None]:
    return {item.product.id if item.product else None for item in message.items}


def _name(item: Item) -> str:
    return shortened(one_line(item.product.name)) if item.product else ""


def _address(link: str, public_url: str | None) -> str:
    if is_of_the_web(link):
        return link
    path = link if link.startswith("/") and not link.startswith("//") else "/"
    return f"{(public_url or '').rstrip('/')}{path}"
