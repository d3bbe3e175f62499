"""Countries, and the cities, townships and districts in them."""

from src.modules.warehouse.mirroring import documents, flag, mirrored, number, words

COUNTRIES = mirrored(
    "countries",
    "Countries",
    "A country that addresses lie in.",
    documents("translations", "What it is called in other languages."),
    flag("is_active", "Whether it can be chosen.", default=True),
    words("name", "Its name."),
    words("code", "Its code of two letters."),
    content_type="address.country",
)
CITIES = mirrored(
    "cities",
    "Cities",
    "A city of a country.",
    documents("translations", "What it is called in other languages."),
    flag("is_active", "Whether it can be chosen.", default=True),
    words("name", "Its name."),
    number("priority", "Its place in lists: those with one come before those without."),
    words("postcode", "Its postal code."),
    number("country", "The country it lies in."),
    content_type="address.city",
)
TOWNSHIPS = mirrored(
    "townships",
    "Townships",
    "A township of a city.",
    documents("translations", "What it is called in other languages."),
    flag("is_active", "Whether it can be chosen.", default=True),
    words("name", "Its name."),
    words("postcode", "Its postal code."),
    number("city", "The city it belongs to."),
    content_type="address.township",
)
DISTRICTS = mirrored(
    "districts",
    "Districts",
    "A district of a township.",
    documents("translations", "What it is called in other languages."),
    flag("is_active", "Whether it can be chosen.", default=True),
    words("name", "Its name."),
    words("postcode", "Its postal code."),
    number("city", "The city it belongs to."),
    number("township", "The township it belongs to."),
    content_type="address.district",
)

RESOURCES = (DISTRICTS, COUNTRIES, CITIES, TOWNSHIPS)
