"""What other systems know of shoppers: where they live, their loyalty cards, the accounts they sign in with."""

from src.modules.warehouse.mirroring import attributes, documents, flag, mirrored, moment, number, words

ADDRESSES = mirrored(
    "addresses",
    "Addresses",
    "Where a shopper wants orders and invoices sent, or where a store or a pickup point is.",
    words("address_type", "`customer`, `retail_store`, `pickup_location` or `checkout_provider`."),
    words("email", "The e-mail address to write to."),
    words("phone_number", "The number to call."),
    words("first_name", "The first name of who lives there."),
    words("last_name", "The last name of who lives there."),
    words("line", "Street, house and flat."),
    flag("is_active", "Whether it is still in use.", default=True),
    words("postcode", "The postal code."),
    words("notes", "What couriers should know."),
    words("company_name", "The company that invoices are made out to."),
    words("tax_office", "The office that the tax number is registered with."),
    words("tax_no", "The tax number for invoices."),
    flag("e_bill_taxpayer", "Whether invoices are sent as electronic ones.", default=False),
    words("hash_data", "A digest of the other fields, by which equal addresses are found."),
    words("remote_id", "Its number in the address service of somebody else."),
    words("identity_number", "The national identity number for invoices."),
    words("title", "What the shopper calls it."),
    flag("primary", "Whether it is the shopper's default.", default=False),
    documents("extra_field", "What the shop has added."),
    number("country", "The country."),
    number("city", "The city."),
    number("township", "The township."),
    number("district", "The district."),
    number("retail_store", "The store that it is the address of."),
    number("user", "The shopper it belongs to."),
    content_type="address.address",
)
LOYALTY_CARDS = mirrored(
    "campaigns/loyalty-cards",
    "Loyalty cards",
    "A shopper's card in the loyalty programme.",
    *attributes(),
    words("number", "The number on the card."),
    number("user", "Whose card it is."),
    content_type="promotions.loyaltycard",
)
SOCIAL_ACCOUNTS = mirrored(
    "social-account/accounts",
    "Social accounts",
    "An account elsewhere that a shopper signs in with.",
    words("provider", "Who keeps the account, such as `apple` or `facebook`."),
    words("uid", "The account's number there."),
    moment("last_login", "When the shopper signed in with it last."),
    moment("date_joined", "When the shopper signed in with it first."),
    words("extra_data", "What the provider tells of the shopper, as it was written down."),
    number("user", "Whose account it is."),
    content_type="socialaccount.socialaccount",
    dated=False,
)

RESOURCES = (ADDRESSES, LOYALTY_CARDS, SOCIAL_ACCOUNTS)
