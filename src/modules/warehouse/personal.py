"""What the tables that other systems feed tell of a shopper: orders stay as numbers, all else of a person goes.

Amounts, currencies, statuses and numbers of documents are kept, because accounts must be kept for as long as the law
says; who it was, where they live, what they wrote and how they paid is not needed for that.
"""

from collections.abc import Mapping, Sequence

from src.modules.warehouse.resources import MIRRORED
from src.platform.personal import EMAILS, USER, Personal
from src.platform.resources import Resource

BY_PATH = {resource.path: resource for resource in MIRRORED}
OF_USER = f'"user" = {USER}'
# Of a row that names no user, the address says whose it is.
OF_USER_OR_GUEST = f'{OF_USER} OR "user" IS NULL AND user_email IS NOT NULL AND lower(user_email) = ANY({EMAILS})'
ORDERS = f"(SELECT id FROM orders_order WHERE {OF_USER_OR_GUEST})"
OF_ORDER = f'"order" = ANY(ARRAY{ORDERS})'
# Types of addresses that are no shopper's.
OF_SHOPS = "('retail_store', 'pickup_location', 'checkout_provider')"
ACCOUNTS = "Accounts need the amounts; nothing else is kept of it."


def _goes(path: str, why: str, whose: str = OF_USER) -> Personal:
    resource = BY_PATH[path]
    return Personal(
        table=resource.table,
        whose=whose,
        why=why,
        goes=True,
        content_type=resource.content_type,
        owner=_owner(resource),
    )


def _stays(path: str, why: str, whose: str, kept: Sequence[str], **becomes: str) -> Personal:
    resource: Resource = BY_PATH[path]
    return Personal(
        table=resource.table,
        whose=whose,
        why=why,
        kept=("created_date", *kept),
        becomes=becomes,
        content_type=resource.content_type,
        owner=_owner(resource),
    )


def _owner(resource: Resource) -> str | None:
    if "user" in resource.table.columns:
        return '{row}."user"'
    if "order" in resource.table.columns:
        return '(SELECT "user" FROM orders_order WHERE orders_order.id = {row}."order")'
    return None


# What belongs to an order before the order, which says whose it is.
PERSONAL = (
    _stays(
        "campaigns/session-offers",
        "The discount of an order names it.",
        f"""id = ANY(ARRAY(SELECT session_offer FROM orders_discountitem WHERE {OF_ORDER}))""",
        ("status", "type"),
    ),
    _stays(
        "orders/discount-items",
        ACCOUNTS,
        OF_ORDER,
        (
            "name",
            "amount",
            "cancel_amount",
            "data_source_discount_sharing_rate",
            "order",
            "conditional_offer",
            "session_offer",
        ),
    ),
    _stays(
        "orders/order-items",
        ACCOUNTS,
        OF_ORDER,
        (
            "status",
            "price_currency",
            "shipping_company",
            "price",
            "tax_rate",
            "invoice_number",
            "invoice_date",
            "retail_price",
            "image",
            "order",
            "product",
            "parent",
            "extra_product_price",
            "extra_product_stock",
            "datasource",
            "shipping_option_group",
        ),
    ),
    _stays(
        "orders/transactions",
        ACCOUNTS,
        f"{OF_USER_OR_GUEST} OR {OF_ORDER}",
        (
            "transaction_type",
            "currency",
            "is_succeeded",
            "amount",
            "three_d_used",
            "pos",
            "order",
            "main_pos",
            "user",
        ),
    ),
    _stays(
        "loyalty/transactions",
        ACCOUNTS,
        f"{OF_USER_OR_GUEST} OR {OF_ORDER}",
        ("currency", "amount", "order", "user"),
    ),
    _stays(
        "addresses",
        "Orders name it; the country and the city of a sale are counted.",
        f"""{OF_USER} OR "user" IS NULL AND email IS NOT NULL AND lower(email) = ANY({EMAILS}) OR (
            "user" IS NULL AND coalesce(address_type, '') NOT IN {OF_SHOPS} AND id = ANY(ARRAY(
                SELECT unnest(ARRAY[shipping_address, billing_address]) FROM orders_order
                WHERE {OF_USER_OR_GUEST})))""",
        ("address_type", "country", "city", "user"),
        is_active="false",
    ),
    _stays(
        "orders/orders",
        ACCOUNTS,
        OF_USER_OR_GUEST,
        (
            "status",
            "currency",
            "client_type",
            "shipping_company",
            "number",
            "amount",
            "discount_amount",
            "shipping_amount",
            "shipping_tax_rate",
            "refund_amount",
            "discount_refund_amount",
            "shipping_refund_amount",
            "invoice_number",
            "invoice_date",
            "has_gift_box",
            "shipping_option_slug",
            "payment_option_slug",
            "installment_count",
            "installment_interest_amount",
            "user",
            "basket",
            "shipping_option",
            "payment_option",
            "card",
            "installment",
            "shipping_address",
            "billing_address",
            "checkout_provider",
        ),
    ),
    _stays(
        "loyalty/transfers",
        ACCOUNTS,
        f"account = ANY(ARRAY(SELECT id FROM loyalty_account WHERE {OF_USER_OR_GUEST}))",
        ("currency", "amount", "account", "transaction"),
    ),
    _stays("loyalty/accounts", ACCOUNTS, OF_USER_OR_GUEST, ("currency", "balance", "user"), debit_allowed="false"),
    _goes("campaigns/loyalty-cards", "A card with nobody to show it."),
    _goes("social-account/accounts", "It leads to the person elsewhere."),
)
IMPERSONAL: Mapping[str, str] = {
    "address_city": "places",
    "address_country": "places",
    "address_district": "places",
    "address_township": "places",
    "cms_landingpage": "pages of the shop",
    "cms_landingpagetype": "pages of the shop",
    "cms_seo": "pages of the shop",
    "cms_specialpage": "pages of the shop",
    "cms_specialpageprettyurl": "pages of the shop",
    "cms_widget": "pages of the shop",
    "cms_widgettype": "pages of the shop",
    "orders_benefitapplicant": "which discount goes to which item: two numbers",
    "payments_pos": "terminals of the shop",
    "prettyurls_prettyurl": "addresses of the shop's pages",
    "redirects_redirect": "addresses of the shop's pages",
    "shippings_shippingoption": "how the shop sends orders",
}
