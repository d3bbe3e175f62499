"""What decides about collections: pure functions."""

import re
import secrets
from collections.abc import Sequence

from src.modules.catalogue import slugify
from src.modules.collections.dtos import PRIVATE, PUBLIC, Room, Status
from src.modules.collections.errors import AlreadyCollected, CollectionFull, NameNeeded, NotTheItems, UnknownProduct
from src.platform.errors import NotFound

# Generous for people, and small enough that a list of everything is a bearable answer.
MOST_COLLECTIONS = 100
MOST_ITEMS = 500
MOST_ITEMS_OF_USER = 2_000
MOST_WORDS = 60
TOKEN_BYTES = 16
NAMELESS = "collection"
SLUG = re.compile(rf"[a-z0-9-]{{1,{MOST_WORDS}}}-[0-9a-f]{{{2 * TOKEN_BYTES}}}")


def new_slug(name: str) -> str:
    """The last part of a link: what it leads to in words, and 128 random bits that nobody guesses."""
    words = slugify(name)[:MOST_WORDS].strip("-")
    # Figures alone say nothing of what there is to see.
    if not any(letter.isalpha() for letter in words):
        words = NAMELESS
    return f"{words}-{secrets.token_hex(TOKEN_BYTES)}"


def is_slug(text: str) -> bool:
    """Whether `new_slug` may have made it."""
    return SLUG.fullmatch(text) is not None


def read_name(text: str) -> str:
    """A name without blanks around it; raises NameNeeded when nothing is left."""
    name = text.strip()
    if not name:
        raise NameNeeded
    return name


def read_note(text: str | None) -> str | None:
    """A note, or None when it says nothing: forms can't tell null."""
    return (text or "").strip() or None


def status_of(*, is_public: bool) -> Status:
    """How a collection's visibility is told."""
    return PUBLIC if is_public else PRIVATE


def public_url(slug: str, *, is_public: bool) -> str | None:
    """The path that anyone may follow; None while there is nothing to see there."""
    return f"/wishlists/user-collection/{slug}/" if is_public else None


def judge_room(room: Room) -> None:
    """Let a product in; raises NotFound, UnknownProduct, AlreadyCollected and CollectionFull."""
    if not room.is_there:
        raise NotFound
    if not room.is_for_sale:
        raise UnknownProduct
    judge_copy(room)


def judge_copy(room: Room) -> None:
    """Let a product in that the user has collected before, for sale or not; raises as `judge_move` does."""
    judge_move(room)
    if room.items_of_user >= MOST_ITEMS_OF_USER:
        raise CollectionFull


def judge_move(room: Room) -> None:
    """Let in what leaves another collection of the user; raises NotFound, AlreadyCollected and CollectionFull."""
    if not room.is_there:
        raise NotFound
    if room.has_product:
        raise AlreadyCollected
    if room.items >= MOST_ITEMS:
        raise CollectionFull


def reordered(items: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The items with those that are `wanted` in front, in that order; raises NotTheItems.

    What is not named stays behind them, as it was: another tab may just have added it.
    """
    named = set(wanted)
    if len(named) < len(wanted) or not named.issubset(items):
        raise NotTheItems
    return [*wanted, *(item for item in items if item not in named)]
