"""Reads of campaigns: those for everybody, those of a shopper and of a voucher code, and what lists which products."""

from collections.abc import Sequence

from src.modules.offers.dtos import Candidate
from src.modules.offers.sql import ACTIVE_AT_PRESENT, OFFERS_STAMP, USED_UP
from src.platform.database import Connection

# A whole campaign as one text. What the clock decides is in it, so that the same text is always the same campaign.
COLLECTION = """CASE WHEN {0}.id IS NOT NULL THEN jsonb_build_object(
    'id', {0}.id, 'type', {0}.collection_type, 'query', {0}.query,
    'live', {0}.is_active AND ({0}.expiration_date IS NULL OR {0}.expiration_date > now())) END"""
CAMPAIGN = f"""jsonb_build_object(
    'id', offer.id, 'offer_type', offer.offer_type, 'label', offer.label, 'translations', offer.translations,
    'kwargs', offer.kwargs, 'listing_kwargs', offer.listing_kwargs, 'is_visible', offer.is_visible,
    'is_visible_on_list', offer.is_visible_on_list, 'currencies', offer.currencies, 'priority', offer.priority,
    'is_mergable', offer.is_mergable, 'max_applications', offer.allowed_quantity_per_basket,
    'for_data_sources', offer.is_available_for_data_sources, 'max_usage_per_user', offer.max_usage_per_user,
    'user_id', offer.user_id,
    'promotion', jsonb_build_object('name', promotion.name, 'translations', promotion.translations),
    'condition', jsonb_build_object(
        'type', condition.condition_type, 'kwargs', condition.kwargs, 'upsell_message', condition.upsell_message,
        'translations', condition.translations, 'collection', {COLLECTION.format("condition_collection")}),
    'benefit', jsonb_build_object(
        'type', benefit.benefit_type, 'kwargs', benefit.kwargs,
        'collection', {COLLECTION.format("benefit_collection")})
)::text"""
# An offer without a condition or a benefit is not finished: nobody gets it. Each is looked up by its key (what OFFSET
# is for), because the planner, who can't tell how few offers are in force, would rather read all there are.
CAMPAIGN_JOINS = """
    JOIN LATERAL (SELECT * FROM offer_condition WHERE id = offer.condition_id OFFSET 0) AS condition ON true
    JOIN LATERAL (SELECT * FROM offer_benefit WHERE id = offer.benefit_id OFFSET 0) AS benefit ON true
    LEFT JOIN LATERAL (SELECT * FROM promotion WHERE id = offer.promotion_id OFFSET 0) AS promotion ON true
    LEFT JOIN LATERAL (
        SELECT * FROM product_collection WHERE id = condition.product_collection_id OFFSET 0
    ) AS condition_collection ON true
    LEFT JOIN LATERAL (
        SELECT * FROM product_collection WHERE id = benefit.product_collection_id OFFSET 0
    ) AS benefit_collection ON true"""
# Two ways into one index, so that offers of the past cost nothing.
SITEWIDE = f"""
SELECT {CAMPAIGN}
FROM (
    SELECT * FROM basket_offer WHERE offer_type = 'sitewide' AND end_datetime IS NULL
    UNION ALL
    SELECT * FROM basket_offer WHERE offer_type = 'sitewide' AND end_datetime > now()
) AS offer {CAMPAIGN_JOINS}
WHERE {ACTIVE_AT_PRESENT} AND offer.user_id IS NULL AND NOT {USED_UP}
"""
# What a shopper has, and what a code stands for: whether it can be used now is for `verdicts` to say.
OWN_AND_VOUCHER = f"""
WITH candidate (by_code, bulk_id, offer_id) AS (
    SELECT false, NULL::bigint, id FROM basket_offer
    WHERE user_id = %(user)s::bigint AND status = 'active' AND offer_type IN ('sitewide', 'coupon')
    UNION ALL
    SELECT false, code.id, code.basket_offer_id
    FROM bulk_voucher_code AS code JOIN basket_offer ON basket_offer.id = code.basket_offer_id
    WHERE code.user_id = %(user)s::bigint AND code.status = 'active' AND basket_offer.offer_type = 'bulk_coupon'
    UNION ALL
    SELECT true, id, basket_offer_id FROM bulk_voucher_code WHERE code = %(code)s::text
    UNION ALL
    SELECT true, NULL, id FROM basket_offer
    WHERE voucher_code = %(code)s::text AND offer_type IN ('coupon_code', 'voucher_code')
)
SELECT candidate.by_code, candidate.bulk_id, offer.status, bulk.status, offer.user_id, bulk.user_id,
       {ACTIVE_AT_PRESENT}, {USED_UP},
       bulk.id IS NOT NULL AND EXISTS (SELECT FROM offer_redemption AS use WHERE use.bulk_voucher_code_id = bulk.id),
       CASE WHEN offer.max_usage_per_user > 0 THEN (
           SELECT count(*) FROM offer_redemption AS use
           WHERE use.user_id = %(user)s::bigint AND use.basket_offer_id = offer.id) ELSE 0 END,
       {CAMPAIGN}
FROM candidate JOIN basket_offer AS offer ON offer.id = candidate.offer_id
LEFT JOIN bulk_voucher_code AS bulk ON bulk.id = candidate.bulk_id
{CAMPAIGN_JOINS}
ORDER BY candidate.by_code, offer.id, bulk.id
"""
USES = """
SELECT basket_offer_id, count(*) FROM offer_redemption
WHERE user_id = %s AND basket_offer_id = ANY(%s) GROUP BY basket_offer_id
"""
LISTED = """
SELECT product_id, array_agg(collection_id) FROM product_collection_item
WHERE product_id = ANY(%s) AND collection_id = ANY(%s) GROUP BY product_id
"""


async def offers_stamp(connection: Connection) -> str:
    """The present OFFERS_STAMP."""
    [row] = await (await connection.execute(f"SELECT {OFFERS_STAMP}")).fetchall()
    return str(row[0])


async def sitewide(connection: Connection) -> list[str]:
    """The campaigns for everybody that are in force and not used up, as texts of CAMPAIGN."""
    cursor = await connection.execute(SITEWIDE)
    return [row[0] for row in await cursor.fetchall()]


async def own_and_voucher(connection: Connection, user_id: int | None, code: str | None) -> list[Candidate]:
    """What is the user's own and what a voucher code stands for."""
    cursor = await connection.execute(OWN_AND_VOUCHER, {"user": user_id, "code": code})
    return [Candidate(*row) for row in await cursor.fetchall()]


async def uses(connection: Connection, user_id: int, offers: Sequence[int]) -> dict[int, int]:
    """How often the user has each of these offers held or redeemed; those never used are left out."""
    cursor = await connection.execute(USES, (user_id, list(offers)))
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def listed(
    connection: Connection, products: Sequence[int], collections: Sequence[int]
) -> dict[int, Sequence[int]]:
    """Of each product those of these collections that list it; products that none lists are left out."""
    cursor = await connection.execute(LISTED, (list(products), list(collections)))
    return {row[0]: row[1] for row in await cursor.fetchall()}
