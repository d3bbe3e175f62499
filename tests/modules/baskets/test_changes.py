"""Putting things into a basket, setting how many, taking them out."""

from src.modules.baskets.dtos import MAX_QUANTITY
from tests.factories import Client, Factory
from tests.modules.baskets.buying import BASKET, add, look, put, quantities, read, send, stored, tombstones


async def test_added_units_are_in_the_answer_and_in_every_later_look(shopper: Client, factory: Factory) -> None:
    product = await factory.product(price="12.50")
    basket = await add(shopper, product, 2)
    assert quantities(basket) == {product.id: 2}
    assert basket.total_amount == "25.00"
    assert await look(shopper) == basket
    basket = await add(shopper, product)
    assert quantities(basket) == {product.id: 3}
    assert len(basket.basketitem_set) == 1
    assert await look(shopper) == basket


async def test_write_and_look_have_the_same_etag(shopper: Client, factory: Factory) -> None:
    answer = await shopper.post(BASKET, json={"product": (await factory.product()).id})
    look_again = await shopper.get(BASKET, headers={"If-None-Match": answer.headers["etag"]})
    assert look_again.status_code == 304


async def test_quantity_is_one_when_none_is_named(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    assert quantities(await send(shopper, "POST", {"product": product.id})) == {product.id: 1}


async def test_put_and_patch_set_and_nothing_of_a_line_is_left_at_zero(shopper: Client, factory: Factory) -> None:
    product, other = await factory.product(stock=50), await factory.product()
    await add(shopper, other)
    for method in ("PUT", "PATCH"):
        first = await send(shopper, method, {"product": product.id, "quantity": 7})
        assert quantities(first) == {product.id: 7, other.id: 1}
        second = await send(shopper, method, {"product": product.id, "quantity": 3})
        assert quantities(second) == {product.id: 3, other.id: 1}
        line = next(line.id for line in second.basketitem_set if line.product.pk == product.id)
        gone = await send(shopper, method, {"product": product.id, "quantity": 0})
        assert quantities(gone) == {other.id: 1}
        assert (await tombstones(factory))[-1] == str(line)
        assert await look(shopper) == gone
    assert len(await tombstones(factory)) == 2


async def test_setting_again_what_is_set_changes_nothing(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    first = await put(shopper, product, 2)
    assert [await put(shopper, product, 2) for _ in range(3)] == [first] * 3
    gone = await put(shopper, product, 0)
    assert [await put(shopper, product, 0) for _ in range(3)] == [gone] * 3
    assert len(await tombstones(factory)) == 1


async def test_emptying_removes_every_line_with_a_tombstone(shopper: Client, factory: Factory) -> None:
    products = [await factory.product() for _ in range(3)]
    for product in products:
        basket = await add(shopper, product)
    answer = await shopper.request("DELETE", BASKET, content="{}", headers={"Content-Type": "text/plain"})
    empty = read(answer)
    assert (empty.basketitem_set, empty.total_amount, empty.total_quantity) == ([], "0.00", 0)
    assert empty.pk == basket.pk
    assert empty.version > basket.version
    assert sorted(await tombstones(factory)) == sorted(str(line.id) for line in basket.basketitem_set)
    assert read(await shopper.delete(BASKET)) == empty


async def test_every_change_moves_the_version_and_no_other_request_does(shopper: Client, factory: Factory) -> None:
    product, other = await factory.product(), await factory.product()
    versions = [(await look(shopper)).version]
    for method, body in (
        ("POST", {"product": product.id}),
        ("POST", {"product": other.id, "attributes": {"size": "L"}}),
        ("PUT", {"product": product.id, "quantity": 3}),
        ("PATCH", {"external_offer_code": "abc"}),
        ("PUT", {"product": product.id, "quantity": 0}),
        ("DELETE", None),
    ):
        versions.append((await send(shopper, method, body)).version)
        assert (await look(shopper)).version == versions[-1]
    assert versions == sorted(set(versions))


async def test_lines_are_told_apart_by_their_attributes(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=100)
    await add(shopper, product, 1)
    await add(shopper, product, 2, attributes={"size": "L", "engraving": {"text": "A", "lines": 1}})
    await add(shopper, product, 3, attributes={"size": "M"})
    basket = await add(shopper, product, 4, attributes={"engraving": {"lines": 1.0, "text": "A"}, "size": "L"})
    assert [line.quantity for line in basket.basketitem_set] == [1, 6, 3]
    assert basket.basketitem_set[1].attributes == {"size": "L", "engraving": {"text": "A", "lines": 1}}
    basket = await put(shopper, product, 9, attributes={"size": "M"})
    assert [line.quantity for line in basket.basketitem_set] == [1, 6, 9]
    basket = await put(shopper, product, 0)
    assert [line.quantity for line in basket.basketitem_set] == [6, 9]
    basket = await put(shopper, product, 0, attributes={"size": "M"})
    assert [line.quantity for line in basket.basketitem_set] == [6]
    # The only line is meant, whatever its attributes.
    assert [line.quantity for line in (await put(shopper, product, 2)).basketitem_set] == [2]
    # Attributes that are given are meant, even if there are none.
    assert [line.quantity for line in (await put(shopper, product, 1, attributes={})).basketitem_set] == [2, 1]
    assert await stored(factory, product) == 3


async def test_inquiry_is_kept_as_it_was_given(shopper: Client, factory: Factory) -> None:
    product = await factory.product()
    told = {"ask": "does it float?", "exchange": [1, 2.5, None]}
    await add(shopper, product, inquiry=told)
    statement = "SELECT inquiry FROM basket_item"
    assert await factory.scalar(statement) == told
    await put(shopper, product, 2)
    assert await factory.scalar(statement) == told
    await put(shopper, product, 3, inquiry={})
    assert await factory.scalar(statement) == {}


async def test_line_remembers_price_tax_currency_and_offers_of_its_last_write(
    shopper: Client, factory: Factory
) -> None:
    product = await factory.product(price="10.00")
    await add(shopper, product)
    statement = "SELECT ARRAY[unit_price::text, tax_rate::text, currency_type, datasource::text] FROM basket_item"
    assert await factory.scalar(statement) == ["10.00", "18.00", "try", None]
    await factory.price(product, "11.00", tax_rate="20.00")
    assert [detail.kind for detail in (await look(shopper)).upsell_details] == ["price_increase"]
    basket = await put(shopper, product, 2)
    assert basket.upsell_details == []
    assert await look(shopper) == basket
    assert await factory.scalar(statement) == ["11.00", "20.00", "try", None]


async def test_largest_quantity_fits_on_a_line(shopper: Client, factory: Factory) -> None:
    product = await factory.product(stock=None)
    await factory.stock(product, None, in_stock=True)
    assert quantities(await add(shopper, product, MAX_QUANTITY)) == {product.id: MAX_QUANTITY}
