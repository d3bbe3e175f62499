"""What may be fed of campaigns, and the rules that its rows come in by."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET

from src.modules.catalogue import name_product
from src.modules.offers import shown
from src.modules.offers.merge import BULK_CODE_EFFECTS, ITEM_EFFECTS, NAMED_EFFECTS, OFFER_EFFECTS
from src.modules.offers.models import (
    BasketOffer,
    BulkVoucherCode,
    OfferBenefit,
    OfferCondition,
    ProductCollection,
    ProductCollectionItem,
    Promotion,
)
from src.modules.offers.rules import UnfitCampaign, product_terms, read_benefit, read_condition
from src.modules.offers.rules.campaign import CONDITION_TYPES, BenefitType, ConditionType
from src.platform.resources import Columns, Resource, Rule, UnfitRow, table_of

OFFERS_LOCK = 3
Read: TypeAlias = Callable[[str, Any, int | None], object]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Status = Literal["active", "passive", "used"]
OfferType = Literal["sitewide", "coupon", "coupon_code", "voucher_code", "bulk_voucher_code", "bulk_coupon"]
# By which kwargs without a type are judged: one that takes any amount, and one that needs none.
AMOUNT_READERS = ("fixed", "multibuy")
# Texts by language and field: {"tr": {"label": …}}.
Translations = dict[str, dict[str, Any]]


def _json(document: msgspec.Raw, field: str) -> Any:
    try:
        return msgspec.json.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnfitRow(field, "can't be read") from error


def _judge(read: Read, types: Sequence[str], told_type: Any, kwargs: Any) -> None:
    """Whether `kwargs` fit the type that a row tells, or any type when it tells none; raises UnfitRow."""
    if kwargs is UNSET:
        return
    document = _json(kwargs, "kwargs")
    fault: UnfitCampaign | None = None
    for kind in types if told_type is UNSET else (told_type,):
        try:
            read(kind, document, None)
        except UnfitCampaign as error:
            fault = fault or error
        else:
            return
    assert fault is not None  # noqa: S101  (there is a type)
    raise UnfitRow(fault.field, fault.message)


def _judge_conditions(columns: Columns) -> None:
    for told_type, kwargs in zip(columns["condition_type"], columns["kwargs"], strict=True):
        _judge(read_condition, CONDITION_TYPES, told_type, kwargs)


def _judge_benefits(columns: Columns) -> None:
    for told_type, kwargs in zip(columns["benefit_type"], columns["kwargs"], strict=True):
        _judge(read_benefit, AMOUNT_READERS, told_type, kwargs)


def _judge_collections(columns: Columns) -> None:
    for query in columns["query"]:
        if query is not UNSET:
            try:
                product_terms(_json(query, "query"))
            except UnfitCampaign as error:
                raise UnfitRow("query", error.message) from error


def _complete_offers(columns: Columns) -> None:
    columns["currencies"] = [
        told if told is UNSET else [code.lower() for code in told] for told in columns["currencies"]
    ]
    # An offer without a code may say so by an empty one.
    columns["voucher_code"] = [None if code == "" else code for code in columns["voucher_code"]]


def _fits_stored_type(condition: str, *types: str) -> str:
    """Kwargs that come alone must fit the type that is stored; AMOUNT_READERS have seen to the rest."""
    kinds = ", ".join(f"'{kind}'" for kind in types)
    return f"""kwargs IS NULL OR benefit_type IS NOT NULL OR ({condition}) OR NOT EXISTS (
        SELECT FROM offer_benefit AS stored WHERE stored.id = target AND stored.benefit_type IN ({kinds}))"""


def _with_kwargs(table: str, column: str, without: Sequence[str]) -> tuple[Rule, Rule]:
    """`kwargs` belong to a type: they come with a new one, but where it needs none."""
    free = ", ".join(f"'{kind}'" for kind in without)
    return (
        Rule("kwargs", f"target IS NOT NULL OR kwargs IS NOT NULL OR {column} IN ({free})", "must be told"),
        Rule(
            column,
            f"target IS NULL OR kwargs IS NOT NULL"
            f" OR {column} = (SELECT stored.{column} FROM {table} AS stored WHERE stored.id = target)",
            "must come with kwargs when it changes",
        ),
    )


PROMOTIONS = Resource(
    path="campaigns/promotions",
    table=table_of(Promotion),
    content_type="campaigns.promotion",
    lock=OFFERS_LOCK,
    shown=shown.PROMOTIONS,
    types={"translations": Translations},
    effects=NAMED_EFFECTS,
    versioned="name",
)
CONDITIONS = Resource(
    path="campaigns/conditions",
    table=table_of(OfferCondition),
    content_type="campaigns.condition",
    lock=OFFERS_LOCK,
    shown=shown.CONDITIONS,
    types={"condition_type": ConditionType, "translations": Translations},
    rules=_with_kwargs("offer_condition", "condition_type", CONDITION_TYPES),
    complete=_judge_conditions,
    effects=NAMED_EFFECTS,
    versioned="condition_type",
)
BENEFITS = Resource(
    path="campaigns/benefits",
    table=table_of(OfferBenefit),
    content_type="campaigns.benefit",
    lock=OFFERS_LOCK,
    shown=shown.BENEFITS,
    types={"benefit_type": BenefitType},
    rules=(
        *_with_kwargs("offer_benefit", "benefit_type", ("multibuy", "sample_product", "shipping_free")),
        Rule(
            "kwargs",
            _fits_stored_type(
                "kwargs ->> 'amount' IS NOT NULL", "percentage", "fixed", "point", "loyalty_point", "coupon", "voucher"
            ),
            '"amount" is required',
        ),
        Rule(
            "kwargs",
            _fits_stored_type(
                "coalesce((kwargs ->> 'amount')::numeric, 0) <= 100", "percentage", "multibuy", "sample_product"
            ),
            '"amount" must not be above 100 percent',
        ),
    ),
    complete=_judge_benefits,
    effects=NAMED_EFFECTS,
    versioned="benefit_type",
)
BASKET_OFFERS = Resource(
    path="campaigns/basket-offers",
    table=table_of(BasketOffer),
    content_type="campaigns.basketoffer",
    lock=OFFERS_LOCK,
    shown=shown.BASKET_OFFERS,
    types={
        "status": Status,
        "offer_type": OfferType,
        "currencies": list[str],
        "translations": Translations,
        "priority": Count,
        "allowed_quantity_per_basket": Count,
        "max_usage_per_user": Count,
        "max_stock_limit": Count,
    },
    rules=(
        Rule(
            "currencies",
            "NOT EXISTS (SELECT FROM jsonb_array_elements_text(currencies) AS code WHERE code !~ '^[a-z]{3}$')",
            "must be currency codes of three letters",
        ),
    ),
    complete=_complete_offers,
    effects=OFFER_EFFECTS,
    versioned="coalesce(label, voucher_code, offer_type)",
)
BULK_VOUCHER_CODES = Resource(
    path="campaigns/bulk-voucher-codes",
    table=table_of(BulkVoucherCode),
    content_type="campaigns.bulkvouchercode",
    lock=OFFERS_LOCK,
    shown=shown.BULK_VOUCHER_CODES,
    key=("code",),
    types={"status": Status, "translations": Translations},
    rules=(Rule("code", "code <> ''", "must not be empty"),),
    effects=BULK_CODE_EFFECTS,
    versioned="code",
)
PRODUCT_COLLECTIONS = Resource(
    path="campaigns/product-collections",
    table=table_of(ProductCollection),
    content_type="campaigns.productcollection",
    lock=OFFERS_LOCK,
    shown=shown.PRODUCT_COLLECTIONS,
    types={"collection_type": Literal["static", "dynamic"]},
    complete=_judge_collections,
    effects=NAMED_EFFECTS,
    versioned="name",
)
PRODUCT_COLLECTION_ITEMS = Resource(
    path="campaigns/product-collection-items",
    table=table_of(ProductCollectionItem),
    content_type="campaigns.productcollectionitem",
    lock=OFFERS_LOCK,
    shown=shown.PRODUCT_COLLECTION_ITEMS,
    key=("product_id", "collection_id"),
    named_by={"product_id": "sku"},
    types={"sku": str},
    complete=name_product,
    effects=ITEM_EFFECTS,
    versioned="uuid",
)

RESOURCES = (
    PROMOTIONS,
    CONDITIONS,
    BENEFITS,
    BASKET_OFFERS,
    BULK_VOUCHER_CODES,
    PRODUCT_COLLECTIONS,
    PRODUCT_COLLECTION_ITEMS,
)
