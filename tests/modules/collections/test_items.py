"""Items: added, noted, ordered, copied, moved and removed."""

import asyncio
from typing import Any

import pytest

from src.modules.collections import rules
from tests.factories import Factory
from tests.modules.collections.albums import COLLECTIONS, ITEMS, Album
from tests.modules.collections.shapes import Collection, Item
from tests.modules.favourites.shapes import CommerceRefusal, read

FULL = "user_collection_102"


async def test_item_shows_its_product_and_note(album: Album, factory: Factory) -> None:
    parent = await factory.product(name="Shirt")
    product = await factory.product(
        price="12.50", parent_id=parent.id, listing_code="L1", is_listable=False, custom_attribute_set=62
    )
    made = await album.make("First")
    item = await album.put(made.pk, product, note=" for Mary ")
    assert (item.note, item.product.pk, item.product.price) == ("for Mary", product.id, "12.50")
    assert (item.product.parent, item.product.listing_code) == (parent.id, "L1")
    assert (item.product.is_listable, item.product.custom_attribute_set) == (False, 62)
    assert (await album.get(made.pk)).items == [item]


async def test_form_of_the_published_client_is_understood(album: Album, factory: Factory) -> None:
    made, product = await album.make(), await factory.product()
    form = {"product_id": str(product.id), "usercollection_id": str(made.pk), "note": ""}
    assert read(await album.shopper.post(ITEMS, data=form), Item, 201).note is None


async def test_product_that_is_in_already_is_refused_again_and_again(album: Album, factory: Factory) -> None:
    product = await factory.product()
    made = await album.make("First", product)
    for _ in range(4):
        refused = await album.shopper.post(ITEMS, json={"product_id": product.id, "usercollection_id": made.pk})
        assert refused.status_code == 406
        assert refused.json() == {
            "non_field_errors": "The product is already in this collection.",
            "error_code": "user_collection_100",
        }
    assert await album.get(made.pk) == made
    assert (await album.make("Second", product)).product_ids == [product.id]


async def test_of_those_who_add_at_once_one_gets_the_item(album: Album, factory: Factory) -> None:
    product, made = await factory.product(), await album.make()
    body = {"product_id": product.id, "usercollection_id": made.pk}
    answers = await asyncio.gather(*(album.shopper.post(ITEMS, json=body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[406] * 5]


async def test_items_added_at_once_have_places_of_their_own(album: Album, factory: Factory) -> None:
    made = await album.make()
    await asyncio.gather(*[album.put(made.pk, await factory.product()) for _ in range(6)])
    assert await factory.scalar("SELECT count(DISTINCT position) FROM user_collection_item") == 6


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"product_id", "usercollection_id"}),
        ({"product_id": "x", "usercollection_id": 0}, {"product_id", "usercollection_id"}),
        ({"product_id": 1, "usercollection_id": 1, "note": "x" * 1001}, {"note"}),
        ({"product_id": 1, "usercollection_id": 1, "quantity": 1}, {"quantity"}),
    ],
)
async def test_bodies_that_make_no_sense_are_refused_on_their_fields(
    album: Album, body: dict[str, Any], fields: set[str]
) -> None:
    refused = await album.shopper.post(ITEMS, json=body)
    assert (refused.status_code, set(refused.json())) == (400, fields)


async def test_unknown_and_inactive_products_are_refused_on_the_field(album: Album, factory: Factory) -> None:
    made, inactive = await album.make(), await factory.product(is_active=False)
    for product in (inactive.id, 10**12):
        refused = await album.shopper.post(ITEMS, json={"product_id": product, "usercollection_id": made.pk})
        assert (refused.status_code, refused.json()) == (400, {"product_id": ["There is no such product"]})


async def test_product_that_is_no_longer_sold_stays_and_says_so(album: Album, factory: Factory) -> None:
    product = await factory.product()
    made = await album.make("First", product)
    await factory.execute("UPDATE product SET is_active = false WHERE id = %s", product.id)
    await factory.touch(product.id)
    item = (await album.get(made.pk)).items[0]
    assert (item.product.is_active, item.product.is_ready_to_basket) == (False, False)
    copied = await album.send(item.pk, "copy", (await album.make("Second")).pk)
    assert read(copied, Item, 201).product.pk == product.id


async def test_note_is_changed_and_removed(album: Album, factory: Factory) -> None:
    made = await album.make("First", await factory.product())
    path = f"{ITEMS}{made.pks[0]}/"
    for body, note in (
        ({"note": "blue"}, "blue"),
        ({"note": None}, None),
        ({"note": "red"}, "red"),
        ({"note": ""}, None),
    ):
        changed = read(await album.shopper.request("PATCH", path, json=body), Item)
        assert changed == (await album.get(made.pk)).items[0]
        assert changed.note == note
    assert read(await album.shopper.request("PATCH", path, json={}), Item) == (await album.get(made.pk)).items[0]
    assert (await album.shopper.request("PATCH", path, json={"note": 5})).status_code == 400


async def test_removed_item_is_gone(album: Album, factory: Factory) -> None:
    made = await album.make("First", await factory.product(), await factory.product())
    path = f"{ITEMS}{made.pks[0]}/"
    gone = await album.shopper.request("DELETE", path, content="{}", headers={"Content-Type": "text/plain"})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await album.shopper.delete(path)).status_code == 404
    assert (await album.get(made.pk)).pks == made.pks[1:]


async def test_items_stay_in_the_order_that_the_owner_gives_them(album: Album, factory: Factory) -> None:
    made = await album.make("First", *[await factory.product() for _ in range(4)])
    a, b, c, d = made.pks
    assert read(await album.order(made.pk, d, a, b, c), Collection).pks == [d, a, b, c]
    assert read(await album.order(made.pk, c), Collection).pks == [c, d, a, b]
    await album.shopper.delete(f"{ITEMS}{d}/")
    last = await album.put(made.pk, await factory.product())
    assert (await album.get(made.pk)).pks == [c, a, b, last.pk]
    assert read(await album.order(made.pk), Collection).pks == [c, a, b, last.pk]


async def test_orders_that_are_none_are_refused(album: Album, factory: Factory) -> None:
    made = await album.make("First", await factory.product(), await factory.product())
    stranger = (await album.make("Second", await factory.product())).pks[0]
    for wanted in ([made.pks[0]] * 2, [stranger], [*made.pks, 10**12]):
        refused = await album.order(made.pk, *wanted)
        assert refused.status_code == 400
        assert refused.json() == {"items": ["Name items of this collection, each once"]}
    assert (await album.shopper.put(f"{COLLECTIONS}{made.pk}/order/", json={"items": "x"})).status_code == 400
    assert await album.get(made.pk) == made


async def test_copied_item_is_in_both_collections(album: Album, factory: Factory) -> None:
    first = await album.make("First")
    item = await album.put(first.pk, await factory.product(), note="blue")
    second = await album.make("Second", await factory.product())
    copied = read(await album.send(item.pk, "copy", second.pk), Item, 201)
    assert copied.pk != item.pk
    assert (copied.note, copied.product) == (item.note, item.product)
    assert (await album.get(second.pk)).pks == [*second.pks, copied.pk]
    assert (await album.get(first.pk)).pks == [item.pk]
    again = await album.send(item.pk, "copy", second.pk)
    assert read(again, CommerceRefusal, 406).error_code == "user_collection_100"


async def test_moved_item_leaves_its_collection_and_keeps_its_pk(album: Album, factory: Factory) -> None:
    product = await factory.product()
    first = await album.make("First")
    item = await album.put(first.pk, product, note="blue")
    second = await album.make("Second", await factory.product())
    assert read(await album.send(item.pk, "move", second.pk), Item) == item
    assert (await album.get(first.pk)).items == []
    assert (await album.get(second.pk)).pks == [*second.pks, item.pk]
    assert read(await album.send(item.pk, "move", second.pk), Item) == item
    third = await album.make("Third", product)
    refused = await album.send(item.pk, "move", third.pk)
    assert read(refused, CommerceRefusal, 406).error_code == "user_collection_100"


async def test_items_that_move_towards_each_other_at_once_all_arrive(album: Album, factory: Factory) -> None:
    first = await album.make("First", *[await factory.product() for _ in range(3)])
    second = await album.make("Second", *[await factory.product() for _ in range(3)])
    there = [album.send(pk, "move", second.pk) for pk in first.pks]
    back = [album.send(pk, "move", first.pk) for pk in second.pks]
    answers = await asyncio.gather(*there, *back)
    assert {answer.status_code for answer in answers} == {200}
    assert set((await album.get(first.pk)).pks) == set(second.pks)
    assert set((await album.get(second.pk)).pks) == set(first.pks)


async def test_limits_hold_however_items_come(
    album: Album, other: Album, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_ITEMS", 2)
    monkeypatch.setattr(rules, "MOST_ITEMS_OF_USER", 3)
    products = [await factory.product() for _ in range(4)]
    full = await album.make("Full", *products[:2])
    single = await album.make("Single", products[2])
    refused = [
        await album.shopper.post(ITEMS, json={"product_id": products[3].id, "usercollection_id": full.pk}),
        await album.send(single.pks[0], "copy", full.pk),
        await album.send(single.pks[0], "move", full.pk),
        await album.shopper.post(ITEMS, json={"product_id": products[3].id, "usercollection_id": single.pk}),
    ]
    assert [read(answer, CommerceRefusal, 406).error_code for answer in refused] == [FULL] * 4
    # What only changes its place needs no room among all of the user's.
    assert (await album.send(full.pks[0], "move", single.pk)).status_code == 200
    assert len((await other.make("Theirs", *products[:2])).items) == 2
