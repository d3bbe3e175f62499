"""Lines of baskets as a shop that migrates brings them, in the shape of the warehouse document."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET

from src.modules.baskets.cart import reference_of
from src.modules.baskets.dtos import Quantity
from src.modules.baskets.facts import MAX_LINES
from src.modules.baskets.models import BasketItem
from src.modules.baskets.resources import BASKETS, BASKETS_LOCK, CURRENCY_RULE, RAISED, VERSION_DOC, Version, lower
from src.modules.baskets.statuses import FROZEN, IS_CURRENT
from src.modules.catalogue import name_product
from src.platform.orm import next_version
from src.platform.resources import (
    ATTRIBUTE_DOCS,
    DATED_DOCS,
    Columns,
    Derived,
    Effects,
    Resource,
    Rule,
    SetRule,
    Shown,
    UnfitRow,
    Unique,
    table_of,
)

# Each line as it will be; a null parent counts like one that is not told.
LINES = """
WITH line AS (
    SELECT changed_row.row, coalesce(changed_row.target, changed_row.id) AS id,
           coalesce(changed_row.basket_id, stored.basket_id) AS basket_id,
           coalesce(changed_row.parent_id, stored.parent_id) AS parent_id,
           coalesce(changed_row.quantity, stored.quantity) AS quantity
    FROM changed_row LEFT JOIN basket_item AS stored ON stored.id = changed_row.target
)"""
# A parent that is not there at all is found out later.
UNFIT_PARENTS = f"""{LINES}
SELECT part.row
FROM line AS part
LEFT JOIN line AS told ON told.id = part.parent_id
LEFT JOIN basket_item AS stored ON stored.id = part.parent_id
WHERE part.parent_id IS NOT NULL AND (
    coalesce(told.basket_id, stored.basket_id) <> part.basket_id
    OR CASE WHEN told.id IS NULL THEN stored.parent_id ELSE told.parent_id END IS NOT NULL)"""
UNEVEN_PARTS = f"""{LINES}
SELECT part.row
FROM line AS part
LEFT JOIN line AS told ON told.id = part.parent_id
LEFT JOIN basket_item AS stored ON stored.id = part.parent_id
WHERE part.quantity % coalesce(told.quantity, stored.quantity) <> 0
UNION ALL
SELECT line.row
FROM line JOIN basket_item AS part ON part.parent_id = line.id
WHERE part.quantity % line.quantity <> 0 AND NOT EXISTS (SELECT FROM line AS told WHERE told.id = part.id)"""
TOO_MANY = f"""
SELECT added.row
FROM (
    SELECT row, basket_id, row_number() OVER (PARTITION BY basket_id ORDER BY row) AS place
    FROM changed_row WHERE target IS NULL
) AS added
JOIN (
    SELECT told.basket_id, (SELECT count(*) FROM basket_item WHERE basket_item.basket_id = told.basket_id) AS lines
    FROM (SELECT DISTINCT basket_id FROM changed_row WHERE target IS NULL) AS told
    JOIN basket ON basket.id = told.basket_id AND {IS_CURRENT}
) AS held ON held.basket_id = added.basket_id
WHERE held.lines + added.place > {MAX_LINES}"""
# History is not looked at by shoppers, so it stays as it was told.
MOVE_BASKETS = f"""
    UPDATE basket SET version = {next_version("basket")}, changed_xid = DEFAULT
    FROM (SELECT DISTINCT coalesce(new_basket_id, old_basket_id) AS id FROM merged) AS touched
    WHERE basket.id = touched.id AND {IS_CURRENT}"""


def _complete(columns: Columns) -> None:
    name_product(columns)
    columns["currency_type"] = lower(columns["currency_type"])
    rows = zip(columns["product"], columns["attributes"], columns["reference"], strict=True)
    columns["reference"] = [_reference(*row) for row in rows]


def _reference(product: Any, attributes: Any, told: Any) -> Any:
    """What tells a line apart: as its owner says, else by its product and attributes."""
    if attributes is UNSET or told is not UNSET:
        return told
    if not isinstance(product, int):
        raise UnfitRow("product", "must be told by its id beside attributes")
    return reference_of(product, _read(attributes))


def _read(attributes: msgspec.Raw) -> dict[str, Any]:
    try:
        known: dict[str, Any] = msgspec.json.decode(attributes, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnfitRow("attributes", "must be a JSON object") from error
    return known


def _unless_stored(condition: str) -> str:
    return f"NOT EXISTS (SELECT FROM basket_item AS stored WHERE stored.id = target AND {condition})"


BASKET_ITEMS = Resource(
    path="baskets/basket-items",
    table=table_of(BasketItem),
    content_type="baskets.basketitem",
    lock=BASKETS_LOCK,
    shown=Shown(
        title="Basket items",
        about="The lines of baskets: a product, how many of it, and what the shopper saw of it at the last write.",
        docs=DATED_DOCS
        | ATTRIBUTE_DOCS
        | {
            "attributes": "What the shopper has chosen or asked for, by key.",
            "version": VERSION_DOC,
            "reference": "What tells the line from others of its basket: the product, and a digest of its attributes"
            " and parts if it has any.",
            "quantity": "How many units.",
            "inquiry": "What the shopper wants to know about it.",
            "currency_type": "The currency of the price that was seen.",
            "unit_price": "The price of a unit that was seen.",
            "tax_rate": "The tax in it, in percent.",
            "image": "The address of a picture of its own.",
            "basket": "The basket.",
            "product": "The product.",
            "extra_product_price": "The number of a price of its own in another system.",
            "extra_product_stock": "The number of a stock of its own in another system.",
            "parent": "The line that this one is a part of.",
            "datasource": "The data source that the product comes from.",
        },
    ),
    hidden=frozenset({"offer_ids"}),
    named_by={"product_id": "sku"},
    types={
        "sku": str,
        "version": Version,
        "quantity": Quantity,
        "reference": Annotated[str, msgspec.Meta(max_length=255)],
    },
    rules=(
        CURRENCY_RULE,
        Rule("unit_price", "unit_price >= 0", "must not be negative"),
        Rule("tax_rate", "tax_rate >= 0", "must not be negative"),
        Rule(
            "datasource",
            "datasource IS NULL OR EXISTS (SELECT FROM data_source WHERE data_source.id = datasource)",
            "names no data source",
        ),
        Rule(
            "basket",
            f"""NOT EXISTS (
                SELECT FROM basket WHERE status = '{FROZEN}' AND basket.id IN (
                    changed_row.basket_id,
                    (SELECT stored.basket_id FROM basket_item AS stored WHERE stored.id = target)))""",
            "is being paid for",
        ),
        Rule("basket", _unless_stored("stored.basket_id <> changed_row.basket_id"), "can't change"),
        Rule(
            "product",
            _unless_stored("stored.product_id <> changed_row.product_id AND changed_row.attributes IS NULL"),
            "must come with attributes when it changes",
        ),
        Rule(
            "reference",
            _unless_stored(
                "changed_row.reference = changed_row.product_id::text"
                " AND coalesce(changed_row.attributes, stored.attributes) <> '{}'"
            ),
            "must come with attributes when it changes",
        ),
        Rule(
            "parent",
            _unless_stored(
                "stored.parent_id IS DISTINCT FROM changed_row.parent_id AND changed_row.parent_id IS NOT NULL"
            ),
            "can't change",
        ),
        Rule("parent", "parent_id < coalesce(target, id)", "must have a lower id than its part"),
    ),
    together=(
        SetRule("parent", UNFIT_PARENTS, "must be a line of the same basket that is no part itself"),
        SetRule("quantity", UNEVEN_PARTS, "of a part must be so many for each unit of its line"),
        SetRule("basket", TOO_MANY, f"can't hold more than {MAX_LINES} lines"),
    ),
    unique=(Unique(("basket_id", "reference", "parent_id"), {"parent_id": "coalesce({}, 0)"}),),
    complete=_complete,
    locked=f"""
        SELECT id FROM basket WHERE {IS_CURRENT} AND id IN (
            SELECT basket_id FROM changed_row WHERE basket_id IS NOT NULL
            UNION SELECT stored.basket_id FROM changed_row JOIN basket_item AS stored ON stored.id = changed_row.target)
        ORDER BY id FOR UPDATE""",
    derived=Derived(made={"reference": "coalesce(changed.reference, changed.product_id::text)"}, changed=RAISED),
    effects=Effects(("basket_id",), {"moved": MOVE_BASKETS}),
    in_use=(
        f"""(SELECT status = '{FROZEN}' FROM basket
             WHERE id = (SELECT basket_id FROM basket_item WHERE id = {{id}}) FOR UPDATE)""",
    ),
)

RESOURCES = (BASKETS, BASKET_ITEMS)
