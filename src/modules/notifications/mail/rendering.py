"""What a mail says: messages turned into a subject, HTML and text by templates that are compiled once."""

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import mrml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from src.modules.notifications.mail.amounts import amount, percent_off, reduction
from src.modules.notifications.mail.texts import INTRODUCTIONS, REASONS, Texts, texts
from src.modules.notifications.messages import Item, Message
from src.modules.notifications.wording import is_of_the_web, label, one_line, shortened
from src.platform.i18n import DEFAULT_LOCALE, LOCALES
from src.platform.pages import direction

TEMPLATES = Path(__file__).parent / "templates"
GREEN, RED, GREY = "#1f6f4a", "#a33a2a", "#6b6459"
# What keeps an amount together in a line of the other direction; the HTML has an element for it.
ISOLATED = {"ltr": "%s", "rtl": "\N{FIRST STRONG ISOLATE}%s\N{POP DIRECTIONAL ISOLATE}"}
TONES = {"price_drop": GREEN, "newly_available": GREEN, "price_rise": RED, "out_of_stock": GREY}


class Rendered(NamedTuple):
    """A mail without its envelope."""

    subject: str
    html: str
    text: str


class Card(NamedTuple):
    """A product as the templates show it."""

    badge: str
    tone: str
    name: str
    url: str
    image: str | None
    now: str | None
    before: str | None
    percent: str | None
    lowest: str | None


class Renderer:
    """Renders for a shop at `public_url`, whose name is `shop`."""

    def __init__(self, public_url: str, shop: str) -> None:
        self._base = public_url.rstrip("/")
        self._shop = shop

    def address(self, link: str) -> str:
        """`link`, which may be a path of the shop, as a whole address; of anything but the web, the shop's."""
        if not link.isprintable() or " " in link:
            return f"{self._base}/"
        if is_of_the_web(link):
            return link
        return f"{self._base}{link}" if link.startswith("/") and not link.startswith("//") else f"{self._base}/"

    def render(self, message: Message, unsubscribe: str) -> Rendered:
        """The mail of a message; `unsubscribe` is the address of its way out."""
        language = message.recipient.language
        language = language if language in LOCALES else DEFAULT_LOCALE
        said = texts(language)
        first = message.items[0]
        confirm = first if first.kind == "confirm_alert" else None
        cards = [] if confirm else [self._card(item, said, language) for item in message.items]
        name = one_line(message.recipient.first_name)
        context = {
            "t": said,
            "language": language,
            "isolated": ISOLATED[direction(language)],
            "shop": self._shop,
            "home": f"{self._base}/",
            "greeting": said["hello_name"] % {"name": name} if name else said["hello"],
            "introduction": _introduction(message, said),
            "cards": cards,
            "confirm": self.address(confirm.link or "") if confirm else None,
            "why": said[REASONS.get(first.kind, "why_favourites")],
            "unsubscribe": unsubscribe,
        }
        subject = one_line(_subject(message, cards, said))
        html = _html(direction(language)).render(context, subject=subject)
        return Rendered(subject, html, _text().render(context))

    def _card(self, item: Item, said: Texts, language: str) -> Card:
        product = item.product
        about = label(item)
        before = now = lowest = percent = None
        new, currency = item.new_price, item.currency
        if new is None and product is not None:
            new, currency = product.price, product.currency
        if new is not None:
            now = amount(new, currency, language)
            if about.startswith("price_") and item.old_price is not None:
                before = amount(item.old_price, currency, language)
            if about == "price_drop" and item.old_price is not None:
                percent = _percent(item.old_price, new, item.lowest_price_30d, language)
                if item.lowest_price_30d is not None:
                    lowest = said["lowest"] % {"price": amount(item.lowest_price_30d, currency, language)}
        return Card(
            badge=said[about],
            tone=TONES[about],
            name=one_line(product.name) if product else "",
            url=self.address(product.url if product else ""),
            image=self.address(product.image) if product and product.image else None,
            now=now,
            before=before,
            percent=percent,
            lowest=lowest,
        )


def _percent(old: Decimal, new: Decimal, lowest: Decimal | None, language: str) -> str | None:
    percent = reduction(old, new, lowest)
    return None if percent is None else percent_off(percent, language)


def _subject(message: Message, cards: list[Card], said: Texts) -> str:
    first = message.items[0]
    if first.kind == "confirm_alert":
        return said["subject_confirm_alert"]
    if message.digest is not None:
        return said[f"subject_{message.digest}"]
    products = {item.product.id for item in message.items if item.product}
    if len(products) > 1:
        return said["subject_several"] % {"count": len(products)}
    return said[f"subject_{label(first)}"] % {"product": shortened(cards[0].name)}


def _introduction(message: Message, said: Texts) -> str:
    first = message.items[0]
    if first.kind == "confirm_alert" and first.product is not None:
        return said["confirm"] % {"product": one_line(first.product.name)}
    kinds = {item.kind for item in message.items}
    return said[INTRODUCTIONS.get(first.kind, "news") if len(kinds) == 1 else "news"]


@lru_cache
def _environment(autoescape: bool) -> Environment:
    return Environment(
        autoescape=autoescape,  # noqa: S701  (off for the text, where there is nothing to escape)
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache
def _html(written: str) -> Template:
    """MJML to HTML, which leaves the places of Jinja as they are; each direction has its own, with its sides."""
    source = (TEMPLATES / "mail.mjml").read_text(encoding="utf-8")
    begin, end = ("right", "left") if written == "rtl" else ("left", "right")
    for place, value in {"@direction": written, "@begin": begin, "@end": end}.items():
        source = source.replace(place, value)
    return _environment(True).from_string(mrml.to_html(source).content)


@lru_cache
def _text() -> Template:
    return _environment(False).get_template("mail.txt")
