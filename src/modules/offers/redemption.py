"""Using offers up, in the caller's transaction, which holds the lock of the basket's row.

Rows are locked in one order everywhere: codes and coupons, offers, the shopper's state, the counters of limited
offers, the epoch. The shopper's state is what all baskets of a shopper take turns at, a counter what everybody does
who uses the offer; only then is counted, so the count is right whatever the concurrency.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from src.modules.offers.dtos import Use
from src.modules.offers.errors import VoucherUsedUp
from src.platform.database import Connection
from src.platform.orm import next_version

USED_BEFORE = "SELECT basket_offer_id FROM offer_redemption WHERE basket_id = %s"
LOCK_OWN = """
SELECT id FROM basket_offer WHERE id = ANY(%s) AND user_id IS NOT NULL ORDER BY id FOR NO KEY UPDATE
"""
LOCK_CODES = "SELECT id FROM bulk_voucher_code WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
# A limit that is fed meanwhile waits until these uses are committed, and is counted from then on.
LOCK_OFFERS = "SELECT id FROM basket_offer WHERE id = ANY(%s) ORDER BY id FOR SHARE"
MOVE_SHOPPER = f"""
INSERT INTO shopper_offer_state AS state (user_id) VALUES (%s)
ON CONFLICT (user_id) DO UPDATE SET version = {next_version("state")}
"""
# An offer without a limit has no counter, so that those who buy with it never wait for each other.
COUNT_LIMITED = """
INSERT INTO offer_usage (basket_offer_id, used)
SELECT offer.id, (SELECT count(*) FROM offer_redemption AS use WHERE use.basket_offer_id = offer.id)
FROM basket_offer AS offer WHERE offer.id = ANY(%s) AND offer.max_stock_limit > 0 ORDER BY offer.id
ON CONFLICT (basket_offer_id) DO NOTHING
"""
LOCK_COUNTERS = """
SELECT basket_offer_id FROM offer_usage WHERE basket_offer_id = ANY(%s) ORDER BY basket_offer_id FOR UPDATE
"""
LIMITS = """
SELECT offer.id, offer.max_stock_limit, usage.used, offer.max_usage_per_user,
       CASE WHEN offer.max_usage_per_user > 0 THEN (
           SELECT count(*) FROM offer_redemption AS use
           WHERE use.user_id = %(user)s AND use.basket_offer_id = offer.id) ELSE 0 END
FROM basket_offer AS offer LEFT JOIN offer_usage AS usage ON usage.basket_offer_id = offer.id
WHERE offer.id = ANY(%(offers)s)
"""
# Of two baskets with one bulk code the second waits for the first at the unique index, and then goes without.
TAKE = """
INSERT INTO offer_redemption (
    basket_id, basket_offer_id, user_id, bulk_voucher_code_id, state, coupon_amount, coupon_currency)
SELECT %(basket)s, taken.offer_id, %(user)s, taken.code_id, 'held', taken.coupon, taken.currency
FROM unnest(%(offers)s::bigint[], %(codes)s::bigint[], %(coupons)s::numeric[], %(currencies)s::text[])
     AS taken (offer_id, code_id, coupon, currency)
WHERE taken.code_id IS NULL OR EXISTS (
    SELECT FROM bulk_voucher_code AS code
    WHERE code.id = taken.code_id AND code.basket_offer_id = taken.offer_id AND code.status = 'active')
ORDER BY taken.offer_id
ON CONFLICT (bulk_voucher_code_id) WHERE bulk_voucher_code_id IS NOT NULL DO NOTHING
RETURNING basket_offer_id
"""
COUNT_UP = "UPDATE offer_usage SET used = used + 1 WHERE basket_offer_id = ANY(%s)"
# The epoch only says when an offer for everybody appears or disappears: what else is used up is seen by its stamp.
REACHED_OR_LEFT = f"""
UPDATE offer_epoch SET version = {next_version("offer_epoch")}
WHERE EXISTS (
    SELECT FROM basket_offer AS offer JOIN offer_usage AS usage ON usage.basket_offer_id = offer.id
    WHERE offer.id = ANY(%s) AND offer.offer_type = 'sitewide' AND offer.user_id IS NULL
      AND offer.max_stock_limit > 0 AND usage.used = offer.max_stock_limit - %s)
"""
HELD = """
SELECT basket_offer_id, bulk_voucher_code_id, user_id FROM offer_redemption WHERE basket_id = %s AND state = 'held'
"""
REDEEM = """
UPDATE offer_redemption SET state = 'redeemed' WHERE basket_id = %s AND state = 'held'
RETURNING basket_offer_id, bulk_voucher_code_id, user_id, coupon_amount, coupon_currency
"""
CODES_USED = "UPDATE bulk_voucher_code SET status = 'used', modified_date = now() WHERE id = ANY(%s)"
COUPONS_USED = """
UPDATE basket_offer AS offer SET status = 'used', modified_date = now()
FROM offer_usage AS usage
WHERE usage.basket_offer_id = offer.id AND offer.id = ANY(%s) AND offer.user_id IS NOT NULL
  AND offer.offer_type = 'coupon' AND offer.max_stock_limit > 0 AND usage.used >= offer.max_stock_limit
"""
GIVE_BACK = "DELETE FROM offer_redemption WHERE basket_id = %s AND state = 'held'"
COUNT_DOWN = "UPDATE offer_usage SET used = used - 1 WHERE basket_offer_id = ANY(%s)"
# A coupon is like any other that is fed: money off everything, good for one redemption.
GRANT = """
WITH held_back AS (
    INSERT INTO offer_condition (condition_type, kwargs)
    VALUES ('amount', '{"value": 0, "price_type": "unit_price", "consume_type": "locally"}') RETURNING id
), given AS (
    INSERT INTO offer_benefit (benefit_type, kwargs)
    VALUES ('fixed', jsonb_build_object('amount', %(amount)s::numeric, 'price_type', 'discount_unit_price',
                                        'consume_type', 'locally')) RETURNING id
)
INSERT INTO basket_offer (offer_type, currencies, label, translations, allowed_quantity_per_basket, max_stock_limit,
                          is_available_for_data_sources, promotion_id, condition_id, benefit_id, user_id)
SELECT 'coupon', to_jsonb(ARRAY[%(currency)s::text]), label, translations, 1, 1,
       is_available_for_data_sources, promotion_id, held_back.id, given.id, %(user)s
FROM basket_offer, held_back, given WHERE basket_offer.id = %(offer)s
"""


class Limits(NamedTuple):
    """How often an offer may be used, and has been: by anybody, and by one user; 0 is no limit."""

    offer_id: int
    in_all: int
    used: int | None
    per_user: int
    used_by_user: int

    def reached(self, user_id: int | None) -> bool:
        """Whether the user can't use it once more; what each user has only so often is not for guests."""
        if self.in_all and (self.used or 0) >= self.in_all:
            return True
        return bool(self.per_user) and (user_id is None or self.used_by_user >= self.per_user)


async def hold(connection: Connection, basket_id: int, user_id: int | None, uses: Iterable[Use]) -> None:
    """Keep these uses for a basket until they are redeemed or released; those that it has already stay as they are.

    Raises VoucherUsedUp when one of them is no longer to be had.
    """
    new = await _new(connection, basket_id, uses)
    if new:
        await _lock(connection, LOCK_OFFERS, {use.offer_id for use in new})
        if user_id is not None:
            await connection.execute(MOVE_SHOPPER, (user_id,))
        await _take(connection, basket_id, user_id, new)


async def redeem(connection: Connection, basket_id: int, user_id: int | None, uses: Iterable[Use] = ()) -> None:
    """Use up what the basket holds, and these uses besides; what it has redeemed before stays as it is.

    Codes are spent, and users get the coupons that come with a use. Raises VoucherUsedUp as `hold` does.
    """
    new = await _new(connection, basket_id, uses)
    held = await (await connection.execute(HELD, (basket_id,))).fetchall()
    if not new and not held:
        return
    await _lock(connection, LOCK_OWN, {use.offer_id for use in new} | {row[0] for row in held})
    await _lock(connection, LOCK_CODES, {use.bulk_code_id for use in new} | {row[1] for row in held})
    await _lock(connection, LOCK_OFFERS, {use.offer_id for use in new})
    for shopper in sorted({user_id, *(row[2] for row in held)} - {None}):
        await connection.execute(MOVE_SHOPPER, (shopper,))
    if new:
        await _take(connection, basket_id, user_id, new)
    redeemed = await (await connection.execute(REDEEM, (basket_id,))).fetchall()
    codes = [row[1] for row in redeemed if row[1] is not None]
    if codes:
        await connection.execute(CODES_USED, (codes,))
    await connection.execute(COUPONS_USED, ([row[0] for row in redeemed],))
    for offer, _, owner, amount, currency in redeemed:
        if amount is not None and owner is not None:
            await _grant_coupon(connection, owner, offer, amount, currency)


async def release(connection: Connection, basket_id: int) -> None:
    """Give back what the basket holds; what is redeemed stays so."""
    held = await (await connection.execute(HELD, (basket_id,))).fetchall()
    if not held:
        return
    for shopper in sorted({row[2] for row in held} - {None}):
        await connection.execute(MOVE_SHOPPER, (shopper,))
    offers = [row[0] for row in held]
    await connection.execute(LOCK_COUNTERS, (offers,))
    await connection.execute(GIVE_BACK, (basket_id,))
    await connection.execute(COUNT_DOWN, (offers,))
    await connection.execute(REACHED_OR_LEFT, (offers, 1))


async def _new(connection: Connection, basket_id: int, uses: Iterable[Use]) -> list[Use]:
    """Those of the uses that the basket does not have, one of each offer."""
    wanted = {use.offer_id: use for use in uses}
    if not wanted:
        return []
    cursor = await connection.execute(USED_BEFORE, (basket_id,))
    before = {row[0] for row in await cursor.fetchall()}
    return [use for offer, use in sorted(wanted.items()) if offer not in before]


async def _lock(connection: Connection, statement: str, ids: set[int | None]) -> None:
    known = [row_id for row_id in ids if row_id is not None]
    if known:
        await connection.execute(statement, (known,))


async def _take(connection: Connection, basket_id: int, user_id: int | None, uses: Sequence[Use]) -> None:
    offers = [use.offer_id for use in uses]
    await connection.execute(COUNT_LIMITED, (offers,))
    await connection.execute(LOCK_COUNTERS, (offers,))
    cursor = await connection.execute(LIMITS, {"offers": offers, "user": user_id})
    limits = {row[0]: Limits(*row) for row in await cursor.fetchall()}
    for offer in offers:
        if offer not in limits or limits[offer].reached(user_id):
            raise VoucherUsedUp(offer)
    cursor = await connection.execute(
        TAKE,
        {
            "basket": basket_id,
            "user": user_id,
            "offers": offers,
            "codes": [use.bulk_code_id for use in uses],
            "coupons": [Decimal(use.coupon).scaleb(-2) if use.coupon else None for use in uses],
            "currencies": [use.currency if use.coupon else None for use in uses],
        },
    )
    taken = {row[0] for row in await cursor.fetchall()}
    for offer in offers:
        if offer not in taken:
            raise VoucherUsedUp(offer)
    await connection.execute(COUNT_UP, (offers,))
    await connection.execute(REACHED_OR_LEFT, (offers, 0))


async def _grant_coupon(connection: Connection, user_id: int, offer_id: int, amount: Decimal, currency: str) -> None:
    """Give the user a coupon of this amount, named like the offer that it came from."""
    values = {"user": user_id, "offer": offer_id, "amount": amount, "currency": currency}
    await connection.execute(GRANT, values)
