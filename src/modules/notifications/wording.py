"""What every channel that people read says alike: what an item is about, and names and links that are fit to show."""

from urllib.parse import urlsplit

from src.modules.notifications.messages import Item

# Names of products in a subject or a title; programs show about sixty characters of it.
LONGEST_NAME = 80
MORE = "\N{HORIZONTAL ELLIPSIS}"


def label(item: Item) -> str:
    """The name under which the texts have what an item is about."""
    if item.kind == "price_changed":
        risen = item.old_price is not None and item.new_price is not None and item.new_price > item.old_price
        return "price_rise" if risen else "price_drop"
    return "out_of_stock" if item.kind == "out_of_stock" else "newly_available"


def one_line(text: str) -> str:
    """`text` without line breaks and control characters, which could begin a header or a line of their own."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(name: str) -> str:
    """A product's name, cut where it is too long for a subject or a title."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + MORE


def is_of_the_web(link: str) -> bool:
    """Whether a link is a whole address; shops import what they have, like "https://cdn[1].example/a.jpg"."""
    try:
        return urlsplit(link).scheme in ("http", "https")
    except ValueError:
        return False
