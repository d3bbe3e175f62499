"""Content types and tombstones that a shop brings along."""

from collections.abc import AsyncIterator

import pytest

from src.modules.integration.errors import StillInUse
from src.platform.database import Database
from tests.modules.integration.feeds import Feed, counts, faults

TYPES = "content-types"
GONE = "deleted-items"
FOREIGN = {"id": 138, "app_label": "menus", "model": "menuitem"}
OWN = {"id": 6, "app_label": "users", "model": "user"}


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    """Feeds rows; content types are as they were before, because the other tests don't make them."""
    feed = Feed(database)
    before = await feed.query("SELECT id, app_label, model FROM content_type")
    yield feed
    await feed.query("DELETE FROM deleted_item RETURNING id")
    async with database.transaction() as work:
        await work.connection.execute("SET LOCAL session_replication_role = replica")
        await work.connection.execute("DELETE FROM deleted_item")
        await work.connection.execute("DELETE FROM content_type")
        async with work.connection.cursor() as cursor:
            await cursor.executemany("INSERT INTO content_type (id, app_label, model) VALUES (%s, %s, %s)", before)


async def tombstones(feed: Feed) -> list[tuple[str, int]]:
    """What is gone, and the number of its kind."""
    return list(await feed.query("SELECT object_id, content_type_id FROM deleted_item ORDER BY id"))


async def number_of(feed: Feed, model: str) -> int:
    """The number of a content type of ours."""
    (number,) = await feed.query("SELECT id FROM content_type WHERE model = %s", model)
    return int(number)


async def test_rows_come_in_as_they_were(feed: Feed) -> None:
    assert counts(await feed.rows(TYPES, FOREIGN)) == (1, 0, 0)
    assert counts(await feed.rows(TYPES, FOREIGN)) == (0, 0, 1)
    tombstone = {"id": 34, "object_id": "3302", "deleted_date": "2022-12-27T14:10:45.122585Z", "content_type": 138}
    assert counts(await feed.rows(GONE, tombstone)) == (1, 0, 0)
    assert counts(await feed.rows(GONE, tombstone)) == (0, 0, 1)
    assert await tombstones(feed) == [("3302", 138)]
    await feed.delete(GONE, 34)
    assert await tombstones(feed) == [("34", await number_of(feed, "deleteditem"))]


async def test_shop_keeps_the_number_of_a_kind_that_we_know(feed: Feed) -> None:
    await feed.rows("users", {"id": 1}, {"id": 2})
    before = await number_of(feed, "user")
    await feed.delete("users", 1)
    assert await tombstones(feed) == [("1", before)]
    assert counts(await feed.rows(TYPES, OWN, FOREIGN)) == (2, 0, 0)
    assert counts(await feed.rows(TYPES, OWN, FOREIGN)) == (0, 0, 2)
    await feed.delete("users", 2)
    assert await tombstones(feed) == [
        ("1", 6),
        (str(before), await number_of(feed, "contenttype")),
        ("2", 6),
    ]


async def test_shop_may_change_the_numbers_of_all_kinds(feed: Feed) -> None:
    known = await feed.query("SELECT app_label, model FROM content_type ORDER BY id")
    rows = [{"id": place, "app_label": label, "model": model} for place, (label, model) in enumerate(known, 1)]
    assert counts(await feed.rows(TYPES, *rows)) == (len(rows), 0, 0)
    assert await feed.query("SELECT app_label, model FROM content_type WHERE id <= %s ORDER BY id", len(rows)) == known
    assert {number for _, number in await tombstones(feed)} == {await number_of(feed, "contenttype")}
    assert len(await tombstones(feed)) == len(rows)


async def test_number_stays_that_of_its_kind(feed: Feed) -> None:
    await feed.rows(TYPES, FOREIGN)
    report = await feed.rows(
        TYPES,
        {**OWN, "id": 138},
        {"id": 138, "model": "other"},
        {"id": 139, "app_label": "menus"},
        {"app_label": "menus", "model": "menuitem"},
    )
    assert (counts(report), faults(report)) == ((0, 0, 1), {0: ["id"], 1: ["id"], 2: ["model"]})
    assert faults(await feed.rows(GONE, {"object_id": "1", "content_type": 999}, {"content_type": 138})) == {
        0: ["content_type"],
        1: ["object_id"],
    }


async def test_kind_that_is_used_is_not_deleted(feed: Feed) -> None:
    await feed.rows(TYPES, FOREIGN, {"id": 139, "app_label": "menus", "model": "menu"})
    await feed.rows(GONE, {"object_id": "1", "content_type": 138})
    for number in (138, await number_of(feed, "favouriteproduct"), await number_of(feed, "product")):
        with pytest.raises(StillInUse):
            await feed.delete(TYPES, number)
    await feed.delete(TYPES, 139)
    assert (await tombstones(feed))[-1] == ("139", await number_of(feed, "contenttype"))
