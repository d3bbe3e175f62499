"""What the warehouse says of campaigns: what their rows are, and what their fields mean."""

from src.platform.resources import DATED_DOCS, Shown

PROMOTIONS = Shown(
    title="Campaign promotions",
    about="What a campaign is called.",
    docs=DATED_DOCS
    | {
        "translations": "Its name by language.",
        "name": "What shoppers read.",
        "slug": "Its name in code.",
    },
)
CONDITIONS = Shown(
    title="Campaign conditions",
    about="What a basket must hold for an offer to apply.",
    docs=DATED_DOCS
    | {
        "condition_type": "What is looked at, such as `amount` or `quantity`.",
        "translations": "The message by language.",
        "upsell_message": "What shoppers read while the condition does not hold yet.",
        "kwargs": "The details: least and most, whose prices count, further terms.",
        "product_collection": "The products that count; null is all of them.",
    },
)
BENEFITS = Shown(
    title="Campaign benefits",
    about="What an offer gives.",
    docs=DATED_DOCS
    | {
        "benefit_type": "What is given, such as `percentage`, `fixed` or `shipping_free`.",
        "kwargs": "The details: how much, of how many, off which price.",
        "product_collection": "The products it is given on; null is all of them.",
    },
)
BASKET_OFFERS = Shown(
    title="Campaign basket offers",
    about="An offer: its name, condition and benefit, when it holds, for whom and how often.",
    docs=DATED_DOCS
    | {
        "status": "`active`, `passive` or `used`.",
        "offer_type": "How shoppers come by it: `sitewide`, a coupon of theirs, or a kind of code.",
        "currencies": "The currencies of the baskets it is for; none at all means any.",
        "translations": "The label by language.",
        "label": "What shoppers read.",
        "voucher_code": "The code that brings it.",
        "is_visible": "Whether shoppers are shown it in their baskets.",
        "is_visible_on_list": "Whether shoppers are shown it in lists of products.",
        "start_datetime": "When it begins.",
        "end_datetime": "When it ends.",
        "priority": "Its turn: 1 is first, then 2 and so on; 0 is last.",
        "allowed_quantity_per_basket": "How often it applies to a basket; 0 is no limit.",
        "is_mergable": "Whether it goes together with others.",
        "max_usage_per_user": "How often a shopper may use it; 0 is no limit.",
        "kwargs": "What else belongs to it.",
        "is_available_for_data_sources": "Whether it is for the products of other sellers as well.",
        "max_stock_limit": "How often it may be used at all; 0 is no limit.",
        "promotion": "The promotion, which names it.",
        "condition": "The condition it applies under.",
        "benefit": "The benefit that it gives.",
        "user": "The only shopper it is for.",
        "listing_kwargs": "What lists of products show of it.",
    },
)
BULK_VOUCHER_CODES = Shown(
    title="Bulk voucher codes",
    about="One of the many codes of an offer, good for one use.",
    docs=DATED_DOCS
    | {
        "status": "`active`, `passive` or `used`.",
        "translations": "Texts by language.",
        "code": "What shoppers type in; no other row has it.",
        "basket_offer": "The offer that it brings.",
        "order": "The order that it was used for.",
        "discount_item": "The discount that it became there.",
        "user": "The only shopper it is for.",
    },
)
PRODUCT_COLLECTIONS = Shown(
    title="Product collections",
    about="Products that conditions and benefits are about: listed one by one, or all that fulfil some terms.",
    docs=DATED_DOCS
    | {
        "collection_type": "`static` where its products are listed, `dynamic` where terms decide.",
        "name": "What it is called.",
        "is_active": "Whether it counts.",
        "expiration_date": "When it stops to count.",
        "uuid": "Its public number.",
        "slug": "Its name in code.",
        "sort_option": "How its products are sorted.",
        "query": "The terms that the products of a dynamic one fulfil.",
    },
)
PRODUCT_COLLECTION_ITEMS = Shown(
    title="Product collection items",
    about="A product of a static collection.",
    docs=DATED_DOCS
    | {
        "uuid": "Its public number, as its owner writes it.",
        "product": "The product.",
        "collection": "The collection.",
    },
)
