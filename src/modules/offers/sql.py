"""What decides which offers there are, as pieces of SQL for every statement whose answer depends on them.

A stamp is a text that changes when what it stands for changes: by a write, which moves a version, or by the clock,
when an offer begins or ends. Each function takes the name of an SQL expression, never a value.
"""

# Of rows called `offer`.
ACTIVE_AT_PRESENT = """(offer.status = 'active'
    AND (offer.start_datetime IS NULL OR offer.start_datetime <= now())
    AND (offer.end_datetime IS NULL OR offer.end_datetime > now()))"""

USED_UP = """(offer.max_stock_limit > 0 AND offer.max_stock_limit <= coalesce(
    (SELECT used FROM offer_usage AS usage WHERE usage.basket_offer_id = offer.id),
    (SELECT count(*) FROM offer_redemption AS use WHERE use.basket_offer_id = offer.id)))"""

# For given data it is the last begin and the last end in the past that tell what is in force.
OFFERS_STAMP = """(ROW(
    (SELECT version FROM offer_epoch),
    (SELECT extract(epoch FROM start_datetime) FROM basket_offer
     WHERE offer_type = 'sitewide' AND start_datetime <= now() ORDER BY start_datetime DESC LIMIT 1),
    (SELECT extract(epoch FROM end_datetime) FROM basket_offer
     WHERE offer_type = 'sitewide' AND end_datetime <= now() ORDER BY end_datetime DESC LIMIT 1),
    (SELECT extract(epoch FROM expiration_date) FROM product_collection
     WHERE expiration_date <= now() ORDER BY expiration_date DESC LIMIT 1)
)::text)"""
"""Of the offers that are for everybody: it changes with the set of those in force, and with any change of them."""

NOTHING_OF_ONES_OWN = "0"
"""The `shopper_stamp` of a shopper who has no offers of his own and has used none."""


def shopper_stamp(user_id: str) -> str:
    """Of what is only for this user: own coupons, and what was used of any offer; `NOTHING_OF_ONES_OWN` without."""
    return f"""coalesce((
    SELECT ROW(state.version, (
        SELECT ROW(count(*) FILTER (WHERE own.start_datetime <= now()),
                   count(*) FILTER (WHERE own.end_datetime <= now()), count(*) FILTER (WHERE own.used_up))
        FROM (
            SELECT start_datetime, end_datetime, {USED_UP} AS used_up FROM basket_offer AS offer
            WHERE offer.user_id = state.user_id AND offer.status = 'active'
            UNION ALL
            SELECT offer.start_datetime, offer.end_datetime, {USED_UP}
            FROM bulk_voucher_code AS code JOIN basket_offer AS offer ON offer.id = code.basket_offer_id
            WHERE code.user_id = state.user_id AND code.status = 'active'
        ) AS own))::text
    FROM shopper_offer_state AS state WHERE state.user_id = {user_id}
), '{NOTHING_OF_ONES_OWN}')"""


def voucher_stamp(code: str) -> str:
    """Of what a voucher code stands for; empty when it is null or nobody knows it."""
    offer = f"offer.id, offer.start_datetime <= now(), offer.end_datetime <= now(), {USED_UP}"
    return f"""coalesce((
    SELECT string_agg(meant.told::text, '' ORDER BY meant.told::text) FROM (
        SELECT ROW(bulk.id, bulk.status, bulk.user_id, {offer}, EXISTS (
            SELECT FROM offer_redemption AS use WHERE use.bulk_voucher_code_id = bulk.id)) AS told
        FROM bulk_voucher_code AS bulk JOIN basket_offer AS offer ON offer.id = bulk.basket_offer_id
        WHERE bulk.code = {code}
        UNION ALL
        SELECT ROW({offer}) FROM basket_offer AS offer WHERE offer.voucher_code = {code}
    ) AS meant
), '')"""


def static_collections(product_id: str) -> str:
    """The collections that list a product one by one, as a bigint[] or null; `OfferSet.collections_of` sifts them."""
    return (
        "(SELECT array_agg(listed.collection_id) FROM product_collection_item AS listed"
        f" WHERE listed.product_id = {product_id})"
    )
