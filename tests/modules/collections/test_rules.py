"""Links, limits and orders: pure decisions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.collections.dtos import Room
from src.modules.collections.errors import AlreadyCollected, CollectionFull, NotTheItems, UnknownProduct
from src.modules.collections.rules import (
    MOST_ITEMS,
    MOST_ITEMS_OF_USER,
    is_slug,
    judge_copy,
    judge_move,
    judge_room,
    new_slug,
    read_note,
    reordered,
)
from src.platform.errors import AppError, NotFound

EMPTY = Room(is_there=True, is_for_sale=True, has_product=False, items=0, items_of_user=0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Test Collection", "test-collection"),
        ("  D\N{LATIN SMALL LETTER U WITH DIAERESIS}\N{LATIN SMALL LETTER G WITH BREVE}\u00fcn 2026!  ", "dugun-2026"),
        ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}zmir \N{LATIN SMALL LETTER DOTLESS I}", "izmir-i"),
        ("\u0642\u0627\u0626\u0645\u0629", "collection"),
        ("2026", "collection"),
        ("!!!", "collection"),
        ("word " * 40, "-".join(["word"] * 12)),
    ],
)
def test_slug_is_the_name_in_words_and_random_digits(name: str, words: str) -> None:
    slug = new_slug(name)
    assert re.fullmatch(rf"{words}-[0-9a-f]{{32}}", slug)
    assert new_slug(name) != slug


@given(st.text(max_size=200))
def test_every_slug_is_known_as_one(name: str) -> None:
    slug = new_slug(name)
    assert is_slug(slug)
    assert slug.isascii()


@given(st.text(max_size=120))
def test_other_texts_are_no_slugs(text: str) -> None:
    assert not is_slug(text[:-1] + "\N{LATIN SMALL LETTER DOTLESS I}")


@pytest.mark.parametrize(
    ("room", "by_add", "by_copy", "by_move"),
    [
        (EMPTY, None, None, None),
        (EMPTY._replace(is_there=False, is_for_sale=False, has_product=True), NotFound, NotFound, NotFound),
        (EMPTY._replace(is_for_sale=False), UnknownProduct, None, None),
        (
            EMPTY._replace(has_product=True, items=MOST_ITEMS),
            AlreadyCollected,
            AlreadyCollected,
            AlreadyCollected,
        ),
        (EMPTY._replace(items=MOST_ITEMS - 1, items_of_user=MOST_ITEMS_OF_USER - 1), None, None, None),
        (EMPTY._replace(items=MOST_ITEMS), CollectionFull, CollectionFull, CollectionFull),
        (EMPTY._replace(items_of_user=MOST_ITEMS_OF_USER), CollectionFull, CollectionFull, None),
    ],
)
def test_room_decides_what_may_come_in(
    room: Room,
    by_add: type[AppError] | None,
    by_copy: type[AppError] | None,
    by_move: type[AppError] | None,
) -> None:
    for judge, refusal in ((judge_room, by_add), (judge_copy, by_copy), (judge_move, by_move)):
        if refusal is None:
            judge(room)
        else:
            with pytest.raises(refusal):
                judge(room)


@given(st.permutations(range(8)), st.integers(0, 8))
def test_items_that_are_named_come_first_and_the_others_stay_in_order(wanted: list[int], number: int) -> None:
    named = wanted[:number]
    after = reordered(range(8), named)
    assert after[:number] == named
    assert after[number:] == sorted(set(range(8)) - set(named))


@pytest.mark.parametrize("wanted", [[1, 1], [4], [1, 2, 3, 4]])
def test_order_with_repeats_or_strangers_is_refused(wanted: list[int]) -> None:
    with pytest.raises(NotTheItems):
        reordered([1, 2, 3], wanted)


@pytest.mark.parametrize(("text", "note"), [(None, None), ("", None), ("  ", None), (" blue one\n", "blue one")])
def test_note_that_says_nothing_is_none(text: str | None, note: str | None) -> None:
    assert read_note(text) == note
