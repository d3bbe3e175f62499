"""What a checkout offers: ways to pay, ways to ship, and discounts that outside systems give to a session."""

from src.modules.warehouse.mirroring import document, documents, flag, mirrored, number, words

POS = mirrored(
    "payments/pos",
    "POS",
    "A terminal that cards are charged by.",
    words("name", "Its name."),
    words("slug", "Its name in code; no other terminal has it."),
    words("gateway", "The code that talks to its bank."),
    words("resource_url", "Where its bank is asked."),
    words("three_d_resource_url", "Where its bank is asked for 3-D Secure."),
    content_type="payments.pos",
    dated=False,
)
SHIPPING_OPTIONS = mirrored(
    "shippings/shipping-options",
    "Shipping options",
    "A way in which orders can be sent, what it costs, and for which orders it can be chosen.",
    words("delivery_type", "`standard`, `same_day`, `next_day` or `in_store`."),
    documents("translations", "Its name and description in other languages."),
    words("name", "Its name."),
    words("slug", "Its name in code."),
    words("logo", "The picture of who ships."),
    flag("is_active", "Whether it can be chosen.", default=True),
    number("sort_order", "Its place in lists."),
    document("calculator", "How its price is worked out."),
    document("rule", "For which orders it can be chosen."),
    document("kwargs", "What else belongs to it."),
    words("description", "What shoppers read of it."),
    content_type="shippings.shippingoption",
)
SESSION_OFFERS = mirrored(
    "campaigns/session-offers",
    "Session offers",
    "A discount that an outside system gave to one session.",
    words("status", "`active`, `passive` or `used`."),
    words("type", "The system that gave it, such as `b2b` or `extension`."),
    words("code", "The code that it was asked for with."),
    document("response", "What the outside system answered."),
    content_type="campaigns.sessionoffer",
)

RESOURCES = (POS, SHIPPING_OPTIONS, SESSION_OFFERS)
