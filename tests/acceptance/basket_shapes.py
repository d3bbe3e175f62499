"""What a basket looks like on the wire, and what has to be true of every one of them."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from tests.modules.favourites.shapes import DataSource, Image, Json, Money, Path, Time

Currency = Annotated[str, msgspec.Meta(pattern="^[a-z]{3}$")]
Session = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_]+$")]
REASONS = {"inactive", "out_of_stock", "over_stock", "no_price"}
KINDS = {"offer", "price_increase", "offer_lapsed"}


class Goods(msgspec.Struct):
    """The product of a line: at least the fields of the basket document."""

    pk: int
    name: str
    sku: str
    base_code: str | None
    attributes: Json
    attribute_set: int | None
    attributes_kwargs: Json
    extra_attributes: Json
    productimage_set: list[Image]
    price: Money | None
    in_stock: bool
    currency_type: str | None
    retail_price: Money | None
    unit_type: str | None
    absolute_url: Path
    productvideo_set: list[Any]
    product_type: str
    price_type: str | None
    form_schema: Any
    is_ready_to_basket: bool
    stock: int | None
    data_source: DataSource | None


class Discount(msgspec.Struct):
    """How much something gave."""

    description: str
    discount: Money


class Piece(msgspec.Struct):
    """A line, whether it can be bought or not."""

    id: int
    quantity: int
    product: Goods
    attributes: Json


class Line(Piece):
    """A line that can be bought: at least the fields of the document, and the label that the published client reads."""

    unit_price: Money
    currency_type: Currency
    currency_type_label: str
    tax_rate: Money | None
    total_amount: Money
    shipping_discount: Money | None
    attributes_kwargs: Json
    image: str | None
    parent: Any
    offer_badges: list[Discount]
    price: Money
    retail_price: Money
    stock: int | None
    discount_amount: Money

    @property
    def discounts(self) -> dict[str, Decimal]:
        """What each offer takes off this line."""
        return {badge.description: Decimal(badge.discount) for badge in self.offer_badges}


class Unavailable(Piece):
    """A line that can't be bought now, and why."""

    reason: str


class Params(msgspec.Struct):
    """The four numbers of a hint."""

    partial_percentage: float
    required: float
    partial: float
    remaining: float


class Upsell(msgspec.Struct):
    """A hint to the shopper."""

    kind: str
    message: Annotated[str, msgspec.Meta(min_length=1)]
    params: Params


class Segment(msgspec.Struct):
    """Whose prices and stocks apply."""

    pk: int | None
    stock_list: Any
    price_list: Any


class Basket(msgspec.Struct):
    """A basket: the fields of the document and those that the contract adds."""

    basketitem_set: list[Line]
    total_amount: Money
    total_quantity: int
    unavailable_basket_products: list[Unavailable]
    upsell_details: list[Upsell]
    upsell_messages: list[str]
    discounts: list[Discount]
    total_discount_amount: Money
    total_product_amount: Money
    voucher_code: str | None
    external_offer_code: str | None
    pk: int | None
    created_date: Time | None
    modified_date: Time | None
    segment: Segment
    shipping_free: bool
    points: int

    @property
    def given(self) -> dict[str, Decimal]:
        """What each offer gives."""
        return {discount.description: Decimal(discount.discount) for discount in self.discounts}

    @property
    def pieces(self) -> list[Piece]:
        """All lines."""
        return [*self.basketitem_set, *self.unavailable_basket_products]

    @property
    def quantities(self) -> dict[int, int]:
        """Units by product, of lines that can be bought."""
        counted: dict[int, int] = {}
        for line in self.basketitem_set:
            counted[line.product.pk] = counted.get(line.product.pk, 0) + line.quantity
        return counted

    @property
    def reasons(self) -> dict[int, str]:
        """Why lines can't be bought, by product."""
        return {line.product.pk: line.reason for line in self.unavailable_basket_products}

    @property
    def sums(self) -> tuple[str, str, str]:
        """Products, discounts, total."""
        return self.total_product_amount, self.total_discount_amount, self.total_amount

    def line(self, product: int) -> Line:
        """The only line of a product."""
        (found,) = (line for line in self.basketitem_set if line.product.pk == product)
        return found

    def hints(self, kind: str) -> list[Upsell]:
        """The hints of a kind."""
        return [hint for hint in self.upsell_details if hint.kind == kind]


class Answer(msgspec.Struct):
    """The envelope; `osessionid` is there for anonymous shoppers."""

    basket: Basket
    osessionid: Session | None = None
    merge_report: Any = None


def check(basket: Basket) -> None:
    """Everything that is true of any basket: no cent appears or disappears, and nothing is counted twice."""
    lines = basket.basketitem_set
    for line in lines:
        total, discount = Decimal(line.total_amount), Decimal(line.discount_amount)
        assert total == Decimal(line.unit_price) * line.quantity
        assert 0 <= discount <= total
        assert sum(Decimal(badge.discount) for badge in line.offer_badges) == discount
        assert line.price == line.unit_price
        assert Decimal(line.retail_price) >= 0
        assert 1 <= line.quantity <= 9999
        assert line.currency_type == lines[0].currency_type
    ids = [piece.id for piece in basket.pieces]
    assert len(set(ids)) == len(ids)
    assert basket.total_quantity == sum(line.quantity for line in lines)
    assert Decimal(basket.total_product_amount) == sum(Decimal(line.total_amount) for line in lines)
    assert Decimal(basket.total_discount_amount) == sum(Decimal(line.discount_amount) for line in lines)
    assert Decimal(basket.total_discount_amount) == sum(Decimal(discount.discount) for discount in basket.discounts)
    assert Decimal(basket.total_amount) == Decimal(basket.total_product_amount) - Decimal(basket.total_discount_amount)
    by_offer: dict[str, Decimal] = {}
    for line in lines:
        for name, amount in line.discounts.items():
            by_offer[name] = by_offer.get(name, Decimal(0)) + amount
    assert by_offer == {name: amount for name, amount in basket.given.items() if amount}
    assert {line.reason for line in basket.unavailable_basket_products} <= REASONS
    assert {hint.kind for hint in basket.upsell_details} <= KINDS
    assert basket.upsell_messages == [hint.message for hint in basket.upsell_details]
    for hint in basket.upsell_details:
        assert 0 <= hint.params.partial_percentage <= 100
    assert (basket.pk is None) == (basket.created_date is None) == (basket.modified_date is None)
