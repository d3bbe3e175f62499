"""The statements behind every look at a basket: whose it is, which versions decide what it shows, and its lines.

A visit asks the small question first: its answer gives the fingerprint under which bytes are cached. Only where they
are not, the whole is asked: the same again with the lines beside it, in one snapshot, so that version, fingerprint and
lines always belong together.
"""

from src.modules.baskets.lines import OPEN_FIELDS, content
from src.modules.baskets.sql import LEFT_BEHIND, own_basket
from src.modules.catalogue import EPOCH, has_price
from src.modules.offers import OFFERS_STAMP, shopper_stamp, voucher_stamp
from src.platform.dynamic_settings import DEFAULT_CURRENCY, sql_text
from src.platform.orm import next_version
from src.platform.told import told_rows

# A guest's basket beside a user's is one that is still to be merged.
BY_CREDENTIAL = f"""
SELECT asked.place, asked.currency AS wanted, shopper.scopes, shopper.user_id, shopper.email, users.groups,
       shopper.segment_id, shopper.price_list_id, shopper.stock_list_id,
       basket.id AS basket_id, basket.version, basket.status, basket.frozen_until, basket.currency_type,
       basket.voucher_code, left_behind.id AS guest_basket_id
FROM unnest(%(digests)s::bytea[], %(guests)s::bytea[], %(namespaces)s::text[], %(currencies)s::text[])
     WITH ORDINALITY AS asked (digest, guest, namespace, currency, place)
LEFT JOIN shopper ON shopper.digest = asked.digest
LEFT JOIN users ON users.id = shopper.user_id
LEFT JOIN credential ON credential.digest = shopper.digest
LEFT JOIN LATERAL ({own_basket("id, version, status, frozen_until, currency_type, voucher_code")}) AS basket ON true
LEFT JOIN LATERAL (SELECT min(id) AS id FROM basket WHERE {LEFT_BEHIND}) AS left_behind ON true"""
# Priced for its owner, whoever asks: an order system, say.
BY_BASKET = f"""
SELECT told.place, asked.currency AS wanted, NULL::text[] AS scopes, basket.user_id, users.email, users.groups,
       users.segment_id, segment.price_list_id, segment.stock_list_id,
       basket.id AS basket_id, basket.version, basket.status, basket.frozen_until, basket.currency_type,
       coalesce(asked.voucher_code, basket.voucher_code) AS voucher_code, NULL::bigint AS guest_basket_id,
       asked.products
FROM {told_rows("asked", "asked", "basket_id bigint, currency text, voucher_code text, products bigint[]")}
JOIN basket ON basket.id = asked.basket_id
LEFT JOIN users ON users.id = basket.user_id
LEFT JOIN segment ON segment.id = users.segment_id"""
ASKED = f"""
SELECT visit.scopes, visit.user_id, visit.email, visit.groups::text, visit.segment_id, visit.price_list_id,
       visit.stock_list_id, visit.basket_id, visit.version, visit.status, visit.guest_basket_id, money.currency,
       settings.epoch, settings.offers, {shopper_stamp("visit.user_id")},
       CASE WHEN visit.voucher_code IS NULL THEN '' ELSE {voucher_stamp("visit.voucher_code")} END,
       {{columns}}
FROM ({{visits}}) AS visit
CROSS JOIN (SELECT {EPOCH} AS epoch, {OFFERS_STAMP} AS offers, {sql_text(DEFAULT_CURRENCY)} AS currency) AS settings
CROSS JOIN LATERAL (
    SELECT CASE WHEN visit.wanted IS NOT NULL
                 AND {has_price(currency="visit.wanted", segment_list="visit.price_list_id")}
           THEN visit.wanted ELSE coalesce(visit.currency_type, settings.currency) END AS currency
) AS money
{{joins}}
ORDER BY visit.place"""
QUESTION = ASKED.format(
    visits=BY_CREDENTIAL,
    # A line never loses its product and versions only rise: while the basket's own version stands, the sum tells all.
    columns="""
       (SELECT coalesce(sum(state.version), 0)::bigint FROM basket_item AS line
        JOIN product_state AS state ON state.product_id = line.product_id WHERE line.basket_id = visit.basket_id),
       coalesce(visit.status = 'frozen' AND visit.frozen_until <= now(), false),
       CASE WHEN visit.status = 'frozen' THEN (SELECT frozen_view FROM basket WHERE id = visit.basket_id) END""",
    joins="",
)
WHOLE_COLUMNS = """
       basket.created_date, basket.modified_date, basket.namespace, basket.voucher_code, basket.external_offer_code,
       content.lines::text"""
WHOLE_JOINS = f"""
LEFT JOIN basket ON basket.id = visit.basket_id
{content("basket_item AS line", "line.basket_id = visit.basket_id")}"""
WHOLE = ASKED.format(visits=BY_CREDENTIAL, columns=WHOLE_COLUMNS, joins=WHOLE_JOINS)
WHOLE_OF_BASKETS = ASKED.format(visits=BY_BASKET, columns=WHOLE_COLUMNS, joins=WHOLE_JOINS)
# A product that is asked about stands behind the lines, with the id that a line of it would get.
OPEN_LINES = """(
    SELECT id, product_id, quantity, attributes, attributes_kwargs, image, parent_id, unit_price, currency_type,
           offer_ids, reference, inquiry, tax_rate, datasource
    FROM basket_item WHERE basket_id = visit.basket_id
    UNION ALL
    SELECT nextval('basket_item_id_seq'), product_id, 0, '{}', '{}', NULL, NULL, NULL, NULL, '{}', '', NULL, NULL, NULL
    FROM unnest(visit.products) AS product_id
) AS line"""
# What a change needs to know of locked baskets, and the version and the time that it gives them.
OPENED = ASKED.format(
    visits=BY_BASKET,
    columns=f"""{WHOLE_COLUMNS},
       basket.currency_type, coalesce(basket.frozen_until <= now(), false), {next_version("basket")}, clock_timestamp(),
       visit.place""",
    joins=f"JOIN basket ON basket.id = visit.basket_id\n{content(OPEN_LINES, 'true', OPEN_FIELDS)}",
)
TRIED_LINES = """(
    SELECT tried.place AS id, tried.product_id, tried.quantity, tried.attributes, '{}'::jsonb AS attributes_kwargs,
           NULL::text AS image, NULL::bigint AS parent_id, NULL::numeric AS unit_price, NULL::text AS currency_type,
           '{}'::bigint[] AS offer_ids
    FROM unnest(%(products)s::bigint[], %(quantities)s::int[], %(attributes)s::jsonb[])
         WITH ORDINALITY AS tried (product_id, quantity, attributes, place)
) AS line"""
# The shopper's own basket, with other lines in the place of its own.
TRIED = ASKED.format(
    visits=BY_CREDENTIAL,
    columns=WHOLE_COLUMNS,
    joins=f"LEFT JOIN basket ON basket.id = visit.basket_id\n{content(TRIED_LINES, 'true')}",
)
