"""E-mail addresses that a shop brings along, and those that users have without being told."""

from typing import Any

import pytest

from src.modules.integration.errors import StillInUse
from src.platform.errors import NotFound
from tests.modules.integration.feeds import Feed, counts, faults

USERS = "users"
PATH = "account/email-addresses"
OWN_FROM = 1_000_000_000
Address = dict[str, Any]


def row(number: int, email: str, user: int = 1, *, primary: bool = True, verified: bool = False) -> Address:
    """An address as the warehouse shows it."""
    return {"id": number, "email": email, "verified": verified, "primary": primary, "user": user}


async def addresses(feed: Feed) -> list[Address]:
    """All addresses in the order of their ids, those that were made here with null for an id."""
    rows = await feed.query('SELECT id, email, verified, "primary", user_id FROM email_address ORDER BY user_id, id')
    names = ("id", "email", "verified", "primary", "user")
    return [dict(zip(names, (None if r[0] >= OWN_FROM else r[0], *r[1:]), strict=True)) for r in rows]


async def emails(feed: Feed) -> list[str]:
    """What users are known by, in the order of their ids."""
    return list(await feed.query("SELECT email FROM users ORDER BY id"))


async def gone(feed: Feed) -> int:
    """How many addresses left tombstones."""
    (number,) = await feed.query(
        "SELECT count(*) FROM deleted_item JOIN content_type ON content_type.id = content_type_id"
        " WHERE model = 'emailaddress'"
    )
    return int(number)


@pytest.fixture(autouse=True)
async def _users(feed: Feed) -> None:
    await feed.rows(USERS, {"id": 1, "email": "a@example.com"}, {"id": 2, "email": "b@example.com"}, {"id": 3})


MADE_A: Address = {**row(0, "a@example.com"), "id": None}
MADE_B: Address = {**row(0, "b@example.com", 2), "id": None}


async def test_user_has_their_address_without_being_told(feed: Feed) -> None:
    assert await addresses(feed) == [MADE_A, MADE_B]
    await feed.rows(
        USERS, {"id": 1, "email": "c@example.com"}, {"id": 2, "email": ""}, {"id": 3, "email": "d@x.example"}
    )
    made = {**row(0, "d@x.example", 3), "id": None}
    assert await addresses(feed) == [{**MADE_A, "email": "c@example.com"}, made]
    assert await gone(feed) == 1


async def test_fed_address_takes_the_place_of_the_one_that_was_made(feed: Feed) -> None:
    fed = [
        row(10, "A@Example.com", verified=True),
        row(11, "a2@example.com", primary=False),
        row(12, "b@example.com", 2),
    ]
    assert counts(await feed.rows(PATH, *fed)) == (3, 0, 0)
    assert counts(await feed.rows(PATH, *fed)) == (0, 0, 3)
    assert await addresses(feed) == fed
    assert await emails(feed) == ["A@Example.com", "b@example.com", ""]
    assert await gone(feed) == 2


async def test_primary_address_becomes_the_users_own(feed: Feed) -> None:
    fed = [row(10, "other@example.com"), row(11, "new@example.com", 3)]
    assert counts(await feed.rows(PATH, *fed)) == (2, 0, 0)
    assert await addresses(feed) == [fed[0], MADE_B, fed[1]]
    assert await emails(feed) == ["other@example.com", "b@example.com", "new@example.com"]
    # One that was fed stays, but no longer as the primary one.
    assert counts(await feed.rows(PATH, row(12, "third@example.com"))) == (1, 0, 0)
    assert (await addresses(feed))[:2] == [{**fed[0], "primary": False}, row(12, "third@example.com")]
    assert counts(await feed.rows(PATH, {"id": 12, "primary": False}, {"id": 10, "primary": True})) == (0, 2, 0)
    assert (await emails(feed))[0] == "other@example.com"


@pytest.mark.parametrize("turned", [False, True])
async def test_made_address_goes_to_the_row_that_has_it(feed: Feed, turned: bool) -> None:
    fed = [row(10, "a@example.com", primary=False), row(11, "main@example.com")]
    assert counts(await feed.rows(PATH, *(reversed(fed) if turned else fed))) == (2, 0, 0)
    assert await addresses(feed) == [*fed, MADE_B]
    assert await emails(feed) == ["main@example.com", "b@example.com", ""]


async def test_address_of_a_user_is_followed(feed: Feed) -> None:
    await feed.rows(PATH, row(10, "a@example.com", verified=True), row(11, "a2@example.com", primary=False))
    await feed.rows(USERS, {"id": 1, "email": "A2@example.com"})
    switched = [row(10, "a@example.com", verified=True, primary=False), row(11, "A2@example.com")]
    assert await addresses(feed) == [*switched, MADE_B]
    await feed.rows(USERS, {"id": 1, "email": "new@example.com"})
    assert await addresses(feed) == [switched[0], row(11, "new@example.com"), MADE_B]
    await feed.rows(USERS, {"id": 1, "email": ""})
    assert await addresses(feed) == [switched[0], MADE_B]


async def test_address_that_is_only_told_stays_as_it_was_told(feed: Feed) -> None:
    fed = row(10, "a@example.com", primary=False)
    assert counts(await feed.rows(PATH, fed)) == (1, 0, 0)
    assert await addresses(feed) == [fed, MADE_B]
    assert (await emails(feed))[0] == "a@example.com"


async def test_bad_addresses_are_rejected(feed: Feed) -> None:
    report = await feed.rows(
        PATH,
        row(10, ""),
        row(11, "x" * 250 + "@x.example"),
        row(12, "B@example.com"),
        row(13, "x@example.com", 77),
        row(14, "one@example.com"),
        row(15, "two@example.com"),
        row(16, "b@example.com", primary=False),
        row(17, "ONE@example.com", primary=False),
        row(18, "one@example.com", 3),
        {"id": 19, "email": "y@example.com"},
        {**row(20, "z@example.com"), "from_user": True},
    )
    assert faults(report) == {
        0: ["email"],
        1: ["email"],
        2: ["email"],
        3: ["user"],
        5: ["primary"],
        7: ["user"],
        8: ["email"],
        9: ["user"],
        10: ["from_user"],
    }
    assert counts(report) == (2, 0, 0)
    assert await emails(feed) == ["one@example.com", "b@example.com", ""]


async def test_address_that_a_user_is_known_by_stays_theirs(feed: Feed) -> None:
    await feed.rows(PATH, row(10, "a@example.com", primary=False), row(11, "b@example.com", 2))
    report = await feed.rows(PATH, {"id": 10, "user": 3}, {"id": 10, "email": "c@example.com"}, {"id": 11, "user": 3})
    assert {row: set(fields) for row, fields in faults(report).items()} == {0: {"email"}, 1: {"email"}, 2: {"email"}}
    for number in (10, 11):
        with pytest.raises(StillInUse):
            await feed.delete(PATH, number)
    assert counts(await feed.rows(PATH, {"id": 11, "email": "c@example.com"})) == (0, 1, 0)
    assert await emails(feed) == ["a@example.com", "c@example.com", ""]


async def test_other_address_is_deleted(feed: Feed) -> None:
    await feed.rows(PATH, row(10, "a2@example.com", primary=False))
    await feed.delete(PATH, 10)
    with pytest.raises(NotFound):
        await feed.delete(PATH, 10)
    assert await addresses(feed) == [MADE_A, MADE_B]
    assert await gone(feed) == 1


async def test_deleted_user_leaves_one_tombstone_for_each_thing(feed: Feed) -> None:
    product = await feed.product("A")
    await feed.rows("favourite-products", {"id": 5, "user": 1, "product": product})
    await feed.rows("product-alerts", {"id": 6, "user": 1, "product": product})
    await feed.rows("baskets/baskets", {"id": 7, "user": 1})
    await feed.rows(
        "baskets/basket-items",
        {"id": 8, "basket": 7, "product": product, "quantity": 2},
        {"id": 9, "basket": 7, "product": product, "quantity": 2, "parent": 8},
    )
    await feed.rows(PATH, row(10, "a@example.com"))
    (before,) = await feed.query("SELECT max(id) FROM deleted_item")
    await feed.delete(USERS, 1)
    told = await feed.query(
        "SELECT model, object_id FROM deleted_item JOIN content_type ON content_type.id = content_type_id"
        " WHERE deleted_item.id > %s",
        before,
    )
    assert sorted(told) == [
        ("basket", "7"),
        ("basketitem", "8"),
        ("basketitem", "9"),
        ("emailaddress", "10"),
        ("favouriteproduct", "5"),
        ("productalert", "6"),
        ("user", "1"),
    ]
