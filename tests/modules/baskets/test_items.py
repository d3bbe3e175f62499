"""One line by itself: other attributes, a unit that is split off, equal lines that become one; and sub-items."""

from typing import Any

from tests.factories import Client, Factory
from tests.modules.baskets.buying import (
    BASKET,
    ITEMS,
    Basket,
    add,
    invalid,
    look,
    put,
    quantities,
    refused,
    stored,
    tombstones,
)


async def change(shopper: Client, **body: Any) -> dict[str, Any]:
    """Change a line; the item that the answer holds."""
    answer = await shopper.request("PATCH", ITEMS, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == (await shopper.get(BASKET)).headers["etag"]
    return dict(answer.json())


def lines(basket: Basket) -> list[tuple[int, Any]]:
    """How many units of which attributes."""
    return [(line.quantity, line.attributes) for line in basket.basketitem_set]


async def test_whole_line_gets_other_attributes(shopper: Client, factory: Factory) -> None:
    before = await add(shopper, await factory.product(), 3)
    line = before.basketitem_set[0].id
    item = await change(shopper, id=line, is_all=True, attributes={"size": "L"})
    assert (item["id"], item["quantity"], item["attributes"]) == (line, 3, {"size": "L"})
    after = await look(shopper)
    assert lines(after) == [(3, {"size": "L"})]
    assert after.version > before.version
    assert await change(shopper, id=line, is_all=True, attributes={"size": "L"}) == item
    assert await change(shopper, id=line, is_all=True) == item
    assert await look(shopper) == after


async def test_one_unit_is_split_off(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    line = (await add(shopper, product, 3)).basketitem_set[0].id
    one = await change(shopper, id=line, is_all=False, attributes={"size": "L"})
    assert one["id"] != line
    assert (one["quantity"], one["attributes"], one["total_amount"]) == (1, {"size": "L"}, "100.00")
    assert lines(await look(shopper)) == [(2, {}), (1, {"size": "L"})]
    again = await change(shopper, id=line, is_all=False, attributes={"size": "L"})
    assert (again["id"], again["quantity"]) == (one["id"], 2)
    last = await change(shopper, id=line, is_all=False, attributes={"size": "L"})
    assert (last["id"], last["quantity"]) == (one["id"], 3)
    assert lines(await look(shopper)) == [(3, {"size": "L"})]
    assert await tombstones(factory) == [str(line)]


async def test_equal_lines_become_one(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    await add(shopper, product, 2)
    basket = await add(shopper, product, 1, attributes={"size": "L"})
    plain, large = (line.id for line in basket.basketitem_set)
    item = await change(shopper, id=large, is_all=True, attributes={})
    assert (item["id"], item["quantity"]) == (plain, 3)
    assert lines(await look(shopper)) == [(3, {})]
    assert await tombstones(factory) == [str(large)]


async def test_lines_that_are_too_large_together_stay_apart(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=None)
    await factory.stock(product, None, in_stock=True)
    await add(shopper, product, 9999)
    line = (await add(shopper, product, 1, attributes={"a": 1})).basketitem_set[1].id
    body = {"id": line, "is_all": True, "attributes": {}}
    assert await refused(shopper, "PATCH", body, url=ITEMS) == "basket_102"


async def test_line_of_nobody_or_somebody_else_is_unknown(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    other = await factory.shopper()
    line = (await add(other, product)).basketitem_set[0].id
    ids: tuple[Any, ...] = (line, 0, -1, 10**12, 2**63, 10**40, "x", 1.5, None, {})
    for wrong in ids:
        body = {"id": wrong, "is_all": True, "attributes": {"size": "L"}}
        assert await invalid(shopper, "PATCH", body, url=ITEMS) == {"id"}
    assert await invalid(shopper, "PATCH", {"is_all": True}, url=ITEMS) == {"id"}
    assert await invalid(shopper, "PATCH", {"id": 1, "is_all": "perhaps"}, url=ITEMS) == {"is_all"}
    assert lines(await look(other)) == [(1, {})]


async def test_line_that_can_not_be_bought_may_be_changed_too(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    line = (await add(shopper, product, 2)).basketitem_set[0].id
    await factory.stock(product, 0)
    item = await change(shopper, id=line, is_all=True, attributes={"size": "L"})
    assert (item["reason"], item["attributes"]) == ("out_of_stock", {"size": "L"})


async def test_sub_items_hang_on_their_line_and_follow_it(shopper: Client, factory: Factory) -> None:
    table, leg, screw = [await factory.product(stock=100, price="10.00") for _ in range(3)]
    bundle = [{"product": leg.id, "quantity": 4}, {"product": screw.id, "attributes": {"length": 5}}]
    basket = await add(shopper, table, 2, sub_items=bundle)
    assert quantities(basket) == {table.id: 2, leg.id: 8, screw.id: 2}
    top = next(line for line in basket.basketitem_set if line.product.pk == table.id)
    assert top.parent is None
    assert {line.parent["id"] for line in basket.basketitem_set if line.id != top.id} == {top.id}
    basket = await add(shopper, table, 1, sub_items=list(reversed(bundle)))
    assert quantities(basket) == {table.id: 3, leg.id: 12, screw.id: 3}
    # Without them, or with others, it is another line.
    await add(shopper, table, 1)
    basket = await add(shopper, table, 1, sub_items=[{"product": leg.id, "quantity": 3}])
    assert quantities(basket) == {table.id: 5, leg.id: 15, screw.id: 3}
    assert quantities(await put(shopper, table, 0)) == {table.id: 4, leg.id: 15, screw.id: 3}
    assert await stored(factory, leg) == 15
    # A sub-item is not a line of its own: putting its product in makes one.
    basket = await put(shopper, leg, 1)
    assert quantities(basket)[leg.id] == 16
    item = await invalid(shopper, "PATCH", {"id": next(_part(basket)), "attributes": {"a": 1}}, url=ITEMS)
    assert item == {"id"}
    assert quantities(await put(shopper, leg, 0))[leg.id] == 15


def _part(basket: Basket) -> Any:
    return (line.id for line in basket.basketitem_set if line.parent is not None)


async def test_sub_items_go_with_their_line(shopper: Client, factory: Factory) -> None:
    table, leg = await factory.product(stock=100), await factory.product(stock=100)
    await add(shopper, table, 2, sub_items=[{"product": leg.id, "quantity": 4}, {"product": leg.id}])
    basket = await put(shopper, table, 3)
    assert quantities(basket) == {table.id: 3, leg.id: 15}
    assert (await put(shopper, table, 0)).basketitem_set == []
    assert await stored(factory, leg) == 0
    assert len(await tombstones(factory)) == 2


async def test_unit_is_split_off_with_its_sub_items(shopper: Client, factory: Factory) -> None:
    table, leg = await factory.product(stock=100), await factory.product(stock=100)
    parts = [{"product": leg.id, "quantity": 4}]
    line = (await add(shopper, table, 3, sub_items=parts)).basketitem_set[0].id
    one = await change(shopper, id=line, is_all=False, attributes={"color": "red"})
    basket = await look(shopper)
    assert quantities(basket) == {table.id: 3, leg.id: 12}
    assert [row.quantity for row in basket.basketitem_set if row.parent and row.parent["id"] == one["id"]] == [4]
    # Putting the same in again finds the line that was split off.
    basket = await add(shopper, table, 1, attributes={"color": "red"}, sub_items=parts)
    assert [row.quantity for row in basket.basketitem_set if row.id == one["id"]] == [2]
    back = await change(shopper, id=one["id"], is_all=True, attributes={})
    assert (back["id"], back["quantity"]) == (line, 4)
    assert await stored(factory, leg) == 16


async def test_sub_items_have_to_be_for_sale_too(shopper: Client, factory: Factory) -> None:
    table, leg = await factory.product(stock=100), await factory.product(stock=7)
    gone = await factory.product(is_active=False)

    def body(part: int, quantity: Any = 4, units: int = 1) -> dict[str, Any]:
        return {"product": table.id, "quantity": units, "sub_items": [{"product": part, "quantity": quantity}]}

    assert await refused(shopper, "POST", body(gone.id)) == "basket_101"
    assert await refused(shopper, "POST", body(leg.id, 4, 2)) == "basket_100"
    assert await refused(shopper, "POST", body(leg.id, 0)) == "basket_102"
    assert await refused(shopper, "POST", body(leg.id, 9999, 9999)) == "basket_102"
    assert await invalid(shopper, "POST", body(999_999_999)) == {"sub_items"}
    assert await invalid(shopper, "POST", body(leg.id, "x")) == {"sub_items"}
    many = [{"product": leg.id}] * 51
    assert await invalid(shopper, "POST", {"product": table.id, "sub_items": many}) == {"sub_items"}
    await add(shopper, table, 1, sub_items=[{"product": leg.id, "quantity": 4}])
    assert await refused(shopper, "PUT", {"product": table.id, "quantity": 2}) == "basket_100"
    assert await refused(shopper, "POST", {"product": leg.id, "quantity": 4}) == "basket_100"
