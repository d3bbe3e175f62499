"""What our mails say, in English; every sentence has its translations."""

from functools import lru_cache
from typing import TypeAlias

from src.modules.notifications.messages import Kind
from src.platform.i18n import translate

Texts: TypeAlias = dict[str, str]

TEXTS: Texts = {
    "hello": "Hello,",
    "hello_name": "Hello %(name)s,",
    "news": "There is news about what you saved.",
    "back_in_stock": "The product that you asked about is back in stock.",
    "confirm": "You asked us to tell you when %(product)s is back in stock. Please confirm that this address is yours.",
    "confirm_it": "You asked us to tell you when a product is back in stock. Please confirm that the address is yours.",
    "confirm_button": "Yes, tell me",
    "confirm_note": "If it was not you, do nothing, and we will not write again.",
    "view": "View product",
    "before": "Before: %(price)s",
    "now": "Now: %(price)s",
    "lowest": "Lowest price in the 30 days before: %(price)s",
    "why_favourites": "You get this mail because you saved products with us and agreed to mails.",
    "why_alert": "You get this mail because you asked to be told about this product.",
    "why_confirm": "You get this mail because somebody entered this address in our shop.",
    "unsubscribe": "Unsubscribe",
    "price_drop": "Price drop",
    "price_rise": "Price rise",
    "newly_available": "Available again",
    "out_of_stock": "Sold out",
    "subject_price_drop": "Price drop: %(product)s",
    "subject_price_rise": "Price rise: %(product)s",
    "subject_newly_available": "Available again: %(product)s",
    "subject_out_of_stock": "Sold out: %(product)s",
    "subject_confirm_alert": "Please confirm your product alert",
    "subject_several": "News about %(count)s products that you saved",
    "subject_daily": "What you saved: the news of the day",
    "subject_weekly": "What you saved: the news of the week",
}
REASONS: dict[Kind, str] = {"back_in_stock": "why_alert", "confirm_alert": "why_confirm"}
INTRODUCTIONS: dict[Kind, str] = {"back_in_stock": "back_in_stock", "confirm_alert": "confirm_it"}


@lru_cache
def texts(language: str) -> Texts:
    """All of `TEXTS` in a language."""
    return {name: translate(text, language) for name, text in TEXTS.items()}
