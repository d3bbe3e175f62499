"""What comes in and goes out. Money is text with two decimals; the numbers of `params` are JSON numbers."""

from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from src.modules.catalogue import CommerceProduct
from src.platform.ids import RowId

MAX_QUANTITY = 9999
T = TypeVar("T")
Quantity = Annotated[int, msgspec.Meta(ge=1, le=MAX_QUANTITY)]
Reason = Literal["inactive", "out_of_stock", "over_stock", "no_price"]
State = Literal["applied", "beaten", "missing", "nothing"]


class Discount(msgspec.Struct):
    """What an offer takes off a line or off the basket."""

    description: str
    discount: str


class ParentLine(msgspec.Struct):
    """The line that a sub-item belongs to, and its product."""

    id: int
    pk: int
    name: str
    sku: str


class LineView(msgspec.Struct, Generic[T], kw_only=True):
    """A line; `product` is documented as one and comes rendered from the catalogue."""

    quantity: int
    product: T
    unit_price: str | None
    currency_type: str
    currency_type_label: str
    tax_rate: str | None
    total_amount: str | None
    # "0.00" when an offer makes shipping free.
    shipping_discount: str | None
    attributes: dict[str, Any]
    id: int
    attributes_kwargs: dict[str, Any]
    image: str | None
    parent: ParentLine | None
    offer_badges: list[Discount]
    price: str | None
    retail_price: str | None
    stock: int | None
    discount_amount: str


class UnavailableLine(LineView[T], Generic[T], kw_only=True):
    """A line that can't be bought now, and why."""

    reason: Reason


class UpsellParams(msgspec.Struct):
    """How near something is: exact numbers, of money or of units as the offer counts."""

    partial_percentage: int
    required: Decimal
    partial: Decimal
    remaining: Decimal


class UpsellDetail(msgspec.Struct):
    """An offer within reach, a price that rose or an offer that lapsed since the line was added."""

    kind: Literal["offer", "price_increase", "offer_lapsed"]
    message: str
    params: UpsellParams


class SegmentView(msgspec.Struct):
    """The group of shoppers whose lists apply; all null when the shopper is in none."""

    pk: int | None
    stock_list: int | None
    price_list: int | None


class BasketView(msgspec.Struct, Generic[T]):
    """A basket; `pk` is null while an anonymous shopper has none."""

    basketitem_set: list[LineView[T]]
    total_amount: str
    total_quantity: int
    unavailable_basket_products: list[UnavailableLine[T]]
    upsell_details: list[UpsellDetail]
    upsell_messages: list[str]
    discounts: list[Discount]
    total_discount_amount: str
    total_product_amount: str
    voucher_code: str | None
    pk: int | None
    created_date: str | None
    modified_date: str | None
    segment: SegmentView
    shipping_free: bool
    points: int
    external_offer_code: str | None
    currency_type: str
    status: str | None
    version: int
    namespace: str | None


class Merged(msgspec.Struct):
    """Units of a product that came into the basket, and how many its line has now."""

    product: int
    quantity: int
    total: int


class Capped(msgspec.Struct):
    """A product of which there is not enough: what the guest wanted, and how much of it came in (0: nothing)."""

    product: int
    wanted: int
    quantity: int


class PriceMoved(msgspec.Struct):
    """A product whose price is another than the guest saw."""

    product: int
    old_price: str | None
    new_price: str | None
    currency_type: str | None


class MergeReport(msgspec.Struct):
    """What became of a guest's basket: lines of their own, lines that grew, and what fell short or out."""

    added: list[Merged] = msgspec.field(default_factory=list)
    summed: list[Merged] = msgspec.field(default_factory=list)
    capped: list[Capped] = msgspec.field(default_factory=list)
    dropped: list[Capped] = msgspec.field(default_factory=list)
    price_moved: list[PriceMoved] = msgspec.field(default_factory=list)
    # The guest's voucher, if it came along.
    voucher: str | None = None


class BasketAnswer(msgspec.Struct, omit_defaults=True):
    """The whole basket; `osessionid` for anonymous shoppers only, `merge_report` in the answer that merged."""

    basket: BasketView[CommerceProduct]
    osessionid: str | msgspec.UnsetType = msgspec.UNSET
    merge_report: MergeReport | msgspec.UnsetType = msgspec.UNSET


class TriedLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line that is only thought of."""

    product: RowId
    quantity: Quantity
    attributes: dict[str, Any] = {}


class Explain(msgspec.Struct, forbid_unknown_fields=True):
    """What to explain: nothing for the shopper's own basket, or lines that are only thought of."""

    lines: Annotated[list[TriedLine], msgspec.Meta(max_length=500)] | None = None
    voucher_code: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{3}$")] | None = None


class MissingView(msgspec.Struct):
    """What an offer's condition lacks: amounts are money, everything else is counted."""

    reason: str
    required: str | int
    partial: str | int
    remaining: str | int
    partial_percentage: int


class LineShare(msgspec.Struct):
    """What an offer takes off a line; in a dry run lines are numbered from 1."""

    line: int
    product: int
    discount: str


class ExplainedOffer(msgspec.Struct):
    """What became of an offer: it applies, others beat it, its condition lacks something, or it has nothing to give."""

    offer: int
    label: str
    offer_type: str
    state: State
    # How often it applies and what it takes off here; what it would take off if it were the only one.
    applications: int
    discount: str
    alone: str
    lines: list[LineShare]
    shipping_free: bool
    points: int
    coupon: str | None
    beaten_by: list[int]
    missing: MissingView | None


class ExplainedVoucher(msgspec.Struct):
    """What a voucher code is worth: the offers it stands for, or why it is refused."""

    code: str
    offers: list[int]
    error_code: str | None
    message: str | None


class ExplainedLine(msgspec.Struct):
    """A line that can't be bought now, which offers therefore don't see."""

    line: int
    product: int
    quantity: int
    reason: Reason


class Explanation(msgspec.Struct):
    """What every offer in force does for a basket, and why."""

    basket: int | None
    currency_type: str
    total_product_amount: str
    total_discount_amount: str
    total_amount: str
    offers: list[ExplainedOffer]
    voucher: ExplainedVoucher | None
    unavailable: list[ExplainedLine]


class BasketStatus(msgspec.Struct):
    """What became of a basket."""

    id: int
    status: str
    version: int
