"""Lines with parts: bought together, moved together, gone together."""

from tests.acceptance.basket_shop import Shop


def test_parts_follow_the_line_that_they_belong_to(shop: Shop) -> None:
    buyer = shop.shopper()
    table, leg, cloth = shop.product("100.00"), shop.product("5.00"), shop.product("20.00")
    buyer.add(cloth)
    basket = buyer.add(table, 1, sub_items=[{"product": leg.id, "quantity": 4}])
    assert basket.quantities == {cloth.id: 1, table.id: 1, leg.id: 4}
    assert basket.total_amount == "140.00"
    assert basket.line(leg.id).parent["id"] == basket.line(table.id).id
    assert basket.line(table.id).parent is None
    assert buyer.put(table, 3).quantities == {cloth.id: 1, table.id: 3, leg.id: 12}
    assert buyer.add(table, 1, sub_items=[{"product": leg.id, "quantity": 4}]).quantities[leg.id] == 16
    assert buyer.put(table, 0).quantities == {cloth.id: 1}


def test_parts_make_another_line_of_the_same_product(shop: Shop) -> None:
    buyer, table, leg = shop.shopper(), shop.product("100.00"), shop.product("5.00")
    buyer.add(table)
    basket = buyer.add(table, 1, sub_items=[{"product": leg.id}])
    assert [line.quantity for line in basket.basketitem_set if line.product.pk == table.id] == [1, 1]
    assert basket.quantities == {table.id: 2, leg.id: 1}


def test_part_that_is_not_there_keeps_the_whole_out(shop: Shop) -> None:
    buyer, table, leg = shop.shopper(), shop.product("100.00"), shop.product("5.00", stock=7)
    body = {"product": table.id, "quantity": 2, "sub_items": [{"product": leg.id, "quantity": 4}]}
    assert buyer.refused("POST", json=body) == "basket_100"
    assert buyer.invalid("POST", json={**body, "sub_items": [{"product": 2**52}]}) == {"sub_items"}
    assert buyer.invalid("POST", json={**body, "sub_items": "x"}) == {"sub_items"}
    buyer.add(table, 1, sub_items=[{"product": leg.id, "quantity": 4}])
    shop.stock(leg, 0)
    basket = buyer.get()
    assert basket.quantities == {}
    assert set(basket.reasons) == {table.id, leg.id}
    assert basket.reasons[leg.id] == "out_of_stock"


def test_parts_come_along_when_a_guest_signs_in(shop: Shop) -> None:
    user, guest = shop.shopper(), shop.guest()
    table, leg = shop.product("100.00"), shop.product("5.00")
    guest.add(table, 2, sub_items=[{"product": leg.id, "quantity": 4}])
    basket = shop.signed_in(guest, user).get()
    assert basket.quantities == {table.id: 2, leg.id: 8}
    assert basket.line(leg.id).parent["id"] == basket.line(table.id).id


def test_merge_is_reported(shop: Shop) -> None:
    user, guest = shop.shopper(), shop.guest()
    summed, added, capped, dropped = shop.product("1.00"), shop.product("2.00"), shop.product(stock=3), shop.product()
    moved = shop.product("10.00")
    user.add(summed, 1)
    for product in (summed, added, dropped, moved):
        guest.add(product, 2)
    guest.add(capped, 3)
    shop.stock(capped, 2)
    shop.activity(dropped, active=False)
    shop.price(moved, "12.00")
    report = shop.signed_in(guest, user).told("GET").merge_report
    assert {"added", "summed", "capped", "dropped", "price_moved"} <= set(report)
    named = {kind: {row["product"] for row in report[kind]} for kind in ("summed", "capped", "dropped", "price_moved")}
    assert named == {"summed": {summed.id}, "capped": {capped.id}, "dropped": {dropped.id}, "price_moved": {moved.id}}
    assert {added.id, moved.id} <= {row["product"] for row in report["added"]}
