"""A priced basket as the basket document shows it, down to the bytes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from src.modules.baskets.dtos import (
    BasketView,
    Discount,
    LineView,
    MergeReport,
    ParentLine,
    SegmentView,
    UnavailableLine,
)
from src.modules.baskets.hints import hints
from src.modules.baskets.lines import LineRow
from src.modules.baskets.money import label, money, optional_money
from src.modules.baskets.pricing import Priced, PricedLine
from src.platform.wire import NUMBER_ENCODER, optional_time

Products = Mapping[int, bytes]
SHIPPING_FREE = "0.00"


class Head(msgspec.Struct, frozen=True):
    """What a basket is, apart from its lines and prices; most is unknown of one that is not there."""

    pk: int | None
    version: int
    status: str | None
    namespace: str | None
    created_date: datetime | None
    modified_date: datetime | None
    voucher_code: str | None
    external_offer_code: str | None
    segment: SegmentView


def view(
    head: Head, priced: Priced, products: Products, language: str, written: Collection[int] = ()
) -> BasketView[msgspec.Raw]:
    """The basket in the shopper's language, with each product as the JSON that `products` has for it."""
    details = hints(priced, head.voucher_code, language, written)
    told = {offer: priced.offers.by_id[offer].description(language) for offer, _ in priced.discounts}
    rows = {line.id: line.row for line in (*priced.lines, *priced.unavailable)}
    return BasketView(
        basketitem_set=[LineView(**_line(line, priced, products, rows, told)) for line in priced.lines],
        total_amount=money(priced.total),
        total_quantity=priced.total_quantity,
        unavailable_basket_products=[
            UnavailableLine(**_line(line, priced, products, rows, told), reason=line.reason)
            for line in priced.unavailable
            if line.reason is not None
        ],
        upsell_details=details,
        upsell_messages=[detail.message for detail in details],
        discounts=_discounts(priced.discounts, told),
        total_discount_amount=money(priced.total_discount),
        total_product_amount=money(priced.total_products),
        voucher_code=head.voucher_code,
        pk=head.pk,
        created_date=optional_time(head.created_date),
        modified_date=optional_time(head.modified_date),
        segment=head.segment,
        shipping_free=priced.shipping_free,
        points=priced.points,
        external_offer_code=head.external_offer_code,
        currency_type=priced.currency,
        status=head.status,
        version=head.version,
        namespace=head.namespace,
    )


def envelope(basket: BasketView[msgspec.Raw], merge_report: MergeReport | None = None) -> bytes:
    """The answer that holds the basket."""
    content: dict[str, Any] = {"basket": basket}
    return NUMBER_ENCODER.encode(content if merge_report is None else {**content, "merge_report": merge_report})


def _line(
    line: PricedLine, priced: Priced, products: Products, rows: Mapping[int, LineRow], told: Mapping[int, str]
) -> dict[str, Any]:
    row = line.row
    return {
        "quantity": row.quantity,
        "product": msgspec.Raw(products[row.product_id]),
        "unit_price": optional_money(row.price),
        "currency_type": priced.currency,
        "currency_type_label": label(priced.currency),
        "tax_rate": row.tax_rate,
        "total_amount": optional_money(line.total),
        "shipping_discount": SHIPPING_FREE if priced.shipping_free and line.reason is None else None,
        # Already JSON, which is as good as the object that it tells.
        "attributes": cast("dict[str, Any]", row.attributes),
        "id": row.id,
        "attributes_kwargs": cast("dict[str, Any]", row.attributes_kwargs),
        "image": row.image,
        "parent": _parent(rows.get(row.parent_id) if row.parent_id is not None else None),
        "offer_badges": _discounts(line.badges, told),
        "price": optional_money(row.price),
        "retail_price": optional_money(row.price if row.retail_price is None else row.retail_price),
        "stock": row.stock,
        "discount_amount": money(line.discount),
    }


def _parent(row: LineRow | None) -> ParentLine | None:
    return None if row is None else ParentLine(id=row.id, pk=row.product_id, name=row.name, sku=row.sku)


def _discounts(amounts: Sequence[tuple[int, int]], told: Mapping[int, str]) -> list[Discount]:
    return [Discount(told[offer], money(amount)) for offer, amount in amounts]
